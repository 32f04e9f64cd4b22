# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Host records: the name and the variables of the inventory host for an instance.

The module and the inventory plugin both use these, so they agree.

    >>> host_records([offer]).records[0]["name"]
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from .._text import quoted
from .endpoint import endpoint_of
from .offer import EXTERNAL, READY, Instance, Offer

ACCEPT_NEW = "accept_new"
STRICT = "strict"
UNMANAGED = "unmanaged"
HOST_KEY_POLICIES = (ACCEPT_NEW, STRICT, UNMANAGED)

NAME_LENGTH = 200
"""The longest host name. Fact caches use it in file names, which may have 255 characters."""

GROUPS = (
    "compute_desk",
    "compute_desk_expected",
    "compute_desk_unusable",
    "gpu_failed",
    "gpu_inconclusive",
    "gpu_verified",
    "instance_ready_failed",
)
"""The groups of the inventory plugin, the roles and the playbooks."""
GROUP_PREFIXES = ("compute_desk_offer_", "compute_desk_zone_")
"""The id of the offer or the zone follows."""

# Names that mean something else to Ansible: the controller, folders, and groups, built in or ours.
_RESERVED = re.compile(
    r"localhost|127\.0\.0\.1|\.+|all|ungrouped"
    rf"|{'|'.join(GROUPS)}|({'|'.join(GROUP_PREFIXES)}).*",
    re.IGNORECASE,
)

# The dot before an extension of Ansible's for files with variables. It looks for a file of just the
# host's name first: the host db1.yml would have the variables of the host db1.
_DOT = re.compile(r"\.(?=(ya?ml|json)\Z)", re.IGNORECASE)

# The host variables, by the field that each of them holds.
_FROM_OFFER = {
    "compute_desk_offer_id": "offer_id",
    "compute_desk_offer_status": "status",
    "compute_desk_phase": "phase",
    "compute_desk_procurement_status": "procurement_status",
    "compute_desk_created_at": "created_at",
    "compute_desk_procured_at": "procured_at",
}
_FROM_INSTANCE = {
    "compute_desk_instance_id": "instance_id",
    "compute_desk_instance_name": "instance_name",
    "compute_desk_instance_status": "status",
    "compute_desk_zone": "zone",
    "compute_desk_external_ip": "external_ip",
    "compute_desk_internal_ip": "internal_ip",
    "compute_desk_ssh_command": "ssh_command",
}
HOST_VARIABLES = (
    *_FROM_OFFER,
    "compute_desk_stale",
    *_FROM_INSTANCE,
    "compute_desk_usable",
    "compute_desk_unusable_reason",
)
"""All variables of ours. A host has every one of them; those without a value are null."""

NO_ADDRESS = "no-address.invalid"
"""The ``ansible_host`` of a record without an address.

Without one, ssh would connect to whatever answers to the host's name. This never resolves
(RFC 6761, section 6.4), and ssh's error then shows it.
"""


class HostNameClash(Exception):
    """Two instances would become one host. The text names both, and says what to do."""


@dataclass(frozen=True)
class HostOptions:
    """Options for making records."""

    ssh_host_key_policy: str = ACCEPT_NEW
    address: str = EXTERNAL
    """Whether ``ansible_host`` is the ``external_ip`` or the ``internal_ip``."""
    include_unusable: bool = False
    """Whether unusable instances get a record, with ``compute_desk_usable`` false."""
    stale_offers: frozenset[str] = frozenset()
    """The ids of offers whose status comes from an old answer."""

    def unusable_reason(self, instance: Instance) -> str | None:
        """Return why an instance cannot be a host under this address; None if it can."""
        return instance.reach(self.address).problem

    def usable_count(self, offer: Offer) -> int:
        """Return how many instances of an offer can be hosts under this address."""
        return offer.count_usable(self.address)

    def is_settled(self, offer: Offer) -> bool:
        """Return whether an offer is ready with every instance usable: no news is expected."""
        return offer.phase == READY and 0 < self.usable_count(offer) == len(offer.instances)


@dataclass(frozen=True)
class HostRecords:
    """Records in the order of offers and instances, and warnings for people."""

    records: list[dict[str, t.Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def host_records(offers: t.Iterable[Offer], options: HostOptions | None = None) -> HostRecords:
    """Return a record for every usable instance: ``name``, ``ansible_*`` and ``compute_desk_*``.

    Raises HostNameClash if two instances would get one name.
    """
    result = records_by_default_name(offers, options or HostOptions())
    refuse_clashes(result.records)
    return result


def records_by_default_name(offers: t.Iterable[Offer], options: HostOptions) -> HostRecords:
    """Return records for callers that choose names themselves, and then refuse clashes."""
    result = HostRecords()
    for offer in offers:
        of_offer = _offer_variables(offer, offer.offer_id in options.stale_offers)
        for instance in offer.instances:
            reason = options.unusable_reason(instance)
            if reason is not None and not options.include_unusable:
                continue
            connection = _connection(offer, instance, options, result.warnings)
            of_instance = _instance_variables(instance, reason)
            result.records.append({**connection, **of_offer, **of_instance})
    return result


def refuse_clashes(records: t.Iterable[t.Mapping[str, t.Any]], remedy: str = "") -> None:
    """Raise HostNameClash if two records have the same name, as Ansible would merge them.

    ``remedy`` says what to do where names are chosen.
    """
    taken: dict[str, t.Mapping[str, t.Any]] = {}
    for record in records:
        other = taken.setdefault(record["name"], record)
        if other is not record:
            raise HostNameClash(
                f"{_both(other, record)} would both be the host "
                f"{quoted(record['name'], 210)}. "
                f"{remedy or _remedy(other, record)}"
            )


def _both(one: t.Mapping[str, t.Any], other: t.Mapping[str, t.Any]) -> str:
    first, second = (quoted(record["compute_desk_instance_id"]) for record in (one, other))
    offer, its = (record["compute_desk_offer_id"] for record in (one, other))
    if offer == its:
        return f"Offer {offer}: the instances {first} and {second}"
    return f"The instances {first} of the offer {offer} and {second} of the offer {its}"


def _remedy(one: t.Mapping[str, t.Any], other: t.Mapping[str, t.Any]) -> str:
    if one["compute_desk_offer_id"] == other["compute_desk_offer_id"]:
        return "Have one of them renamed."
    return "Ask for the offers in separate runs, or have one of the instances renamed."


def host_name(instance: Instance) -> str:
    """Return the inventory name of an instance.

    It is the instance's name and the last 8 letters or digits of its id, or the name alone if it
    ends with them already. It depends on nothing else, so it is the same in every run, and the
    replacement of a machine, with another id, never inherits its facts.
    """
    tail = "".join(re.findall(r"[A-Za-z0-9]", instance.instance_id))[-8:]
    name = _safe(instance.instance_name)[: NAME_LENGTH - len(tail) - 1]
    if not name.endswith(tail):
        name = f"{name}-{tail}".lstrip("-")
    # Neither has a letter or digit; such an instance is listed only if the unusable ones are.
    return _unreserved(name or "instance")


def chosen_name(text: str) -> str:
    """Return a name that an expression made of API data, made safe; may be empty."""
    return _unreserved(_safe(text)[:NAME_LENGTH])


def group_suffix(text: str) -> str:
    """Return an id or a zone in a form that Ansible accepts in a group name without a warning."""
    return re.sub(r"[^A-Za-z0-9_]", "_", text)[:NAME_LENGTH]


def _unreserved(name: str) -> str:
    name = _DOT.sub("-", name)
    if name.startswith("-"):
        return f"instance{name}"
    return f"instance-{name}" if _RESERVED.fullmatch(name) else name


def _connection(
    offer: Offer, instance: Instance, options: HostOptions, warnings: list[str]
) -> dict[str, t.Any]:
    """Return the name and the ``ansible_*`` variables."""
    address = instance.reach(options.address).address
    # The ssh command names the external address, whichever one is used here.
    endpoint = endpoint_of(instance.reach().address or address or "", instance.ssh_command)
    if endpoint.problem and address:
        warnings.append(
            f"Offer {offer.offer_id}, instance {quoted(instance.instance_id)}: {endpoint.problem}; "
            f"user {endpoint.user} and port {endpoint.port} are used instead."
        )
    return {
        "name": host_name(instance),
        "ansible_host": address or NO_ADDRESS,
        "ansible_user": endpoint.user,
        "ansible_port": endpoint.port,
        **_ssh_arguments(instance, options.ssh_host_key_policy),
    }


def _offer_variables(offer: Offer, stale: bool) -> dict[str, t.Any]:
    variables = {name: getattr(offer, key) for name, key in _FROM_OFFER.items()}
    return {**variables, "compute_desk_stale": stale}


def _instance_variables(instance: Instance, unusable_reason: str | None) -> dict[str, t.Any]:
    return {
        **{name: getattr(instance, key) for name, key in _FROM_INSTANCE.items()},
        "compute_desk_usable": unusable_reason is None,
        "compute_desk_unusable_reason": unusable_reason,
    }


def _ssh_arguments(instance: Instance, policy: str) -> dict[str, str]:
    """Return the variable that ties host keys to the instance and not to its address.

    Addresses are recycled. With an alias for each instance, the key of an earlier machine is never
    compared, while a changed key of the same machine still ends the connection.
    """
    if policy == UNMANAGED:
        return {}
    arguments = f"-o HostKeyAlias={_safe(instance.instance_id)[:NAME_LENGTH]}"
    if policy == ACCEPT_NEW:
        arguments += " -o StrictHostKeyChecking=accept-new"
    return {"ansible_ssh_common_args": arguments}


def _safe(text: str) -> str:
    """Return ``text`` with only letters, digits, dot, underscore and dash, not beginning with -."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", text).lstrip("-")

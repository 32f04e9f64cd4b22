# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Host records: what an inventory host made of a usable instance is called and carries.

The module and the inventory plugin both take their hosts from here, so they agree.

    >>> host_records([offer]).records[0]["name"]
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from .._options import OptionError
from .._text import quoted
from .endpoint import endpoint_of, is_user
from .offer import READY, Instance, Offer

ACCEPT_NEW = "accept_new"
STRICT = "strict"
UNMANAGED = "unmanaged"
HOST_KEY_POLICIES = (ACCEPT_NEW, STRICT, UNMANAGED)

NAME_LENGTH = 200
"""Longest host name. Fact caches use it as a file name, and those end at 255."""

# Names that mean something else to Ansible: the controller, and groups, built in or our own.
_RESERVED = re.compile(
    r"localhost|127\.0\.0\.1|all|ungrouped|compute_desk(_not_ready|_(offer|zone)_.*)?|gpu_verified|gpu_failed|instance_ready_failed",
    re.IGNORECASE,
)


EXTERNAL = "external"
INTERNAL = "internal"
ADDRESSES = (EXTERNAL, INTERNAL)

NO_ADDRESS = "no-address.invalid"
"""What a record without an address has as ``ansible_host``.

Without one, ssh would be sent to whatever answers to the host's name. This never resolves
(RFC 6761, section 6.4), and ssh's error then shows it.
"""


class HostNameClash(Exception):
    """Two instances would become one host. The text names both, and says what to do."""


@dataclass(frozen=True)
class HostOptions:
    """What the records are to look like. Raises OptionError."""

    ssh_host_key_policy: str = ACCEPT_NEW
    address: str = EXTERNAL
    """Whether ``ansible_host`` is the ``external_ip`` or the ``internal_ip``."""
    include_not_ready: bool = False
    """Whether instances that are not usable get a record, with ``compute_desk_usable`` false."""
    ansible_user: str | None = None
    """Instead of the one in the ssh command."""
    ansible_port: int | None = None
    """Likewise."""
    stale_offers: frozenset[str] = frozenset()
    """Ids of the offers whose status comes from an old answer."""

    def __post_init__(self) -> None:
        if self.ansible_user is not None and not is_user(self.ansible_user):
            raise OptionError("ansible_user", f"{quoted(self.ansible_user)} cannot be a user")
        if self.ansible_port is not None and not 1 <= self.ansible_port <= 65535:
            raise OptionError("ansible_port", f"must be from 1 to 65535, not {self.ansible_port}")

    def address_of(self, instance: Instance) -> str | None:
        """Return the address by which an instance is to be reached."""
        return instance.internal_address if self.address == INTERNAL else instance.address

    def unusable_reason(self, instance: Instance) -> str | None:
        """Return why an instance cannot be reached by that address; None if it can."""
        if self.address == INTERNAL:
            return instance.internally_unusable_reason
        return instance.unusable_reason

    def usable_count(self, offer: Offer) -> int:
        """Return how many instances of an offer can be reached so."""
        return sum(self.unusable_reason(instance) is None for instance in offer.instances)

    def is_settled(self, offer: Offer) -> bool:
        """Return whether an offer is ready with every instance usable: no news is expected."""
        usable = self.usable_count(offer)
        return offer.phase == READY and 0 < usable == len(offer.instances)


@dataclass(frozen=True)
class HostRecords:
    """Records in the order of offers and instances, and what people should know about them."""

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
    """Return the records for callers that may choose other names; they have to refuse clashes."""
    result = HostRecords()
    for offer in offers:
        of_offer = _offer_variables(offer, offer.offer_id in options.stale_offers)
        for instance in offer.instances:
            reason = options.unusable_reason(instance)
            if reason is not None and not options.include_not_ready:
                continue
            record = _connection(offer, instance, options, result.warnings)
            record.update(of_offer)
            record.update(_instance_variables(instance, reason))
            result.records.append(record)
    return result


def refuse_clashes(records: t.Iterable[t.Mapping[str, t.Any]]) -> None:
    """Raise HostNameClash if two records have one name, which would make them one host."""
    taken: dict[str, t.Mapping[str, t.Any]] = {}
    for record in records:
        other = taken.setdefault(record["name"], record)
        if other is not record:
            raise HostNameClash(
                f"Offer {record['compute_desk_offer_id']}: the instances "
                f"{quoted(other['compute_desk_instance_id'])} and "
                f"{quoted(record['compute_desk_instance_id'])} would both be the host "
                f"{quoted(record['name'], 210)}. "
                "Ask for the offers in separate runs, or have one of the instances renamed."
            )


def host_name(instance: Instance) -> str:
    """Return the inventory name of an instance.

    It is the instance's name and the last 8 letters or digits of its id, or the name alone where
    that ends so already. It depends on nothing else, so it is the same in every run, and a
    replaced machine, having another id, never inherits the facts of the one before.
    """
    tail = "".join(re.findall(r"[A-Za-z0-9]", instance.instance_id))[-8:]
    name = _safe(instance.instance_name)[: NAME_LENGTH - len(tail) - 1]
    if not name.endswith(tail):
        name = f"{name}-{tail}".strip("-") or "instance"
    return _unreserved(name)


def chosen_name(text: str) -> str:
    """Return a name that somebody made from API data, made safe; empty if nothing is left of it."""
    return _unreserved(_safe(text)[:NAME_LENGTH])


def group_suffix(text: str) -> str:
    """Return an id or a zone as a part of a group name that Ansible takes without a remark."""
    return re.sub(r"[^A-Za-z0-9_]", "_", text)[:NAME_LENGTH]


def _unreserved(name: str) -> str:
    return f"instance-{name}" if _RESERVED.fullmatch(name) else name


def _connection(
    offer: Offer, instance: Instance, options: HostOptions, warnings: list[str]
) -> dict[str, t.Any]:
    """Return the name and the ``ansible_*`` variables."""
    address = options.address_of(instance)
    endpoint = endpoint_of(instance.address or address or "", instance.ssh_command)
    if endpoint.problem and address:
        warnings.append(
            f"Offer {offer.offer_id}, instance {quoted(instance.instance_id)}: {endpoint.problem}; "
            f"user {endpoint.user} and port {endpoint.port} are used instead."
        )
    return {
        "name": host_name(instance),
        "ansible_host": address or NO_ADDRESS,
        "ansible_user": options.ansible_user or endpoint.user,
        "ansible_port": options.ansible_port or endpoint.port,
        **_ssh_arguments(instance, options.ssh_host_key_policy),
    }


def _offer_variables(offer: Offer, stale: bool) -> dict[str, t.Any]:
    return {
        "compute_desk_offer_id": offer.offer_id,
        "compute_desk_offer_status": offer.status,
        "compute_desk_phase": offer.phase,
        "compute_desk_procurement_status": offer.procurement_status,
        "compute_desk_created_at": offer.created_at,
        "compute_desk_procured_at": offer.procured_at,
        "compute_desk_stale": stale,
    }


def _instance_variables(instance: Instance, unusable_reason: str | None) -> dict[str, t.Any]:
    return {
        "compute_desk_instance_id": instance.instance_id,
        "compute_desk_instance_name": instance.instance_name,
        "compute_desk_instance_status": instance.status,
        "compute_desk_zone": instance.zone,
        "compute_desk_external_ip": instance.external_ip,
        "compute_desk_internal_ip": instance.internal_ip,
        "compute_desk_ssh_command": instance.ssh_command,
        "compute_desk_usable": unusable_reason is None,
        "compute_desk_unusable_reason": unusable_reason,
    }


def _ssh_arguments(instance: Instance, policy: str) -> dict[str, str]:
    """Return the variable that ties host keys to the machine and not to its address.

    Addresses are recycled; with an alias for each instance the key of the machine before is never
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

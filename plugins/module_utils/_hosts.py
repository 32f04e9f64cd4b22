# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Host records: what an inventory host made of a usable instance is called and carries.

Private to this collection. Plain Python, no Ansible import. The module and the inventory plugin
both take their hosts from here, so they agree.

    >>> host_records([offer]).records[0]["name"]
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ._endpoint import endpoint_of
from ._errors import HostNameClash
from ._offer import Instance, Offer
from ._text import quoted

ACCEPT_NEW = "accept_new"
STRICT = "strict"
UNMANAGED = "unmanaged"
HOST_KEY_POLICIES = (ACCEPT_NEW, STRICT, UNMANAGED)

NAME_LENGTH = 200
"""Longest host name. Fact caches use it as a file name, and those end at 255."""

# Names that mean something else to Ansible: the controller, and groups, built in or our own.
_RESERVED = re.compile(
    r"localhost|127\.0\.0\.1|all|ungrouped|compute_desk(_not_ready|_(offer|zone)_.*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class HostRecords:
    """Records in the order of offers and instances, and what people should know about them."""

    records: list[dict[str, t.Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def host_records(
    offers: t.Iterable[Offer], ssh_host_key_policy: str = ACCEPT_NEW, stale: bool = False
) -> HostRecords:
    """Return a record for every usable instance: ``name``, ``ansible_*`` and ``compute_desk_*``.

    ``stale`` marks offers that come from an old answer. Raises HostNameClash if two instances
    would get one name.
    """
    result = HostRecords()
    ids_by_name: dict[str, str] = {}
    for offer in offers:
        for instance in offer.instances:
            if not instance.usable:
                continue
            record = _record(offer, instance, ssh_host_key_policy, stale, result.warnings)
            name = record["name"]
            if name in ids_by_name:
                raise HostNameClash(
                    f"the instances {quoted(ids_by_name[name])} and "
                    f"{quoted(instance.instance_id)} would both be the host {quoted(name, 210)}",
                    offer_id=offer.offer_id,
                )
            ids_by_name[name] = instance.instance_id
            result.records.append(record)
    return result


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
    return f"instance-{name}" if _RESERVED.fullmatch(name) else name


def _record(
    offer: Offer, instance: Instance, policy: str, stale: bool, warnings: list[str]
) -> dict[str, t.Any]:
    endpoint = endpoint_of(instance.address or "", instance.ssh_command)
    if endpoint.problem:
        warnings.append(
            f"Offer {offer.offer_id}, instance {quoted(instance.instance_id)}: {endpoint.problem}; "
            f"user {endpoint.user} and port {endpoint.port} are used instead."
        )
    record: dict[str, t.Any] = {
        "name": host_name(instance),
        "ansible_host": endpoint.address,
        "ansible_user": endpoint.user,
        "ansible_port": endpoint.port,
        **_ssh_arguments(instance, policy),
        "compute_desk_offer_id": offer.offer_id,
        "compute_desk_offer_status": offer.status,
        "compute_desk_phase": offer.phase,
        "compute_desk_procurement_status": offer.procurement_status,
        "compute_desk_created_at": offer.created_at,
        "compute_desk_procured_at": offer.procured_at,
        "compute_desk_instance_status": instance.status,
        "compute_desk_usable": instance.usable,
        "compute_desk_unusable_reason": instance.unusable_reason,
        "compute_desk_stale": stale,
    }
    record.update(
        (f"compute_desk_{name}", getattr(instance, name))
        for name in (
            "instance_id", "instance_name", "zone", "external_ip", "internal_ip", "ssh_command",
        )
    )  # fmt: skip
    return record


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

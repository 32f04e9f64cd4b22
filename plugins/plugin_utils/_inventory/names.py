# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps our hosts apart from the hosts and groups of other inventory sources.

Ansible merges two hosts of the same name into one, variables included, and takes a host for a group
of its name. The API chooses the names of instances, so a stranger's machine could get the password
of one of the user's own hosts, or put a group of the user's among the rented machines.
"""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData

from ...module_utils._text import printable, quoted
from .source import names_plugin

Record = t.Mapping[str, t.Any]

# They add no new hosts, but call the same method to put existing ones into groups.
_ADDERS_TO_GROUPS = ("constructed", "ansible.builtin.constructed")

_RENAME_GROUP = (
    "Rename the group, keep the two inventories apart, or give the host another name by hostnames "
    "in its source."
)


class NameTaken(AnsibleParserError):
    """A host of ours, and another host or a group, would have one name."""


def refuse_taken(inventory: InventoryData, records: t.Iterable[Record]) -> None:
    """Raise NameTaken if another host or a group already has one of these names."""
    for record in records:
        if record["name"] in inventory.groups:
            raise NameTaken(
                f"{_like_a_group(record)}. No host is taken from this source. {_RENAME_GROUP}"
            )
        host = inventory.hosts.get(record["name"])
        if host is not None and not _is_same(host.vars, record):
            raise NameTaken(
                f"{_like_a_host(record)}. No host is taken from this source. Rename your host, or "
                "keep the two inventories apart."
            )


def add_host(inventory: InventoryData, record: Record) -> None:
    """Add one of our hosts, and keep its name from other hosts, and groups, of any source."""
    _Guard.of(inventory).add_ours(record)


def take_back(inventory: InventoryData, name: str) -> None:
    """Remove one of our hosts, if it is there. Its name is free again."""
    _Guard.of(inventory).forget(name)


def _is_same(variables: t.Mapping[str, t.Any], record: Record) -> bool:
    return bool(variables.get("compute_desk_instance_id") == record["compute_desk_instance_id"])


def _like_a_host(record: Record) -> str:
    return (
        f"{_instance(record)} and another host of the inventory would both be "
        f"{quoted(record['name'], 210)}, and each would get the variables of the other"
    )


def _like_a_group(record: Record) -> str:
    return (
        f"{_instance(record)} would be the host {quoted(record['name'], 210)}, but the inventory "
        "has a group of this name, and each would be taken for the other"
    )


def _instance(record: Record) -> str:
    return (
        f"The instance {quoted(record['compute_desk_instance_id'])} of the offer "
        f"{printable(record['compute_desk_offer_id'])}"
    )


class _Guard:
    """Stands in for ``add_host`` and ``add_group`` of one inventory, which every source calls."""

    def __init__(self, inventory: t.Any) -> None:
        self._inventory = inventory
        self._add_host = inventory.add_host
        self._add_group = inventory.add_group
        self._ours: dict[str, Record] = {}
        self._sources: set[t.Any] = {None}

    @classmethod
    def of(cls, inventory: t.Any) -> _Guard:
        """Return the guard of an inventory; install it first if there is none."""
        guard = inventory.add_host
        if not isinstance(guard, cls):
            guard = inventory.add_host = cls(inventory)
            inventory.add_group = guard.add_group
        return guard

    def __call__(self, host: t.Any, *args: t.Any, **options: t.Any) -> t.Any:
        self.refuse_ours(host)
        return self._add_host(host, *args, **options)

    def add_group(self, group: t.Any) -> t.Any:
        """Add a group. Raise NameTaken for a name of ours, and remove our host, and the group.

        A play may make such a group, with ``group_by``: it has what it was made for.
        """
        # It is not always the name that was asked for.
        name = self._add_group(group)
        record = self._ours.get(str(name))
        if record is None or self._inventory.current_source is None:
            return name
        del self._inventory.groups[name]
        self._remove(name)
        raise NameTaken(f"{_like_a_group(record)}. Neither is used. {_RENAME_GROUP}")

    def add_ours(self, record: Record) -> None:
        self._ours[str(record["name"])] = record
        self._sources.add(self._inventory.current_source)
        self._add_host(record["name"])

    def forget(self, name: str) -> None:
        self._ours.pop(str(name), None)
        self._remove(name)

    def refuse_ours(self, name: t.Any) -> None:
        """Raise NameTaken for a name of ours, and remove our host: it is the stranger."""
        record = self._ours.get(str(name))
        if record is None or self._may_add_to_groups(self._inventory.current_source):
            return
        self._remove(name)
        raise NameTaken(
            f"{_like_a_host(record)}. Neither is used. Rename your host, or keep the two "
            "inventories apart; to put an instance into your own groups, use groups or "
            "keyed_groups in its source."
        )

    def _remove(self, name: t.Any) -> None:
        host = self._inventory.hosts.get(str(name))
        if host is not None:
            self._inventory.remove_host(host)

    def _may_add_to_groups(self, source: t.Any) -> bool:
        if source not in self._sources and any(
            names_plugin(str(source), plugin) for plugin in _ADDERS_TO_GROUPS
        ):
            self._sources.add(source)
        return source in self._sources

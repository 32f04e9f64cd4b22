# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps our hosts and the hosts of other inventory sources apart.

Ansible merges two hosts of the same name into one, variables included. The API chooses the names of
instances, so a stranger's machine could get the password of one of the user's own hosts.
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


def refuse_taken(inventory: InventoryData, records: t.Iterable[Record]) -> None:
    """Raise AnsibleParserError if another host already has one of these names."""
    for record in records:
        host = inventory.hosts.get(record["name"])
        if host is not None and not _is_same(host.vars, record):
            raise AnsibleParserError(
                f"{_sentence(record)}. No host is taken from this source. Rename your host, or "
                "keep the two inventories apart."
            )


def add_host(inventory: InventoryData, record: Record) -> None:
    """Add one of our hosts, and keep later sources from adding another of its name."""
    _Guard.of(inventory).add_ours(record)


def _is_same(variables: t.Mapping[str, t.Any], record: Record) -> bool:
    return bool(variables.get("compute_desk_instance_id") == record["compute_desk_instance_id"])


def _sentence(record: Record) -> str:
    return (
        f"The instance {quoted(record['compute_desk_instance_id'])} of the offer "
        f"{printable(record['compute_desk_offer_id'])} and another host of the inventory would "
        f"both be {quoted(record['name'], 210)}, and each would get the variables of the other"
    )


class _Guard:
    """Stands in for ``add_host`` of one inventory, which every source calls for its hosts."""

    def __init__(self, inventory: t.Any) -> None:
        self._inventory = inventory
        self._original = inventory.add_host
        self._ours: dict[str, Record] = {}
        self._sources: set[t.Any] = {None}

    @classmethod
    def of(cls, inventory: t.Any) -> _Guard:
        """Return the guard of an inventory; install it first if there is none."""
        guard = inventory.add_host
        if not isinstance(guard, cls):
            guard = inventory.add_host = cls(inventory)
        return guard

    def __call__(self, host: t.Any, *args: t.Any, **options: t.Any) -> t.Any:
        self.refuse_ours(host)
        return self._original(host, *args, **options)

    def add_ours(self, record: Record) -> None:
        self._ours[str(record["name"])] = record
        self._sources.add(self._inventory.current_source)
        self._original(record["name"])

    def refuse_ours(self, name: t.Any) -> None:
        """Raise AnsibleParserError for a name of ours, and remove our host: it is the stranger."""
        record = self._ours.get(str(name))
        if record is None or self._may_add_to_groups(self._inventory.current_source):
            return
        host = self._inventory.hosts.get(str(name))
        if host is not None:
            self._inventory.remove_host(host)
        raise AnsibleParserError(
            f"{_sentence(record)}. Neither is used. Rename your host, or keep the two inventories "
            "apart; to put an instance into your own groups, use groups or keyed_groups in its "
            "source."
        )

    def _may_add_to_groups(self, source: t.Any) -> bool:
        if source not in self._sources and any(
            names_plugin(str(source), plugin) for plugin in _ADDERS_TO_GROUPS
        ):
            self._sources.add(source)
        return source in self._sources

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of one source: chosen and named as the user's expressions say, then added."""

from __future__ import annotations

import typing as t

from ...module_utils._offers.hosts import (
    HostOptions,
    group_suffix,
    records_by_default_name,
    refuse_clashes,
)
from ...module_utils._offers.offer import Offer
from ...module_utils._options import OptionError
from .expressions import Expressions
from .names import add_host, refuse_taken, take_back
from .trust import Inert, inert

Record = t.Dict[str, t.Any]


class SourceHosts:
    """Adds the hosts of one source. ``plugin`` is the inventory plugin, after its options."""

    def __init__(self, plugin: t.Any) -> None:
        self._inventory = plugin.inventory
        self._least: int = plugin.get_option("min_hosts")
        self._expressions = Expressions(plugin)
        self._group_names: dict[str, str] = {}

    def add(self, offers: t.Iterable[Offer], options: HostOptions) -> list[str]:
        """Add the hosts in the order of offers and instances, all or none; return warnings.

        Raises OptionError, HostNameClash, or AnsibleParserError.
        """
        made = records_by_default_name(offers, options)
        hosts = self._chosen(made.records)
        records = [record for record, _variables in hosts]
        refuse_clashes(records, "Use compute_desk_instance_id in hostnames.")
        refuse_taken(self._inventory, records)
        self._check_count(sum(record["compute_desk_usable"] for record in records))
        there = self._inventory.hosts
        new = [one["name"] for one in records if one["name"] not in there]
        # Of an earlier source, with the same machines.
        before = {
            one["name"]: dict(there[one["name"]].vars) for one in records if one["name"] in there
        }
        try:
            self._add_all(hosts)
            return made.warnings + self._expressions.warnings()
        except Exception:
            # Ansible warns, and goes on with what is there.
            for name in new:
                take_back(self._inventory, name)
            # One whose name became that of a group is no longer there.
            for name in before.keys() & there.keys():
                there[name].vars = before[name]
            raise

    def _chosen(self, records: t.Iterable[Record]) -> list[tuple[Record, Record]]:
        """Return the records that pass the filters, each with its name and inert variables."""
        all_inert = Inert()
        chosen = []
        for record in records:
            variables = all_inert.variables(record)
            default = variables.pop("name")
            if self._expressions.keeps(variables):
                record["name"] = self._expressions.name(default, variables)
                chosen.append((record, variables))
        return chosen

    def _check_count(self, usable: int) -> None:
        if usable < self._least:
            raise OptionError(
                "min_hosts",
                f"found {usable} of {self._least} required hosts; -v shows what became of each "
                "instance",
            )

    def _add_all(self, hosts: t.Iterable[tuple[Record, Record]]) -> None:
        # All of them first: no expression over one may make a group with the name of another.
        added = [(self._add(record, variables), variables) for record, variables in hosts]
        for name, variables in added:
            self._expressions.compose(name, variables)
            # A play would target these groups, too.
            if variables["compute_desk_usable"]:
                self._expressions.add_to_groups(name, variables)

    def _add(self, record: Record, variables: Record) -> str:
        """Add a host with its variables and groups; return its name."""
        host: str = inert(record["name"])
        add_host(self._inventory, {**record, "name": host})
        for group in _groups(record):
            self._inventory.add_child(self._group(group), host)
        # Not by inventory.set_variable(), which searches each value for templates once more. With
        # many hosts, that takes a quarter of the whole time.
        set_variable = self._inventory.get_host(host).set_variable
        for name, value in variables.items():
            set_variable(name, value)
        return host

    def _group(self, name: str) -> str:
        if name not in self._group_names:
            self._group_names[name] = self._inventory.add_group(inert(name))
        return self._group_names[name]


def _groups(record: Record) -> list[str]:
    """Return our groups for a host. An unusable one is in none that a play would target."""
    if not record["compute_desk_usable"]:
        return ["compute_desk_unusable"]
    groups = ["compute_desk", f"compute_desk_offer_{group_suffix(record['compute_desk_offer_id'])}"]
    if record["compute_desk_zone"]:
        groups.append(f"compute_desk_zone_{group_suffix(record['compute_desk_zone'])}")
    return groups

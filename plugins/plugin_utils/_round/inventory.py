# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory of a round: its hosts, and those that machines of offers will be.

The process of a task has a copy of the inventory. A new host is added to that copy, so that its
variables are what they will be for the play: those of its groups, of the inventory's files, of -e.
"""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.utils.unsafe_proxy import wrap_var

from ...module_utils._offers.hosts import group_suffix
from ...module_utils._options import OptionError, checked_number
from ...module_utils._text import printable
from .._first_contact.problem import Problem
from .machine import Machine

NAME_TAKEN = "name_taken"
"""The kind of a machine that would get the name, and the variables, of another host."""

_ANY = "instance-of-any-offer"

TIMEOUT = "instance_ready_timeout"
"""The variable that says how long a machine may take to answer."""


class Inventory:
    """The inventory as the task sees it."""

    def __init__(self, hostvars: t.Any, timeout: float = 300.0) -> None:
        """``timeout`` is for hosts without the variable ``instance_ready_timeout``."""
        self._hostvars = hostvars
        self._inventory = hostvars._inventory
        self._timeout = timeout

    def matching(self, pattern: str) -> list[str]:
        """Return the hosts of a pattern, within the limit of the run. Raises AnsibleActionFail."""
        try:
            found = self._inventory.get_hosts(pattern, ignore_restrictions=True)
        except AnsibleError as exc:
            raise AnsibleActionFail(f"hosts: {exc}") from None
        return [str(host.name) for host in found]

    def variables(self, name: str) -> t.Mapping[str, t.Any]:
        """Return the variables of a host."""
        found: t.Mapping[str, t.Any] = self._hostvars[name]
        return found

    def offer_of(self, name: str) -> str | None:
        """Return the offer that a host of the inventory comes from."""
        offer_id = self.trusted(name, "compute_desk_offer_id")
        return str(offer_id) if offer_id else None

    def timeout_of(self, name: str) -> float:
        """Return how long a host may take to answer. Raises AnsibleActionFail."""
        value = self.trusted(name, TIMEOUT)
        if value is None:
            return self._timeout
        try:
            return checked_number(TIMEOUT, value, at_least=0)
        except OptionError as exc:
            raise AnsibleActionFail(f"{name}: {exc}") from None

    def trusted(self, name: str, variable: str) -> t.Any:
        """Return the value of a variable, unless the machine has sent it as a fact."""
        variables = self.variables(name)
        facts = variables.get("ansible_facts") or {}
        return None if variable in facts else variables.get(variable)

    def add(self, records: t.Iterable[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
        """Add the hosts of these records. Return the records that are within the limit.

        They get the key ``groups``; a name that belongs to another host is not added, see
        ``is_taken``.
        """
        records = [self._with_groups(record) for record in records]
        data = self._inventory._inventory
        for record in records:
            if self.is_taken(record):
                continue
            data.add_host(record["name"])
            for group in record["groups"]:
                data.add_child(data.add_group(group), record["name"])
            for variable in set(record) - {"name", "groups"}:
                # Before 2.19 it would be a template otherwise.
                data.set_variable(record["name"], variable, wrap_var(record[variable]))
        data.reconcile_inventory()
        self._inventory.clear_caches()
        within = set(self.matching("all"))
        return [one for one in records if one["name"] in within]

    def any_machine(self) -> str:
        """Return a host with the variables that every machine of an offer will have."""
        data = self._inventory._inventory
        data.add_host(_ANY)
        data.add_child(data.add_group("compute_desk"), _ANY)
        data.reconcile_inventory()
        return _ANY

    def is_taken(self, record: t.Mapping[str, t.Any]) -> bool:
        """Return whether another host than that of the record has its name."""
        name = record["name"]
        if name not in self._inventory.hosts:
            return False
        own = record["compute_desk_instance_id"]
        return bool(self.variables(name).get("compute_desk_instance_id") != own)

    @staticmethod
    def _with_groups(record: dict[str, t.Any]) -> dict[str, t.Any]:
        offer_group = f"compute_desk_offer_{group_suffix(record['compute_desk_offer_id'])}"
        return {**record, "groups": ["compute_desk", offer_group]}


def new_machine(record: dict[str, t.Any], inventory: Inventory, now: float) -> Machine:
    """Return the machine of a record that was added; failed if its name is taken."""
    offer_id, name = record["compute_desk_offer_id"], record["name"]
    machine = Machine(name, offer_id, record, since=now)
    if inventory.is_taken(record):
        instance = printable(str(record["compute_desk_instance_id"]), 60)
        machine.fail(
            Problem(
                NAME_TAKEN,
                f"the instance {instance} of the offer {offer_id} would be the host {name}, but "
                "the inventory has another host of this name",
                "It would get the variables of that host, passwords included. Rename your host, or "
                "run this without the inventory that has it.",
            )
        )
    return machine

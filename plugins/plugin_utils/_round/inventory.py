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
"""The kind of a machine that would get the name of another host, or of a group."""

_HOST = "host"
_GROUP = "group"
_TAKEN_BY = {
    _HOST: ("another host", "It would get the variables of that host, passwords included."),
    _GROUP: ("a group", "What is meant for the machine would be done to the hosts of that group."),
}
"""By what has the name: what it is called, and what would happen."""

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

        They get the key ``groups``. A name that is taken is not added, see ``taken_by``; a record
        whose name is that of a group is returned even if the limit leaves it out.
        """
        records = [self._with_groups(record) for record in records]
        data = self._inventory._inventory
        for record in records:
            if self.taken_by(record):
                continue
            data.add_host(record["name"])
            for group in record["groups"]:
                data.add_child(data.add_group(group), record["name"])
            for variable in set(record) - {"name", "groups"}:
                # Before 2.19 it would be a template otherwise.
                data.set_variable(record["name"], variable, wrap_var(record[variable]))
        data.reconcile_inventory()
        self._inventory.clear_caches()
        within = {*self.matching("all"), *data.groups}
        return [one for one in records if one["name"] in within]

    def any_machine(self) -> str:
        """Return a host with the variables that every machine of an offer will have."""
        data = self._inventory._inventory
        data.add_host(_ANY)
        data.add_child(data.add_group("compute_desk"), _ANY)
        data.reconcile_inventory()
        return _ANY

    def taken_by(self, record: t.Mapping[str, t.Any]) -> str | None:
        """Return what has the name of the record: ``host`` (of another machine) or ``group``."""
        name = record["name"]
        if name in self._inventory.groups:
            return _GROUP
        if name not in self._inventory.hosts:
            return None
        own = record["compute_desk_instance_id"]
        return None if self.variables(name).get("compute_desk_instance_id") == own else _HOST

    @staticmethod
    def _with_groups(record: dict[str, t.Any]) -> dict[str, t.Any]:
        offer_group = f"compute_desk_offer_{group_suffix(record['compute_desk_offer_id'])}"
        return {**record, "groups": ["compute_desk", offer_group]}


def new_machine(record: dict[str, t.Any], inventory: Inventory, now: float) -> Machine:
    """Return the machine of a record that was added; failed if its name is taken."""
    machine = Machine(record["name"], record["compute_desk_offer_id"], record, since=now)
    give_up_if_taken(machine, record, inventory)
    return machine


def give_up_if_taken(machine: Machine, record: dict[str, t.Any], inventory: Inventory) -> None:
    """Fail the machine of a record if its name is taken."""
    taken_by = inventory.taken_by(record)
    if taken_by is None:
        return
    instance = printable(str(record["compute_desk_instance_id"]), 60)
    other, harm = _TAKEN_BY[taken_by]
    machine.fail(
        Problem(
            NAME_TAKEN,
            f"the instance {instance} of the offer {machine.offer_id} would be the host "
            f"{machine.name}, but the inventory has {other} of this name",
            f"{harm} Rename your {taken_by}, or run this without the inventory that has it.",
        )
    )

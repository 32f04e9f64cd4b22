# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of a round, in an inventory as Ansible keeps it."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round.inventory import (
    Inventory,
    new_machine,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round.machine import (
    FAILED,
    WAITING,
)

from ...helpers import OFFER_ID

GROUP = "compute_desk_offer_4f9d2c1e_8a37_4b65_9d0e_2c7f81a6b3d4"


class Round:
    """An inventory with two hosts of the user, of which one is in the group gpu."""

    def __init__(self, limit: str | None = None) -> None:
        loader = DataLoader()
        self.inventory = InventoryManager(loader, sources=["n1,n2,"])
        self.data = self.inventory._inventory
        self.data.add_group("gpu")
        self.data.add_child("gpu", "n1")
        self.inventory.subset(limit)
        self.manager = VariableManager(loader, self.inventory)
        self.hostvars = HostVars(self.inventory, self.manager, loader)
        self.known = Inventory(self.hostvars, 120.0)

    def set(self, name: str, variable: str, value: t.Any) -> None:
        self.data.set_variable(name, variable, value)

    def groups_of(self, name: str) -> set[str]:
        return {group.name for group in self.inventory.hosts[name].get_groups()}


def a_record(name: str = "n3", instance: str = "i-3", **fields: t.Any) -> dict[str, t.Any]:
    return {
        "name": name,
        "ansible_host": "203.0.113.7",
        "compute_desk_offer_id": OFFER_ID,
        "compute_desk_instance_id": instance,
        **fields,
    }


@pytest.mark.parametrize(
    ("limit", "pattern", "names"),
    [
        (None, "all", ["n1", "n2"]),
        (None, "gpu", ["n1"]),
        (None, "all:!gpu", ["n2"]),
        ("n2", "all", ["n2"]),
        ("n2", "gpu", []),
    ],
)
def test_a_pattern_stays_within_the_limit(
    limit: str | None, pattern: str, names: list[str]
) -> None:
    assert Round(limit).known.matching(pattern) == names


def test_a_pattern_that_is_none_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pattern: str, **_options: t.Any) -> t.Any:
        raise AnsibleError(f"{pattern} is no pattern")

    fleet = Round()
    monkeypatch.setattr(fleet.inventory, "get_hosts", refuse)

    with pytest.raises(AnsibleActionFail) as caught:
        fleet.known.matching("x")

    assert str(caught.value) == "hosts: x is no pattern"


def test_a_pattern_counts_beside_the_hosts_of_the_play() -> None:
    fleet = Round()
    fleet.inventory.restrict_to_hosts([fleet.inventory.hosts["n1"]])

    assert fleet.known.matching("all") == ["n1", "n2"]


# What is known of a host


@pytest.mark.parametrize(
    ("value", "seconds"), [(None, 120.0), (600, 600.0), ("7.5", 7.5), (0, 0.0)]
)
def test_how_long_a_host_may_take(value: t.Any, seconds: float) -> None:
    fleet = Round()
    if value is not None:
        fleet.set("n1", "instance_ready_timeout", value)

    assert fleet.known.timeout_of("n1") == seconds
    assert Inventory(fleet.hostvars).timeout_of("n2") == 300.0


def test_a_time_that_is_none_names_the_host_and_the_variable() -> None:
    fleet = Round()
    fleet.set("n1", "instance_ready_timeout", -1)

    with pytest.raises(AnsibleActionFail) as caught:
        fleet.known.timeout_of("n1")

    assert str(caught.value) == ("n1: instance_ready_timeout: must be at least 0 seconds, not -1")


def test_the_offer_of_a_host_is_what_the_inventory_says_and_not_the_machine() -> None:
    fleet = Round()
    assert fleet.known.offer_of("n1") is None
    fleet.set("n1", "compute_desk_offer_id", OFFER_ID)
    assert fleet.known.offer_of("n1") == OFFER_ID
    assert fleet.known.trusted("n1", "compute_desk_offer_id") == OFFER_ID

    fleet.manager.set_host_facts("n1", {"compute_desk_offer_id": "forged"})

    assert fleet.known.offer_of("n1") is None
    assert fleet.known.trusted("n1", "compute_desk_offer_id") is None


# New hosts


def test_machines_of_offers_become_hosts_with_groups_and_variables() -> None:
    fleet = Round()

    (added,) = fleet.known.add([a_record(note="{{ 6 * 7 }}")])

    assert added == a_record(note="{{ 6 * 7 }}", groups=["compute_desk", GROUP])
    assert fleet.groups_of("n3") == {"all", "compute_desk", GROUP}
    variables = fleet.inventory.hosts["n3"].vars
    assert variables["ansible_host"] == "203.0.113.7"
    assert {"name", "groups"}.isdisjoint(variables)
    assert str(Templar(DataLoader()).template(variables["note"])) == "{{ 6 * 7 }}"
    assert fleet.known.matching("compute_desk") == ["n3"]
    assert fleet.known.variables("n3")["compute_desk_instance_id"] == "i-3"


def test_new_hosts_beyond_the_limit_are_left_out() -> None:
    fleet = Round("n1:n3")

    found = fleet.known.add([a_record("n3", "i-3"), a_record("n4", "i-4")])

    assert [record["name"] for record in found] == ["n3"]


def test_a_host_of_the_user_is_not_touched_and_the_machine_is_given_up() -> None:
    fleet = Round()
    record = a_record("n1", "i\x1b[2J-1")

    added = fleet.known.add([record, a_record()])

    assert [one["name"] for one in added] == ["n1", "n3"]
    assert "ansible_host" not in fleet.inventory.hosts["n1"].vars
    assert "compute_desk" not in fleet.groups_of("n1")
    assert fleet.known.taken_by(record) == "host"
    assert fleet.known.taken_by(a_record()) is None
    assert fleet.known.taken_by(a_record("n9", "i-9")) is None
    machine = new_machine(record, fleet.known, 1000.0)
    assert (machine.state, machine.record) == (FAILED, record)
    assert machine.problem is not None
    assert machine.problem.kind == "name_taken"
    assert str(machine.problem) == (
        f"The instance i-1 of the offer {OFFER_ID} would be the host n1, but the inventory has "
        "another host of this name. It would get the variables of that host, passwords included. "
        "Rename your host, or run this without the inventory that has it."
    )


@pytest.mark.parametrize("limit", [None, "n1:n3"])
def test_a_group_of_the_user_is_not_touched_and_the_machine_is_given_up(limit: str | None) -> None:
    fleet = Round(limit)
    record = a_record("gpu")

    added = fleet.known.add([record, a_record("n3", "i-4")])

    assert [one["name"] for one in added] == ["gpu", "n3"], "told even beyond the limit"
    assert "gpu" not in fleet.inventory.hosts
    assert "ansible_host" not in fleet.inventory.groups["gpu"].vars
    assert fleet.known.matching("compute_desk") == ["n3"]
    assert fleet.known.matching("gpu") == ["n1"]
    assert fleet.known.taken_by(record) == "group"
    machine = new_machine(record, fleet.known, 1000.0)
    assert (machine.state, machine.record) == (FAILED, record)
    assert machine.problem is not None
    assert machine.problem.kind == "name_taken"
    assert str(machine.problem) == (
        f"The instance i-3 of the offer {OFFER_ID} would be the host gpu, but the inventory has a "
        "group of this name. What is meant for the machine would be done to the hosts of that "
        "group. Rename your group, or run this without the inventory that has it."
    )


def test_a_host_of_ours_loses_its_name_to_a_group() -> None:
    fleet = Round()
    fleet.known.add([a_record()])

    fleet.data.add_group("n3")

    assert fleet.known.taken_by(a_record()) == "group"


def test_the_id_of_an_instance_is_shown_in_part() -> None:
    fleet = Round()

    problem = new_machine(a_record("n1", "i" * 61), fleet.known, 1000.0).problem

    assert problem is not None
    assert f"the instance {'i' * 57}... of the offer" in problem.message


def test_a_machine_that_was_added_is_waited_for() -> None:
    fleet = Round()
    (record,) = fleet.known.add([a_record()])

    machine = new_machine(record, fleet.known, 1000.0)

    assert (machine.name, machine.offer_id, machine.since) == ("n3", OFFER_ID, 1000.0)
    assert (machine.state, machine.problem) == (WAITING, None)
    assert machine.record is record


def test_a_stand_in_has_what_all_machines_will_have() -> None:
    fleet = Round()
    fleet.data.add_group("compute_desk")
    fleet.data.set_variable("compute_desk", "instance_ready_timeout", 42)

    name = fleet.known.any_machine()

    assert name not in fleet.known.matching("gpu")
    assert fleet.groups_of(name) == {"all", "compute_desk"}
    assert fleet.known.timeout_of(name) == 42.0

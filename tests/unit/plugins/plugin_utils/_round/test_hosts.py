# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of a run: whom a pattern names, how long each may be silent, whose name is taken."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round.hosts import Hosts


class Inventory:
    """Knows no host by any pattern, as it is wrong."""

    def get_hosts(self, pattern: str, ignore_restrictions: bool) -> list[t.Any]:
        raise AnsibleError(f"{pattern} is no pattern {ignore_restrictions}")


class HostVars(dict[str, t.Any]):
    _inventory = Inventory()


def hosts(**variables: t.Any) -> Hosts:
    return Hosts(HostVars({"a": variables}), 300.0)


def test_a_wrong_pattern_is_a_failed_task_that_names_the_option() -> None:
    with pytest.raises(AnsibleActionFail, match=r"^hosts: \[1: is no pattern"):
        hosts().matching("[1:")


@pytest.mark.parametrize(("given", "timeout"), [({}, 300.0), ({"instance_ready_timeout": 5}, 5.0)])
def test_a_host_may_have_a_timeout_of_its_own(given: dict[str, t.Any], timeout: float) -> None:
    assert hosts(**given).timeout_of("a") == timeout


@pytest.mark.parametrize("value", [-1, "soon", float("nan")])
def test_a_wrong_timeout_is_named_with_its_host(value: t.Any) -> None:
    with pytest.raises(AnsibleActionFail, match=r"^a: instance_ready_timeout: "):
        hosts(instance_ready_timeout=value).timeout_of("a")


def test_what_the_machine_says_of_itself_does_not_count() -> None:
    forged = {"instance_ready_timeout": 1, "compute_desk_offer_id": "x"}

    found = hosts(**forged, ansible_facts=forged)

    assert found.timeout_of("a") == 300.0
    assert found.offer_of("a") is None
    assert hosts(compute_desk_offer_id="x").offer_of("a") == "x"

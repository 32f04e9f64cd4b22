# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all actions do before their own work: check their options, and the host."""

from __future__ import annotations

import typing as t
from types import SimpleNamespace

import pytest
from ansible import constants as C
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.controller_action import (
    ControllerAction,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.facts import ForgedFacts
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.host_action import (
    HostAction,
)

VARIABLES = {"inventory_hostname": "gpu-1"}


class Acting:
    """Returns what came in, or fails as the options say."""

    ARGUMENTS: t.ClassVar[t.Mapping[str, t.Any]] = {
        "count": {"type": "int", "default": 3},
        "option": {"type": "str"},
    }

    def act(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        if options["option"] == "refused":
            raise OptionError("option", "must be something else")
        return {"given": (options, task_vars)}


class OnController(Acting, ControllerAction):
    """An action that contacts no host."""


class OnHost(Acting, HostAction):
    """An action on a host."""


@pytest.fixture(autouse=True)
def base(monkeypatch: pytest.MonkeyPatch) -> list[t.Any]:
    """What Ansible's own action was given; it returns a warning."""
    given: list[t.Any] = []

    def run(_self: t.Any, *args: t.Any) -> dict[str, t.Any]:
        given.append(args)
        return {"warnings": ["tmp"]}

    monkeypatch.setattr(ActionBase, "run", run)
    return given


def a_task(kind: t.Any, **args: t.Any) -> t.Any:
    action = kind.__new__(kind)
    action._task = SimpleNamespace(args=args)
    action._connection = SimpleNamespace(_load_name="tunnel")
    return action


@pytest.mark.parametrize("kind", [OnController, OnHost])
@pytest.mark.parametrize("variables", [VARIABLES, None])
def test_the_work_gets_the_options_with_their_types_and_is_no_change(
    kind: t.Any, variables: dict[str, t.Any] | None, base: list[t.Any]
) -> None:
    result = a_task(kind, count="7").run("/tmp/x", variables)

    assert result == {
        "warnings": ["tmp"],
        "changed": False,
        "given": ({"count": 7, "option": None}, variables or {}),
    }
    assert base == [("/tmp/x", variables)]


@pytest.mark.parametrize("kind", [OnController, OnHost])
@pytest.mark.parametrize("args", [{"count": "many"}, {"nosuch": 1}])
def test_what_the_options_do_not_allow_is_refused(kind: t.Any, args: dict[str, t.Any]) -> None:
    action = a_task(kind, **args)
    action._load_name = "an_action"

    with pytest.raises(AnsibleActionFail, match=r"count|nosuch"):
        action.run(None, {})


def test_an_option_that_the_work_refuses_is_a_failed_task() -> None:
    with pytest.raises(AnsibleActionFail, match=r"^option: must be something else$"):
        a_task(OnController, option="refused").run(None, {})


def test_a_host_is_refused_for_a_fact_that_controls_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = {("connection", "tunnel"): ["ansible_tunnel_exit"]}
    monkeypatch.setattr(C.config, "get_plugin_vars", lambda *kind: known.get(kind, []))
    variables = {"ansible_facts": {"tunnel_exit": "elsewhere"}}

    with pytest.raises(ForgedFacts, match=r"^tunnel_exit is among the facts of this host"):
        a_task(OnHost).run(None, variables)

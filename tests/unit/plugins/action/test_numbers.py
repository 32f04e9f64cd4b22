# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No number that makes no sense gets as far as a machine."""

from __future__ import annotations

import typing as t
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.compute_desk.supply.plugins.action import machine_facts, wait_for_instance

WRONG = (-1, -0.001, float("nan"), float("inf"), 1e12, None)


def refusal_of(
    plugin: t.Any, monkeypatch: pytest.MonkeyPatch, **given: t.Any
) -> str | dict[str, t.Any]:
    """Return what a task with these options is refused with, or its result."""
    defaults = {name: spec.get("default") for name, spec in plugin.ActionModule.ARGUMENTS.items()}
    action = plugin.ActionModule.__new__(plugin.ActionModule)
    action._connection = SimpleNamespace(transport="ssh")
    monkeypatch.setattr(ActionBase, "run", lambda _self, _tmp, _variables: {})
    monkeypatch.setattr(
        action, "validate_argument_spec", lambda _spec: (None, {**defaults, **given}), raising=False
    )
    monkeypatch.setattr(action, "act", lambda _options, _variables: {"acts": True})
    try:
        result: dict[str, t.Any] = action.run(None, {})
    except AnsibleActionFail as exc:
        return str(exc)
    return result if result.get("acts") or result["kind"] != "wrong_option" else result["msg"]


def numbers_of(plugin: t.Any) -> list[str]:
    spec = plugin.ActionModule.ARGUMENTS
    return [name for name, option in spec.items() if option["type"] in ("float", "int")]


@pytest.mark.parametrize("plugin", [wait_for_instance, machine_facts])
def test_what_is_no_time_is_a_wrong_option(plugin: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(numbers_of(plugin)) - {"began_at", "not_later_than"}:
        for value in (*WRONG, *([0.5] if name == "progress_interval" else ())):
            said = refusal_of(plugin, monkeypatch, **{name: value})
            assert str(said).startswith(f"{name}: "), (name, value, said)
        least = 1 if name == "progress_interval" else 0
        assert "acts" in refusal_of(plugin, monkeypatch, **{name: least}), name


def test_a_point_in_time_is_finite_or_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("began_at", "not_later_than"):
        for value in (float("nan"), float("-inf")):
            said = refusal_of(wait_for_instance, monkeypatch, **{name: value})
            assert said == f"{name}: must be a time in seconds since 1970"
        for fine in (None, 0.0, 1_800_000_000.0):
            assert "acts" in refusal_of(wait_for_instance, monkeypatch, **{name: fine})

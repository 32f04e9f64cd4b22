# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a machine is asked for its facts, and what becomes of what it says."""

from __future__ import annotations

import typing as t
from types import SimpleNamespace

import pytest
from ansible import constants as C
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.gather import gather

VARIABLES = {"inventory_hostname": "gpu-1"}


class Asking:
    """Stands for an action whose machine answers with these facts."""

    def __init__(self, facts: t.Any) -> None:
        self._connection = SimpleNamespace(_load_name="tunnel")
        self._facts = facts
        self.asked: list[t.Any] = []

    def ask(self, *given: t.Any, **named: t.Any) -> dict[str, t.Any]:
        self.asked.append((given, named))
        return {"ansible_facts": self._facts, "msg": "not a fact"}


def gathered(facts: t.Any) -> tuple[dict[str, t.Any], list[t.Any]]:
    """Return what is gathered of these facts, and how it was asked for."""
    action = Asking(facts)
    return gather(t.cast("t.Any", action), ["min", "dns"], 30.5, VARIABLES), action.asked


def test_only_facts_are_kept_and_the_python_that_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {("connection", "tunnel"): ["ansible_domain"]}
    monkeypatch.setattr(C.config, "get_plugin_vars", lambda *kind: known.get(kind, []))

    result, asked = gathered(
        {
            "ansible_kernel": "6.1",
            "ansible_domain": "controls this connection",
            "ansible_remote_tmp": "controls any",
            "discovered_interpreter_python": "/usr/bin/python3.11",
        }
    )

    assert result == {
        "ansible_facts": {
            "ansible_kernel": "6.1",
            "discovered_interpreter_python": "/usr/bin/python3.11",
        },
        "left_out": ["ansible_domain", "ansible_remote_tmp"],
    }
    assert asked == [
        (
            ("ansible.builtin.setup", {"gather_subset": ["min", "dns"]}, 30.5, VARIABLES),
            {"keys": ("ansible_facts",)},
        )
    ]


def test_of_what_is_left_out_twenty_names_are_told() -> None:
    names = [f"evil_{number}" for number in range(30)]

    result, _asked = gathered({"ansible_kernel": "6.1", **dict.fromkeys(names, 1)})

    assert result["left_out"] == names[:20]

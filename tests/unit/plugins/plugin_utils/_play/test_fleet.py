# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts of a play have a report, and which should have one."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._play.fleet import (
    fleet_of,
    plain,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._play.outcome import Host

REPORT = {"verdict": "pass", "gpus": []}
UNREADY = {"ok": False, "kind": "refused", "message": "The connection was refused."}
READY = {"ok": True}


@pytest.mark.parametrize(
    ("variables", "lost", "found"),
    [
        ({"gpu_verify_report": REPORT}, [], {"a": REPORT}),
        ({"gpu_verify_report": REPORT}, ["a"], {"a": REPORT}),
        # It had its turn again later, and then was ready.
        ({"gpu_verify_report": REPORT, "instance_ready_result": READY}, [], {"a": REPORT}),
        ({}, ["a"], {"a": None}),
        ({"instance_ready_result": UNREADY}, [], {"a": None}),
        ({"instance_ready_result": UNREADY, "compute_desk_gpu_verify": "true"}, [], {"a": None}),
        # Nobody wanted to look at these.
        ({"instance_ready_result": UNREADY, "compute_desk_gpu_verify": "false"}, [], {}),
        ({"instance_ready_result": READY}, [], {}),
        ({}, [], {}),
        # What a machine says of itself.
        (
            {"instance_ready_result": UNREADY, "ansible_facts": {"instance_ready_result": UNREADY}},
            [],
            {},
        ),
    ],
)
def test_who_should_have_a_report(
    variables: dict[str, t.Any], lost: list[str], found: dict[str, t.Any]
) -> None:
    assert fleet_of({"a": variables}, ["a"], lost) == found


def test_what_a_machine_nests_endlessly_is_cut() -> None:
    endless: list[t.Any] = []
    endless.append(endless)
    report = {**REPORT, "gpus": endless}

    found = fleet_of({"a": {"gpu_verify_report": report}}, ["a"], [])

    depth, level = 0, found["a"]["gpus"]
    while level is not None:
        depth, level = depth + 1, level[0]
    assert depth < 50


class Text(str):
    """A text as Ansible passes it around."""


@pytest.mark.parametrize("wrap", [lambda inner: {"k": inner}, lambda inner: [inner]])
def test_twelve_levels_are_kept_and_no_more(wrap: t.Callable[[t.Any], t.Any]) -> None:
    kept, cut = "x", None
    value: t.Any = Text("x")
    for _level in range(12):
        kept, cut, value = wrap(kept), wrap(cut), wrap(value)

    assert plain(value) == kept
    assert plain(wrap(value)) == wrap(cut)


def test_a_text_is_plain_and_anything_else_stays() -> None:
    found = plain({Text("k"): (Text("x"), 1, None)})

    assert found == {"k": ["x", 1, None]}
    assert not isinstance(found["k"][0], Text)
    assert not any(isinstance(key, Text) for key in found)


@pytest.mark.parametrize("value", [{("a", "b"): 1}, [{"a"}], float("nan")])
def test_what_is_no_json_can_be_a_fact_too(value: t.Any) -> None:
    assert Host({"x": value, "ansible_facts": {"x": value}}).get("x") is None
    assert Host({"x": value, "ansible_facts": {"x": 1}}).get("x") is value

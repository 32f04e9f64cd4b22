# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts of a play have a report, and which should have one."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._play.fleet import fleet_of

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

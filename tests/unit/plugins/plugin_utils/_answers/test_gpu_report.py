# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts as a report of GPUs, of all that a machine may answer."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.gpu import Gpu
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.judge import CHECK_NAMES
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.gpu_report import (
    NoReport,
    read_report,
)
from hypothesis import given
from hypothesis import strategies as st

from ...helpers import ANY_JSON

HONEST: dict[str, t.Any] = {
    "verdict": "pass",
    "reasons": [],
    "gpus": [
        Gpu(index=0, vendor="nvidia", name="NVIDIA L40S", throttle_reasons=("gpu_idle",)).as_dict()
    ],
    "checks": [
        {"name": name, "verdict": "pass", "detail": "fine", "action": None} for name in CHECK_NAMES
    ],
    "action": None,
    "notes": [],
    "xids": None,
    "booted_at": None,
}
FAILED: dict[str, t.Any] = {
    **HONEST,
    "verdict": "fail",
    "action": "reset_gpu",
    "reasons": ["A GPU is lost."],
    "checks": [
        {**HONEST["checks"][0], "verdict": "fail", "action": "reset_gpu"},
        *HONEST["checks"][1:],
    ],
}
EMPTY: dict[str, t.Any] = {
    **HONEST,
    "verdict": "no_gpu",
    "reasons": ["There is none."],
    "gpus": [],
    "checks": [{**check, "verdict": "skip"} for check in HONEST["checks"]],
}


UNCLEAR: dict[str, t.Any] = {
    **HONEST,
    "verdict": "inconclusive",
    "reasons": ["Not counted."],
    "gpus": [],
    "checks": [{**HONEST["checks"][0], "verdict": "inconclusive"}, *HONEST["checks"][1:]],
}
XID: dict[str, t.Any] = {
    "code": 31,
    "switch": False,
    "pci_bus_id": "0000:18:00.0",
    "kind": "restart_app",
    "action": None,
    "text": "MMU Fault",
    "count": 3,
}
ROWS = {"max": 640, "high": 0, "partial": 0, "low": 0, "none": 0}
FULL: dict[str, t.Any] = {
    **HONEST,
    "gpus": [{**HONEST["gpus"][0], "serial": "165", "spare_rows": ROWS, "pcie_width": 16}],
    "checks": [{**HONEST["checks"][0], "action": "watch"}, *HONEST["checks"][1:]],
    "notes": ["Old."],
    "xids": [XID, {**XID, "switch": True, "pci_bus_id": None}],
    "booted_at": "2026-11-24T09:00:00Z",
}


TWO_FAILED: dict[str, t.Any] = {
    **FAILED,
    "checks": [
        FAILED["checks"][0],
        {**HONEST["checks"][1], "verdict": "fail", "action": "reset_gpu"},
        *HONEST["checks"][2:],
    ],
}
DOES_NOT_FIT = f"the check {CHECK_NAMES[1]} has an action that does not fit its verdict"
# As much of everything as a report may have.
MOST: dict[str, t.Any] = {
    **FAILED,
    "reasons": ["x" * 400] * len(CHECK_NAMES),
    "notes": ["n"] * 32,
    "gpus": [{**HONEST["gpus"][0], "throttle_reasons": ["t"] * 32}] * 64,
    "checks": [
        {**check, "verdict": "fail", "action": "reset_gpu"}
        if check["name"] == "kernel_log"
        else check
        for check in HONEST["checks"]
    ],
    "xids": [{**XID, "action": "reset_gpu"}] * 64,
}


@pytest.mark.parametrize(
    "report", [HONEST, FAILED, TWO_FAILED, EMPTY, {**EMPTY, "xids": []}, UNCLEAR, FULL, MOST]
)
def test_an_honest_report_is_kept_as_it_is(report: dict[str, t.Any]) -> None:
    assert read_report({**report, "changed": False, "warnings": ["x"], "skipped": True}) == report


def changed(report: dict[str, t.Any], *path: t.Any, value: t.Any) -> dict[str, t.Any]:
    """Return a report with one value of it replaced."""
    result = copy.deepcopy(report)
    place: t.Any = result
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return result


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        ({}, "verdict is null"),
        (changed(HONEST, "verdict", value="weird"), "verdict is 'weird'"),
        (changed(HONEST, "verdict", value=["pass"]), "verdict is an array"),
        (changed(HONEST, "gpus", value=5), "gpus is a number, not a list"),
        (changed(HONEST, "gpus", value=[5]), "a GPU in it is a number"),
        (changed(HONEST, "gpus", value=HONEST["gpus"] * 65), "gpus has 65 entries, more than 64"),
        (changed(HONEST, "gpus", 0, "index", value="0"), "index is a string, not a whole number"),
        (changed(HONEST, "gpus", 0, "index", value=True), "index is a boolean, not a whole number"),
        (changed(HONEST, "gpus", 0, "index", value=10**60), "index is too large"),
        (changed(HONEST, "gpus", 0, "name", value={}), "name is an object, not a string"),
        (changed(HONEST, "gpus", 0, "vendor", value=None), "vendor is null, not a string"),
        (changed(HONEST, "reasons", value="x"), "reasons is a string, not a list"),
        (changed(FAILED, "reasons", value=[]), "it gives no reason"),
        (
            changed(HONEST, "reasons", value=["x"] * 99),
            f"reasons has 99 entries, more than {len(CHECK_NAMES)}",
        ),
        (changed(HONEST, "checks", value=[]), "its checks are not those of gpu_facts"),
        (changed(HONEST, "checks", 0, "name", value="x"), "the name of a check is 'x'"),
        (changed(HONEST, "checks", 0, "verdict", value="ok"), "the verdict of a check is 'ok'"),
        (
            changed(HONEST, "checks", 0, "verdict", value="fail"),
            "its verdict does not follow from its checks",
        ),
        (changed(FAILED, "verdict", value="pass"), "its verdict does not follow from its checks"),
        (changed(HONEST, "verdict", value="no_gpu"), "its verdict does not follow from its checks"),
        (changed(UNCLEAR, "verdict", value="pass"), "its verdict does not follow from its checks"),
        (changed(UNCLEAR, "reasons", value=[]), "it gives no reason"),
        (changed(EMPTY, "verdict", value="pass"), "its verdict does not follow from its checks"),
        (
            changed(EMPTY, "gpus", value=HONEST["gpus"]),
            "its verdict and its GPUs contradict each other",
        ),
        (changed(FAILED, "action", value=None), "its action does not follow from its checks"),
        (changed(FAILED, "action", value="burn"), "action is 'burn'"),
        (changed(HONEST, "action", value="watch"), "its action does not follow from its checks"),
        (
            changed(FAILED, "checks", 0, "action", value=None),
            "its action does not follow from its checks",
        ),
        (
            changed(HONEST, "checks", 0, "action", value="reset_gpu"),
            "the check tool has an action that does not fit its verdict",
        ),
        (
            changed(EMPTY, "checks", 0, "action", value="watch"),
            "the check tool has an action that does not fit its verdict",
        ),
        (changed(FULL, "xids", value={}), "xids is an object, not a list"),
        (changed(FULL, "xids", value=[XID] * 65), "xids has 65 entries, more than 64"),
        (changed(FULL, "xids", 0, value=7), "an Xid in it is a number"),
        (changed(FULL, "xids", 0, "code", value="31"), "code is a string, not a whole number"),
        (changed(FULL, "xids", 0, "switch", value=1), "switch is a number, not a boolean"),
        (changed(FULL, "xids", 0, "kind", value="odd"), "the kind of an Xid is 'odd'"),
        (
            changed(FULL, "xids", 0, "action", value="reset_gpu"),
            "its Xids and its check of the kernel log contradict each other",
        ),
        (changed(FULL, "xids", 0, "text", value=None), "text is null, not a string"),
        (changed(FULL, "booted_at", value="yesterday"), "booted_at is 'yesterday', not a time"),
        (changed(FULL, "booted_at", value=5), "booted_at is a number, not a string"),
        (changed(FULL, "notes", value=["x"] * 33), "notes has 33 entries, more than 32"),
        (changed(FULL, "notes", value=None), "notes is null, not a list"),
        (changed(FULL, "gpus", 0, "serial", value=165), "serial is a number, not a string"),
        (changed(FULL, "gpus", 0, "spare_rows", value=[]), "spare_rows is an array, not an object"),
        (
            changed(FULL, "gpus", 0, "spare_rows", "low", value=None),
            "spare_rows.low is null, not a whole number",
        ),
        (
            changed(FULL, "gpus", 0, "pcie_width", value=16.5),
            "pcie_width is a number, not a whole number",
        ),
        (changed(HONEST, "gpus", value=[]), "its verdict and its GPUs contradict each other"),
        (changed(HONEST, "verdict", value="w" * 50), f"verdict is '{'w' * 37}...'"),
        (
            changed(HONEST, "gpus", 0, "throttle_reasons", value=["x"] * 33),
            "throttle_reasons has 33 entries, more than 32",
        ),
        (
            changed(HONEST, "gpus", 0, "throttle_reasons", value=[1]),
            "throttle_reasons is a number, not a string",
        ),
        (
            changed(HONEST, "checks", value=HONEST["checks"] * 2),
            f"checks has {2 * len(CHECK_NAMES)} entries, more than {len(CHECK_NAMES)}",
        ),
        (
            changed(HONEST, "checks", 1, value=HONEST["checks"][0]),
            "its checks are not those of gpu_facts",
        ),
        (changed(HONEST, "checks", 0, value=7), "a check in it is a number"),
        (changed(HONEST, "checks", 0, "detail", value=None), "detail is null, not a string"),
        (changed(HONEST, "checks", 0, "action", value="burn"), "the action of a check is 'burn'"),
        (changed(FULL, "xids", 0, "action", value="burn"), "the action of an Xid is 'burn'"),
        (changed(FULL, "xids", 0, "pci_bus_id", value=7), "pci_bus_id is a number, not a string"),
        (changed(FULL, "xids", 0, "count", value=None), "count is null, not a whole number"),
        (changed(FULL, "notes", value=[None]), "notes is null, not a string"),
        (changed(TWO_FAILED, "checks", 1, "action", value=None), DOES_NOT_FIT),
    ],
)
def test_what_is_no_report_says_why(report: dict[str, t.Any], reason: str) -> None:
    with pytest.raises(NoReport) as caught:
        read_report(report)

    assert str(caught.value) == reason


def test_text_in_it_is_printable_and_cut() -> None:
    evil = "\x1b[2J{{ 6*7 }}\r\nforged \u202e\x9b" + "x" * 10_000
    report = changed(FAILED, "reasons", value=[evil])
    report = changed(report, "gpus", 0, "name", value=evil)

    read = read_report(changed(report, "checks", 0, "detail", value=evil))

    cut = "{{ 6*7 }} forged ".ljust(397, "x") + "..."
    for text in (read["reasons"][0], read["gpus"][0]["name"], read["checks"][0]["detail"]):
        assert text == cut


@given(
    place=st.sampled_from(
        [
            ("verdict",),
            ("reasons",),
            ("gpus",),
            ("checks",),
            ("gpus", 0),
            ("gpus", 0, "name"),
            ("gpus", 0, "throttle_reasons"),
            ("checks", 3),
            ("checks", 3, "detail"),
            ("action",),
            ("notes",),
            ("xids",),
            ("xids", 0),
            ("xids", 0, "text"),
            ("booted_at",),
            ("gpus", 0, "spare_rows"),
            ("checks", 3, "action"),
        ]
    ),
    value=ANY_JSON,
)
def test_whatever_stands_in_it_is_plain_data_or_refused(
    place: tuple[t.Any, ...], value: t.Any
) -> None:
    try:
        read = read_report(changed(FULL, *place, value=value))
    except NoReport:
        return

    json.dumps(read, allow_nan=False)
    assert set(read) == set(HONEST)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a machine is alone with in its fleet."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet import (
    differences as comparing,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet import rows
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.differences import (
    HOTTER_BY,
    differences,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.rows import (
    HEADER,
    difference_lines,
    fleet_rows,
)

from .reports import a_report, changed

FILES = Path(__file__).resolve().parents[5] / "roles" / "gpu_verify" / "files"

Fleet = dict[str, dict[str, t.Any]]


def a_fleet(count: int) -> Fleet:
    return {f"node-{number}": a_report(number) for number in range(1, count + 1)}


def with_all(report: dict[str, t.Any], **values: t.Any) -> dict[str, t.Any]:
    return {**report, "gpus": [{**gpu, **values} for gpu in report["gpus"]]}


def named(fleet: Fleet) -> list[tuple[str, str]]:
    return [(one["host"], one["what"]) for one in differences(fleet)]


def test_of_64_hosts_exactly_those_three_are_named_that_differ() -> None:
    fleet = a_fleet(64)
    fleet["node-7"] = with_all(fleet["node-7"], driver_version="535.54.03")
    fleet["node-20"] = a_report(20, count=7)
    fleet["node-41"] = changed(fleet["node-41"], 3, pcie_width=8)

    lines = difference_lines(fleet, 109)

    assert lines[1:] == [
        "node-7: driver 535.54.03; 63 others have 565.57.01",
        "node-20: count 7 GPUs; 63 others have 8 GPUs",
        "node-41: link width PCIe x8, x16; 63 others have PCIe x16",
    ]
    assert len(fleet_rows(fleet)) == 65
    assert {len(row) for row in fleet_rows(fleet)} == {len(HEADER)}


@pytest.mark.parametrize("count", [0, 1, 2, 64])
def test_nothing_is_named_where_all_are_alike(count: int) -> None:
    assert differences(a_fleet(count)) == []
    assert difference_lines(a_fleet(count), 109) == []


def test_one_host_has_nothing_to_differ_from() -> None:
    assert named({"a": with_all(a_report(1), driver_version="1.0")}) == []


def test_of_two_that_differ_both_are_named() -> None:
    fleet = a_fleet(2)
    fleet["node-2"] = with_all(fleet["node-2"], driver_version="535.54.03")

    assert [one["text"] for one in differences(fleet)] == [
        "node-1: driver 565.57.01, as no other host",
        "node-2: driver 535.54.03, as no other host",
    ]
    assert [(one["usual"], one["others"]) for one in differences(fleet)] == [(None, 0)] * 2


def test_one_that_is_newer_than_the_others_is_the_one_that_differs() -> None:
    fleet = a_fleet(3)
    fleet["node-2"] = with_all(fleet["node-2"], driver_version="999.0")

    assert [one["text"] for one in differences(fleet)] == [
        "node-2: driver 999.0; 2 others have 565.57.01"
    ]


def test_other_kinds_are_named_only_where_all_should_be_alike() -> None:
    fleet = a_fleet(3)
    fleet["node-3"] = with_all(fleet["node-3"], name="NVIDIA L40S")

    lines = difference_lines(fleet, 109)

    assert lines[1:] == ["node-3: name NVIDIA L40S; 2 others have NVIDIA H100 80GB HBM3"]
    assert difference_lines(fleet, 109, one_kind=True) == lines
    assert difference_lines(fleet, 109, one_kind=False) == []
    assert differences(fleet, one_kind=False) == []


def test_each_number_of_a_machine_counts_once() -> None:
    report = changed(a_report(1), 3, pcie_width=8)

    assert comparing._distinct("pcie_width")(report) == (8, 16)
    assert comparing._distinct("memory_total_mib")({}) == ()


def test_few_that_differ_from_most_are_named() -> None:
    fleet = a_fleet(10)
    for name in ("node-2", "node-9"):
        fleet[name] = with_all(fleet[name], driver_version="535.54.03")

    assert named(fleet) == [("node-2", "driver_version"), ("node-9", "driver_version")]


def test_two_halves_of_a_fleet_are_no_difference() -> None:
    fleet = a_fleet(8)
    for number in range(5, 9):
        fleet[f"node-{number}"] = with_all(
            fleet[f"node-{number}"], name="NVIDIA A100", memory_total_mib=40960
        )

    assert named(fleet) == []
    # Each is compared with its own kind.
    fleet["node-8"] = with_all(fleet["node-8"], memory_total_mib=81920)
    assert named(fleet) == [("node-8", "memory_total_mib")]


def test_another_kind_of_gpu_is_named_once_and_not_for_all_that_comes_with_it() -> None:
    fleet = a_fleet(4)
    fleet["node-3"] = with_all(
        a_report(3, count=4), name="NVIDIA L40S", memory_total_mib=46068, pcie_width=8
    )

    assert named(fleet) == [("node-3", "name")]


def test_a_machine_without_gpus_is_named_by_their_number() -> None:
    fleet = a_fleet(3)
    fleet["node-2"] = a_report(2, count=0, verdict="no_gpu")

    assert [one["text"] for one in differences(fleet)] == [
        "node-2: count no GPU; 2 others have 8 GPUs"
    ]


def test_a_machine_that_gave_no_report_is_not_compared() -> None:
    fleet = a_fleet(3)
    fleet["node-2"] = a_report(2, count=0, verdict="fail", checks=[])

    assert named(fleet) == []


@pytest.mark.parametrize(("more", "is_named"), [(HOTTER_BY - 1, False), (HOTTER_BY, True)])
def test_a_gpu_that_is_much_hotter_is_named(more: int, is_named: bool) -> None:
    fleet = a_fleet(5)
    # The hottest of each of the others has 37.
    fleet["node-4"] = changed(fleet["node-4"], 0, temperature_c=37 + more)

    assert differences(fleet) == (
        [
            {
                "host": "node-4",
                "what": "temperature_c",
                "value": "52 C",
                "usual": "37 C",
                "others": 4,
                "text": "node-4: temperature 52 C; the median of the hosts is 37 C",
            }
        ]
        if is_named
        else []
    )


def test_a_value_that_is_not_known_differs_from_none() -> None:
    fleet = a_fleet(3)
    fleet["node-1"] = with_all(fleet["node-1"], pcie_width=None, temperature_c=None)

    assert named(fleet) == []


def test_what_machines_say_is_printable_and_bounded() -> None:
    fleet = a_fleet(3)
    fleet["node-1"] = with_all(fleet["node-1"], driver_version="\x1b[2J\u202e{{ 7*7 }}" + "x" * 500)

    (_heading, line) = difference_lines(fleet, 109)

    assert line.startswith("node-1: driver {{ 7*7 }}xxx")
    assert len(line) <= 109
    assert line.isascii()


def test_a_row_says_what_there_is_and_what_to_do() -> None:
    report = a_report(1, verdict="fail", reasons=["GPU 0 is lost."], action="return_machine")

    rows = fleet_rows({"node-1": report, "node-2": None})

    assert rows[1] == [
        "node-1",
        "8",
        "NVIDIA H100 80GB HBM3",
        "565.57.01",
        "81559 MiB",
        "x16",
        "30-37 C",
        "FAIL",
        "return_machine",
        "GPU 0 is lost.",
    ]
    assert rows[2] == [
        "node-2",
        *["-"] * 6,
        "FAIL",
        "-",
        "Not checked: the machine failed earlier, see above.",
    ]


TWO_KINDS = [
    {"name": "L4", "driver_version": "565", "memory_total_mib": 23034, "pcie_width": 16},
    {"name": "T4", "driver_version": "535", "memory_total_mib": 15360, "pcie_width": 8},
]


@pytest.mark.parametrize(
    ("report", "row"),
    [
        # There may be some, but nobody could list them.
        ({}, ["-", "-", "-", "-", "-", "-", "", "-", "-"]),
        ({"verdict": "no_gpu"}, ["0", "-", "-", "-", "-", "-", "no GPU", "-", "-"]),
        (
            {"gpus": TWO_KINDS, "verdict": "pass", "reasons": ["One.", "Two."]},
            [
                "2",
                "L4, T4",
                "565, 535",
                "15360, 23034 MiB",
                "x8, x16",
                "-",
                "pass",
                "-",
                "One. Two.",
            ],
        ),
        (
            {"verdict": "v" * 21, "action": "a" * 41, "reasons": "no list"},
            ["-", "-", "-", "-", "-", "-", "v" * 17 + "...", "a" * 37 + "...", "-"],
        ),
    ],
)
def test_a_row_of_any_report(report: dict[str, t.Any], row: list[str]) -> None:
    assert fleet_rows({"a": report})[1] == ["a", *row]


def test_what_differs_is_a_key_of_the_gpus_or_their_count() -> None:
    documented = json.loads((FILES / "fleet.schema.json").read_text(encoding="utf-8"))
    words = documented["properties"]["differences"]["items"]["properties"]["what"]["enum"]
    changes = {"name": "x", "driver_version": "1", "nvlinks_active": 1, "memory_total_mib": 1}
    found = {"count"}
    for key, value in {**changes, "pcie_width": 1, "temperature_c": 90}.items():
        fleet = a_fleet(3)
        fleet["node-2"] = with_all(fleet["node-2"], **{key: value})
        assert named(fleet) == [("node-2", key)]
        found.add(key)

    assert set(words) == found


def test_many_differences_are_counted_after_the_first_ones() -> None:
    fleet = a_fleet(64)
    for number in range(rows._LINES + 2):
        name = f"node-{number + 1}"
        fleet[name] = with_all(fleet[name], driver_version=f"5{number}")
        if number + 1 == rows._LINES:
            assert len(difference_lines(fleet, 200)) == 1 + rows._LINES

    lines = difference_lines(fleet, 200)

    assert len(lines) == 1 + rows._LINES + 1
    assert lines[-1] == "and 2 more"


@pytest.mark.parametrize("room", [-1, 0, 20])
def test_a_line_has_room_for_a_few_words_on_the_narrowest_screen(room: int) -> None:
    fleet = a_fleet(3)
    fleet["node-2"] = a_report(2, count=7)

    assert difference_lines(fleet, room) == ["Different from th...", "node-2: count 7 G..."]


@pytest.mark.parametrize("degrees", [None, 30])
def test_a_row_has_a_dash_for_what_is_not_known(degrees: int | None) -> None:
    report = a_report(1)
    gpus = [{**gpu, "temperature_c": degrees, "pcie_width": None} for gpu in report["gpus"]]

    (_header, row) = fleet_rows({"node-1": {**report, "gpus": gpus}})

    assert row[5:7] == ["-", "30 C" if degrees else "-"]

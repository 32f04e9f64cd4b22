# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables that fit on the screen."""

from __future__ import annotations

import json

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._play.table import (
    table,
    width_of,
)
from hypothesis import given
from hypothesis import strategies as st

from ...helpers import ANY_TEXT

HEADER = ["HOST", "KERNEL", "GPUS", "RESULT"]
ROW = ["h100-node-1-1b2c3d4e", "6.1.0-28-cloud-amd64", "8 x NVIDIA H100 80GB HBM3", "configured"]
FAILED = ["node-2", "-", "-", "FAILED: " + "it went wrong " * 9]
ORDER = ["KERNEL", "GPUS"]

CELL = ANY_TEXT | st.text('xy 東\u0301"\\', max_size=250)
ROWS = st.integers(1, 9).flatmap(
    lambda count: st.lists(st.lists(CELL, min_size=count, max_size=count), min_size=1, max_size=4)
)


@given(ROWS, st.integers(9, 200), st.lists(st.sampled_from("xy") | st.just(""), max_size=4))
def test_no_line_is_ever_wider_than_the_room(
    rows: list[list[str]], room: int, least_needed: list[str]
) -> None:
    lines = table(rows, room, least_needed)

    assert len(lines) == len(rows)
    assert max(map(width_of, lines)) <= room


@pytest.mark.parametrize("room", range(12, 130))
def test_a_screen_of_any_width_gets_all_rows(room: int) -> None:
    lines = table([HEADER, ROW, FAILED], room, ORDER)

    assert max(map(width_of, lines)) <= room
    assert [line[0] for line in lines] == ["H", "h", "n"]


def test_nothing_is_cut_where_there_is_room() -> None:
    lines = table([HEADER, ROW], 200, ORDER)

    assert lines[1].split("  ") == ROW
    assert table([HEADER, ROW], len(lines[1]), ORDER) == lines


def test_what_is_least_needed_gives_up_space_first() -> None:
    whole = table([HEADER, ROW], 200, ORDER)[1]

    shortest = table([HEADER, ROW], len(whole) - 1, ORDER)[1]
    shorter = table([HEADER, ROW], len(whole) - 5, ORDER)[1]
    both = table([HEADER, ROW], len(whole) - 14, ORDER)[1]

    assert shortest.split("  ") == [ROW[0], "6.1.0-28-cloud-a...", *ROW[2:]]
    assert shorter.split("  ") == [ROW[0], "6.1.0-28-clo...", *ROW[2:]]
    assert both.split("  ") == [ROW[0], "6.1.0...", "8 x NVIDIA H100 80GB...", ROW[3]]


def test_the_last_column_is_cut_after_these() -> None:
    lines = table([HEADER, ROW, FAILED], 100, ORDER)

    assert lines[0].split() == HEADER
    assert lines[1].split("  ") == [ROW[0], "6.1.0...", "8 x N...", ROW[3]]
    assert lines[2].endswith("it went wrong it we...")


def test_a_column_goes_rather_than_that_the_last_one_says_nothing() -> None:
    lines = table([HEADER, ROW, FAILED], 71, ORDER)

    assert lines[0].split() == ["HOST", "GPUS", "RESULT"]
    assert width_of(lines[2]) <= 71
    assert table([HEADER, ROW, FAILED], 77, ORDER)[0].split() == ["HOST", "GPUS", "RESULT"]
    assert table([HEADER, ROW, FAILED], 78, ORDER)[0].split() == HEADER
    assert table([HEADER, ROW, FAILED], 60, ORDER)[0].split() == ["HOST", "RESULT"]
    # The first and the last column stay, whatever is said of them.
    assert table([HEADER, ROW], 20, HEADER)[0].split()[0] == "HOST"


@pytest.mark.parametrize("cell", ['say "no"', "C:\\temp", "東京 eu", "cafe\u0301"])
def test_columns_are_those_of_the_screen(cell: str) -> None:
    lines = table([["HOST", "RESULT"], [cell, "fine"]], 60, [])
    shown = [json.dumps(line, ensure_ascii=False)[1:-1] for line in lines]
    before = shown[1][: -len("fine")]
    wide = sum(c in "東京" for c in before) - before.count("\u0301")

    assert shown[0].index("RESULT") == len(before) + wide


def test_a_cut_cell_does_not_end_with_more_than_three_dots() -> None:
    line = table([["A", "B", "C"], ["a", "6.18.44-cloud", "x" * 40]], 51, ["B"])[1]

    assert line.split() == ["a", "6.18...", "x" * 35 + "..."]


def test_cells_are_cut_at_60_characters_and_the_last_one_at_200() -> None:
    (line,) = table([["a" * 70, "b" * 300]], 1000, [])

    assert line == f"{'a' * 57}...  {'b' * 197}..."


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ([], []),
        ([["A"], ["a"]], ["A", "a"]),
        ([["A", "B"], ["a", ""]], ["A  B", "a"]),
        ([["A", "B"], ["", "b"]], ["A  B", "   b"]),
        ([["abX defghij"]], ["abX..."]),
        # Three columns take seven at least.
        ([["A", "B", "C"]], ["A..."]),
        ([["aa", "bb", "cc"]], ["..."]),
    ],
)
def test_a_small_table(rows: list[list[str]], lines: list[str]) -> None:
    assert table(rows, 6, []) == lines


@pytest.mark.parametrize(
    ("text", "width"),
    [("\uff21", 2), ("東", 2), ("a\u20dd", 1), ("e\u0301", 1), ('"é"', 5), ("é\\", 3)],
)
def test_the_width_of_a_text(text: str, width: int) -> None:
    assert width_of(text) == width

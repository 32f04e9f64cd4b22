# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How wide the screen is, as far as that can be found out."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
import typing as t

import pytest
from ansible.utils import color
from ansible.utils.display import Display
from ansible_collections.compute_desk.supply.plugins.plugin_utils._live import terminal


@pytest.fixture
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(terminal, "_STDOUT", None)
    monkeypatch.setattr(terminal, "_IN_MAIN_PROCESS", True)


@pytest.fixture
def resize(
    monkeypatch: pytest.MonkeyPatch, no_terminal: None
) -> t.Iterator[t.Callable[[int], None]]:
    ours, theirs = os.openpty()
    copy, is_terminal = terminal.kept(theirs)
    assert is_terminal and copy is not None
    monkeypatch.setattr(terminal, "_STDOUT", copy)

    def to(columns: int) -> None:
        fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    yield to
    for descriptor in (ours, theirs, copy):
        os.close(descriptor)


def test_the_terminal_counts_as_wide_as_it_is_now(resize: t.Callable[[int], None]) -> None:
    resize(100)
    assert terminal.columns() == 100
    resize(60)
    assert terminal.columns() == 60
    # It has no size before somebody gives it one.
    resize(0)
    assert terminal.columns() == 80


def test_a_terminal_that_is_gone_is_no_error(
    monkeypatch: pytest.MonkeyPatch, no_terminal: None
) -> None:
    read, write = os.pipe()
    os.close(write)
    os.close(read)
    monkeypatch.setattr(terminal, "_STDOUT", read)

    assert terminal.columns() == 80


def test_the_main_process_does_not_go_by_what_it_told_others(
    monkeypatch: pytest.MonkeyPatch, no_terminal: None
) -> None:
    monkeypatch.setattr(Display(), "columns", 159)

    assert terminal.columns() == 120


@pytest.mark.parametrize(
    ("given", "found"),
    [("90", 90), ("", 120), ("0", 120), ("wide", 120), ("-5", 120), ("9" * 5000, 120)],
)
def test_columns_of_the_environment_come_first(
    monkeypatch: pytest.MonkeyPatch, no_terminal: None, given: str, found: int
) -> None:
    monkeypatch.setenv("COLUMNS", given)

    assert terminal.columns() == found


@pytest.mark.parametrize(
    ("inherited", "colors", "forced", "found"),
    [
        (159, False, False, 160),
        (80, False, False, 81),
        (79, True, False, 80),
        (79, False, False, 120),
        (79, True, True, 120),
    ],
)
def test_a_task_of_its_own_knows_what_the_main_process_found(
    monkeypatch: pytest.MonkeyPatch,
    no_terminal: None,
    inherited: int,
    colors: bool,
    forced: bool,
    found: int,
) -> None:
    monkeypatch.setattr(terminal, "_IN_MAIN_PROCESS", False)
    monkeypatch.setattr(Display(), "columns", inherited)
    monkeypatch.setattr(color, "ANSIBLE_COLOR", colors)
    monkeypatch.setenv("ANSIBLE_FORCE_COLOR", str(forced))

    assert terminal.columns() == found


def test_a_line_has_room_for_what_is_put_around_it(resize: t.Callable[[int], None]) -> None:
    resize(5)
    assert terminal.line_room() == 9
    assert terminal.line_room(80) == terminal.line_room("80") == 69


@pytest.mark.parametrize("width", [19, 0, -1, "wide", [], float("nan")])
def test_a_width_that_is_none_is_refused(width: t.Any) -> None:
    with pytest.raises(ValueError, match="width must be a whole number, and at least 20"):
        terminal.line_room(width)


def test_what_is_closed_cannot_be_kept() -> None:
    read, write = os.pipe()
    copy, is_terminal = terminal.kept(read)
    assert copy is not None and not is_terminal
    for descriptor in (read, write, copy):
        os.close(descriptor)

    assert terminal.kept(read) == (None, False)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a round says of its machines while it goes on."""

from __future__ import annotations

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.problem import (
    REFUSED,
    Problem,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round import progress
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round.machine import (
    FAILED,
    Machine,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round.progress import (
    RoundProgress,
)

from ...fake_api import A, FakeClock


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines that were shown."""
    lines: list[str] = []
    monkeypatch.setattr(progress, "show", lambda _host, text, _level: lines.append(text))
    return lines


def machines(*names: str, looks: int = 1) -> list[Machine]:
    return [Machine(name, A, since=1000.0, timeout=60.0, looks=looks) for name in names]


def test_who_is_waited_for_is_named_once_and_again_when_it_comes_to_an_end(said: list[str]) -> None:
    clock = FakeClock()
    shown = RoundProgress("localhost", clock)
    first, second = machines("a", "b")

    shown.show([], [first, second])
    shown.show([], [first, second])
    clock.now += 20
    shown.still_waiting([first, second])
    first.answers = True
    shown.show([first], [second])
    clock.now += 40
    second.fail(Problem(REFUSED, "nothing listens", "Wait."))
    shown.show([second], [])

    assert [line.partition(" to answer")[0] for line in said[:2]] == [
        "waiting for a, b",
        "still waiting for a, b",
    ]
    assert said[2:] == [
        "a answers (after 0:20)",
        "b: refused: Nothing listens. Wait. (after 1:00)",
    ]


def test_a_line_is_for_those_with_the_same_time_limit(said: list[str]) -> None:
    first, second, third = machines("a", "b", "c")
    second.timeout = 120.0

    RoundProgress("localhost", FakeClock()).still_waiting([first, second, third])

    assert [line.partition(" to answer")[0] for line in said] == [
        "still waiting for a, c",
        "still waiting for b",
    ]


def test_only_the_first_few_are_named(said: list[str]) -> None:
    RoundProgress("localhost", FakeClock()).still_waiting(machines(*"abcdefg"))

    assert said == [
        "still waiting for a, b, c, d, e, and 2 more to answer (0:00 elapsed, 1:00 left)"
    ]


def test_nobody_is_named_before_each_was_looked_at(said: list[str]) -> None:
    shown = RoundProgress("localhost", FakeClock())
    silent = machines("a") + machines("b", looks=0)

    shown.show([], silent)
    assert said == []

    # Who answers at once is no news.
    quick = Machine("c", A, since=1000.0, answers=True)
    shown.show([quick], silent)
    assert said == []


def test_with_no_log_nothing_is_said(said: list[str]) -> None:
    shown = RoundProgress("localhost", FakeClock(), is_hidden=True)
    (one,) = machines("a")

    shown.show([], [one])
    shown.still_waiting([one])
    one.state = FAILED
    shown.show([one], [])

    assert said == []

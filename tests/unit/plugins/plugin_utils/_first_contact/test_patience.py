# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a machine is tried, and how often."""

from __future__ import annotations

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.patience import (
    Patience,
)


def pauses(patience: Patience, kinds: list[str], now: float = 0.0) -> list[float | None]:
    """Return the pause after each of these problems, which come one right after the other."""
    return [patience.pause_after(kind, now) for kind in kinds]


def test_a_machine_that_does_not_answer_is_tried_steadily_until_the_deadline() -> None:
    patience = Patience(deadline=300.0, denied_timeout=120.0)

    assert [patience.pause_after("refused", now) for now in (0.0, 100.0, 290.0)] == [2.0, 2.0, 2.0]
    assert patience.pause_after("refused", 297.0) == 1.5
    assert patience.pause_after("refused", 299.0) == 0.5
    assert patience.pause_after("refused", 299.5) is None
    assert patience.pause_after("refused", 400.0) is None


def test_one_that_denies_access_is_tried_less_and_less_often() -> None:
    patience = Patience(deadline=300.0, denied_timeout=120.0)

    assert pauses(patience, ["permission_denied"] * 5) == [2.0, 4.0, 8.0, 10.0, 10.0]


def test_the_clock_of_denials_starts_with_the_first_one() -> None:
    patience = Patience(deadline=300.0, denied_timeout=120.0)
    patience.pause_after("refused", 0.0)

    assert patience.pause_after("permission_denied", 100.0) == 2.0
    assert patience.pause_after("permission_denied", 219.0) == 0.5
    assert patience.pause_after("permission_denied", 219.5) is None


def test_another_problem_sets_it_back() -> None:
    patience = Patience(deadline=1000.0, denied_timeout=120.0)
    pauses(patience, ["permission_denied"] * 4)

    assert patience.pause_after("refused", 100.0) == 2.0
    assert patience.pause_after("permission_denied", 200.0) == 2.0
    assert patience.pause_after("permission_denied", 310.0) == 4.0
    assert patience.pause_after("permission_denied", 320.0) is None


@pytest.mark.parametrize("denied_timeout", [0.0, 30.0, 500.0])
def test_the_deadline_holds_for_denials_too(denied_timeout: float) -> None:
    patience = Patience(deadline=60.0, denied_timeout=denied_timeout)
    patience.pause_after("permission_denied", 40.0)

    assert patience.pause_after("permission_denied", 60.0) is None

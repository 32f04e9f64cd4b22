# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pauses after a failure: Retry-After in both forms, and growth within bounds."""

from __future__ import annotations

import email.utils
import time
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api.retry import (
    BACKOFF_CEILING,
    LONGEST_PAUSE,
    jittered,
    pause_after_failure,
    retry_after_seconds,
)
from hypothesis import given
from hypothesis import strategies as st

from ...helpers import ANY_TEXT

NOW = 784111777.0
"""1994-11-06 08:49:37 UTC, the moment that RFC 9110 uses for its examples."""

CHANCE = st.floats(min_value=0, max_value=1)
INTERVAL = st.floats(min_value=1, max_value=3600)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("9999", 9999.0),
        ("9" * 1000, LONGEST_PAUSE),
        ("Sun, 06 Nov 1994 08:50:37 GMT", 60.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("Sun, 06 Nov 1994 07:00:00 GMT", 0.0),
        ("Sun, 06 Nov 1994 09:50:37 +0100", 60.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_PAUSE),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("1e3", None),
        ("٣", None),
        ("²", None),
        ("nan", None),
        ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 99999 08:49:37 GMT", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@pytest.fixture
def _far_from_utc(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[None]:
    monkeypatch.setenv("TZ", "XYZ+9")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_far_from_utc")
@pytest.mark.parametrize(
    "header",
    [
        "Sun, 06 Nov 1994 08:50:37 GMT",
        # Old forms that RFC 9110, section 5.6.7, wants accepted. All of them are UTC.
        "Sunday, 06-Nov-94 08:50:37 GMT",
        "Sun Nov  6 08:50:37 1994",
        "Sun, 06 Nov 1994 08:50:37 -0000",
    ],
)
def test_a_date_is_utc_wherever_this_runs(header: str) -> None:
    assert retry_after_seconds(header, NOW) == 60.0


@given(ANY_TEXT | st.text("0123456789:,.+-SunGMTNov ", max_size=40))
def test_no_header_raises_or_asks_for_a_silly_pause(header: str) -> None:
    seconds = retry_after_seconds(header, NOW)

    assert seconds is None or 0.0 <= seconds <= LONGEST_PAUSE


@given(st.datetimes().filter(lambda moment: moment.year > 1000))
def test_no_date_raises(moment: t.Any) -> None:
    seconds = retry_after_seconds(email.utils.format_datetime(moment), NOW)

    assert seconds is None or 0.0 <= seconds <= LONGEST_PAUSE


@given(INTERVAL, CHANCE)
def test_jitter_only_ever_stretches(seconds: float, chance: float) -> None:
    assert seconds < jittered(seconds, chance) <= seconds * 1.11


@given(st.integers(min_value=1, max_value=10**6), INTERVAL, CHANCE)
def test_our_own_pause_is_between_the_interval_and_the_ceiling(
    failures: int, interval: float, chance: float
) -> None:
    pause = pause_after_failure(failures, interval, None, chance)

    assert interval <= pause <= interval * BACKOFF_CEILING * 1.11


def test_the_pause_doubles_up_to_the_ceiling() -> None:
    pauses = [pause_after_failure(failures, 100, None, 0.5) for failures in range(1, 6)]

    assert pauses == pytest.approx([105.5, 211, 422, 422, 422])


@pytest.mark.parametrize(
    ("retry_after", "pause"),
    [(None, 15.825), (0.0, 15.825), (1.0, 15.825), (60.0, 60.0), (9999.0, 9999.0)],
)
def test_a_longer_retry_after_wins_and_a_shorter_one_does_not(
    retry_after: float | None, pause: float
) -> None:
    assert pause_after_failure(1, 15, retry_after, 0.5) == pytest.approx(pause)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of one wait: what is news, and that it goes on."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.news import News
from ansible_collections.compute_desk.supply.plugins.plugin_utils._live import progress
from ansible_collections.compute_desk.supply.plugins.plugin_utils._live.progress import Progress

from ...helpers import OFFER_ID, OTHER_ID, a_document, an_instance, seen

NAME, OTHER_NAME = OFFER_ID[:8], OTHER_ID[:8]
READY = seen(a_document(progress=None))
HALF = seen(
    a_document(progress=None, instances=[an_instance(), an_instance(external_ip=None)]),
    offer_id=OTHER_ID,
)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[t.Any, ...]]:
    """What is shown at 130 seconds on a clock of the test's own."""
    lines: list[tuple[t.Any, ...]] = []
    monkeypatch.setattr(progress, "show", lambda *given: lines.append(given))
    monkeypatch.setattr(progress, "time", types.SimpleNamespace(monotonic=lambda: 130.0))
    return lines


def test_news_are_shown_for_the_host_with_their_level(shown: list[tuple[t.Any, ...]]) -> None:
    Progress("gpu-1", 900)(News([READY, HALF], [READY, HALF], 45, False))

    assert shown == [
        (
            "gpu-1",
            f"offer {NAME}: ready, 1 of 1 instances usable (0:45 elapsed, 14:15 left)",
            "good",
        ),
        (
            "gpu-1",
            f"offer {OTHER_NAME}: ready, 1 of 2 instances usable (0:45 elapsed, 14:15 left)",
            "good",
        ),
    ]


@pytest.mark.parametrize(
    ("least", "unready"),
    [(None, f" for {OTHER_NAME} ready, 1 of 2 instances usable"), (1, "")],
)
def test_a_beat_says_for_which_offers_the_wait_goes_on(
    shown: list[tuple[t.Any, ...]], least: int | None, unready: str
) -> None:
    waiting = Progress("gpu-1", 900, min_instances=least, began=100.0)
    waiting(News([READY], [READY, HALF], 1, False))
    shown.clear()

    waiting.beat()

    assert shown == [
        ("gpu-1", f"still waiting{unready} (0:30 elapsed, 14:30 left)", "plain"),
    ]


def test_with_no_log_nothing_but_the_time_is_shown(shown: list[tuple[t.Any, ...]]) -> None:
    waiting = Progress("gpu-1", 60, hides_offers=True, began=100.0)

    waiting(News([READY, HALF], [READY, HALF], 45, False))
    waiting.beat()

    assert shown == [("gpu-1", "still waiting (0:30 elapsed, 0:30 left)", "plain")]


@pytest.mark.parametrize(("interval", "used"), [(60.0, 60.0), (1.5, 1.5), (1.0, 1.0), (0.1, 1.0)])
def test_a_beat_comes_once_a_second_at_most(interval: float, used: float) -> None:
    waiting = Progress("gpu-1", 900, interval)

    heartbeat = waiting.heartbeat()

    assert (heartbeat._beat, heartbeat._interval) == (waiting.beat, used)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Progress lines: what people see while a wait goes on.

Works on watches, so that the lines say what the result will say.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ...module_utils._offers.news import News
from ...module_utils._offers.offer import EXPIRED, FAILED, READY
from ...module_utils._offers.watch import Watch
from ...module_utils._offers.words import describe, short_ids
from ...module_utils._phrases import times
from ...module_utils._text import listed

# A heartbeat names this many offers, and counts the rest.
_NAMED = 3


@dataclass(frozen=True)
class Line:
    """One line; ``level`` is ``good``, ``bad``, ``warning`` or ``plain``."""

    text: str
    level: str = "plain"


def change_lines(news: News, wait_timeout: float | None) -> list[Line]:
    """Return one line for each offer that has changed, with the time."""
    names = short_ids(watch.offer_id for watch in news.watches)
    times_text = times(news.elapsed, wait_timeout)
    return [
        _change_line(watch, names[watch.offer_id], times_text, news.is_over)
        for watch in news.changed
    ]


def heartbeat_line(
    watches: t.Sequence[Watch],
    min_instances: int | None,
    elapsed: float,
    wait_timeout: float | None,
) -> Line:
    """Return the line that says that the wait goes on, and for which offers."""
    names = short_ids(watch.offer_id for watch in watches)
    unready = [watch for watch in watches if not watch.is_ready(min_instances)]
    states = [f"{names[watch.offer_id]} {_state(watch)}" for watch in unready]
    waited_for = f" for {listed(states, _NAMED, '; ')}" if states else ""
    return Line(f"still waiting{waited_for} {times(elapsed, wait_timeout)}")


def _change_line(watch: Watch, name: str, times_text: str, is_over: bool) -> Line:
    if watch.error:
        is_asked_again = not watch.error.final and not is_over
        again = ", asking again" if is_asked_again else ""
        text = f"{_state(watch)}; {watch.error.message}{again}"
        level = "warning" if is_asked_again else "bad"
    else:
        text = _state(watch)
        level = {READY: "good", FAILED: "bad", EXPIRED: "bad"}.get(watch.phase, "plain")
    return Line(f"offer {name}: {text} {times_text}", level)


def _state(watch: Watch) -> str:
    return describe(watch.offer) if watch.offer else "not read yet"

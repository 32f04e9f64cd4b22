# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Progress lines: what people see while a wait goes on.

Works on watches, so that the lines say what the result will say.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass

from ...module_utils._offers.offer import EXPIRED, FAILED, READY
from ...module_utils._offers.result import describe
from ...module_utils._offers.watch import Watch
from ...module_utils._text import times

# A heartbeat names this many offers, and counts the rest.
_NAMED = 3

# How much of an offer's id a line shows, if that is enough to tell it from the others.
_SHORT = 8


@dataclass(frozen=True)
class Line:
    """One line; ``mood`` is ``good``, ``bad``, ``warning`` or ``plain``."""

    text: str
    mood: str = "plain"


def change_lines(
    before: t.Iterable[Watch],
    after: t.Sequence[Watch],
    elapsed: float,
    wait_timeout: float | None,
    *,
    is_over: bool = False,
) -> list[Line]:
    """Return one line for each offer about which something new is known, with the time.

    ``after`` has all offers of the wait. When that is over, nobody is asked again.
    """
    known = {watch.offer_id: watch.signature() for watch in before}
    names = _names(after)
    return [
        _change_line(watch, names[watch.offer_id], times(elapsed, wait_timeout), is_over)
        for watch in after
        if watch.signature() != known.get(watch.offer_id, Watch(watch.offer_id).signature())
    ]


def heartbeat_line(
    watches: t.Sequence[Watch],
    min_instances: int | None,
    elapsed: float,
    wait_timeout: float | None,
) -> Line:
    """Return the line that says that the wait goes on, and for which of all its offers."""
    names = _names(watches)
    unready = [watch for watch in watches if not watch.is_ready(min_instances)]
    named = [f"{names[watch.offer_id]} {_state(watch)}" for watch in unready[:_NAMED]]
    if len(unready) > _NAMED:
        named.append(f"and {len(unready) - _NAMED} more")
    what = f" for {'; '.join(named)}" if named else ""
    return Line(f"still waiting{what} {times(elapsed, wait_timeout)}")


def _names(watches: t.Iterable[Watch]) -> dict[str, str]:
    """Return what each offer is called: the beginning of its id, or all of it if that is not clear.

    A line is read by people, who tell offers apart by their first letters anyway.
    """
    ids = [watch.offer_id for watch in watches]
    begins = Counter(offer_id[:_SHORT] for offer_id in ids)
    return {
        offer_id: offer_id[:_SHORT] if begins[offer_id[:_SHORT]] == 1 else offer_id
        for offer_id in ids
    }


def _change_line(watch: Watch, name: str, times_text: str, is_over: bool) -> Line:
    if watch.error:
        is_asked_again = watch.error.transient and not is_over
        again = ", asking again" if is_asked_again else ""
        text = f"{_state(watch)}; {watch.error.message}{again}"
        mood = "warning" if is_asked_again else "bad"
    else:
        text = _state(watch)
        mood = {READY: "good", FAILED: "bad", EXPIRED: "bad"}.get(watch.phase, "plain")
    return Line(f"offer {name}: {text} {times_text}", mood)


def _state(watch: Watch) -> str:
    return describe(watch.offer) if watch.offer else "not read yet"

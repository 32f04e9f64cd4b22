# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""News of a wait: which offers have changed, for whoever follows it."""

from __future__ import annotations

import typing as t
from copy import copy
from dataclasses import dataclass

from .watch import Watch

# How long news from the first answers is held back for the first answers of the other offers: when
# all are ready at once, there was no wait to report.
_FIRST_LOOK = 2.0


@dataclass(frozen=True)
class News:
    """Offers that have changed during a wait, just now."""

    changed: list[Watch]
    """As they were after each change; an offer may be in here more than once."""
    watches: list[Watch]
    """All offers of the wait."""
    elapsed: float
    is_over: bool
    """Whether nobody is asked again."""


OnNews = t.Callable[[News], None]


class NewsDesk:
    """Tells a listener once about every change."""

    def __init__(self, on_news: OnNews | None) -> None:
        self._on_news = on_news
        self._answered: list[Watch] = []
        self._known: dict[str, tuple[t.Any, ...]] = {}
        self._is_open = False
        self.due_at = float("inf")
        """When news that is held back has to go out."""

    def note(self, watch: Watch, now: float) -> None:
        """Take in that a request for an offer has ended."""
        if self._on_news is None:
            return
        if not self._answered and not self._is_open:
            self.due_at = now + _FIRST_LOOK
        # As it is now: by the time that news goes out, it may have changed again.
        self._answered.append(copy(watch))

    def publish(
        self, watches: list[Watch], now: float, *, is_over: bool, is_last: bool = False
    ) -> None:
        """Tell what has changed. ``is_last``: the wait goes on, but asks no offer again."""
        if self._on_news is None or not self._answered:
            return
        if not self._is_open:
            is_complete = all(watch.answers for watch in watches)
            if is_over or (not is_complete and now < self.due_at):
                return
            self._is_open, self.due_at = True, float("inf")
        changed = [watch for watch in self._answered if self._is_new(watch)]
        self._answered.clear()
        if changed:
            self._on_news(News(changed, watches, now, is_over or is_last))

    def _is_new(self, watch: Watch) -> bool:
        before = self._known.get(watch.offer_id) or Watch(watch.offer_id).signature()
        self._known[watch.offer_id] = watch.signature()
        return watch.signature() != before

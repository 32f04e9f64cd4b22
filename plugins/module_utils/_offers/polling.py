# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Polling: the loop of a wait for offers, turn by turn."""

from __future__ import annotations

import typing as t

from .._api.errors import RequestTimedOut, SupplyError, Unauthorized
from .._api.settings import Settings
from .calls import Calls
from .news import NewsDesk, OnNews
from .offer import parse_offer
from .terms import Time, WaitOptions, WaitReport
from .watch import Watch

# A request is abandoned this long after its own time limit; requests is normally quicker.
_GRACE = 1.0

_TICK = 0.001


class StatusReader(t.Protocol):
    """What a wait needs of a client; SupplyClient is one."""

    @property
    def settings(self) -> Settings:
        """How patient one request is, and how many may run at once."""

    def offer_status(self, offer_id: str, timeout: float | None = None) -> dict[str, t.Any]:
        """Return a status document, or raise SupplyError."""


class Polling:
    """A wait for offers. ``run`` goes through with it; ``turn`` does one turn of its loop.

    With ``attempts`` there is no wait, but so many attempts at an answer for each offer. With
    ``independent`` an offer that cannot become ready ends nothing but its own wait. ``watches`` and
    ``began``, by the clock, may be those of an earlier wait that this one goes on with.
    """

    def __init__(
        self,
        client: StatusReader,
        watches: list[Watch],
        options: WaitOptions,
        timing: Time | None = None,
        calls: Calls | None = None,
        *,
        on_news: OnNews | None = None,
        attempts: int | None = None,
        independent: bool = False,
        began: float | None = None,
    ) -> None:
        self._client = client
        self._options = options
        self._time = timing or Time()
        self._calls = calls or Calls(client.settings.concurrency)
        self._reads_once = attempts is not None
        self._attempts = attempts or 1
        self._independent = independent
        self._news = NewsDesk(on_news)
        self._watches = watches
        self._by_id = {watch.offer_id: watch for watch in watches}
        self._abandon_at: dict[str, float] = {}
        self._has_failed = False
        """Whether an offer cannot become ready: the others are read, and the wait ends."""
        self._began = self._time.clock() if began is None else began
        self._resumed_at = 0.0 if began is None else self._now()

    def run(self) -> WaitReport:
        """Wait until it is over."""
        while not self.turn():
            pass
        return self.report()

    def turn(self, longest: float = float("inf")) -> bool:
        """Do what is due, then wait ``longest`` seconds at most; return whether all is over."""
        now = self._now()
        self._abandon_late_calls(now)
        self._has_failed = not (self._reads_once or self._independent) and bool(
            self._failed_watches()
        )
        is_over = self._is_over(now)
        self._news.publish(self._watches, now, is_over=is_over, is_last=self._has_failed)
        if not is_over:
            self._begin_due_calls(now)
            self._pass_time(now, longest)
        return is_over

    def _now(self) -> float:
        return self._time.clock() - self._began

    @property
    def _deadline(self) -> float:
        if self._reads_once:
            return float("inf")
        # A wait that goes on although its time is up asks every offer once more.
        asks_once_more = self._resumed_at > 0 and not all(w.answers for w in self._watches)
        least = self._resumed_at + self._client.settings.request_timeout if asks_once_more else 0.0
        return max(self._options.wait_timeout, least)

    # Requests

    def _wants_request(self, watch: Watch) -> bool:
        """Return whether this offer has to be asked (again) some time."""
        if watch.offer_id in self._calls.running or watch.has_final_error:
            return False
        if self._reads_once or self._has_failed:
            # A wait that is over still reads every offer once: the result covers all of them.
            return self._is_worth_reading(watch) and not self._is_token_rejected()
        if self._independent and self._is_hopeless(watch):
            return False
        return not watch.is_ready(self._options.min_instances)

    def _is_hopeless(self, watch: Watch) -> bool:
        """Return whether waiting longer for this offer is pointless, by itself."""
        return (
            watch.cannot_become_ready(self._options.procurement_timeout)
            or self._is_token_rejected()
            or any(one is watch for one in self._without_host())
        )

    def _is_worth_reading(self, watch: Watch) -> bool:
        if not watch.polls or watch.error is None:
            return not watch.polls
        latest = self._client.settings.request_timeout
        return watch.polls < self._attempts and watch.next_at <= latest

    def _is_token_rejected(self) -> bool:
        return any(isinstance(watch.error, Unauthorized) for watch in self._watches)

    def _begin_due_calls(self, now: float) -> None:
        # The longest overdue first, or a slow API would never get to the last ones.
        for watch in sorted(self._watches, key=lambda watch: watch.next_at):
            if watch.next_at > now or not self._calls.has_room:
                break
            if self._wants_request(watch):
                self._begin(watch, now)

    def _begin(self, watch: Watch, now: float) -> None:
        offer_id = watch.offer_id
        limit = min(self._client.settings.request_timeout, self._deadline - now)
        watch.note_request(now, self._options.poll_interval, self._time.random())
        self._abandon_at[offer_id] = now + limit + _GRACE
        self._calls.begin(
            offer_id,
            lambda: parse_offer(self._client.offer_status(offer_id, timeout=limit), offer_id),
        )

    # Answers

    def _pass_time(self, now: float, longest: float) -> None:
        """Wait for the next answer, or for the next moment at which something is due."""
        # At least a tick: a moment that rounding puts just after now would never be reached.
        pause = min(longest, max(_TICK, self._next_moment(now) - self._now()))
        if not self._calls.running:
            self._time.sleep(pause)
            return
        outcome = self._calls.next_outcome(pause)
        while outcome is not None:
            self._note(*outcome)
            outcome = self._calls.next_outcome(0)

    def _next_moment(self, now: float) -> float:
        """Return the next moment after ``now`` at which the loop has something to do."""
        moments = [self._deadline, self._news.due_at]
        moments += [self._abandon_at[offer_id] for offer_id in self._calls.running]
        for watch in self._watches:
            if self._calls.has_room and self._wants_request(watch):
                moments.append(watch.next_at)
        return min(moment for moment in moments if moment > now)

    def _note(self, offer_id: str, outcome: t.Any) -> None:
        watch = self._by_id[offer_id]
        now = self._now()
        if isinstance(outcome, SupplyError):
            interval = self._options.poll_interval
            watch.note_error(outcome, now, interval, self._time.random())
        elif isinstance(outcome, BaseException):
            raise outcome
        else:
            watch.note_answer(outcome, now)
        self._news.note(watch, now)

    def _abandon_late_calls(self, now: float) -> None:
        for offer_id in self._calls.running:
            if now >= min(self._abandon_at[offer_id], self._deadline):
                self._calls.abandon(offer_id)
                late = RequestTimedOut("the answer was not complete in time", offer_id=offer_id)
                self._note(offer_id, late)

    # The end

    def _is_over(self, now: float) -> bool:
        if now >= self._deadline:
            return True
        if self._reads_once or self._has_failed:
            return not self._is_reading()
        if self._independent:
            running = self._calls.running
            return not any(w.offer_id in running or self._wants_request(w) for w in self._watches)
        return self._all_ready()

    def _is_reading(self) -> bool:
        """Return whether an offer that was never read is being read, or has to be."""
        running = self._calls.running
        return any(
            (self._reads_once or not watch.answers)
            and (watch.offer_id in running or self._wants_request(watch))
            for watch in self._watches
        )

    def _failed_watches(self) -> list[Watch]:
        limit = self._options.procurement_timeout
        failed = [watch for watch in self._watches if watch.cannot_become_ready(limit)]
        # One offer stands for all: they have the same host.
        return failed or self._without_host()[:1]

    def _without_host(self) -> list[Watch]:
        """Return the offers whose API was looked for in vain."""
        if any(watch.offer for watch in self._watches):
            # A host that has answered has the right name; if it cannot be resolved now, it will be.
            return []
        return [watch for watch in self._watches if watch.is_unresolvable()]

    def _all_ready(self) -> bool:
        return all(watch.is_ready(self._options.min_instances) for watch in self._watches)

    def report(self) -> WaitReport:
        """Return what is known now, or at the end."""
        now = self._now()
        is_ready = self._all_ready()
        return WaitReport(
            watches=self._watches,
            elapsed=round(now, 1),
            ready=is_ready,
            timed_out=not (is_ready or self._reads_once or self._has_failed)
            and now >= self._deadline,
            ended_by=frozenset(watch.offer_id for watch in self._failed_watches()),
        )

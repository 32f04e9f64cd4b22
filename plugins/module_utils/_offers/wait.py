# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""wait_for_offers(): polls offers in parallel under one deadline until all are ready.

Clock, sleep and randomness can be handed in, so that a test needs no time.

    >>> client = SupplyClient(Settings.from_options({"api_token_file": "~/.compute-desk-token"}))
    >>> report = wait_for_offers(client, ["4f9d2c1e-8a37-4b65-9d0e-2c7f81a6b3d4"], WaitOptions())
    >>> report.ready, report.elapsed
"""

from __future__ import annotations

import random
import time
import typing as t
from dataclasses import dataclass, field, fields

from .._api.errors import RequestTimedOut, SupplyError, Unauthorized
from .._api.settings import Settings
from .._options import OptionError, checked_number
from .calls import Calls
from .news import NewsDesk, OnNews
from .offer import parse_offer
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


@dataclass(frozen=True)
class WaitOptions:
    """When a wait ends, and how often it asks. All times in seconds; raises OptionError."""

    wait_timeout: float = 900.0
    poll_interval: float = 15.0
    """The interval that the page "Get offer status" advises; at least 1."""
    procurement_timeout: float = 60.0
    """How long an offer may stay unprocured."""
    min_instances: int | None = None
    """How many usable instances an offer needs; None for every one listed, and at least one."""

    def __post_init__(self) -> None:
        checked_number("wait_timeout", self.wait_timeout, above=0)
        checked_number("poll_interval", self.poll_interval, at_least=1)
        checked_number("procurement_timeout", self.procurement_timeout, at_least=0)
        if self.min_instances is not None and self.min_instances < 1:
            raise OptionError("min_instances", f"must be at least 1, not {self.min_instances}")

    @classmethod
    def names(cls) -> list[str]:
        """Return the names of the options."""
        return [option.name for option in fields(cls)]


@dataclass(frozen=True)
class Time:
    """Where a wait takes its time from. Real, unless a test hands in its own."""

    clock: t.Callable[[], float] = time.monotonic
    sleep: t.Callable[[float], None] = time.sleep
    random: t.Callable[[], float] = random.random


@dataclass(frozen=True)
class WaitReport:
    """How a wait or a reading ended."""

    watches: list[Watch]
    """In the order the offers were asked for."""
    elapsed: float
    ready: bool
    timed_out: bool = False
    ended_by: frozenset[str] = field(default_factory=frozenset)
    """The ids of the offers that cannot become ready."""


def read_offers(
    client: StatusReader,
    offer_ids: t.Sequence[str],
    min_instances: int | None = None,
    *,
    attempts: int = 1,
    timing: Time | None = None,
    calls: Calls | None = None,
) -> WaitReport:
    """Read each offer once. Never raises a SupplyError.

    After a transient error it is asked again, up to ``attempts`` times in all, with growing pauses
    that begin at a second and a Retry-After that is kept. None begins later than one request
    timeout after the first.
    """
    options = WaitOptions(min_instances=min_instances, poll_interval=1)
    return _Wait(client, offer_ids, options, timing, calls, attempts=attempts).run()


def wait_for_offers(
    client: StatusReader,
    offer_ids: t.Sequence[str],
    options: WaitOptions,
    *,
    on_news: OnNews | None = None,
    timing: Time | None = None,
    calls: Calls | None = None,
) -> WaitReport:
    """Poll until every offer is ready, one of them cannot become ready, or time is up.

    Each offer is asked no more often than the poll interval, and not again once it is ready.
    Transient errors are counted and outlived; nothing outlives the deadline. ``on_news`` is called
    for every change, unless the first answers already end the wait. Never raises a SupplyError.
    """
    return _Wait(client, offer_ids, options, timing, calls, on_news=on_news).run()


class _Wait:
    """The state of one run of the loop."""

    def __init__(
        self,
        client: StatusReader,
        offer_ids: t.Sequence[str],
        options: WaitOptions,
        timing: Time | None,
        calls: Calls | None,
        on_news: OnNews | None = None,
        attempts: int | None = None,
    ) -> None:
        """``attempts`` at an answer for each offer, and no wait; None for a wait."""
        self._client = client
        self._options = options
        self._time = timing or Time()
        self._calls = calls or Calls(client.settings.concurrency)
        self._reads_once = attempts is not None
        self._attempts = attempts or 1
        self._news = NewsDesk(on_news)
        self._watches = [Watch(offer_id) for offer_id in offer_ids]
        self._by_id = {watch.offer_id: watch for watch in self._watches}
        self._abandon_at: dict[str, float] = {}
        self._has_failed = False
        """Whether an offer cannot become ready: the others are read, and the wait ends."""
        self._began = self._time.clock()

    def run(self) -> WaitReport:
        while True:
            now = self._now()
            self._abandon_late_calls(now)
            self._has_failed = not self._reads_once and bool(self._failed_watches())
            is_over = self._is_over(now)
            self._news.publish(self._watches, now, is_over=is_over, is_last=self._has_failed)
            if is_over:
                return self._report(now)
            self._begin_due_calls(now)
            self._pass_time(now)

    def _now(self) -> float:
        return self._time.clock() - self._began

    @property
    def _deadline(self) -> float:
        return float("inf") if self._reads_once else self._options.wait_timeout

    # Requests

    def _wants_request(self, watch: Watch) -> bool:
        """Return whether this offer has to be asked (again) some time."""
        if watch.offer_id in self._calls.running or watch.has_final_error:
            return False
        if self._reads_once or self._has_failed:
            # A wait that is over still reads every offer once: the result covers all of them.
            return self._is_worth_reading(watch) and not self._is_token_rejected()
        return not watch.is_ready(self._options.min_instances)

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

    def _pass_time(self, now: float) -> None:
        """Wait for the next answer, or for the next moment at which something is due."""
        # At least a tick: a moment that rounding puts just after now would never be reached.
        pause = max(_TICK, self._next_moment(now) - self._now())
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
        if failed or any(watch.offer for watch in self._watches):
            # A host that has answered has the right name; if it cannot be resolved now, it will be.
            return failed
        # One offer stands for all: they have the same host.
        return [watch for watch in self._watches if watch.has_no_host()][:1]

    def _all_ready(self) -> bool:
        return all(watch.is_ready(self._options.min_instances) for watch in self._watches)

    def _report(self, now: float) -> WaitReport:
        is_ready = self._all_ready()
        return WaitReport(
            watches=self._watches,
            elapsed=round(now, 1),
            ready=is_ready,
            timed_out=not (is_ready or self._reads_once or self._has_failed),
            ended_by=frozenset(watch.offer_id for watch in self._failed_watches()),
        )

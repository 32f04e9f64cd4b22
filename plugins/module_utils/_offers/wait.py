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
from .offer import parse_offer
from .watch import Watch

# A request is left behind this long after its own time limit; requests is normally quicker.
_GRACE = 1.0

_TICK = 0.001

# A leg that has something to tell still takes in what is on its way or due in a moment, so that
# many offers which change together make one report, not many.
_SOON = 1.0
_SETTLE = 5.0


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
class Leg:
    """One part of a wait that another process began, and yet another may go on with.

    A leg ends when there is something to tell, and after ``seconds`` at the latest. Requests that
    are on their way then are waited for.
    """

    seconds: float
    elapsed: float = 0.0
    """Seconds since the wait began."""
    watches: tuple[Watch, ...] = ()
    """What the legs before have learned; empty for the first one."""

    @classmethod
    def from_state(cls, state: t.Mapping[str, t.Any], seconds: float) -> Leg:
        """Return the leg that goes on where ``WaitReport.to_state`` left off.

        Only ``elapsed`` is needed; it may have grown in between.
        """
        watches = [Watch.from_state(watch) for watch in state.get("watches", [])]
        return cls(seconds, float(state["elapsed"]), tuple(watches))


@dataclass(frozen=True)
class WaitReport:
    """What a wait, or one leg of it, has come to."""

    watches: list[Watch]
    """In the order the offers were asked for."""
    elapsed: float
    ready: bool
    timed_out: bool = False
    finished: bool = True
    """False if only a leg ended, and the wait has to go on."""
    hopeless: frozenset[str] = field(default_factory=frozenset)
    """The ids of the offers that ended the wait."""

    def to_state(self) -> dict[str, t.Any]:
        """Return what another leg has to know, as plain data."""
        return {
            "finished": self.finished,
            "elapsed": self.elapsed,
            "watches": [watch.to_state() for watch in self.watches],
        }


def read_offers(
    client: StatusReader,
    offer_ids: t.Sequence[str],
    min_instances: int | None = None,
    *,
    attempts: int = 1,
    timing: Time | None = None,
    calls: Calls | None = None,
) -> WaitReport:
    """Return what one answer for each offer tells. Never raises a SupplyError.

    After a transient error it is asked again, up to ``attempts`` times in all, with growing pauses
    that begin at a second and a Retry-After that is kept. None begins later than one request
    timeout after the first.
    """
    options = WaitOptions(min_instances=min_instances, poll_interval=1)
    return _Wait(client, offer_ids, options, timing, calls, leg=None, attempts=attempts).run()


def wait_for_offers(
    client: StatusReader,
    offer_ids: t.Sequence[str],
    options: WaitOptions,
    *,
    leg: Leg | None = None,
    timing: Time | None = None,
    calls: Calls | None = None,
) -> WaitReport:
    """Poll until every offer is ready, one of them cannot become ready, or time is up.

    Each offer is asked no more often than the poll interval, and not again once it is ready.
    Transient errors are counted and outlived; nothing outlives the deadline. With ``leg`` the
    report may be unfinished. Never raises a SupplyError.
    """
    return _Wait(client, offer_ids, options, timing, calls, leg=leg).run()


class _Wait:
    """The state of one run of the loop."""

    def __init__(
        self,
        client: StatusReader,
        offer_ids: t.Sequence[str],
        options: WaitOptions,
        timing: Time | None,
        calls: Calls | None,
        leg: Leg | None,
        attempts: int | None = None,
    ) -> None:
        """``attempts`` at an answer for each offer, and no wait; None for a wait."""
        self._client = client
        self._options = options
        self._time = timing or Time()
        self._calls = calls or Calls(client.settings.concurrency)
        self._leg = leg
        self._once = attempts is not None
        self._attempts = attempts or 1
        self._began = self._time.clock() - (leg.elapsed if leg else 0.0)
        known = {watch.offer_id: watch for watch in leg.watches} if leg else {}
        self._watches = [known.get(offer_id) or Watch(offer_id) for offer_id in offer_ids]
        self._told = {watch.offer_id: watch.signature() for watch in self._watches}
        self._changed_at: float | None = None
        self._left_behind_at: dict[str, float] = {}
        self._is_hopeless = False
        self._by_id = {watch.offer_id: watch for watch in self._watches}

    def run(self) -> WaitReport:
        while True:
            now = self._now()
            self._leave_late_ones_behind(now)
            self._is_hopeless = not self._once and bool(self._hopeless())
            report = self._verdict(now)
            if report is not None:
                return report
            # Once it is over, there is no next leg to leave the rest to.
            if self._is_hopeless or not self._is_leg_over(now):
                self._begin_due_ones(now)
            self._pass_time(now)

    def _now(self) -> float:
        return self._time.clock() - self._began

    @property
    def _deadline(self) -> float:
        return float("inf") if self._once else self._options.wait_timeout

    # What to ask

    def _wants_request(self, watch: Watch) -> bool:
        """Return whether this offer has to be asked (again) some time."""
        if watch.offer_id in self._calls.running or watch.has_final_error:
            return False
        if self._once or self._is_hopeless:
            # A wait that is over still reads everybody once: the result is for all offers.
            return self._is_worth_reading(watch) and not self._is_token_dead()
        return not watch.is_ready(self._options.min_instances)

    def _is_worth_reading(self, watch: Watch) -> bool:
        if not watch.polls or watch.error is None:
            return not watch.polls
        latest = self._client.settings.request_timeout
        return watch.polls < self._attempts and watch.next_at <= latest

    def _is_token_dead(self) -> bool:
        return any(isinstance(watch.error, Unauthorized) for watch in self._watches)

    def _begin_due_ones(self, now: float) -> None:
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
        self._left_behind_at[offer_id] = now + limit + _GRACE
        self._calls.begin(
            offer_id,
            lambda: parse_offer(self._client.offer_status(offer_id, timeout=limit), offer_id),
        )

    # What came back

    def _pass_time(self, now: float) -> None:
        """Wait for the next outcome, or for the next moment at which something is due."""
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
        moments = [self._deadline, self._leg_end()]
        moments += [self._left_behind_at[offer_id] for offer_id in self._calls.running]
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
        if self._changed_at is None and watch.signature() != self._told[offer_id]:
            self._changed_at = now

    def _leave_late_ones_behind(self, now: float) -> None:
        for offer_id in self._calls.running:
            if now >= min(self._left_behind_at[offer_id], self._deadline):
                self._calls.abandon(offer_id)
                late = RequestTimedOut("the answer was not complete in time", offer_id=offer_id)
                self._note(offer_id, late)

    # Whether it is over

    def _verdict(self, now: float) -> WaitReport | None:
        """Return the report if the wait, or this leg of it, is over."""
        if self._once or self._is_hopeless:
            over = not self._is_reading() or now >= self._deadline
            return self._report(now) if over else None
        if self._all_ready():
            return self._report(now)
        if now >= self._deadline:
            return self._report(now, timed_out=True)
        # What is on its way is not thrown away: an API slower than a leg would never be heard.
        if self._is_leg_over(now) and not self._calls.running:
            return self._report(now, finished=False)
        return None

    def _is_reading(self) -> bool:
        """Return whether an offer that was never read is being read, or has to be."""
        running = self._calls.running
        return any(
            (self._once or not watch.answers)
            and (watch.offer_id in running or self._wants_request(watch))
            for watch in self._watches
        )

    def _is_leg_over(self, now: float) -> bool:
        """Return whether this leg begins no further request."""
        if self._leg is None or now >= self._leg_end():
            return self._leg is not None
        if self._changed_at is None or self._calls.running:
            return False
        soon = now + _SOON
        return not any(
            watch.next_at <= soon and self._wants_request(watch) for watch in self._watches
        )

    def _leg_end(self) -> float:
        if self._leg is None:
            return float("inf")
        latest = self._leg.elapsed + self._leg.seconds
        return latest if self._changed_at is None else min(latest, self._changed_at + _SETTLE)

    def _hopeless(self) -> list[Watch]:
        limit = self._options.procurement_timeout
        hopeless = [watch for watch in self._watches if watch.is_hopeless(limit)]
        if hopeless or any(watch.offer for watch in self._watches):
            # A host that has answered has the right name; if nobody knows that now, it passes.
            return hopeless
        # One offer stands for all: they have the same host.
        return [watch for watch in self._watches if watch.has_no_host()][:1]

    def _all_ready(self) -> bool:
        return all(watch.is_ready(self._options.min_instances) for watch in self._watches)

    def _report(self, now: float, timed_out: bool = False, finished: bool = True) -> WaitReport:
        return WaitReport(
            watches=self._watches,
            elapsed=round(now, 1),
            ready=self._all_ready(),
            timed_out=timed_out,
            finished=finished,
            hopeless=frozenset(watch.offer_id for watch in self._hopeless()),
        )

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Round: waits until there are machines that can start, all of them asked at the same time.

The loop of a wait for offers is turned within this one, so a machine is asked as soon as its offer
is ready. Clock and sleep can be handed in, so that a test needs no time.
"""

from __future__ import annotations

import functools
import time
import typing as t
from dataclasses import dataclass

from ...module_utils._offers.calls import Calls
from ...module_utils._offers.hosts import HostNameClash
from ...module_utils._offers.polling import Polling
from ...module_utils._offers.watch import Watch
from .._first_contact.problem import Problem
from . import together
from .machine import FAILED, STARTED, Machine

LOOKS_AT_ONCE = 200

# How long a machine that can start waits for the first answers of the others, and for the next
# ones of their offers, so that those that are ready at the same time start at the same time.
_FIRST_LOOKS = 3.0
_NEXT_ANSWERS = 1.0
# How long to wait for what can come at any moment.
_TICK = 0.05
_PAUSE = 0.5
_LONGEST_PAUSE = 5.0


@dataclass(frozen=True)
class Rules:
    """When a round is over."""

    together: str = together.OFFER
    is_last: bool = False
    """Whether to wait for all that is left, until it is decided."""
    looks_once: bool = False
    """Whether to look at everything once, and to wait for nothing (check mode)."""


class Offers:
    """The offers of a round: their wait, and what becomes of those that are ready."""

    def __init__(
        self,
        wait: Polling | None,
        watches: t.Sequence[Watch],
        min_instances: int | None,
        machines_of: t.Callable[[Watch], list[Machine]],
    ) -> None:
        """``machines_of`` returns the machines of an offer that is ready."""
        self._wait = wait
        self._machines_of = machines_of
        self._min_instances = min_instances
        self.undecided = {watch.offer_id: watch for watch in watches}
        self.failed: list[Watch] = []
        self.clashes: dict[str, str] = {}
        """Why the machines of a ready offer cannot all be hosts."""

    def turn(self, longest: float) -> list[Machine]:
        """Wait for news, and return the machines of offers that have become ready."""
        if self._wait is None or not self.undecided:
            return []
        is_over = self._wait.turn(longest)
        ended = self._wait.report().ended_by
        found: list[Machine] = []
        for offer_id, watch in list(self.undecided.items()):
            if watch.is_ready(self._min_instances):
                del self.undecided[offer_id]
                try:
                    found += self._machines_of(watch)
                except HostNameClash as exc:
                    self.clashes[offer_id] = str(exc)
                    self.failed.append(watch)
            elif is_over or offer_id in ended:
                del self.undecided[offer_id]
                self.failed.append(watch)
        if not self.undecided and not is_over:
            # For the news of the last ones.
            self._wait.turn(0)
        return found

    @property
    def are_read(self) -> bool:
        """Whether each has answered, in one way or another."""
        return all(watch.answers for watch in self.undecided.values())


class Round:
    """One round. ``look`` asks a machine, in a thread: it returns None if it answers."""

    def __init__(
        self,
        machines: t.Iterable[Machine],
        offers: Offers,
        rules: Rules,
        look: t.Callable[[Machine], Problem | None],
        *,
        on_news: t.Callable[[list[Machine], Round], None] | None = None,
        calls: Calls | None = None,
        clock: t.Callable[[], float] = time.time,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        """``on_news`` gets the machines that have begun to answer, or been given up."""
        self.machines = list(machines)
        self.offers = offers
        self._by_name = {machine.name: machine for machine in self.machines}
        self._rules = rules
        self._look = look
        self._on_news = on_news or (lambda _machines, _round: None)
        self._calls = calls or Calls(LOOKS_AT_ONCE)
        self._clock = clock
        self._sleep = sleep
        self._fit_since: float | None = None

    def run(self) -> list[Machine]:
        """Return the machines that start now."""
        while not self._is_over():
            self._begin_looks()
            self._pass_time()
        chosen = self._can_start()
        for machine in chosen:
            machine.state = STARTED
        return chosen

    @property
    def silent(self) -> list[Machine]:
        """The machines that are waited for."""
        return [machine for machine in self.machines if machine.is_silent]

    def _begin_looks(self) -> None:
        now = self._clock()
        for machine in sorted(self.silent, key=lambda one: one.next_look):
            if machine.next_look > now or not self._calls.has_room:
                break
            machine.next_look = float("inf")
            self._calls.begin(machine.name, functools.partial(self._look, machine))

    def _pass_time(self) -> None:
        """Wait for the next news of offers and machines, but only for a moment."""
        is_busy = bool(self._calls.running)
        pause = _TICK if is_busy else self._until_next_look()
        if self.offers.undecided:
            # One that is in the inventory too is there already.
            for machine in self.offers.turn(pause):
                if self._by_name.setdefault(machine.name, machine) is machine:
                    self.machines.append(machine)
            outcome = self._calls.next_outcome(0)
        elif is_busy:
            outcome = self._calls.next_outcome(pause)
        else:
            self._sleep(pause)
            return
        while outcome is not None:
            self._note(*outcome)
            outcome = self._calls.next_outcome(0)

    def _until_next_look(self) -> float:
        now = self._clock()
        pauses = [machine.next_look - now for machine in self.silent]
        return max(_TICK, min([_PAUSE, *pauses]))

    def _note(self, name: str, outcome: t.Any) -> None:
        """Take in what a look came to."""
        if isinstance(outcome, BaseException):
            raise outcome
        machine, now = self._by_name[name], self._clock()
        machine.looks += 1
        machine.problem = outcome
        machine.answers = outcome is None
        # The longer it is silent, the less often it is asked.
        pause = min(_LONGEST_PAUSE, max(1.0, (now - machine.since) / 10))
        machine.next_look = now + pause
        gone = together.give_up_silent([machine], now)
        if machine.answers or gone:
            self._on_news([machine], self)

    def _is_over(self) -> bool:
        self._on_news(together.give_up_silent(self.machines, self._clock()), self)
        is_decided = not self.offers.undecided and not self.silent
        if is_decided or (self._rules.looks_once and self._has_looked()):
            return True
        if self._rules.together == together.ALL:
            return self._has_failed()
        if self._rules.is_last or not self._can_start():
            return False
        if self._fit_since is None:
            self._fit_since = self._clock()
        passed = self._clock() - self._fit_since
        is_next_answer_due = bool(self.offers.undecided) and passed < _NEXT_ANSWERS
        return (self._has_looked() and not is_next_answer_due) or passed >= _FIRST_LOOKS

    def _has_looked(self) -> bool:
        return self.offers.are_read and all(machine.looks for machine in self.silent)

    def _has_failed(self) -> bool:
        failed = [machine for machine in self.machines if machine.state == FAILED]
        return bool(self.offers.failed or failed)

    def _can_start(self) -> list[Machine]:
        if self._rules.together == together.ALL and (self.offers.undecided or self._has_failed()):
            return []
        return together.can_start(self.machines, self._rules.together)

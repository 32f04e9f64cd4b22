# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waits for one machine, stage by stage, until it is ready or its time is up."""

from __future__ import annotations

import math
import re
import time
import typing as t

from ...module_utils._phrases import times
from .patience import Patience
from .problem import NOT_YET, Problem, not_yet
from .remote import Lost, Remote
from .stages import Stage

_HELLO = 'echo "compute-desk uid $(id -u)"'
_UID = re.compile(r"compute-desk uid (\d{0,10})(?!\d)", re.ASCII)
# What a stage gets at least, however late it begins.
_LEAST = 10.0

Tell = t.Callable[[str, str, str], None]
"""Shows a line: its text, the time that is left, and its level."""


class StageRun:
    """One wait for one host, which counts from ``began_at``, in seconds since 1970, or from now.

    After ``not_later_than``, also since 1970, it waits no more for what may still come.

    Clock and sleep can be handed in, so that a test needs no time.
    """

    def __init__(
        self,
        remote: Remote,
        tell: Tell,
        denied_timeout: float,
        began_at: float | None = None,
        not_later_than: float | None = None,
        *,
        clock: t.Callable[[], float] = time.monotonic,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self._remote = remote
        self._tell = tell
        self._denied_timeout = denied_timeout
        self._clock = clock
        self._sleep = sleep
        now = time.time()
        self._began = clock() - max(0.0, now - (now if began_at is None else began_at))
        self._until = math.inf if not_later_than is None else clock() + not_later_than - now
        self._deadline = self._began
        self._doing = ""
        self._must_connect = True
        self.found: dict[str, t.Any] = {}

    def run(self, stages: t.Iterable[Stage]) -> Problem | None:
        """Return what keeps the machine from being ready, or None."""
        for stage in stages:
            # Without a connection there is nothing, so its stage cannot be left out.
            if stage.timeout > 0 or stage.check is None:
                problem = self._wait_for(stage)
                if problem:
                    return problem
        return None

    def show_problem(self, problem: Problem) -> None:
        """Show why the machine is not ready, when that is known."""
        if problem.kind == NOT_YET:
            self._show(f"not ready yet: {problem.message}", "plain")
        else:
            self._show(str(problem), "bad")

    def elapsed(self) -> float:
        """Return the seconds since the wait began."""
        return self._clock() - self._began

    def go_on_with(self, doing: str, seconds: float) -> None:
        """Tell what is done after all stages, and how long it may take, for the lines about it."""
        self._doing = doing
        self._deadline = self._clock() + seconds

    def show_that_it_goes_on(self) -> None:
        """Show what is being waited for."""
        self._show(f"still waiting: {self._doing or 'no answer yet'}", "plain")

    def _wait_for(self, stage: Stage) -> Problem | None:
        """Return None when the stage is over, else its final problem or the last one in time.

        Or that it is not ready yet, if that is known by then and there will be more time.

        Time limits add up from the beginning of the wait, so a host that had to wait for its turn
        gets no more time than the others; but it is tried once.
        """
        now = self._clock()
        self._deadline = min(now, self._deadline) + stage.timeout
        left = max(self._deadline - now, min(_LEAST, stage.timeout))
        patience = Patience(self._deadline, self._denied_timeout)
        last: Problem | None = None
        while True:
            problem = self._try(stage, left, last)
            if problem is None or problem.final:
                return problem
            pause = patience.pause_after(problem.kind, self._clock())
            if pause is None:
                return problem
            if self._clock() + pause > self._until:
                return not_yet(problem)
            self._doing = problem.message
            if last is None or problem.kind != last.kind:
                self._show(problem.message, "warning")
            last = problem
            self._sleep(pause)
            left = self._deadline - self._clock()

    def _try(self, stage: Stage, left: float, last: Problem | None) -> Problem | None:
        try:
            if self._must_connect:
                self._connect(left)
            if stage.check is None:
                return None
            self._doing = stage.doing
            return stage.check(left)
        except Lost as lost:
            self._must_connect = True
            # A try that was cut short says nothing new about a machine that has answered before.
            return last if lost.cut_short and last else lost.problem

    def _connect(self, left: float) -> None:
        seconds = min(left, max(self._until - self._clock(), _LEAST))
        answer = self._remote.connect_anew(_HELLO, seconds)
        hello = _UID.search(answer["stdout"])
        if not hello:
            # We got in, but something other than our command answered.
            raise Lost(self._remote.judged(f"{answer['stdout']}\n{answer['stderr']}"))
        self.found["uid"] = int(hello[1]) if hello[1] else None
        self._must_connect = False
        if self._doing:
            self._doing = "the machine answers"
            self._show(self._doing, "good")

    def _show(self, text: str, level: str) -> None:
        self._tell(text, times(self.elapsed(), self._deadline - self._began), level)

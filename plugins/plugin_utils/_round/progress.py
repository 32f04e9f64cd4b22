# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shown of a round while it goes on: machines that are waited for, answer, or do not."""

from __future__ import annotations

import typing as t

from ...module_utils._phrases import clock_face, times
from ...module_utils._text import listed
from .._live.screen import show
from .machine import FAILED, Machine

# A line names this many machines, and counts the rest.
_NAMED = 5


class RoundProgress:
    """The lines about machines. A machine that answers at once has none."""

    def __init__(self, host: str, clock: t.Callable[[], float], is_hidden: bool = False) -> None:
        """``host`` is that of the task; ``is_hidden`` (no_log) leaves all of it out."""
        self._host = host
        self._clock = clock
        self._is_hidden = is_hidden
        self._named: set[str] = set()

    def show(self, changed: t.Iterable[Machine], silent: t.Sequence[Machine]) -> None:
        """Show what has changed, and who is waited for."""
        self._waiting(silent)
        self._news(changed)

    def _waiting(self, silent: t.Sequence[Machine]) -> None:
        """Name the machines that are waited for, once each, and how long; all in one line."""
        if not all(one.looks for one in silent):
            return
        new = [one for one in silent if one.name not in self._named]
        self._named.update(one.name for one in new)
        self._show_waiting("waiting", new, "warning")

    def _news(self, machines: t.Iterable[Machine]) -> None:
        """Say which machines answer now, and why others are given up."""
        for one in machines:
            if one.state == FAILED and one.problem:
                text = f"{one.name}: {one.problem.kind}: {one.problem}"
                self._show(f"{text} ({self._since(one)})", "bad")
            elif one.answers and one.name in self._named:
                self._show(f"{one.name} answers ({self._since(one)})", "good")

    def still_waiting(self, silent: t.Sequence[Machine]) -> None:
        """Say that it goes on."""
        self._show_waiting("still waiting", silent, "plain")

    def _show_waiting(self, begin: str, machines: t.Sequence[Machine], level: str) -> None:
        """Show one line for each time limit."""
        limits = {(one.since, one.timeout): None for one in machines}
        for since, timeout in limits:
            names = [one.name for one in machines if (one.since, one.timeout) == (since, timeout)]
            left = times(self._clock() - since, timeout)
            self._show(f"{begin} for {listed(names, _NAMED)} to answer {left}", level)

    def _since(self, machine: Machine) -> str:
        return f"after {clock_face(self._clock() - machine.since)}"

    def _show(self, text: str, level: str) -> None:
        if not self._is_hidden:
            show(self._host, text, level)

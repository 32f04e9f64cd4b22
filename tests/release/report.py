# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints a line for each step with its seconds, and remembers whether one has failed."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Sequence


class Report:
    """What was found so far; `failed` is the number of steps with problems."""

    def __init__(self) -> None:
        self.failed = 0
        self._last = time.monotonic()

    def step(self, name: str, problems: Sequence[str]) -> None:
        """Say how a step went: its name, and its problems below it."""
        now = time.monotonic()
        print(f"{'FAILED' if problems else 'ok':6} {now - self._last:5.1f} s  {name}", flush=True)
        self._last = now
        for problem in problems:
            print(textwrap.indent(problem, " " * 16), flush=True)
        self.failed += bool(problems)

    def note(self, text: str) -> None:
        """Say what is no step."""
        print(text, flush=True)

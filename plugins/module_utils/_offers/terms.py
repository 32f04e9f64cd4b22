# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a wait for offers is given and what it gives: its options, its time, its report."""

from __future__ import annotations

import random
import time
import typing as t
from dataclasses import dataclass, field, fields

from .._options import OptionError, checked_number
from .watch import Watch


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

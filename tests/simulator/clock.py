# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clock of one offer: seconds of its timeline, from its first request or from launch."""

from __future__ import annotations

import asyncio
import contextlib
import time


class OfferClock:
    """Stands at 0 until `start`; runs `speed` times as fast as the wall clock after it."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._origin: float | None = None
        self._moved = asyncio.Event()

    def start(self) -> None:
        """Starts it; later calls do nothing."""
        if self._origin is None:
            self.jump(0.0)

    def jump(self, second: float) -> None:
        """Sets it to `second`, and starts it if need be. It never goes back."""
        if self._origin is not None:
            second = max(second, self.now())
        self._origin = time.monotonic() - second / self.speed
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    def now(self) -> float:
        """The second of the timeline."""
        return 0.0 if self._origin is None else (time.monotonic() - self._origin) * self.speed

    async def sleep_until(self, second: float) -> None:
        """Returns once the clock has started and shows `second` or later."""
        while self._origin is None or self.now() < second:
            left = None if self._origin is None else (second - self.now()) / self.speed
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), left)

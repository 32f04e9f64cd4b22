# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls: a bounded number of calls at the same time, which nobody has to wait for.

A server that sends one byte every few seconds keeps a socket busy past every timeout that requests
has. Only a thread that can be left behind keeps a deadline; the ones of concurrent.futures are
joined when Python ends.
"""

from __future__ import annotations

import queue
import signal
import threading
import typing as t


class Calls:
    """Runs calls in daemon threads, at most ``limit`` at once, and hands their outcome over.

    ``start`` starts one; a test hands in a function that runs it on the spot.
    """

    def __init__(
        self, limit: int, start: t.Callable[[t.Callable[[], None]], None] | None = None
    ) -> None:
        self._limit = limit
        self._start = start or _start_thread
        self._outcomes: queue.Queue[tuple[str, int, t.Any]] = queue.Queue()
        self._running: dict[str, int] = {}
        self._count = 0

    @property
    def running(self) -> frozenset[str]:
        """The keys of the calls that have not been handed over yet."""
        return frozenset(self._running)

    @property
    def has_room(self) -> bool:
        """Whether another call may begin."""
        return len(self._running) < self._limit

    def begin(self, key: str, call: t.Callable[[], t.Any]) -> None:
        """Start a call. ``key`` names it; only one call of a key runs at a time."""
        self._count += 1
        number = self._count
        self._running[key] = number

        def run() -> None:
            try:
                outcome = call()
            # Whatever it is, it belongs to whoever asked, not to a thread that nobody watches.
            except BaseException as exc:  # noqa: BLE001 - it is handed on
                outcome = exc
            self._outcomes.put((key, number, outcome))

        self._start(run)

    def next_outcome(self, timeout: float) -> tuple[str, t.Any] | None:
        """Return the key of a call that ended and what it returned or raised.

        Waits up to ``timeout`` seconds, and returns None if no call ended.
        """
        try:
            key, number, outcome = self._outcomes.get(timeout=max(0.0, timeout))
        except queue.Empty:
            return None
        if self._running.get(key) != number:
            return None
        del self._running[key]
        return key, outcome

    def abandon(self, key: str) -> None:
        """Forget a call. Its thread ends some day; its outcome is dropped."""
        self._running.pop(key, None)


def _start_thread(run: t.Callable[[], None]) -> None:
    def deaf() -> None:
        # A signal that this thread takes, Ctrl-C say, would not wake the one that waits.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        run()

    threading.Thread(target=deaf, daemon=True, name="compute_desk").start()

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a command writes, line by line as it comes, so that a test can act in between."""

from __future__ import annotations

import os
import queue
import stat
import threading
import time
import typing as t

from simulator import Simulator


class Lines:
    """The lines that come out of a pipe, a terminal or a file that grows.

    ``source`` is a file descriptor, which is closed at the end. A context manager: reading ends
    with the source, or with the block where the source is a file.
    """

    def __init__(self, source: int) -> None:
        self.seen: list[str] = []
        """All lines that were handed out so far; at the end of the block, all there were."""
        self._source = source
        self._is_file = stat.S_ISREG(os.fstat(source).st_mode)
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Lines:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        if exc_info[0] is None:
            while self._next(60) is not None:
                pass
            self._thread.join()
            os.close(self._source)

    def until(self, words: str, patience: float = 60) -> str:
        """Return the next line that has these words; an AssertionError if none comes."""
        give_up_at = time.monotonic() + patience
        while (left := give_up_at - time.monotonic()) > 0:
            line = self._next(left)
            if line is None:
                break
            if words in line:
                return line
        raise AssertionError(f"no line with {words!r} came, but:\n" + "\n".join(self.seen))

    def _next(self, patience: float) -> str | None:
        try:
            line = self._lines.get(timeout=patience)
        except queue.Empty:
            return None
        if line is not None:
            self.seen.append(line)
        return line

    def _read(self) -> None:
        rest = b""
        for data in self._pieces():
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._lines.put(line.decode(errors="replace").rstrip("\r"))
        if rest:
            self._lines.put(rest.decode(errors="replace"))
        self._lines.put(None)

    def _pieces(self) -> t.Iterator[bytes]:
        while True:
            over = self._over.is_set()
            try:
                data = os.read(self._source, 65536)
            except OSError:
                # The end of a terminal: nobody has its other side open any more.
                return
            if data:
                yield data
            elif self._is_file and not over:
                time.sleep(0.02)
            else:
                return


def follow(simulator: Simulator, lines: Lines) -> None:
    """Let each change of ``in_steps`` happen only when the line of the one before has been read.

    The simulator's clock has to stand still, or the changes come by themselves.
    """
    lines.until('"0/1 instances running"')
    simulator.jump(10)
    lines.until('"half of it"')
    simulator.jump(20)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limits the time and the output of commands such as ssh that other code starts.

A connection plugin starts its commands with ``subprocess``, reads all their output, and cannot be
interrupted. So it works in a thread, and we keep track of the commands that this thread starts:
they are killed when the time is up or when they wrote too much, and they do not inherit the token
of the Supply API, which is none of a machine's business.

    >>> in_time(lambda: connection.exec_command("uptime"), seconds=30)
"""

from __future__ import annotations

import contextvars
import os
import subprocess
import threading
import typing as t

MAX_BYTES = 8 * 1024 * 1024
"""How much each command may write. The facts of a big machine are 1 MiB."""

_SECRETS = ("COMPUTE_DESK_API_TOKEN",)
_CHUNK = 64 * 1024

T = t.TypeVar("T")


class OutOfTime(Exception):
    """The work took too long. Its commands were killed."""


class Flooded(Exception):
    """A command wrote more than ``MAX_BYTES``. It was killed."""


def in_time(work: t.Callable[[], T], seconds: float) -> T:
    """Return what ``work`` returns, or raise what it raises. Raises OutOfTime and Flooded.

    A thread that takes too long is left behind, but can start no more commands.
    """
    job = _Job()
    results: list[T] = []
    failures: list[BaseException] = []

    def run() -> None:
        _jobs[threading.get_ident()] = job
        try:
            results.append(work())
        except BaseException as exc:  # noqa: BLE001 - raised again by the thread that waits
            failures.append(exc)
        finally:
            del _jobs[threading.get_ident()]

    # Never restored: a thread that was left behind must not get the original.
    vars(subprocess)["Popen"] = _Child
    # Newer versions of ansible-core keep the current task there.
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(run,), daemon=True)
    thread.start()
    try:
        thread.join(seconds)
    finally:
        # Also if the user or the task's own timeout interrupted it.
        job.end()
    if job.flooded:
        raise Flooded
    if thread.is_alive():
        raise OutOfTime
    for failure in failures:
        raise failure
    return results[0]


class _Job:
    """The commands of one piece of work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._children: list[_Child] = []
        self._over = False
        self.flooded = False

    def begin(self, child: _Child) -> None:
        with self._lock:
            self._children.append(child)
            over = self._over
        if over:
            child.kill()

    def end(self) -> None:
        """Kill what is still running, and let nothing more start."""
        with self._lock:
            self._over = True
            children = list(self._children)
        for child in children:
            if child.poll() is None:
                child.kill()

    def flood(self) -> None:
        self.flooded = True
        self.end()

    def refuse_if_over(self) -> None:
        if self._over:
            raise OSError("the time for this command is up")


_jobs: dict[int, _Job] = {}


class _Child(subprocess.Popen[t.Any]):
    """A command like any other, unless one of our threads starts it."""

    def __init__(self, *args: t.Any, **options: t.Any) -> None:
        job = _jobs.get(threading.get_ident())
        if job is None:
            super().__init__(*args, **options)
            return
        job.refuse_if_over()
        environment = options.get("env")
        options["env"] = without_secrets(os.environ if environment is None else environment)
        super().__init__(*args, **options)
        job.begin(self)
        if not getattr(self, "text_mode", None):
            count = _Count(job)
            self.stdout = self.stdout and t.cast("t.IO[bytes]", _Output(self.stdout, count))
            self.stderr = self.stderr and t.cast("t.IO[bytes]", _Output(self.stderr, count))


class _Count:
    """Counts what a command has written to all its outputs."""

    def __init__(self, job: _Job) -> None:
        self._job = job
        self._seen = 0

    def too_much(self, size: int) -> bool:
        self._seen += size
        if self._seen > MAX_BYTES:
            self._job.flood()
        return self._seen > MAX_BYTES


class _Output:
    """The output of a command, which appears to end where it gets too long.

    It is read in pieces, because a plain ``read`` would go on for as long as more comes.
    """

    def __init__(self, stream: t.IO[bytes], count: _Count) -> None:
        self._stream = stream
        self._count = count

    def read(self, size: int = -1) -> bytes | None:
        descriptor = self.fileno()
        if not os.get_blocking(descriptor):
            return self._piece(size)
        pieces: list[bytes] = []
        while piece := self._piece(size):
            pieces.append(piece)
            if size >= 0:
                break
        return b"".join(pieces)

    def _piece(self, size: int) -> bytes | None:
        try:
            piece = os.read(self.fileno(), size if 0 <= size < _CHUNK else _CHUNK)
        except BlockingIOError:
            return None
        return b"" if self._count.too_much(len(piece)) else piece

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._stream, name)


def without_secrets(environment: t.Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the secrets that only our own requests need."""
    return {name: value for name, value in environment.items() if name not in _SECRETS}

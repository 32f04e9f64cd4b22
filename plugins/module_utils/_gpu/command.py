# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a command that may hang or flood, as the tools of a broken GPU do.

Nothing here waits past its time limit: not for a process that ignores signals, not for one that is
stuck in the kernel.

    >>> run_command(["nvidia-smi", "-q", "-x"], 20).stdout
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import time
import typing as t
from dataclasses import dataclass

MAX_BYTES = 4 * 1024 * 1024
"""The most that is kept of each output; ``nvidia-smi -q -x`` writes 20 KiB per GPU."""

# Tools are here on machines whose PATH for ssh commands is short. After PATH, never before it.
_MORE_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin", "/opt/rocm/bin")

# How often to check on a process that has closed its outputs, and how long a killed one may take
# to exit. One in uninterruptible sleep never does, and is left alone. A daemon has as long to let
# go of the outputs of the command that started it.
_TICK = 0.05
_GRACE = 1.0


@dataclass(frozen=True)
class Ran:
    """A command that ran, or could not be started (``problem`` says why)."""

    code: int | None = None
    stdout: str = ""
    stderr: str = ""
    timed_out: bool = False
    flooded: bool = False
    problem: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it ended by itself, with exit code 0."""
        return self.code == 0 and not self.timed_out and not self.flooded


def find_tool(name: str) -> str | None:
    """Return the path of a tool, from PATH or one of the usual folders, or None."""
    folders = [os.environ.get("PATH", ""), *_MORE_FOLDERS]
    return shutil.which(name, path=os.pathsep.join(folder for folder in folders if folder))


def run_command(
    argv: t.Sequence[str],
    timeout: float,
    *,
    environment: t.Mapping[str, str] | None = None,
    max_bytes: int = MAX_BYTES,
) -> Ran:
    """Run a command for at most ``timeout`` seconds; then kill it and everything it started.

    The same happens if it writes more than ``max_bytes``. Its output so far is returned.
    """
    deadline = time.monotonic() + timeout
    try:
        process = _start(argv, environment)
    except OSError as exc:
        return Ran(problem=exc.strerror or str(exc))
    reader = _Reader(process, max_bytes)
    finished = False
    try:
        reader.read_until(deadline)
        timed_out = not reader.flooded and not _ended(process, deadline)
        # A daemon that the command started, and that has let go of the outputs, is meant to stay.
        finished = not timed_out and reader.at_end
    finally:
        reader.close()
        if not finished:
            _kill(process)
    return Ran(
        code=None if timed_out or reader.flooded else process.returncode,
        stdout=reader.text(0),
        stderr=reader.text(1),
        timed_out=timed_out,
        flooded=reader.flooded,
    )


def _start(
    argv: t.Sequence[str], environment: t.Mapping[str, str] | None
) -> subprocess.Popen[bytes]:
    # AnsibleModule's run_command waits for a process that it could not kill.
    return subprocess.Popen(  # pylint: disable=ansible-bad-function
        list(argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"} if environment is None else dict(environment),
        # A process group of its own, so that the kill reaches everything it started.
        start_new_session=True,
    )


class _Reader:
    """Collects both outputs of a process."""

    def __init__(self, process: subprocess.Popen[bytes], max_bytes: int) -> None:
        self._process = process
        self._max_bytes = max_bytes
        self._streams = [
            t.cast("t.IO[bytes]", stream) for stream in (process.stdout, process.stderr)
        ]
        self._kept = [bytearray(), bytearray()]
        self._selector = selectors.DefaultSelector()
        for number, stream in enumerate(self._streams):
            os.set_blocking(stream.fileno(), False)
            self._selector.register(stream, selectors.EVENT_READ, number)
        self.flooded = False

    def read_until(self, deadline: float) -> None:
        """Read until both outputs are closed, time is up, or the output is too long.

        Once the process has exited, whatever else holds its outputs is not waited for.
        """
        gone = False
        while self._selector.get_map() and not self.flooded:
            if not gone and self._process.poll() is not None:
                gone = True
                deadline = min(deadline, time.monotonic() + _GRACE)
            left = deadline - time.monotonic()
            if left <= 0:
                return
            for key, _events in self._selector.select(min(left, _TICK)):
                self._take(t.cast("t.IO[bytes]", key.fileobj), key.data)

    @property
    def at_end(self) -> bool:
        """Whether both outputs are closed."""
        return not self._selector.get_map() and not self.flooded

    def _take(self, stream: t.IO[bytes], number: int) -> None:
        try:
            data = os.read(stream.fileno(), 65536)
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(stream)
        kept = self._kept[number]
        kept += data[: self._max_bytes - len(kept)]
        self.flooded = self.flooded or len(kept) >= self._max_bytes

    def text(self, number: int) -> str:
        return self._kept[number].decode("utf-8", "replace")

    def close(self) -> None:
        self._selector.close()
        for stream in self._streams:
            stream.close()


def _ended(process: subprocess.Popen[bytes], deadline: float) -> bool:
    """Wait until the deadline, and return whether the process has exited."""
    while process.poll() is None:
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(left, _TICK))
    return True


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and its group, without waiting long."""
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    _ended(process, time.monotonic() + _GRACE)

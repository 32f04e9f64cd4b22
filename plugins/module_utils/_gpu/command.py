# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a command that may hang or flood, as the tools of a broken GPU do.

Nothing here waits longer than it was told: not for a process that ignores signals, not for one that
the kernel does not let go.

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
"""What is kept of each output; ``nvidia-smi -q -x`` writes 20 KiB for each GPU."""

# Where tools are on machines whose PATH for ssh commands is short. After PATH, never before it.
_MORE_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin", "/opt/rocm/bin")

# How often a process that has closed its outputs is looked at, and how long a killed one may take
# to go. One that sleeps uninterruptibly in the kernel takes for ever, and is left to it. A daemon
# has as much time to let go of the outputs of the command that started it.
_TICK = 0.05
_GRACE = 1.0


@dataclass(frozen=True)
class Ran:
    """A command that ran, or could not be started: then ``problem`` says why."""

    code: int | None = None
    stdout: str = ""
    stderr: str = ""
    timed_out: bool = False
    flooded: bool = False
    problem: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it ended by itself, and well."""
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
    """Run a command for at most ``timeout`` seconds; then it is killed with all that it started.

    So is one that writes more than ``max_bytes``. What it wrote until then is returned.
    """
    deadline = time.monotonic() + timeout
    try:
        # AnsibleModule's run_command waits for a process that it could not kill.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C"} if environment is None else dict(environment),
            # A process group of its own, so that the kill reaches what it started.
            start_new_session=True,
        )
    except OSError as exc:
        return Ran(problem=exc.strerror or str(exc))
    reader = _Reader(process, max_bytes)
    finished = False
    try:
        reader.read_until(deadline)
        timed_out = not reader.flooded and not _ended(process, deadline)
        # A daemon that it has started, and that has let go of the outputs, is meant to stay.
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
        """Read until both outputs are closed, or it is late, or too much.

        What the process has started and has its outputs is not waited for when it is gone itself.
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
    """Return whether the process is gone, at the latest at the deadline."""
    while process.poll() is None:
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(left, _TICK))
    return True


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the process and of its group, without waiting for it for long."""
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    _ended(process, time.monotonic() + _GRACE)

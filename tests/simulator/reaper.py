# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cleans up after the simulator, however it ended, even by SIGKILL.

A process of its own, that holds the read end of a pipe and nothing else: when the simulator is
gone, the pipe closes. Then it kills every process that carries the simulator's mark in its
environment, daemons too, and removes the state directory if that was a temporary one. Runs as a
script, without the packages of the simulator, to start in no time: standard library only.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

MARK = "COMPUTE_DESK_SIMULATOR"
_PATIENCE = 10.0


def marked_processes(mark: str) -> list[int]:
    """Process ids of those with `mark` (`NAME=value`) in the environment they were started with."""
    found = []
    # Not a glob, which looks at each file first, and fails when a process ends at that moment.
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if mark.encode() in Path("/proc", pid, "environ").read_bytes().split(b"\0"):
                found.append(int(pid))
        except OSError:  # gone meanwhile, or somebody else's
            continue
    return found


def kill_marked(mark: str) -> None:
    """Kills them until two looks in a row find none: one may fork while we look."""
    clean = 0
    deadline = time.monotonic() + _PATIENCE
    while clean < 2 and time.monotonic() < deadline:
        pids = [pid for pid in marked_processes(mark) if pid != os.getpid()]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        clean = 0 if pids else clean + 1
        time.sleep(0.02)


def clean_up(mark: str, folder: str) -> None:
    """Kills what has the mark, and removes `folder` unless that is empty."""
    kill_marked(mark)
    if folder:
        _remove(folder)


def _remove(folder: str) -> None:
    """Remove `folder`; try again if something was still writing to it."""
    for _number in range(50):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder):
            return
        time.sleep(0.1)


class Reaper:
    """The simulator's side: starts the process, and lets it work by closing the pipe."""

    def __init__(self, mark: str, temporary_folder: Path | None) -> None:
        self._work = (mark, str(temporary_folder or ""))
        command = [sys.executable, "-I", "-S", __file__, *self._work]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )

    def release(self) -> None:
        """Lets it clean up, and waits until it has; does it here if somebody killed it."""
        try:
            self._process.communicate(timeout=2 * _PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
        if self._process.wait() != 0:
            clean_up(*self._work)


def main(mark: str, folder: str) -> None:
    """Waits for the end of the simulator; signals to the group of the simulator do not reach it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    clean_up(mark, folder)


if __name__ == "__main__":
    main(*sys.argv[1:3])

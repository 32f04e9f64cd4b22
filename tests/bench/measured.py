# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a command of Ansible, and say what it took."""

from __future__ import annotations

import os
import subprocess
import time
import typing as t
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from support.workspace import Workspace


@dataclass(frozen=True)
class Measured:
    """What a command took, with its children, and what it said on stdout and stderr."""

    code: int
    """Its exit code."""
    began: float
    """When it began, in seconds since 1970."""
    seconds: float
    cpu: float
    """Seconds of CPU time."""
    megabytes: float
    """The most memory that one of its processes held."""
    output: str


def measured(workspace: Workspace, *command: str, **environment: str) -> Measured:
    """Run the command in the folder of the workspace, with these variables too."""
    with (workspace.folder / "output").open("w+", errors="replace") as output:
        began, started = time.time(), time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=workspace.folder,
            env=workspace.environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _pid, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return Measured(
            process.returncode,
            began,
            seconds,
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss / 1024,
            output.read(),
        )

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs commands on the host, with a time limit; failures are sentences."""

from __future__ import annotations

import os
import shlex
import subprocess
import typing as t

from .errors import MachineError

# System folders only, so that commands are the system's own.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def environment() -> dict[str, str]:
    """Return the environment for commands: plain PATH and language, the rest unchanged."""
    return {**os.environ, "PATH": PATH, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


def run(*command: str, timeout: float = 60, **options: t.Any) -> str:
    """Run a command and return its stdout. Raises MachineError if it fails."""
    done = attempt(*command, timeout=timeout, **options)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()
        raise MachineError(
            f"{shlex.join(command[:6])} ended with exit code {done.returncode}: {said[-1]}"
        )
    return done.stdout


def succeeds(*command: str, timeout: float = 60) -> bool:
    """Run a command, and return whether it succeeded."""
    return attempt(*command, timeout=timeout).returncode == 0


def attempt(
    *command: str, timeout: float = 60, **options: t.Any
) -> subprocess.CompletedProcess[str]:
    """Run a command and return its result. Raises MachineError on a timeout."""
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            **{"env": environment(), **options},
        )
    except FileNotFoundError as exc:
        raise MachineError(f"The command {command[0]} is missing") from exc
    except subprocess.TimeoutExpired as exc:
        raise MachineError(f"{shlex.join(command[:6])} took more than {timeout:.0f} s") from exc

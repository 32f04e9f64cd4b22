# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far cloud-init is on a machine: the command that asks, and what its answer means."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ...module_utils._text import head, listed, printable
from .problem import CLOUD_INIT_FAILED, Problem

ABSENT = "absent"
RUNNING = "running"
DONE = "done"
DEGRADED = "degraded"
DISABLED = "disabled"
ERROR = "error"

# Exit codes of our own, of those that cloud-init does not use, and those of timeout.
_NOT_INSTALLED = 200
_KILLED = (124, 137)
_KILL_AFTER = 5
_SHOWN_ERRORS = 5
# An output of ten errors, each with a path and an exception in it, has 2 KB.
_KEPT = 64 * 1024
_KEPT_ERRORS = 20
_ERROR_LENGTH = 400
_KEY = re.compile(r"(\w{1,40}):(.*)", re.ASCII)
_LEVEL = re.compile(r"[A-Z]{1,20}:", re.ASCII)


@dataclass(frozen=True)
class CloudInit:
    """``errors`` are cloud-init's own words, the recoverable ones when it is degraded.

    Each is a line that can be printed; of very many some are ``left_out``.
    """

    status: str
    errors: list[str] = field(default_factory=list)
    left_out: int = 0

    def described_errors(self) -> str:
        """Return the errors as part of a sentence."""
        if not self.errors:
            return "it names no reason"
        errors = [printable(error) for error in self.errors]
        return listed(errors, _SHOWN_ERRORS, "; ", self.left_out)


def command(seconds: float) -> str:
    """Return the command that waits so long for cloud-init and is killed then."""
    return (
        f"command -v cloud-init >/dev/null 2>&1 || exit {_NOT_INSTALLED}; "
        f"timeout -k {_KILL_AFTER} {max(1, round(seconds))} cloud-init status --wait --long"
    )


def judge(code: int, stdout: str, stderr: str) -> CloudInit:
    """Return what the exit code and the output of ``command`` mean.

    The exit code counts; the output tells what went wrong, and what some distributions hide:
    their cloud-init ends with 0 also when it met recoverable errors.
    """
    if code == _NOT_INSTALLED:
        return CloudInit(ABSENT)
    if code in _KILLED:
        return CloudInit(RUNNING)
    stderr = head(stderr, _KEPT)
    if code == 2 and "usage:" in stderr:
        # So old that it has no `status`; its scripts are done when the machine lets people in.
        return CloudInit(ABSENT)
    values, errors, recoverable = _read(head(stdout, _KEPT))
    if code == 2 or (code == 0 and "degraded" in values.get("extended_status", "")):
        return _with_errors(DEGRADED, recoverable or errors)
    if code == 0:
        return CloudInit(DISABLED if values.get("status") == "disabled" else DONE)
    return _with_errors(ERROR, errors or recoverable or [stderr.strip() or f"exit code {code}"])


def _with_errors(status: str, errors: list[str]) -> CloudInit:
    shown = [line for line in (printable(error, _ERROR_LENGTH) for error in errors) if line]
    kept = shown[:_KEPT_ERRORS]
    return CloudInit(status, kept, len(shown) - len(kept))


def failed(state: CloudInit) -> Problem:
    """Return the problem that a cloud-init in error is."""
    return Problem(
        CLOUD_INIT_FAILED,
        f"cloud-init failed: {state.described_errors()}",
        "See /var/log/cloud-init-output.log on the machine, or tell the role to ignore it with "
        "instance_ready_ignore_cloud_init_errors.",
        final=True,
    )


def still_running() -> Problem:
    """Return the problem that a cloud-init is which does not come to its end."""
    return Problem(
        CLOUD_INIT_FAILED,
        "cloud-init has not finished",
        "See /var/log/cloud-init-output.log on the machine for what it waits for, or raise "
        "instance_ready_cloud_init_timeout (0 does not wait for it).",
    )


def _read(stdout: str) -> tuple[dict[str, str], list[str], list[str]]:
    """Return the values, the errors and the recoverable errors of the long form of status."""
    values: dict[str, str] = {}
    lists: dict[str, list[str]] = {"errors": [], "recoverable_errors": [], "detail": []}
    section = ""
    for line in stdout.splitlines():
        match = _KEY.fullmatch(line.lstrip("."))
        if match and match[1].islower():
            section = match[1]
            values[section] = match[2].strip()
        elif section in lists:
            entry = line.strip()
            # A level, such as `WARNING:`, stands before the messages of that level.
            if entry and not _LEVEL.fullmatch(entry):
                lists[section].append(entry[2:] if entry.startswith("- ") else entry)
    return values, lists["errors"] or lists["detail"], lists["recoverable_errors"]

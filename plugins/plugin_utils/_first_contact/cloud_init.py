# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far cloud-init has got on a machine."""

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

# An exit code that cloud-init does not use, and those of timeout.
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
    """The ``errors`` are in cloud-init's own words; if it is degraded, they are recoverable.

    Each is one printable line. ``left_out`` counts those beyond the first few.
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
    """Return the command that waits for cloud-init, and kills the wait when the time is up."""
    return (
        f"command -v cloud-init >/dev/null 2>&1 || exit {_NOT_INSTALLED}; "
        f"timeout -k {_KILL_AFTER} {max(1, round(seconds))} cloud-init status --wait --long"
    )


def read(code: int, stdout: str, stderr: str) -> CloudInit:
    """Return the state that the exit code and the output of ``command`` describe.

    The exit code decides. The output has the errors, and reveals recoverable ones on distributions
    whose cloud-init exits with 0 all the same.
    """
    if code == _NOT_INSTALLED:
        return CloudInit(ABSENT)
    if code in _KILLED:
        return CloudInit(RUNNING)
    stderr = head(stderr, _KEPT)
    if code == 2 and "usage:" in stderr:
        # Too old to know `status`. Its scripts have finished once the machine accepts logins.
        return CloudInit(ABSENT)
    values, errors, recoverable = _parse_status(head(stdout, _KEPT))
    if code == 2 or (code == 0 and "degraded" in values.get("extended_status", "")):
        return _with_errors(DEGRADED, recoverable or errors)
    if code == 0:
        return CloudInit(DISABLED if values.get("status") == "disabled" else DONE)
    return _with_errors(ERROR, errors or recoverable or [stderr.strip() or f"exit code {code}"])


def _with_errors(status: str, errors: list[str]) -> CloudInit:
    shown = [line for line in (printable(error, _ERROR_LENGTH) for error in errors) if line]
    kept = shown[:_KEPT_ERRORS]
    return CloudInit(status, kept, len(shown) - len(kept))


def problem(state: CloudInit, ignore_errors: bool = False) -> Problem | None:
    """Return the problem for a cloud-init that failed or has not finished."""
    if state.status == RUNNING:
        return Problem(
            CLOUD_INIT_FAILED,
            "cloud-init has not finished",
            "See /var/log/cloud-init-output.log on the machine for the cause, or raise "
            "instance_ready_cloud_init_timeout (0 skips this check).",
        )
    if state.status == ERROR and not ignore_errors:
        return Problem(
            CLOUD_INIT_FAILED,
            f"cloud-init failed: {state.described_errors()}",
            "See /var/log/cloud-init-output.log on the machine, or set "
            "instance_ready_ignore_cloud_init_errors to go on regardless.",
            final=True,
        )
    return None


def warning(state: CloudInit) -> str | None:
    """Return a warning about errors in spite of which the machine can be used."""
    errors = {DEGRADED: "recoverable errors", ERROR: "errors"}.get(state.status)
    return errors and f"cloud-init finished with {errors}: {state.described_errors()}"


def _parse_status(stdout: str) -> tuple[dict[str, str], list[str], list[str]]:
    """Return the values, errors and recoverable errors in the output of ``status --long``."""
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
            # A level, such as `WARNING:`, precedes the messages of that level.
            if entry and not _LEVEL.fullmatch(entry):
                lists[section].append(entry[2:] if entry.startswith("- ") else entry)
    return values, lists["errors"] or lists["detail"], lists["recoverable_errors"]

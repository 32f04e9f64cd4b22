# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a machine is about to shut down or reboot.

Needs neither root nor Python on the machine. A first boot that installs drivers often ends with a
reboot, which begins a moment after cloud-init reports that it is done.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...module_utils._phrases import clock_face
from ...module_utils._text import head
from .problem import REBOOTING, Problem

# cloud-init forks a process that shuts the machine down; until then it carries cloud-init's name.
# The brackets keep the pattern from matching the command line of this command.
_COMMAND = r"""
echo "system $(systemctl is-system-running 2>/dev/null)"
ps -eo args 2>/dev/null |
  grep -E '[c]loud-init (modules|--all-stages)|(^|[ /])[s]hutdown +-[hHPr]( |$)' |
  sed 's/^/process /'
sed 's/^/scheduled /' /run/systemd/shutdown/scheduled 2>/dev/null
date '+now %s'
exit 0
"""
# A few lines, and one for each process that looks like a shutdown.
_KEPT = 16 * 1024
_DUE = re.compile(r"^scheduled USEC=(\d{1,19})$", re.ASCII | re.MULTILINE)
_MODE = re.compile(r"^scheduled MODE=([a-z-]{1,20})$", re.ASCII | re.MULTILINE)
_NOW = re.compile(r"^now (\d{1,12})$", re.ASCII | re.MULTILINE)


@dataclass(frozen=True)
class Shutdown:
    """The machine goes down in ``seconds``; ``message`` says so."""

    seconds: float
    message: str


def command() -> str:
    """Return the command that looks for signs of a shutdown."""
    return _COMMAND


def read(stdout: str) -> Shutdown | None:
    """Return the shutdown that the output of ``command`` announces, or None."""
    stdout = head(stdout, _KEPT)
    lines = stdout.splitlines()
    if "system stopping" in lines:
        return Shutdown(0, "the machine is shutting down")
    if any(line.startswith("process ") for line in lines):
        return Shutdown(0, "the machine is about to be shut down")
    due, now, mode = _DUE.search(stdout), _NOW.search(stdout), _MODE.search(stdout)
    if not due or not now:
        return None
    seconds = max(0.0, int(due[1]) / 1_000_000 - int(now[1]))
    what = mode[1] if mode else "shutdown"
    return Shutdown(seconds, f"a {what} of the machine is scheduled in {clock_face(seconds)}")


def problem(shutdown: Shutdown | None, within: float) -> Problem | None:
    """Return the problem for a machine that is about to shut down, ``within`` so many seconds."""
    if shutdown is None or shutdown.seconds >= within:
        return None
    return Problem(
        REBOOTING,
        shutdown.message,
        "Start nothing on it until it is back. If it needs longer for that, raise "
        "instance_ready_cloud_init_timeout (0 skips this check).",
    )

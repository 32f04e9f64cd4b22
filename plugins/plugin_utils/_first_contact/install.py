# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Installs Python on a machine that has none, with nothing but its shell."""

from __future__ import annotations

import re
import typing as t

from ...module_utils._text import printable
from .problem import Problem
from .remote import Lost, Remote

TIME = 300.0
"""How many seconds the installation may take."""

_INSTALL = """
set -e
if command -v apt-get >/dev/null 2>&1; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update
  apt-get -qq install --no-install-recommends python3
elif command -v dnf >/dev/null 2>&1; then dnf -q -y install python3
elif command -v microdnf >/dev/null 2>&1; then microdnf -y install python3
elif command -v yum >/dev/null 2>&1; then yum -q -y install python3
elif command -v zypper >/dev/null 2>&1; then zypper -q -n install python3
elif command -v apk >/dev/null 2>&1; then apk add -q python3
else
  echo "there is no package manager that this module knows" >&2
  exit 1
fi
"""
# The machine ends it, before we give up on the machine.
_COMMAND = "timeout -k 10 {seconds} /bin/sh -c '" + _INSTALL.strip() + "'"
_TO_CONNECT = 30.0
# Some versions of ssh print this at the end of every connection with a terminal.
_SSH_SAYS = re.compile(r"^Shared connection to \S+ closed\.\s*$", re.MULTILINE)
_SAID_LENGTH = 300


class Installation:
    """One installation of Python on one machine."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self.done = False
        """Whether Python was installed."""
        self.failure: str | None = None
        """Why it was not, in one printable line; None if it was not tried."""

    def try_once(self, sudoable: bool) -> Problem | None:
        """Install it, unless that failed before. With ``sudoable``, the task's ``become`` applies.

        Raises Lost if the connection breaks.
        """
        if self.failure is not None:
            return None
        try:
            command = _COMMAND.format(seconds=round(TIME))
            answer = self._remote.run(command, TIME + _TO_CONNECT, sudoable=sudoable)
        except Lost as lost:
            self.failure = str(lost.problem)
            raise
        self.done = answer["rc"] == 0
        if not self.done:
            self.failure = _last_words(answer)
        return None


def _last_words(answer: t.Mapping[str, t.Any]) -> str:
    # On a terminal, as with sudo, all output is stdout.
    outputs = (_SSH_SAYS.sub("", answer[name]).strip() for name in ("stdout", "stderr"))
    said = next(filter(None, outputs), "it gave no reason")
    return printable(said[-_SAID_LENGTH:], _SAID_LENGTH)

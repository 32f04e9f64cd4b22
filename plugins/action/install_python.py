# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Installs Python on a rented machine that has none, with nothing but its shell."""

from __future__ import annotations

import re
import typing as t

from ansible.errors import AnsibleActionFail

from ..module_utils._text import printable
from ..plugin_utils._answers.host_action import HostAction
from ..plugin_utils._answers.rented import not_rented
from ..plugin_utils._first_contact.remote import Lost, Remote

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


class ActionModule(HostAction):
    """Runs one command on the machine."""

    ARGUMENTS: t.ClassVar = {"timeout": {"type": "float", "default": 300}}

    def act(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Install it. If that fails, return the last words of the package manager."""
        problem = not_rented(self._connection, task_vars)
        if problem:
            raise AnsibleActionFail(str(problem))
        if self._task.check_mode:
            return {"changed": True, "msg": "Python would be installed."}
        command = _COMMAND.format(seconds=max(1, round(options["timeout"])))
        try:
            answer = Remote(self, task_vars).run(
                command, options["timeout"] + _TO_CONNECT, sudoable=True
            )
        except Lost as lost:
            return {"failed": True, "msg": str(lost.problem)}
        if answer["rc"] == 0:
            return {"changed": True, "msg": "Python is installed."}
        return {"failed": True, "msg": _last_words(answer)}


def _last_words(answer: t.Mapping[str, t.Any]) -> str:
    # On a terminal, as with sudo, all output is stdout.
    outputs = (_SSH_SAYS.sub("", answer[name]).strip() for name in ("stdout", "stderr"))
    said = next(filter(None, outputs), "it gave no reason")
    return printable(said[-_SAID_LENGTH:], _SAID_LENGTH)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Installs Python on a rented machine that has none, with nothing but its shell."""

from __future__ import annotations

import re
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.compute_desk.supply.plugins.module_utils._text import printable
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.facts import (
    refuse_forged_facts,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.rented import (
    why_not_rented,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.remote import (
    Lost,
    Remote,
)

ARGUMENTS: dict[str, dict[str, t.Any]] = {"timeout": {"type": "float", "default": 300}}

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
  echo "no package manager that this module knows" >&2
  exit 1
fi
"""
# The machine ends it by itself, before it is given up here.
_COMMAND = "timeout -k 10 {seconds} /bin/sh -c '" + _INSTALL.strip() + "'"
_TO_CONNECT = 30.0
# The last word of ssh itself, which some versions say on every connection with a terminal.
_SSH_SAYS = re.compile(r"^Shared connection to \S+ closed\.\s*$", re.MULTILINE)
_SAID_LENGTH = 300


class ActionModule(ActionBase):
    """Runs one command on the machine."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        """Return what the package manager said; a machine without one is a failed task."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(ARGUMENTS)
        task_vars = task_vars or {}
        refuse_forged_facts(task_vars, self._connection)
        reason = why_not_rented(self._connection, task_vars)
        if reason:
            raise AnsibleActionFail(f"Python is not installed on this host: {reason}.")
        if self._task.check_mode:
            return {**result, "changed": True, "msg": "Python would be installed."}
        command = _COMMAND.format(seconds=max(1, round(options["timeout"])))
        try:
            answer = Remote(self, task_vars).run(
                command, options["timeout"] + _TO_CONNECT, sudoable=True
            )
        except Lost as lost:
            return {**result, "failed": True, "msg": str(lost.problem)}
        if answer["rc"] == 0:
            return {**result, "changed": True, "msg": "Python is installed."}
        return {**result, "failed": True, "msg": _last_words(answer)}


def _last_words(answer: t.Mapping[str, t.Any]) -> str:
    # On a terminal, as with sudo, all output is stdout.
    outputs = (_SSH_SAYS.sub("", answer[name]).strip() for name in ("stdout", "stderr"))
    said = next(filter(None, outputs), "it gave no reason")
    return printable(said[-_SAID_LENGTH:], _SAID_LENGTH)

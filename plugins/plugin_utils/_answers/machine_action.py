# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugins that run a module on a rented machine without trusting the answer.

The machine can answer in place of the module. So the answer is limited in time and size, and cut
down to the keys of that module before Ansible sees it.
"""

from __future__ import annotations

import json
import typing as t

from ansible.module_utils.common.text.converters import to_text

from ...module_utils._text import printable
from .._first_contact.remote import Lost, Remote
from .host_action import HostAction

_SAID_LENGTH = 300
# The keys that any module may return, and those that the discovery of Python needs.
_ALWAYS = frozenset(("failed", "msg", "rc", "platform_dist_result", "osrelease_content"))


class NoAnswer(Exception):
    """The module returned no result. The text says why, in one printable line."""


class MachineAction(HostAction):
    """An action whose module runs on the machine, and returns ``ANSWER_KEYS``."""

    ANSWER_KEYS: t.ClassVar[frozenset[str]] = frozenset()

    def ask(
        self, module: str, arguments: t.Mapping[str, t.Any], seconds: float, task_vars: t.Any
    ) -> dict[str, t.Any]:
        """Run a module on the machine, and return its reduced answer. Raises NoAnswer."""
        try:
            answer = Remote(self, task_vars).module(module, arguments, seconds)
        except Lost as lost:
            raise NoAnswer(printable(str(lost.problem), 2 * _SAID_LENGTH)) from None
        if answer.get("failed"):
            said = answer.get("msg") or answer.get("module_stderr") or answer.get("module_stdout")
            raise NoAnswer(printable(to_text(said or "it gave no reason"), _SAID_LENGTH))
        return answer

    def _low_level_execute_command(self, *args: t.Any, **options: t.Any) -> t.Any:
        """Run a command. All commands come through here, so no raw answer gets past it."""
        answer = super()._low_level_execute_command(*args, **options)
        for name in ("stdout", "stderr"):
            text = self._answer_of_module(answer[name]) or _lines(answer[name])
            answer[name], answer[f"{name}_lines"] = text, text.splitlines()
        return answer

    def _answer_of_module(self, text: str) -> str | None:
        """Return the JSON of a module, reduced to its keys; None if it is not such JSON."""
        try:
            found = json.loads(text[text.index("{") : text.rindex("}") + 1])
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, dict):
            return None
        kept = {name: value for name, value in found.items() if name in self.ANSWER_KEYS | _ALWAYS}
        if not isinstance(kept.get("ansible_facts", {}), dict):
            del kept["ansible_facts"]
        return json.dumps(kept)


def _lines(text: str) -> str:
    """Return output with each line made printable; Ansible reads some of it line by line."""
    return "\n".join(printable(line, 4096) for line in text.splitlines())

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugins that run a module on a rented machine and do not believe what comes back.

A machine answers in the place of the module, so its answer is cut down to what that module returns
before anything of Ansible's sees it, and it has an end in time and size.
"""

from __future__ import annotations

import json
import typing as t

from ansible.module_utils.common.text.converters import to_text

from ...module_utils._text import printable
from .._first_contact.remote import Lost, Remote
from .host_action import HostAction

_SAID_LENGTH = 300
# What any module may answer, and what the search for a Python asks of one.
_ALWAYS = frozenset(("failed", "msg", "rc", "platform_dist_result", "osrelease_content"))


class NoAnswer(Exception):
    """The module gave no result. The text says why, in one printable line."""


class MachineAction(HostAction):
    """An action whose module runs on the machine; ``ANSWER_KEYS`` are what the module returns."""

    ANSWER_KEYS: t.ClassVar[frozenset[str]] = frozenset()

    def ask(
        self, module: str, arguments: t.Mapping[str, t.Any], seconds: float, task_vars: t.Any
    ) -> dict[str, t.Any]:
        """Run a module on the machine, and return its answer, cut down. Raises NoAnswer."""
        try:
            answer = Remote(self, task_vars).module(module, arguments, seconds)
        except Lost as lost:
            raise NoAnswer(printable(str(lost.problem), 2 * _SAID_LENGTH)) from None
        if answer.get("failed"):
            said = answer.get("msg") or answer.get("module_stderr") or answer.get("module_stdout")
            raise NoAnswer(printable(to_text(said or "it gave no reason"), _SAID_LENGTH))
        return answer

    def _low_level_execute_command(self, *args: t.Any, **options: t.Any) -> t.Any:
        """Every command on the machine comes through here, so nothing raw gets further."""
        answer = super()._low_level_execute_command(*args, **options)
        for name in ("stdout", "stderr"):
            text = self._answer_of_module(answer[name]) or _lines(answer[name])
            answer[name], answer[f"{name}_lines"] = text, text.splitlines()
        return answer

    def _answer_of_module(self, text: str) -> str | None:
        """Return the JSON of a module with only the keys that it returns, or None if it is none."""
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
    """Return what a command printed with each line printable; Ansible reads some of it by lines."""
    return "\n".join(printable(line, 4096) for line in text.splitlines())

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugins that run a module on a rented machine without trusting the answer.

The machine can answer in place of the module. So the answer is limited in time and size, and cut
down to the keys of that module before Ansible sees it.
"""

from __future__ import annotations

import contextlib
import json
import typing as t

from ansible import constants as C
from ansible.module_utils.common.text.converters import to_text

from ...module_utils._text import printable
from .._first_contact.remote import Lost, Remote
from .host_action import HostAction

_SAID_LENGTH = 300
# ssh prints this at the end of a connection with a terminal.
_SSH_SAYS = "Shared connection to "
# The keys that any module may return, and those that the discovery of Python needs.
_ALWAYS = frozenset(("failed", "msg", "rc", "platform_dist_result", "osrelease_content"))


class NoAnswer(Exception):
    """The module returned no result. The text says why, in one printable line."""


class MachineAction(HostAction):
    """An action that runs modules on the machine."""

    _kept_keys: frozenset[str] | None = None
    """The keys of the module that runs now; None while no module runs."""

    def ask(
        self,
        module: str,
        arguments: t.Mapping[str, t.Any],
        seconds: float,
        task_vars: dict[str, t.Any],
        keys: t.Iterable[str],
    ) -> dict[str, t.Any]:
        """Run a module on the machine, and return these keys of its answer. Raises NoAnswer."""
        self._kept_keys = _ALWAYS.union(keys)
        try:
            answer = Remote(self, _quietly(task_vars)).module(module, arguments, seconds)
        except Lost as lost:
            raise NoAnswer(printable(str(lost.problem), 2 * _SAID_LENGTH)) from None
        finally:
            self._kept_keys = None
        if answer.get("failed"):
            raise NoAnswer(printable(_why(answer), _SAID_LENGTH))
        return answer

    @contextlib.contextmanager
    def without_become(self) -> t.Iterator[None]:
        """Run modules as the user of the connection, whatever the ``become`` of the task."""
        become = self._connection.become
        self._connection.become = None
        try:
            yield
        finally:
            self._connection.become = become

    def _low_level_execute_command(self, *args: t.Any, **options: t.Any) -> t.Any:
        """Run a command. All commands come through here, so no raw answer gets past it."""
        kept_keys = self._kept_keys
        answer = super()._low_level_execute_command(*args, **options)
        if kept_keys is None:
            return answer
        for name in ("stdout", "stderr"):
            text = _answer_of_module(answer[name], kept_keys) or _lines(answer[name])
            answer[name], answer[f"{name}_lines"] = text, text.splitlines()
        return answer


def _why(answer: t.Mapping[str, t.Any]) -> str:
    """Return why a module failed. Of one that broke, Ansible keeps only what it printed."""
    said = to_text(answer.get("msg") or "")
    printed = (to_text(answer.get(f"module_{name}") or "") for name in ("stderr", "stdout"))
    lines = (line.strip() for text in printed for line in reversed(text.splitlines()))
    last = next((one for one in lines if one and not one.startswith(_SSH_SAYS)), None)
    if last is None:
        return said or "it gave no reason"
    return ": ".join(filter(None, [said.rstrip("."), last]))


def _quietly(task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return variables with which Ansible looks for Python without a warning about what it finds.

    That is for those who left the choice to Ansible: any setting of theirs stays.
    """
    chosen = C.config.get_config_value("INTERPRETER_PYTHON")
    if "ansible_python_interpreter" in task_vars or chosen not in ("auto", "auto_legacy"):
        return task_vars
    return {**task_vars, "ansible_python_interpreter": "auto_silent"}


def _answer_of_module(text: str, kept_keys: t.Container[str]) -> str | None:
    """Return the JSON of a module, reduced to its keys; None if it is not such JSON."""
    try:
        # What begins with a brace is an object, or no JSON.
        found: dict[str, t.Any] = json.loads(text[text.index("{") : text.rindex("}") + 1])
    except (ValueError, RecursionError):
        return None
    kept = {name: value for name, value in found.items() if name in kept_keys}
    if not isinstance(kept.get("ansible_facts", {}), dict):
        del kept["ansible_facts"]
    return json.dumps(kept)


def _lines(text: str) -> str:
    """Return output with each line made printable; Ansible reads some of it line by line."""
    return "\n".join(printable(line, 4096) for line in text.splitlines())

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gathers the facts of a rented machine, and drops what is not one."""

from __future__ import annotations

import typing as t

from ..plugin_utils._answers.facts import TooMuch, acted_on, interpreter_of, sound_facts
from ..plugin_utils._answers.machine_action import MachineAction, NoAnswer

_SHOWN = 20


class ActionModule(MachineAction):
    """Runs ansible.builtin.setup on the machine."""

    ARGUMENTS: t.ClassVar = {
        "gather_subset": {"type": "list", "elements": "str", "default": ["all"]},
        "timeout": {"type": "float", "default": 60},
    }
    ANSWER_KEYS = frozenset(("ansible_facts",))

    def act(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the facts; a machine without any is a failed task."""
        timeout = options.pop("timeout")
        try:
            answer = self.ask("ansible.builtin.setup", options, timeout, task_vars)
            sent = answer.get("ansible_facts")
            facts, left_out = sound_facts(sent, acted_on(self._connection))
        except (NoAnswer, TooMuch) as exc:
            return {"failed": True, "msg": str(exc)}
        if not facts:
            return {"failed": True, "msg": "The machine returned no facts."}
        facts.update(interpreter_of(sent))
        left_out = [name for name in left_out if name != "discovered_interpreter_python"]
        return {"ansible_facts": facts, "left_out": left_out[:_SHOWN]}

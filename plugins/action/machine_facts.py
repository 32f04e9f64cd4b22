# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gathers the facts of a rented machine, and keeps what is really one."""

from __future__ import annotations

import typing as t

from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.facts import (
    TooMuch,
    acted_on,
    interpreter_of,
    refuse_forged_facts,
    sound_facts,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.machine_action import (
    MachineAction,
    NoAnswer,
)

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "gather_subset": {"type": "list", "elements": "str", "default": ["all"]},
    "gather_timeout": {"type": "int", "default": 10},
    "timeout": {"type": "float", "default": 60},
}
_SHOWN = 20


class ActionModule(MachineAction):
    """Runs ansible.builtin.setup on the machine."""

    ANSWER_KEYS = frozenset(("ansible_facts",))
    _supports_check_mode = True
    _supports_async = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        """Return the facts; a machine that tells none is a failed task."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(ARGUMENTS)
        task_vars = task_vars or {}
        refuse_forged_facts(task_vars, self._connection)
        result["changed"] = False
        timeout = options.pop("timeout")
        try:
            answer = self.ask("ansible.builtin.setup", options, timeout, task_vars)
            told = answer.get("ansible_facts")
            facts, left_out = sound_facts(told, acted_on(self._connection))
        except (NoAnswer, TooMuch) as exc:
            return {**result, "failed": True, "msg": str(exc)}
        if not facts:
            return {**result, "failed": True, "msg": "The machine returned no facts."}
        facts.update(interpreter_of(told))
        left_out = [name for name in left_out if name != "discovered_interpreter_python"]
        return {**result, "ansible_facts": facts, "left_out": left_out[:_SHOWN]}

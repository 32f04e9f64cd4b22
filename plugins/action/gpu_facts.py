# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module gpu_facts on the machine, and passes on only what is a report of it."""

from __future__ import annotations

import typing as t

from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.expectations import (
    ARGUMENTS,
    Expectations,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.facts import (
    interpreter_of,
    refuse_forged_facts,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.gpu_report import (
    NoReport,
    read_report,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.machine_action import (
    MachineAction,
    NoAnswer,
)

# The module runs up to ten commands, but at most a few of them hang on one machine.
_COMMANDS = 6
_TO_CONNECT = 30.0


class ActionModule(MachineAction):
    """A machine that gives no report has no verdict; one that lies well is not found out here."""

    ANSWER_KEYS = frozenset(("verdict", "reasons", "gpus", "checks"))
    _supports_check_mode = True
    _supports_async = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        """Return the report; a machine that gives none is a failed task, with the verdict fail."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(ARGUMENTS)
        task_vars = task_vars or {}
        try:
            seconds = Expectations.from_options(options).command_timeout * _COMMANDS + _TO_CONNECT
        except OptionError as exc:
            # With a verdict: it may be wrong for this host alone, and stands beside the others.
            return {**result, "changed": False, **_without_report(str(exc))}
        refuse_forged_facts(task_vars, self._connection)
        result["changed"] = False
        given = {name: value for name, value in options.items() if value is not None}
        try:
            answer = self.ask("compute_desk.supply.gpu_facts", given, seconds, task_vars)
            result.update(read_report(answer))
        except NoAnswer as exc:
            return {**result, **_without_report(f"The GPUs could not be looked at: {exc}")}
        except NoReport as exc:
            reason = f"What the machine answered is no report of its GPUs: {exc}."
            return {**result, **_without_report(reason)}
        # Only where the Python of the machine is, if Ansible has looked for it just now.
        interpreter = interpreter_of(answer.get("ansible_facts"))
        return {**result, **({"ansible_facts": interpreter} if interpreter else {})}


def _without_report(reason: str) -> dict[str, t.Any]:
    return {
        "failed": True, "msg": reason, "verdict": "fail", "reasons": [reason], "gpus": [],
        "checks": [],
    }  # fmt: skip

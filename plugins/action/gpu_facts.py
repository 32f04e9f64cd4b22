# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module gpu_facts on the machine, and passes on nothing but a valid report."""

from __future__ import annotations

import typing as t

from ..module_utils._gpu.expectations import ARGUMENTS, Expectations
from ..module_utils._options import OptionError
from ..plugin_utils._answers.facts import interpreter_of
from ..plugin_utils._answers.gpu_report import NoReport, read_report
from ..plugin_utils._answers.machine_action import MachineAction, NoAnswer

# The module runs up to ten commands, but only a few of them can hang on one machine.
_COMMANDS = 6
_TO_CONNECT = 30.0


class ActionModule(MachineAction):
    """A machine without a valid report fails. A report that is a good lie is not detected."""

    ARGUMENTS = ARGUMENTS
    ANSWER_KEYS = frozenset(("verdict", "reasons", "gpus", "checks"))

    def act(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the report; a machine that gives none is a failed task, with the verdict fail."""
        try:
            seconds = Expectations.from_options(options).command_timeout * _COMMANDS + _TO_CONNECT
        except OptionError as exc:
            # With a verdict, because the option may be wrong for this host alone.
            return _without_report(str(exc))
        given = {name: value for name, value in options.items() if value is not None}
        try:
            answer = self.ask("compute_desk.supply.gpu_facts", given, seconds, task_vars)
            report = read_report(answer)
        except NoAnswer as exc:
            return _without_report(f"The GPUs could not be checked: {exc}")
        except NoReport as exc:
            reason = f"The machine's answer is not a report of its GPUs: {exc}."
            return _without_report(reason)
        # Where the Python of the machine is, if Ansible has just looked for it.
        interpreter = interpreter_of(answer.get("ansible_facts"))
        return {**report, **({"ansible_facts": interpreter} if interpreter else {})}


def _without_report(reason: str) -> dict[str, t.Any]:
    return {
        "failed": True, "msg": reason, "verdict": "fail", "reasons": [reason], "gpus": [],
        "checks": [],
    }  # fmt: skip

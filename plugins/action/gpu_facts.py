# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module gpu_facts on the machine, and passes on nothing but a valid report."""

from __future__ import annotations

import re
import time
import typing as t

from ansible.errors import AnsibleActionFail

from ..module_utils._gpu.check import FAIL, INCONCLUSIVE, PASS
from ..module_utils._gpu.expectations import ARGUMENTS, ON_CONTROLLER, Expectations
from ..module_utils._options import OptionError
from ..module_utils._text import printable
from ..plugin_utils._answers.facts import interpreter_of
from ..plugin_utils._answers.gpu_report import KEYS, NoReport, read_report
from ..plugin_utils._answers.groups import add_to_group
from ..plugin_utils._answers.machine_action import MachineAction, NoAnswer
from ..plugin_utils._answers.rented import rented_as
from ..plugin_utils._fleet.handover import Handover
from ..plugin_utils._inventory.trust import UNSAFE_CHARACTERS
from ..plugin_utils._live.screen import show

# Raise it when a key goes or gets another meaning; new keys leave it as it is.
VERSION = 1
"""The version of the report, in files/report.schema.json of the role gpu_verify."""

GROUPS = {PASS: "gpu_verified", FAIL: "gpu_failed", INCONCLUSIVE: "gpu_inconclusive"}
"""The groups of the machines, by verdict."""

_SHOWN = {
    FAIL: ("not fit for work", "bad"),
    INCONCLUSIVE: ("could not be judged", "warning"),
}
"""What is said at once, by verdict."""

# The module runs up to a dozen commands, but only a few of them can hang on one machine.
_COMMANDS = 6
_TO_CONNECT = 30.0
_SHOWN_LENGTH = 600


class ActionModule(MachineAction):
    """A machine without a valid report fails. A report that is a good lie is not detected."""

    ARGUMENTS = ARGUMENTS

    def act(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the report; a machine that gives none is a failed task, with the verdict fail."""
        host = str(task_vars.get("inventory_hostname", "localhost"))
        try:
            handover = Handover(options["known_bad"], options["record"])
        except OptionError as exc:
            # Without a verdict, and before the machine is asked anything.
            raise AnsibleActionFail(str(exc)) from None
        result = handover.judged(self._look(options, task_vars))
        if shown := _SHOWN.get(result["verdict"]):
            said = printable(" ".join(result["reasons"]), _SHOWN_LENGTH)
            reasons = "" if self._task.no_log else f": {said}"
            # Without checks it is not the GPUs that are at fault, as far as anybody knows.
            what = shown[0] if result["checks"] else "not checked"
            show(host, f"{what}{reasons}", shown[1], label="GPUS")
        report = {"version": VERSION, "host": host, **result, "expected": _expected(options)}
        group = GROUPS.get(result["verdict"])
        kept = handover.kept(report, rented_as(task_vars), time.time(), self._task.check_mode)
        joined = add_to_group(self, group, changed=kept["changed"]) if group else {}
        return {**report, **kept, **joined, "ansible_stats": _for_next_job(host, result)}

    def _look(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        try:
            seconds = Expectations.from_options(options).command_timeout * _COMMANDS + _TO_CONNECT
        except OptionError as exc:
            # With a verdict, because the option may be wrong for this host alone.
            return _without_report(str(exc))
        given = {
            name: value
            for name, value in options.items()
            if value is not None and name not in ON_CONTROLLER
        }
        try:
            answer = self.ask("compute_desk.supply.gpu_facts", given, seconds, task_vars, KEYS)
            report = read_report(answer)
        except NoAnswer as exc:
            return _without_report(f"The GPUs could not be checked: {exc}")
        except NoReport as exc:
            reason = f"The machine's answer is not a report of its GPUs: {exc}."
            return _without_report(reason)
        # Where the Python of the machine is, if Ansible has just looked for it.
        interpreter = interpreter_of(answer.get("ansible_facts"))
        return {**report, **({"ansible_facts": interpreter} if interpreter else {})}


def _expected(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {
        "count": options["expected_count"],
        "name": options["expected_name"],
        "min_driver_version": options["min_driver_version"],
        "min_cuda_version": options["min_cuda_version"],
    }


def _for_next_job(host: str, result: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the verdict as a statistic of the run, as ansible.builtin.set_stats does.

    AWX makes it a variable of the next job, and hence a template, so its text is harmless.
    """
    reason = re.sub(UNSAFE_CHARACTERS, "", printable(" ".join(result["reasons"]), 240))
    verdicts = {host: {"verdict": result["verdict"], "reason": reason}}
    return {"data": {"gpu_verify_summary": verdicts}, "per_host": False, "aggregate": True}


def _without_report(reason: str) -> dict[str, t.Any]:
    return {
        "failed": True,
        "msg": reason,
        "verdict": "fail",
        "action": None,
        "reasons": [reason],
        "notes": [],
        "gpus": [],
        "checks": [],
        "xids": None,
        "booted_at": None,
    }

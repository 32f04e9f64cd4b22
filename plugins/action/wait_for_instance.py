# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waits until a machine is ready for work, and shows what it waits for.

All but the facts is done with the shell of the machine, over the connection of the host: it may
have no Python yet. The stages are those that a machine goes through: it answers, finishes its first
boot, and releases its package manager; then it should have a Python, for its facts and for the
modules that follow.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.text.converters import to_text

from ..module_utils._phrases import clock_face
from ..module_utils._text import printable
from ..plugin_utils._answers.facts import INTERPRETER, ForgedFacts, with_facts
from ..plugin_utils._answers.gather import NoFacts, gather
from ..plugin_utils._answers.groups import add_to_group
from ..plugin_utils._answers.machine_action import MachineAction
from ..plugin_utils._answers.rented import not_rented, without_shell
from ..plugin_utils._first_contact import package_lock
from ..plugin_utils._first_contact.problem import (
    FACTS_FAILED,
    FORGED_FACTS,
    NO_PYTHON,
    NOT_YET,
    WRONG_OPTION,
    Problem,
)
from ..plugin_utils._first_contact.remote import Remote
from ..plugin_utils._first_contact.stage_run import StageRun
from ..plugin_utils._first_contact.stages import Stages
from ..plugin_utils._live.screen import Heartbeat, show

GROUP = "instance_ready_failed"
"""The group of the machines that are not ready."""

_SAID_LENGTH = 600


class ActionModule(MachineAction):
    """Waits for one host; all hosts of a play wait at the same time."""

    ARGUMENTS: t.ClassVar = {
        "timeout": {"type": "float", "default": 300},
        "permission_denied_timeout": {"type": "float", "default": 120},
        "began_at": {"type": "float"},
        "not_later_than": {"type": "float"},
        "cloud_init_timeout": {"type": "float", "default": 900},
        "ignore_cloud_init_errors": {"type": "bool", "default": False},
        "package_lock_timeout": {"type": "float", "default": 600},
        "package_lock_files": {
            "type": "list",
            "elements": "str",
            "default": list(package_lock.FILES),
        },
        "interpreter": {"type": "str", "default": "auto"},
        "install_python": {"type": "bool", "default": False},
        "gather_facts": {"type": "bool", "default": False},
        "gather_subset": {"type": "list", "elements": "str", "default": ["all"]},
        "facts_timeout": {"type": "float", "default": 60},
        "fail": {"type": "bool", "default": True},
        "progress_interval": {"type": "float", "default": 60},
    }
    SECONDS: t.ClassVar = {
        "timeout": 0,
        "permission_denied_timeout": 0,
        "cloud_init_timeout": 0,
        "package_lock_timeout": 0,
        "facts_timeout": 0,
        "progress_interval": 1,
    }
    TIMES: t.ClassVar = ("began_at", "not_later_than")

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        """Return the verdict, which is there also for a task that is refused."""
        try:
            return super().run(tmp, task_vars)
        except AnsibleActionFail as exc:
            kind = FORGED_FACTS if isinstance(exc, ForgedFacts) else WRONG_OPTION
            said = printable(to_text(exc.message), _SAID_LENGTH)
            verdict = {"ok": False, "kind": kind, "message": said, "hint": None, "elapsed": 0.0}
            return {"failed": True, "changed": False, "msg": said, **verdict}

    def act(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the verdict; a machine that is not ready is a failed task, or in the group."""
        host = task_vars.get("inventory_hostname", "localhost")

        def warn(text: str) -> None:
            self._display.warning(f"{host}: {text}")

        def tell(text: str, times: str, level: str) -> None:
            shown = "still waiting" if self._task.no_log else text
            show(host, f"{shown} {times}", level)

        remote = Remote(self, task_vars)
        stages = Stages(remote, options, task_vars, warn)
        wait = StageRun(
            remote,
            tell,
            options["permission_denied_timeout"],
            options["began_at"],
            options["not_later_than"],
        )
        facts: dict[str, t.Any] = {}
        problem = without_shell(self._connection)
        if problem is None and options["install_python"]:
            problem = not_rented(self._connection, task_vars)
        if problem is None:
            with Heartbeat(wait.show_that_it_goes_on, options["progress_interval"]):
                problem = self._wait(wait, stages, options["install_python"])
                if problem is None and options["gather_facts"]:
                    wait.go_on_with("gathering facts", options["facts_timeout"])
                    variables = with_facts(task_vars, _chosen(stages))
                    facts, problem = self._facts(options, variables)
        if _chosen(stages):
            facts = with_facts(facts, _chosen(stages))
        if problem is not None:
            wait.show_problem(problem)
        found = {"connection": self._connection.transport, **wait.found, **stages.found, **facts}
        verdict = _verdict(problem, wait.elapsed())
        result = {**found, **verdict, "changed": stages.installation.done}
        return {**result, **self._consequence(problem, options["fail"], result["changed"])}

    def _wait(self, wait: StageRun, stages: Stages, install: bool) -> Problem | None:
        problem = wait.run(stages.in_order())
        if problem is None or problem.kind != NO_PYTHON or not install or self._task.check_mode:
            return problem
        # There may be no sudo where the user is root already.
        problem = wait.run(stages.with_installation(sudoable=wait.found["uid"] != 0))
        failure = stages.installation.failure
        if problem is None or problem.kind != NO_PYTHON or failure is None:
            return problem
        return replace(problem, message=f"{problem.message}. Its installation failed: {failure}")

    def _facts(
        self, options: t.Mapping[str, t.Any], task_vars: dict[str, t.Any]
    ) -> tuple[dict[str, t.Any], Problem | None]:
        try:
            with self.without_become():
                subset, seconds = options["gather_subset"], options["facts_timeout"]
                return gather(self, subset, seconds, task_vars), None
        except NoFacts as exc:
            said = f"the machine is ready, but its facts could not be gathered: {exc}"
            return {}, Problem(FACTS_FAILED, said, "")

    def _consequence(self, problem: Problem | None, fail: bool, changed: bool) -> dict[str, t.Any]:
        if problem is None or fail:
            return {"failed": problem is not None}
        grouped = {} if problem.kind == NOT_YET else add_to_group(self, GROUP, changed)
        return {"failed": False, **grouped}


def _chosen(stages: Stages) -> dict[str, str]:
    """Return the fact that keeps Ansible from discovering a Python that is too old."""
    return {INTERPRETER: stages.interpreter} if stages.interpreter else {}


def _verdict(problem: Problem | None, elapsed: float) -> dict[str, t.Any]:
    message = problem.sentence if problem else f"Ready after {clock_face(elapsed)}."
    return {
        "ok": problem is None,
        "kind": problem.kind if problem else None,
        "message": message,
        "hint": (problem.hint or None) if problem else None,
        "msg": str(problem or message),
        "elapsed": round(elapsed, 1),
    }

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waits until a machine is ready for work, and shows what it waits for.

Everything is done with the shell of the machine, over the connection of the host: it may have no
Python yet. The stages are those that a machine goes through: it answers, finishes its first boot,
and releases its package manager; then it should have a Python for the modules that follow.
"""

from __future__ import annotations

import typing as t

from ..module_utils._text import clock_face
from ..plugin_utils._answers.host_action import HostAction
from ..plugin_utils._answers.rented import not_rented, without_shell
from ..plugin_utils._first_contact import package_lock
from ..plugin_utils._first_contact.problem import Problem
from ..plugin_utils._first_contact.remote import Remote
from ..plugin_utils._first_contact.stages import Stages
from ..plugin_utils._first_contact.wait import Wait
from ..plugin_utils._live.screen import Heartbeat, show


class ActionModule(HostAction):
    """Waits for one host; all hosts of a play wait at the same time."""

    ARGUMENTS: t.ClassVar = {
        "timeout": {"type": "float", "default": 300},
        "permission_denied_timeout": {"type": "float", "default": 120},
        "began_at": {"type": "float"},
        "cloud_init_timeout": {"type": "float", "default": 900},
        "ignore_cloud_init_errors": {"type": "bool", "default": False},
        "package_lock_timeout": {"type": "float", "default": 600},
        "package_lock_files": {
            "type": "list", "elements": "str", "default": list(package_lock.FILES),
        },
        "interpreter": {"type": "str", "default": "auto"},
        "install_python": {"type": "bool", "default": False},
        "progress_interval": {"type": "float", "default": 60},
    }  # fmt: skip

    def act(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the verdict; a machine that is not ready is a failed task."""
        host = task_vars.get("inventory_hostname", "localhost")

        def warn(text: str) -> None:
            self._display.warning(f"{host}: {text}")

        def tell(text: str, times: str, level: str) -> None:
            shown = "still waiting" if self._task.no_log else text
            show(host, f"{shown} {times}", level)

        remote = Remote(self, task_vars)
        stages = Stages(remote, options, task_vars, warn)
        wait = Wait(remote, tell, options["permission_denied_timeout"], options["began_at"])
        problem = without_shell(self._connection)
        if problem is None and options["install_python"]:
            problem = not_rented(self._connection, task_vars)
        if problem is None:
            with Heartbeat(wait.show_that_it_goes_on, max(1.0, options["progress_interval"])):
                problem = wait.run(stages.in_order())
        found = {"connection": self._connection.transport, **wait.found, **stages.found}
        return {**found, **_verdict(problem, wait.elapsed())}


def _verdict(problem: Problem | None, elapsed: float) -> dict[str, t.Any]:
    message = problem.sentence if problem else f"Ready after {clock_face(elapsed)}."
    return {
        "failed": problem is not None,
        "ok": problem is None,
        "kind": problem.kind if problem else None,
        "message": message,
        "hint": problem.hint if problem else None,
        "msg": str(problem or message),
        "elapsed": round(elapsed, 1),
    }

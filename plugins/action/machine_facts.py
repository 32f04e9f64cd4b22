# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gathers the facts of a rented machine, and drops what is not one."""

from __future__ import annotations

import typing as t

from ..plugin_utils._answers.gather import NoFacts, gather
from ..plugin_utils._answers.machine_action import MachineAction


class ActionModule(MachineAction):
    """Runs ansible.builtin.setup on the machine."""

    ARGUMENTS: t.ClassVar = {
        "gather_subset": {"type": "list", "elements": "str", "default": ["all"]},
        "timeout": {"type": "float", "default": 60},
    }
    SECONDS: t.ClassVar = {"timeout": 0}

    def act(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the facts; a machine without any is a failed task."""
        try:
            return gather(self, options["gather_subset"], options["timeout"], task_vars)
        except NoFacts as exc:
            return {"failed": True, "msg": str(exc)}

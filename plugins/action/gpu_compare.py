# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares the GPUs of all machines of a play with the records of their handover."""

from __future__ import annotations

import typing as t

from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._options import OptionError
from ..module_utils._text import quoted
from ..plugin_utils._answers.controller_action import ControllerAction
from ..plugin_utils._answers.rented import rented_as
from ..plugin_utils._fleet.changes import LEAST_NEEDED, change_rows, changes_of
from ..plugin_utils._fleet.records import Records
from ..plugin_utils._live.terminal import line_room
from ..plugin_utils._play.fleet import fleet_of
from ..plugin_utils._play.table import table

ARGUMENTS: dict[str, dict[str, t.Any]] = {"record": {"type": "path", "required": True}}


class ActionModule(ControllerAction):
    """Reads the variables of the hosts and the records, and contacts no host."""

    ARGUMENTS = ARGUMENTS

    def act(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return what has changed on each machine."""
        if not options["record"]:
            # Of a survey; as a path it would be the current folder.
            raise OptionError("record", "is empty; name the folder with the records")
        records = Records(options["record"])
        if not records.exist:
            raise OptionError("record", f"there is no folder {quoted(options['record'], 200)}")
        hosts = task_vars["ansible_play_hosts_all"]
        lost = set(hosts) - set(task_vars["ansible_play_hosts"])
        hostvars = task_vars["hostvars"]
        try:
            machines = [
                changes_of(name, report, rented_as(hostvars[name]), records)
                for name, report in fleet_of(hostvars, hosts, lost).items()
            ]
        except OSError as exc:
            raise OptionError("record", quoted(str(exc), 300)) from None
        lines = table(change_rows(machines), line_room(), LEAST_NEEDED)
        kept: dict[str, t.Any] = wrap_var({"table": lines, "machines": machines})
        return kept

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports on the GPUs of all machines of a play: for people, and in files for programs."""

from __future__ import annotations

import time
import typing as t

from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._options import OptionError
from ..module_utils._text import printable
from ..plugin_utils._answers.controller_action import ControllerAction
from ..plugin_utils._fleet.files import check_file, replace
from ..plugin_utils._fleet.junit import junit
from ..plugin_utils._fleet.record import as_time
from ..plugin_utils._fleet.report import as_json, fleet_report
from ..plugin_utils._fleet.rows import LEAST_NEEDED, difference_lines, fleet_rows
from ..plugin_utils._live.terminal import line_room
from ..plugin_utils._play.fleet import fleet_of
from ..plugin_utils._play.table import table

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "report_file": {"type": "path"},
    "junit_file": {"type": "path"},
    "not_checked": {"type": "list", "elements": "str", "default": []},
    "only_check_paths": {"type": "bool", "default": False},
}

_FILES = ("report_file", "junit_file")
_NAME_LENGTH = 200
_MESSAGE_LENGTH = 400


class ActionModule(ControllerAction):
    """Reads the variables of the hosts, and contacts none."""

    ARGUMENTS = ARGUMENTS

    def act(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the table of the fleet and what differs, and write the files.

        The reports stand also if a file cannot be written: then there is a warning.
        """
        if options["only_check_paths"]:
            _check_paths(options)
            return {}
        hosts = task_vars["ansible_play_hosts_all"]
        lost = set(hosts) - set(task_vars["ansible_play_hosts"])
        fleet = fleet_of(task_vars["hostvars"], hosts, lost)
        for name in options["not_checked"]:
            fleet.setdefault(printable(name, _NAME_LENGTH), None)
        now = as_time(time.time()) or ""
        report = fleet_report(fleet, now)
        contents = {"report_file": lambda: as_json(report), "junit_file": lambda: junit(fleet, now)}
        warnings = [
            warning
            for name, content in contents.items()
            if (path := options[name]) and (warning := self._write(name, path, content))
        ]
        to_write = sum(bool(options[name]) for name in contents)
        room = line_room()
        lines = [*table(fleet_rows(fleet), room, LEAST_NEEDED), *difference_lines(fleet, room)]
        kept = {key: report[key] for key in ("verdicts", "not_checked", "differences")}
        said = {"warnings": warnings} if warnings else {}
        changed = to_write > len(warnings)
        return {**said, "changed": changed, **wrap_var({"table": lines, **kept})}

    def _write(self, option: str, path: str, content: t.Callable[[], str]) -> str | None:
        """Write a file, unless in check mode; return why it cannot be written, or None."""
        try:
            check_file(option, path)
            if not self._task.check_mode:
                replace(path, content())
        except OptionError as exc:
            return printable(str(exc), _MESSAGE_LENGTH)
        except OSError as exc:
            return printable(f"{option}: {path} cannot be written: {exc}", _MESSAGE_LENGTH)
        return None


def _check_paths(options: t.Mapping[str, t.Any]) -> None:
    for name in _FILES:
        if options[name]:
            check_file(name, options[name])

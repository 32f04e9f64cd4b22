# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks the variables of the main job, before it waits for anything or costs any money."""

from __future__ import annotations

import shutil
import typing as t
from pathlib import Path

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.module_utils.common.text.converters import to_text

from ..module_utils._options import OptionError
from ..module_utils._text import quoted
from ..plugin_utils._answers.controller_action import ControllerAction
from ..plugin_utils._live.screen import note
from ..plugin_utils._play.in_play import VariablesInPlay
from ..plugin_utils._play.roles import OPTION, find_role, role_names
from ..plugin_utils._play.variables import Variables
from ..plugin_utils._round.inventory import Inventory

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "hosts": {"type": "list", "elements": "str", "default": []},
    "offers": {"type": "bool", "default": False},
    "notes": {"type": "bool", "default": False},
}


_NO_ROLES = (
    "No role is named in compute_desk_roles. Name your own, and they run on every machine, for "
    "example with -e compute_desk_roles=my_namespace.my_collection.my_role"
)
_FACTS_ARE_VARIABLES = (
    "inject_facts_as_vars is on, so what a machine answers to your roles can override their "
    "defaults and your inventory. Set inject_facts_as_vars = False in ansible.cfg, and read facts "
    "from ansible_facts."
)


class ActionModule(ControllerAction):
    """Looks only at variables, and contacts no host."""

    ARGUMENTS = ARGUMENTS

    def act(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return where the roles are; an invalid variable is a failed task."""
        hostvars = task_vars["hostvars"]
        for name in options["hosts"]:
            if name not in hostvars:
                raise OptionError("hosts", f"there is no host {quoted(name)}")
        hosts = ["localhost", *options["hosts"]]
        if options["offers"]:
            _check_ssh_client()
            hosts.append(Inventory(hostvars).any_machine())
        play = self._task.play
        found = {name: VariablesInPlay(hostvars, name, play) for name in hosts}
        variables = Variables()
        roles = self._checked(found, variables)
        if options["notes"]:
            _show_notes(any(roles.values()))
        return {"roles": roles, "play_vars": _of_play(found, list(variables.options))}

    def _checked(
        self, hosts: t.Mapping[str, t.Mapping[str, t.Any]], variables: Variables
    ) -> dict[str, list[str]]:
        """Check the variables of all hosts, and return where the roles of each are."""
        found: dict[str, str] = {}
        roles: dict[str, list[str]] = {name: [] for name in hosts}
        for host_name, host in hosts.items():
            # What a machine said in an earlier run must not end this one for the others.
            facts = host.get("ansible_facts") or {}
            for name in host:
                if name not in facts:
                    variables.check_name(name)
            values = {name: _value(host, name) for name in variables.options if name not in facts}
            for name, value in values.items():
                variables.check_value(name, value)
                for role in role_names(value) if name == OPTION else ():
                    if role not in found:
                        found[role] = find_role(role, self._loader, Path.cwd())
                    roles[host_name].append(found[role])
            variables.check_together(values)
        return roles


def _show_notes(has_roles: bool) -> None:
    if not has_roles:
        note(_NO_ROLES)
    elif C.config.get_config_value("INJECT_FACTS_AS_VARS"):
        note(_FACTS_ARE_VARIABLES)


def _of_play(
    hosts: t.Mapping[str, VariablesInPlay], names: list[str]
) -> dict[str, dict[str, t.Any]]:
    """Return what the play sets of these variables, for the summary: hostvars will not tell."""
    return {
        host_name: {name: _value(host, name) for name in host.given_with_play(names)}
        for host_name, host in hosts.items()
    }


def _value(host: t.Mapping[str, t.Any], name: str) -> t.Any:
    """Return the value of a variable; None if it has none, or its template is wrong."""
    try:
        return host.get(name)
    except AnsibleError:
        # Ansible reports the error, with the line, where the variable is used.
        return None


def _check_ssh_client() -> None:
    get = C.config.get_config_value
    program = to_text(get("ssh_executable", plugin_type="connection", plugin_name="ssh"))
    if get("DEFAULT_TRANSPORT") in ("ssh", "smart") and shutil.which(program) is None:
        raise OptionError(
            "ssh",
            f"there is no SSH client {program} here. On Debian: apt-get install openssh-client",
        )

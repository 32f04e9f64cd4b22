# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the SSH server of a host is asked, if Ansible asks it directly."""

from __future__ import annotations

import getopt
import shlex
import subprocess
import typing as t
from dataclasses import dataclass, replace

from ansible import constants as C
from ansible import context
from ansible.errors import AnsibleError
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.loader import connection_loader

from ...module_utils._text import printable
from .._first_contact.known_as import SSH_OPTIONS
from .._first_contact.remote import origin_words
from .._first_contact.ssh_failure import Setting, Target

_SSH = ("ssh", "smart", "ansible.builtin.ssh", "ansible.legacy.ssh")
_ARGUMENTS = ("ssh_args", "ssh_common_args", "ssh_extra_args")
# What makes ssh go another way than straight to the address.
_FLAGS = ("-J", "-W", "-w")
_DETOURS = ("proxycommand", "proxyjump", "proxyusefdpass", "hostname")
_SECONDS = 10.0

Variables = t.Mapping[str, t.Any]


@dataclass(frozen=True)
class Route:
    """Where a host is asked by Ansible's settings, and the command that asks ssh for its own."""

    target: Target
    command: list[str]

    @property
    def shown(self) -> str:
        """The address and the port, for people."""
        port = self.target.port
        address = self.target.address.value if self.target.address else ""
        return printable(f"{address} port {port.value if port else 22}")


def route_to(variables: Variables) -> Route | None:
    """Return where a host with these variables is asked; None if it is not asked directly.

    That is so behind a jump host, and with any connection but ssh.
    """
    connection_loader.get("ssh", class_only=True)
    try:
        given = variables.get("ansible_connection") or context.CLIARGS.get("connection")
        if (given or C.config.get_config_value("DEFAULT_TRANSPORT")) not in _SSH:
            return None
        address, port = _setting("host", variables), _setting("port", variables)
        arguments = _arguments(variables)
        if address is None or _has_detour(arguments):
            return None
        command = [to_text(_value("ssh_executable", variables)), "-G", *arguments]
    except (AnsibleError, ValueError, getopt.GetoptError):
        # Ansible says what is wrong with it when it connects.
        return None
    command += ["-p", port.value] if port else []
    return Route(Target(address, port), [*command, "--", address.value])


def second_opinion(route: Route) -> Target | None:
    """Return where ssh itself would connect to, by its own configuration too; None for a detour.

    It takes a process for each host, so it is for those that have not answered.
    """
    try:
        done = subprocess.run(
            route.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return route.target
    return _as_ssh_says(route.target, done.stdout.decode("utf-8", "replace"))


def _as_ssh_says(target: Target, configuration: str) -> Target | None:
    said = dict(line.split(" ", 1) for line in configuration.splitlines() if " " in line)
    if any(said.get(name, "none") != "none" for name in ("proxycommand", "proxyjump")):
        return None
    address = _changed(target.address, said.get("hostname"), "")
    return replace(target, address=address, port=_changed(target.port, said.get("port"), "22"))


def _changed(setting: Setting | None, said: str | None, default: str) -> Setting | None:
    """Return the setting, or what ssh says in its place."""
    before = setting.value if setting else default
    return Setting(said, "as configured for ssh") if said and said != before else setting


def _arguments(variables: Variables) -> list[str]:
    texts = [to_text(_value(name, variables) or "") for name in _ARGUMENTS]
    return [word for text in texts for word in shlex.split(text)]


def _has_detour(words: list[str]) -> bool:
    given, _rest = getopt.getopt(words, SSH_OPTIONS)
    return any(
        flag in _FLAGS or (flag == "-o" and value.strip().lower().startswith(_DETOURS))
        for flag, value in given
    )


def _setting(option: str, variables: Variables) -> Setting | None:
    value, origin = C.config.get_config_value_and_origin(
        option, plugin_type="connection", plugin_name="ssh", variables=variables
    )
    return None if value is None else Setting(to_text(value), origin_words(to_text(origin)))


def _value(option: str, variables: Variables) -> t.Any:
    return C.config.get_config_value(
        option, plugin_type="connection", plugin_name="ssh", variables=variables
    )

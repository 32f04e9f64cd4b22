# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is special about the connection plugin ssh: its arguments, and checking a host key."""

from __future__ import annotations

import shlex
import subprocess
import typing as t

from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.connection import ConnectionBase

from .known_as import KnownAs, known_as

# In the order in which ssh gets them: if an option comes twice, the first counts.
_ARGUMENTS = ("ssh_args", "ssh_common_args", "ssh_extra_args")

# No session, so the machine cannot print anything, and no authentication, so nobody gets in.
_WITHOUT_LOGIN = (
    "-S",
    "none",
    "-N",
    "-T",
    "-o",
    "BatchMode=yes",
    "-o",
    "PreferredAuthentications=none",
    "-o",
    "LogLevel=ERROR",
)


def is_ssh(connection: ConnectionBase) -> bool:
    """Return whether this plugin starts the program ssh, or acts like one that does."""
    return all(connection.has_option(name) for name in (*_ARGUMENTS, "ssh_executable"))


def host_known_as(connection: ConnectionBase) -> KnownAs | None:
    """Return the name and the file under which ssh keeps the key of the host."""
    address = connection.get_option("host")
    if not address:
        return None
    arguments = [_text(connection, name) for name in _ARGUMENTS]
    return known_as(arguments, to_text(address), connection.get_option("port"))


def check_host_key(connection: ConnectionBase, seconds: float) -> str:
    """Return what ssh prints when it checks the host key without logging in.

    A machine that we log in to can print what ssh prints about a wrong host key. Here it cannot:
    all output is ssh's own.
    """
    command = [_text(connection, "ssh_executable"), *_WITHOUT_LOGIN]
    command += ["-o", f"ConnectTimeout={max(1, round(seconds))}"]
    for name in _ARGUMENTS:
        command += shlex.split(_text(connection, name))
    if connection.get_option("host_key_checking") is False:
        command += ["-o", "StrictHostKeyChecking=no"]
    for flag, option in (("-p", "port"), ("-l", "remote_user")):
        if connection.get_option(option):
            command += [flag, _text(connection, option)]
    command.append(_text(connection, "host"))
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    return done.stderr.decode("utf-8", "replace")


def _text(connection: ConnectionBase, option: str) -> str:
    value: t.Any = connection.get_option(option)
    return "" if value is None else to_text(value)

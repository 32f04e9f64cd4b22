# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a host key is checked without a login, and where ssh keeps it."""

from __future__ import annotations

import shlex
import typing as t
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.ssh import (
    check_host_key,
    host_known_as,
    is_ssh,
)

from ...keyboard import typed

BEGIN = (
    "-S none -N -T -o BatchMode=yes -o PreferredAuthentications=none -o LogLevel=ERROR "
    "-o ConnectTimeout="
)


class Connection:
    """Has the options of the plugin ssh, less those that are None."""

    def __init__(self, **options: t.Any) -> None:
        self._options: dict[str, t.Any] = {
            "ssh_args": "-C",
            "ssh_common_args": "",
            "ssh_extra_args": None,
            "ssh_executable": "ssh",
            "host": "203.0.113.7",
            "port": None,
            "remote_user": None,
            "host_key_checking": True,
            **options,
        }

    def has_option(self, name: str) -> bool:
        return self._options.get(name) != "missing"

    def get_option(self, name: str) -> t.Any:
        return self._options[name]


@pytest.fixture
def program(tmp_path: Path) -> str:
    """An ssh that prints its arguments to both outputs, and a byte that is no text."""
    path = tmp_path / "ssh"
    path.write_text('#!/bin/sh\necho "$@"\nprintf "%s\\377" "$*" >&2\ncat >&2\nexit 255\n')
    path.chmod(0o700)
    return str(path)


@pytest.mark.parametrize(
    ("options", "seconds", "arguments"),
    [
        ({}, 10.4, "10 -C 203.0.113.7"),
        ({}, 0.2, "1 -C 203.0.113.7"),
        ({"port": 2222}, 2, "2 -C -p 2222 203.0.113.7"),
        ({"remote_user": "ubuntu"}, 2, "2 -C -l ubuntu 203.0.113.7"),
        (
            {"ssh_args": None, "ssh_common_args": "-o 'A=b c'", "ssh_extra_args": "-4"},
            2,
            "2 -o A=b c -4 203.0.113.7",
        ),
        ({"host_key_checking": False}, 2, "2 -C -o StrictHostKeyChecking=no 203.0.113.7"),
        ({"host_key_checking": None}, 2, "2 -C 203.0.113.7"),
    ],
)
def test_a_host_key_is_checked_without_a_login(
    program: str,
    options: dict[str, t.Any],
    seconds: float,
    arguments: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    connection: t.Any = Connection(ssh_executable=program, **options)

    with typed(b"yes\n"):
        said = check_host_key(connection, seconds)

    # Only what comes on stderr, and nothing that somebody types.
    assert said == BEGIN + arguments + "\ufffd"
    assert capfd.readouterr().out == ""


def test_an_argument_with_a_space_stays_one(tmp_path: Path) -> None:
    program = tmp_path / "ssh"
    program.write_text('#!/bin/sh\nprintf "%s|" "$@" >&2\n')
    program.chmod(0o700)
    connection: t.Any = Connection(
        ssh_executable=str(program), ssh_args=shlex.join(["-o", "ProxyCommand=nc %h %p"])
    )

    assert "|-o|ProxyCommand=nc %h %p|203.0.113.7|" in check_host_key(connection, 5)


@pytest.mark.parametrize(
    "missing", [None, "ssh_args", "ssh_common_args", "ssh_extra_args", "ssh_executable"]
)
def test_a_plugin_with_all_options_of_ssh_is_ssh(missing: str | None) -> None:
    connection: t.Any = Connection(**({missing: "missing"} if missing else {}))

    assert is_ssh(connection) is (missing is None)


@pytest.mark.parametrize(
    ("options", "name", "file"),
    [
        ({}, "203.0.113.7", None),
        ({"port": 2222}, "[203.0.113.7]:2222", None),
        ({"ssh_args": "-o HostKeyAlias=i-1", "ssh_extra_args": "-o HostKeyAlias=i-2"}, "i-1", None),
        ({"ssh_extra_args": "-o UserKnownHostsFile=/k"}, "203.0.113.7", "/k"),
    ],
)
def test_where_ssh_keeps_the_key_of_a_host(
    options: dict[str, t.Any], name: str, file: str | None
) -> None:
    connection: t.Any = Connection(**options)

    known = host_known_as(connection)

    assert known is not None
    assert (known.name, known.file) == (name, file)


def test_a_host_without_an_address_is_not_known() -> None:
    connection: t.Any = Connection(host=None)

    assert host_known_as(connection) is None

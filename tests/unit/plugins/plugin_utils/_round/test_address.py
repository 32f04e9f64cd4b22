# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts are asked directly, and where."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible import context
from ansible.plugins.loader import connection_loader
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.ssh_failure import (
    Setting,
    Target,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round import address
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round.address import (
    Route,
    route_to,
    second_opinion,
)

from ...keyboard import typed


def host(**variables: t.Any) -> dict[str, t.Any]:
    return {"inventory_hostname": "gpu-a", "ansible_host": "203.0.113.7", **variables}


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        ({}, "203.0.113.7 port 22"),
        ({"ansible_port": 2222}, "203.0.113.7 port 2222"),
        ({"ansible_ssh_port": "2022"}, "203.0.113.7 port 2022"),
        ({"ansible_host": "2001:db8::7"}, "2001:db8::7 port 22"),
        ({"ansible_connection": "smart"}, "203.0.113.7 port 22"),
        (
            {"ansible_ssh_common_args": "-o HostKeyAlias=i-1 -o StrictHostKeyChecking=accept-new"},
            "203.0.113.7 port 22",
        ),
        ({"ansible_ssh_extra_args": "-F /dev/null -C"}, "203.0.113.7 port 22"),
    ],
)
def test_hosts_that_are_asked(variables: dict[str, t.Any], shown: str) -> None:
    route = route_to(host(**variables))

    assert route is not None
    assert route.shown == shown


def test_the_options_of_ssh_are_there_although_nobody_has_used_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Loading a plugin makes its options known; what ran before this test may have done so.
    loaded: list[str] = []
    monkeypatch.setattr(connection_loader, "get", lambda name, **_options: loaded.append(name))

    route_to(host())

    assert loaded == ["ssh"]


def test_without_an_address_the_name_is_asked() -> None:
    route = route_to({"inventory_hostname": "gpu-a"})

    assert route is not None
    assert route.shown == "gpu-a port 22"


@pytest.mark.parametrize(
    "variables",
    [
        {"ansible_connection": "local"},
        {"ansible_connection": "community.docker.docker"},
        {"ansible_connection": "paramiko_ssh"},
        {"ansible_ssh_common_args": "-J jump@203.0.113.1"},
        {"ansible_ssh_common_args": "-Jjump@203.0.113.1"},
        {"ansible_ssh_common_args": "-o ProxyJump=jump"},
        {"ansible_ssh_extra_args": "-oProxyCommand='nc -X 5 %h %p'"},
        {"ansible_ssh_args": "-C -o 'proxycommand nc %h %p'"},
        {"ansible_ssh_common_args": "-o HostName=203.0.113.9"},
        {"ansible_ssh_common_args": "'not closed"},
        {"ansible_ssh_common_args": "--no-option-of-ssh"},
        {"ansible_port": "no number"},
    ],
)
def test_hosts_that_are_not_asked_directly(variables: dict[str, t.Any]) -> None:
    assert route_to(host(**variables)) is None


def asked_of_ssh(configuration: str, tmp_path: Path, **variables: t.Any) -> str | None:
    file = tmp_path / "config"
    file.write_text(configuration)
    file.chmod(0o600)
    route = route_to(host(ansible_ssh_common_args=f"-F {file}", **variables))
    assert route is not None
    found = second_opinion(route)
    return Route(found, []).shown if found else None


@pytest.mark.parametrize(
    ("configuration", "shown"),
    [
        ("", "203.0.113.7 port 22"),
        ("Host 203.0.113.*\n ProxyJump jump\n", None),
        ("Host *\n ProxyCommand nc %h %p\n", None),
        ("Host *\n ProxyCommand none\n", "203.0.113.7 port 22"),
        ("Host *\n Port 2200\n", "203.0.113.7 port 2200"),
        ("Host 203.0.113.7\n HostName 203.0.113.8\n", "203.0.113.8 port 22"),
        ("Host other\n ProxyJump jump\n", "203.0.113.7 port 22"),
    ],
)
def test_what_ssh_itself_is_configured_for(
    tmp_path: Path, configuration: str, shown: str | None
) -> None:
    assert asked_of_ssh(configuration, tmp_path) == shown


def route_with(program: Path, script: str) -> Route:
    """Return the route to a host for which this stands in for ssh."""
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    route = route_to(host(ansible_ssh_executable=str(program)))
    assert route is not None
    assert route.command[0] == str(program)
    return route


@pytest.mark.parametrize(
    "script",
    [
        "",
        "echo hostname 203.0.113.7; echo port 22",
        "echo hostname; echo port",
        "echo 'hostname '; echo 'port '",
        # What fails has no opinion, whatever it says.
        "echo hostname 203.0.113.9; exit 1",
        # Nor has what does not end.
        "sleep 2; echo hostname 203.0.113.9",
        # Nobody types.
        "cat",
    ],
)
def test_without_another_opinion_a_target_stays_as_it_is(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "_SECONDS", 0.5)
    route = route_with(tmp_path / "ssh", script)

    with typed(b"hostname 203.0.113.9\n"):
        found = second_opinion(route)

    assert found == Target(Setting("203.0.113.7", "from ansible_host"), None)


def test_what_ssh_says_instead_is_as_configured_for_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said = "hostname gpu\\377 a\nport 2200\nproxyjump none"
    route = route_with(tmp_path / "ssh", f"echo warning >&2; printf '{said}'")

    assert second_opinion(route) == Target(
        Setting("gpu\ufffd a", "as configured for ssh"), Setting("2200", "as configured for ssh")
    )
    assert capfd.readouterr().err == ""


def test_the_settings_of_a_route_say_where_they_come_from() -> None:
    route = route_to(host(ansible_port=2222))

    assert route is not None
    assert route.target == Target(
        Setting("203.0.113.7", "from ansible_host"), Setting("2222", "from ansible_port")
    )


@pytest.mark.parametrize(("connection", "is_asked"), [("ssh", True), ("local", False)])
def test_the_connection_of_the_command_line_counts(
    connection: str, is_asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context, "CLIARGS", {"connection": connection})

    assert (route_to(host()) is not None) is is_asked


def test_a_port_of_the_inventory_beats_the_configuration_of_ssh(tmp_path: Path) -> None:
    shown = asked_of_ssh("Host *\n Port 2200\n", tmp_path, ansible_port=2022)

    assert shown == "203.0.113.7 port 2022"


def test_without_ssh_there_is_no_second_opinion(monkeypatch: pytest.MonkeyPatch) -> None:
    route = route_to(host())
    assert route is not None
    monkeypatch.setitem(os.environ, "PATH", "/nonexistent")

    assert second_opinion(route) == route.target


def test_an_address_is_never_an_option_of_ssh() -> None:
    route = route_to(host(ansible_host="-oProxyCommand=touch /tmp/never"))

    assert route is not None
    assert route.command[-2:] == ["--", "-oProxyCommand=touch /tmp/never"]


def test_a_port_that_ssh_agrees_with_is_still_that_of_the_host(tmp_path: Path) -> None:
    (tmp_path / "config").touch(0o600)
    arguments = f"-F {tmp_path / 'config'}"
    route = route_to(host(ansible_port=2222, ansible_ssh_common_args=arguments))

    assert route is not None
    assert second_opinion(route) == route.target

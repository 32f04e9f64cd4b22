# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts are asked directly, and where."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round.address import (
    Route,
    route_to,
    second_opinion,
)


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

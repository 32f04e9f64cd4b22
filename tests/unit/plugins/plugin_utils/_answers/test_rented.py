# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts are left alone, as what a host is rented, and how it gets into a group."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible.plugins.connection import NetworkConnectionBase
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.groups import (
    add_to_group,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.rented import (
    not_rented,
    rented_as,
    without_shell,
)


class Network(NetworkConnectionBase):
    transport = "netconf"

    def __init__(self) -> None:
        self._shell = types.SimpleNamespace()

    def exec_command(self, *args: t.Any, **options: t.Any) -> t.Any:
        raise NotImplementedError

    put_file = fetch_file = _connect = exec_command


def a_connection(transport: str, **shell: t.Any) -> t.Any:
    return types.SimpleNamespace(transport=transport, _shell=types.SimpleNamespace(**shell))


@pytest.mark.parametrize(
    ("connection", "name"),
    [(a_connection("winrm", _IS_WINDOWS=True), "winrm"), (Network(), "netconf")],
)
def test_what_is_no_posix_shell_is_left_alone(connection: t.Any, name: str) -> None:
    problem = without_shell(connection)

    assert problem is not None
    assert problem.kind == "unsupported"
    assert problem.message == f"{name} does not connect to a machine with a POSIX shell"
    assert problem.hint == "Leave this host out."


@pytest.mark.parametrize("shell", [{}, {"_IS_WINDOWS": False}])
def test_a_posix_shell_is_what_there_is_otherwise(shell: dict[str, t.Any]) -> None:
    assert without_shell(a_connection("ssh", **shell)) is None


def test_as_what_a_host_is_rented() -> None:
    assert rented_as({"compute_desk_offer_id": "o", "compute_desk_instance_id": "i"}) == {
        "offer_id": "o",
        "instance_id": "i",
    }
    assert rented_as({"offer_id": "o"}) == {"offer_id": None, "instance_id": None}


@pytest.mark.parametrize(
    ("transport", "variables", "reason"),
    [
        ("local", {"compute_desk_instance_id": "i"}, "its connection is local"),
        ("ssh", {}, "it has no compute_desk_instance_id"),
        ("ssh", {"compute_desk_instance_id": "i"}, None),
    ],
)
def test_nothing_is_installed_on_what_is_not_rented(
    transport: str, variables: dict[str, t.Any], reason: str | None
) -> None:
    problem = not_rented(a_connection(transport), variables)

    assert (problem is None) is (reason is None)
    if problem:
        assert problem.kind == "not_allowed"
        assert problem.message == (
            f"Python is not installed on this host, because {reason}, so it is not a rented machine"
        )
        assert problem.hint == (
            "Install it yourself, or unset instance_ready_install_python for this host."
        )


# Groups


def test_a_newer_ansible_core_adds_the_host_by_itself() -> None:
    added: list[t.Any] = []
    action: t.Any = types.SimpleNamespace(
        add_group=lambda name, parent_group_names: added.append((name, parent_group_names))
    )

    assert add_to_group(action, "broken", changed=True) == {}
    assert added == [("broken", ["all"])]


@pytest.mark.parametrize("changed", [True, False])
def test_an_older_one_is_told_by_the_result(changed: bool) -> None:
    action: t.Any = types.SimpleNamespace(_task=types.SimpleNamespace(changed_when=[]))

    assert add_to_group(action, "broken", changed) == {
        "add_group": "broken",
        "parent_groups": ["all"],
    }
    assert action._task.changed_when == [changed]


def test_what_the_user_calls_a_change_stays_one() -> None:
    action: t.Any = types.SimpleNamespace(_task=types.SimpleNamespace(changed_when=["theirs"]))

    add_to_group(action, "broken", changed=False)

    assert action._task.changed_when == ["theirs"]

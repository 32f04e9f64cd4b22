# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stages of a machine, with one that keeps the commands."""

from __future__ import annotations

import re
import time
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact import (
    cloud_init,
    install,
    package_lock,
    python,
    shutdown,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.stages import (
    Stages,
)

INTERPRETERS = ["python3.11", "/usr/bin/python3"]


class Machine:
    """Runs nothing, and keeps the commands. It has no cloud-init and no Python."""

    full_time = 30.0

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.warnings: list[str] = []

    def run(self, command: str, _seconds: float = 0, *, sudoable: bool = False) -> dict[str, t.Any]:
        self.commands.append(f"{'sudo ' if sudoable else ''}{command}")
        return {"rc": 0, "stdout": "", "stderr": ""}


def stages(machine: Machine, **options: t.Any) -> Stages:
    given = {
        "timeout": 300.0,
        "cloud_init_timeout": 900.0,
        "ignore_cloud_init_errors": False,
        "package_lock_timeout": 600.0,
        "package_lock_files": [],
        "interpreter": "auto",
        "not_later_than": None,
        **options,
    }
    task_vars = {"ansible_interpreter_python_fallback": INTERPRETERS}
    return Stages(t.cast("t.Any", machine), given, task_vars, machine.warnings.append)


@pytest.mark.parametrize(
    ("not_later", "left", "waits"),
    [(None, 900.0, 30), (12.0, 900.0, 12), (-60.0, 900.0, 5), (None, 7.0, 7)],
)
def test_cloud_init_is_not_waited_for_beyond_the_moment(
    not_later: float | None, left: float, waits: int
) -> None:
    machine = Machine()
    moment = None if not_later is None else time.time() + not_later
    stage = stages(machine, not_later_than=moment).in_order()[1]

    assert stage.check
    stage.check(left)

    match = re.search(r"timeout -k \S+ (\d+) cloud-init", machine.commands[0])
    assert match and int(match[1]) == waits


def test_what_is_done_with_a_machine_and_for_how_long() -> None:
    seen = stages(Machine())

    assert [(stage.timeout, stage.doing) for stage in seen.in_order()] == [
        (300.0, ""),
        (900.0, "cloud-init has not finished"),
        (600.0, "checking the locks of the package manager"),
        (30.0, "looking for Python"),
    ]
    assert [(stage.timeout, stage.doing) for stage in seen.with_installation(sudoable=True)] == [
        (install.TIME + 300.0, "installing Python"),
        (30.0, "looking for Python"),
    ]


class Sound(Machine):
    """Says what it is asked for, and keeps how long each command may take."""

    def __init__(self, locked: str = "") -> None:
        super().__init__()
        self.asked: list[tuple[str, float | None]] = []
        self._says = {
            cloud_init.command(30): "status: done\n",
            package_lock.command(["/run/yum.pid"]): locked,
            python.command(INTERPRETERS): "python 3.11.2 /usr/bin/python3\n",
        }

    def run(
        self, command: str, seconds: float | None = None, *, sudoable: bool = False
    ) -> dict[str, t.Any]:
        self.asked.append((command, seconds))
        assert not sudoable
        return {"rc": 0, "stdout": self._says.get(command, ""), "stderr": ""}


def test_a_machine_that_passes_all_checks_says_what_it_has() -> None:
    machine = Sound()
    seen = stages(machine, package_lock_files=["/run/yum.pid"])

    connection, *others = seen.in_order()

    assert connection.check is None
    assert [stage.check and stage.check(900.0) for stage in others] == [None] * 3
    assert seen.found == {
        "cloud_init": {"status": "done", "errors": []},
        "python": "/usr/bin/python3 (3.11.2)",
    }
    assert machine.asked == [
        # Over and above the time to connect.
        (cloud_init.command(30), 30.0 + 30.0),
        (shutdown.command(), None),
        (package_lock.command(["/run/yum.pid"]), None),
        (python.command(INTERPRETERS), None),
    ]


def test_who_holds_a_lock_of_the_package_manager_is_named() -> None:
    machine = Sound("pidfile 42 /run/yum.pid\nprocess 42 yum\n")
    stage = stages(machine, package_lock_files=["/run/yum.pid"]).in_order()[2]

    problem = stage.check and stage.check(600.0)

    assert problem and problem.message == (
        "the package manager is locked by yum (pid 42), which holds /run/yum.pid"
    )


def test_a_machine_without_python_has_none_in_its_result() -> None:
    seen = stages(Machine())

    assert seen._python(30.0)

    assert seen.found == {"python": None}


class Aged(Machine):
    """Has an old Python beside a fit one, and says where the fit one is."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self._place = place

    def run(self, command: str, _seconds: float = 0, *, sudoable: bool = False) -> dict[str, t.Any]:
        super().run(command)
        old = "python 3.7.9 /usr/bin/python3\n" if "/usr/bin/python3" in command else ""
        fit = "python3.11" if command == python.command(INTERPRETERS) else self._place
        return {"rc": 0, "stdout": f"{old}python 3.11.2 {fit}\n", "stderr": ""}


@pytest.mark.parametrize("place", ["/usr/bin/python3.11", "/usr/local/bin/python3.11"])
def test_where_ansible_may_take_an_old_python_a_fit_one_is_chosen(place: str) -> None:
    machine = Aged(place)
    seen = stages(machine)

    assert seen._python(30.0) is None

    assert seen.interpreter == place
    assert seen.found == {"python": f"{place} (3.11.2)"}
    assert len(machine.commands) == 2


@pytest.mark.parametrize("place", ["/tmp/evil", "/usr/bin/python3.11 -x", "$(touch hacked)"])
def test_a_machine_cannot_name_another_python(place: str) -> None:
    seen = stages(Aged(place))

    assert seen._python(30.0) is None

    assert seen.interpreter is None
    assert seen.found == {"python": "python3.11 (3.11.2)"}


def test_a_python_that_is_set_is_not_exchanged() -> None:
    machine = Machine()
    seen = stages(machine, interpreter="/opt/python")

    assert seen._python(30.0)

    assert seen.interpreter is None
    assert machine.commands == [python.command(["/opt/python"])]


@pytest.mark.parametrize("sudoable", [True, False])
def test_python_is_looked_for_again_after_its_installation(sudoable: bool) -> None:
    machine = Machine()
    seen = stages(machine)

    problems = [stage.check and stage.check(30.0) for stage in seen.with_installation(sudoable)]

    assert seen.installation.done
    assert [problem and problem.kind for problem in problems] == [None, "no_python"]
    assert [command.startswith("sudo ") for command in machine.commands] == [sudoable, False]


class Talkative(Machine):
    """Its cloud-init has come to ``code``, and ``said`` announces a shutdown."""

    def __init__(self, code: int, said: str = "") -> None:
        super().__init__()
        self.code, self.said = code, said

    def run(self, command: str, _seconds: float = 0, *, sudoable: bool = False) -> dict[str, t.Any]:
        if "cloud-init status" in command:
            return {"rc": self.code, "stdout": "status: x\nerrors:\n- no space", "stderr": ""}
        return {"rc": 0, "stdout": self.said, "stderr": ""}


IN_TEN_MINUTES = "scheduled USEC=1790100600000000\nscheduled MODE=reboot\nnow 1790100000\n"


@pytest.mark.parametrize(
    ("code", "said", "left", "kind", "warned"),
    [
        (0, "", 900.0, None, []),
        (1, IN_TEN_MINUTES, 900.0, "cloud_init_failed", []),
        (2, "", 900.0, None, ["cloud-init finished with recoverable errors: no space"]),
        (0, IN_TEN_MINUTES, 900.0, "rebooting", []),
        (0, IN_TEN_MINUTES, 60.0, None, ["a reboot of the machine is scheduled in "]),
    ],
)
def test_what_cloud_init_and_a_shutdown_mean_for_the_machine(
    code: int, said: str, left: float, kind: str | None, warned: list[str]
) -> None:
    machine = Talkative(code, said)

    problem = stages(machine)._cloud_init(left)

    assert (problem.kind if problem else None) == kind
    assert len(machine.warnings) == len(warned)
    assert all(one.startswith(begin) for one, begin in zip(machine.warnings, warned, strict=True))


def test_a_failed_cloud_init_can_be_ignored_but_is_warned_about() -> None:
    machine = Talkative(1)
    seen = stages(machine, ignore_cloud_init_errors=True)

    assert seen._cloud_init(900.0) is None
    assert machine.warnings == ["cloud-init finished with errors: no space"]
    assert seen.found == {"cloud_init": {"status": "error", "errors": ["no space"]}}

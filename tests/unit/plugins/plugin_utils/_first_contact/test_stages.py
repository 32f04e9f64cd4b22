# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stages of a machine, with one that keeps the commands."""

from __future__ import annotations

import re
import time
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.stages import (
    Stages,
)


class Machine:
    """Runs nothing, and keeps the commands. It has no cloud-init and no Python."""

    full_time = 30.0

    def __init__(self) -> None:
        self.commands: list[str] = []

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
    return Stages(t.cast("t.Any", machine), given, {}, print)


@pytest.mark.parametrize(
    ("not_later", "left", "waits"), [(None, 900.0, 30), (12.0, 900.0, 12), (-60.0, 900.0, 5)]
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
    warnings: list[str] = []
    seen = stages(Talkative(code, said))
    seen._warn = warnings.append

    problem = seen._cloud_init(left)

    assert (problem.kind if problem else None) == kind
    assert len(warnings) == len(warned)
    assert all(one.startswith(begin) for one, begin in zip(warnings, warned, strict=True))

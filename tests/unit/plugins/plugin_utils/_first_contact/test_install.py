# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Installing Python, on a machine that obeys the test."""

from __future__ import annotations

import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.install import (
    Installation,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.problem import (
    Problem,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.remote import Lost

GONE = Lost(Problem("timed_out", "there was no answer", "Wait."))


class Machine:
    """Answers each command with the next of these, and keeps the commands."""

    def __init__(self, *answers: dict[str, t.Any] | Lost) -> None:
        self._answers = list(answers)
        self.commands: list[tuple[str, float, bool]] = []

    def run(self, command: str, seconds: float, *, sudoable: bool) -> dict[str, t.Any]:
        self.commands.append((command, seconds, sudoable))
        answer = self._answers.pop(0)
        if isinstance(answer, Lost):
            raise answer
        return answer


def said(rc: int, stdout: str = "", stderr: str = "") -> dict[str, t.Any]:
    return {"rc": rc, "stdout": stdout, "stderr": stderr}


@pytest.mark.parametrize("sudoable", [True, False])
def test_become_is_used_only_where_it_is_asked_for(sudoable: bool) -> None:
    machine = Machine(said(0))
    installation = Installation(t.cast("t.Any", machine))
    assert (installation.done, installation.failure) == (False, None)

    assert installation.try_once(sudoable) is None

    ((command, seconds, used),) = machine.commands
    assert (installation.done, installation.failure, used) == (True, None, sudoable)
    assert command.startswith("timeout -k 10 300 "), "the machine ends it"
    assert seconds > 310, "before we give up on the machine"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (said(100, stderr="no mirror answers\n"), "no mirror answers"),
        # On a terminal, as with sudo.
        (
            said(1, "sudo: no\n", "Shared connection to 203.0.113.7 closed.\n"),
            "sudo: no",
        ),
        (said(1), "it gave no reason"),
        (said(1, "", "Shared connection to 203.0.113.7 closed.\n"), "it gave no reason"),
        (said(1, "x" * 299 + "abc"), "x" * 297 + "abc"),
    ],
)
def test_the_last_words_of_a_failed_one_are_kept(answer: dict[str, t.Any], words: str) -> None:
    installation = Installation(t.cast("t.Any", Machine(answer)))

    installation.try_once(sudoable=False)

    assert (installation.done, installation.failure) == (False, words)


def test_what_the_machine_says_is_printable_and_short() -> None:
    installation = Installation(t.cast("t.Any", Machine(said(1, stderr="\x1b[31mno\n" * 1000))))

    installation.try_once(sudoable=False)

    assert installation.failure and len(installation.failure) <= 300
    assert installation.failure.isprintable()


def test_one_that_lost_the_connection_is_not_started_again() -> None:
    machine = Machine(GONE)
    installation = Installation(t.cast("t.Any", machine))
    with pytest.raises(Lost):
        installation.try_once(sudoable=False)

    assert installation.try_once(sudoable=False) is None

    assert len(machine.commands) == 1
    assert installation.failure == "There was no answer. Wait."


@pytest.mark.parametrize(
    ("manager", "arguments"),
    [("apt-get", "-qq install --no-install-recommends python3"), ("apk", "add -q python3")],
)
def test_the_command_uses_the_package_manager_that_is_there(
    tmp_path: Path, manager: str, arguments: str
) -> None:
    machine = Machine(said(0))
    Installation(t.cast("t.Any", machine)).try_once(sudoable=False)
    program, log = tmp_path / "bin" / manager, tmp_path / "log"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {log}\n')
    program.chmod(0o700)
    # Without the one of this machine, and with timeout.
    for name in ("timeout", "sh"):
        (tmp_path / "bin" / name).symlink_to(f"/usr/bin/{name}")

    subprocess.run(
        ["/bin/sh", "-c", machine.commands[0][0]], env={"PATH": str(tmp_path / "bin")}, check=True
    )

    assert log.read_text().splitlines()[-1] == arguments

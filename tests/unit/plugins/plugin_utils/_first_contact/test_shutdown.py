# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a machine says that is about to go down."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.shutdown import (
    COMMAND,
    Shutdown,
    coming,
    find,
)
from hypothesis import given

from ...helpers import ANY_TEXT

SCHEDULED = "scheduled USEC=1800000090500000\nscheduled WARN_WALL=1\nscheduled MODE=reboot\n"


def looked(tmp_path: Path, **scripts: str) -> Shutdown | None:
    """Run the command where these programs print this, and return what is found."""
    for name, output in scripts.items():
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    done = subprocess.run(
        ["/bin/sh", "-c", COMMAND],
        env={**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return find(done.stdout)


@pytest.mark.parametrize("state", ["running", "degraded", "starting", "offline", ""])
def test_a_machine_that_stays_says_nothing(tmp_path: Path, state: str) -> None:
    others = (
        "cloud-init status --wait --long\n/usr/bin/python3 /usr/bin/unattended-upgrades-shutdown"
        "\n/opt/app/shutdown --port 80"
    )

    assert looked(tmp_path, systemctl=state, ps=others) is None


def test_a_machine_that_stops_is_going_down(tmp_path: Path) -> None:
    found = looked(tmp_path, systemctl="stopping", ps="")

    assert found == Shutdown(0, "the machine is shutting down")


@pytest.mark.parametrize(
    "process",
    [
        "/usr/bin/python3 /usr/bin/cloud-init modules --mode=final",
        "/usr/bin/python3 /usr/bin/cloud-init --all-stages",
        "shutdown -r now Rebooting",
        "/sbin/shutdown -P +0",
        "/bin/sh /usr/local/sbin/shutdown -r now",
    ],
)
def test_what_shuts_the_machine_down_in_a_moment_is_seen(tmp_path: Path, process: str) -> None:
    found = looked(tmp_path, systemctl="running", ps=f"/sbin/init\n{process}")

    assert found == Shutdown(0, "the machine is about to be shut down")


def test_the_look_does_not_see_itself(tmp_path: Path) -> None:
    # As ssh runs it: all of it is in the command line of a shell.
    assert looked(tmp_path, systemctl="running", ps=f"/bin/sh -c {COMMAND}") is None


def test_a_reboot_that_is_scheduled_has_a_time() -> None:
    found = find(f"system running\n{SCHEDULED}now 1800000000\n")

    assert found == Shutdown(90.5, "a reboot of the machine is scheduled in 1:30")
    assert find(f"system running\n{SCHEDULED}now 1800000100\n") == Shutdown(
        0, "a reboot of the machine is scheduled in 0:00"
    )
    assert find(f"system running\n{SCHEDULED}") is None


def test_it_passes() -> None:
    problem = coming(Shutdown(0, "the machine is shutting down"))

    assert problem.kind == "rebooting" and not problem.final
    assert str(problem).startswith("The machine is shutting down. Nothing should be started")


@given(ANY_TEXT)
def test_any_answer_can_be_read(text: str) -> None:
    find(text)
    found = find(f"scheduled USEC={text}\nscheduled MODE={text}\nnow {text}\n")
    assert found is None or found.seconds >= 0

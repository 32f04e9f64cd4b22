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
    Shutdown,
    command,
    problem,
    read,
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
        ["/bin/sh", "-c", command()],
        env={**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return read(done.stdout)


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
    assert looked(tmp_path, systemctl="running", ps=f"/bin/sh -c {command()}") is None


def test_a_reboot_that_is_scheduled_has_a_time() -> None:
    found = read(f"system running\n{SCHEDULED}now 1800000000\n")

    assert found == Shutdown(90.5, "a reboot of the machine is scheduled in 1:30")
    assert read(f"system running\n{SCHEDULED}now 1800000100\n") == Shutdown(
        0, "a reboot of the machine is scheduled in 0:00"
    )
    assert read(f"system running\n{SCHEDULED}") is None
    nameless = SCHEDULED.replace("MODE", "OTHER")
    assert read(f"system running\n{nameless}now 1800000000\n") == Shutdown(
        90.5, "a shutdown of the machine is scheduled in 1:30"
    )


def test_it_passes() -> None:
    passing = problem(Shutdown(0, "the machine is shutting down"), within=10)

    assert passing
    assert passing.kind == "rebooting" and not passing.final
    assert str(passing) == (
        "The machine is shutting down. Start nothing on it until it is back. If it needs longer "
        "for that, raise instance_ready_cloud_init_timeout (0 skips this check)."
    )


def test_one_that_is_later_than_anybody_waits_is_no_problem() -> None:
    assert problem(Shutdown(10, "a reboot is scheduled"), within=10) is None
    assert problem(None, within=10) is None


@given(ANY_TEXT)
def test_any_answer_can_be_read(text: str) -> None:
    read(text)
    found = read(f"scheduled USEC={text}\nscheduled MODE={text}\nnow {text}\n")
    assert found is None or found.seconds >= 0

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Progress lines through both of ansible-runner's ways to run a command."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import ansible_runner
import pytest
from integration.conftest import offer_status
from integration.offers import A, in_steps
from simulator import Simulator
from support.live import Lines, follow
from support.workspace import Workspace

Simulate = t.Callable[..., Simulator]


@pytest.fixture
def simulator(simulate: Simulate) -> Simulator:
    """An API whose offer moves on only when told to."""
    return simulate(in_steps(A), speed=1e-6)


@pytest.fixture
def folder(workspace: Workspace, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private folder with a play that waits; the environment is set as well."""
    for name in set(os.environ) - set(workspace.environment()):
        monkeypatch.delenv(name)
    for name, value in workspace.environment(**simulator.env()).items():
        monkeypatch.setenv(name, value)
    private = workspace.folder / "private"
    (private / "project").mkdir(parents=True)
    task = offer_status(A, wait=True, poll_interval=1)
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [task]}
    (private / "project" / "play.yml").write_text(json.dumps([play]))
    return private


def test_each_is_an_event_of_its_own_when_it_comes(folder: Path, simulator: Simulator) -> None:
    events, there = os.pipe()

    def hand_on(event: dict[str, t.Any]) -> bool:
        os.write(there, f"{event['stdout']}\n".encode())
        return True

    with Lines(events) as lines:
        thread, runner = ansible_runner.run_async(
            private_data_dir=str(folder),
            playbook="play.yml",
            quiet=True,
            event_handler=hand_on,
            finished_callback=lambda _runner: os.close(there),
        )
        follow(simulator, lines)
        thread.join()

    assert runner.status == "successful"
    waiting = [event for event in runner.events if "WAITING: " in event["stdout"]]
    assert len(waiting) == 3
    assert all(event["event"] == "verbose" for event in waiting)


def test_each_is_on_stderr_when_it_comes(folder: Path, simulator: Simulator) -> None:
    errors, there = os.pipe()

    with Lines(errors) as lines:
        thread, runner = ansible_runner.run_command_async(
            "ansible-playbook",
            ["play.yml"],
            private_data_dir=str(folder),
            runner_mode="subprocess",
            host_cwd=str(folder / "project"),
            quiet=True,
            error_fd=there,
            finished_callback=lambda _runner: os.close(there),
        )
        follow(simulator, lines)
        thread.join()

    assert runner.status == "successful"
    assert len([line for line in lines.seen if "WAITING: " in line]) == 3
    assert "WAITING" not in runner.stdout.read()

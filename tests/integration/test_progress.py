# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of progress: on stderr, at once, whatever stderr is; results are on stdout.

The simulator's clock stands still, and is set on when a line has been read. So a line that comes
late never comes, and no test looks at a clock.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
from simulator import Simulator
from support.live import Lines, follow
from support.workspace import Workspace

from .conftest import Played, offer_status
from .offers import A, B, C, in_steps, offer, provisioning, ready

Play = t.Callable[..., Played]
Simulate = t.Callable[..., Simulator]

# For the command stdout and stderr, and where both can be read; stdout only if that is apart.
Ends = tuple[int, int, int | None, int]
Way = t.Callable[[Path], Ends]

CLOCK = r"\d\d:\d\d:\d\d "


@dataclass
class Run:
    """A playbook that runs; ``output`` is None where stdout goes to the same place as stderr."""

    errors: Lines
    output: Lines | None
    group: int
    """The process group of the command."""
    code: int | None = None

    @property
    def waiting(self) -> list[str]:
        """The lines of progress that were read."""
        return [line for line in self.errors.seen if "WAITING: " in line]


def in_pipes(_folder: Path) -> Ends:
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    return out_write, err_write, out_read, err_read


def in_one_pipe(_folder: Path) -> Ends:
    read, write = os.pipe()
    return write, os.dup(write), None, read


def on_a_terminal(_folder: Path) -> Ends:
    ours, theirs = os.openpty()
    return theirs, os.dup(theirs), None, ours


def errors_on_a_terminal(_folder: Path) -> Ends:
    out_read, out_write = os.pipe()
    ours, theirs = os.openpty()
    return out_write, theirs, out_read, ours


def output_on_a_terminal(_folder: Path) -> Ends:
    err_read, err_write = os.pipe()
    ours, theirs = os.openpty()
    return theirs, err_write, ours, err_read


def in_a_file(folder: Path) -> Ends:
    write = os.open(folder / "output", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    return write, os.dup(write), None, os.open(folder / "output", os.O_RDONLY)


@contextlib.contextmanager
def playing(
    workspace: Workspace,
    plays: list[dict[str, t.Any]],
    way: Way,
    *options: str,
    **environment: str,
) -> t.Iterator[Run]:
    """Run a playbook within the block; wait for its end after it."""
    (workspace.folder / "play.yml").write_text(json.dumps(plays))
    out, err, out_read, err_read = way(workspace.folder)
    process = subprocess.Popen(
        ["ansible-playbook", "play.yml", *options],
        cwd=workspace.folder,
        env=workspace.environment(**environment),
        # Nothing of ours: an ssh of another test may have made it non-blocking.
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        start_new_session=True,
    )
    os.close(out)
    os.close(err)
    try:
        with contextlib.ExitStack() as stack:
            run = Run(
                stack.enter_context(Lines(err_read)),
                stack.enter_context(Lines(out_read)) if out_read is not None else None,
                process.pid,
            )
            yield run
            run.code = process.wait(timeout=60)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def on_localhost(*tasks: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    return [{"hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}]


NO_CLOCK, GREEN = "", "\x1b[0;32m"

# What the environment is, and what the first line and the last one begin with.
WAYS: dict[str, tuple[Way, dict[str, str], str, str]] = {
    "pipes": (in_pipes, {}, CLOCK, CLOCK),
    "one pipe": (in_one_pipe, {}, CLOCK, CLOCK),
    "a file": (in_a_file, {}, CLOCK, CLOCK),
    "pipes, but colours are asked for": (
        in_pipes,
        {"ANSIBLE_FORCE_COLOR": "true"},
        CLOCK,
        re.escape(GREEN) + CLOCK,
    ),
    "a terminal": (on_a_terminal, {}, NO_CLOCK, re.escape(GREEN)),
    "stderr on a terminal": (errors_on_a_terminal, {}, NO_CLOCK, NO_CLOCK),
    "stdout on a terminal": (output_on_a_terminal, {}, CLOCK, CLOCK),
}


@pytest.mark.parametrize("name", WAYS)
def test_each_line_comes_at_once_and_says_when_unless_somebody_watches(
    workspace: Workspace, simulate: Simulate, name: str
) -> None:
    way, environment, first, last = WAYS[name]
    simulator = simulate(in_steps(A), speed=1e-6)
    plays = on_localhost(offer_status(A, wait=True, poll_interval=1))

    with playing(workspace, plays, way, **simulator.env(), TERM="xterm", **environment) as run:
        follow(simulator, run.errors)

    assert run.code == 0
    assert len(run.waiting) == 3
    assert re.match(first + r"WAITING: \[localhost\]: offer aaaaaaaa: ", run.waiting[0])
    assert re.match(last + r"WAITING: \[localhost\]: offer aaaaaaaa: ready", run.waiting[-1])


def test_every_change_has_its_line_however_fast_they_come(
    workspace: Workspace, simulate: Simulate
) -> None:
    steps = range(10)
    simulator = simulate(
        *[
            offer(
                offer_id,
                *[provisioning(at, progress=f"{offer_id[0]}: step {at} of 10") for at in steps],
                ready(10),
            )
            for offer_id in (A, B, C)
        ]
    )
    keep = {"ansible.builtin.copy": {"content": "{{ result | to_json }}", "dest": "result.json"}}
    plays = on_localhost(offer_status(A, B, C, wait=True, poll_interval=1), keep)

    with playing(workspace, plays, in_pipes, **simulator.env()) as run:
        pass

    assert run.code == 0
    result = json.loads((workspace.folder / "result.json").read_text())
    given = [
        f'"{transition["progress"]}"'
        for entry in result["offers"]
        for transition in entry["transitions"]
    ]
    assert len(given) > 15, "the API was asked too seldom to tell"
    for text in given:
        assert len([line for line in run.waiting if text in line]) >= 1, text
    assert len(run.waiting) == len(given)


def test_ctrl_c_ends_the_run_at_once(workspace: Workspace, simulate: Simulate) -> None:
    simulator = simulate(in_steps(A), speed=1e-6)
    plays = on_localhost(offer_status(A, wait=True, poll_interval=60))

    # The block ends when every process that could still write has ended.
    with playing(workspace, plays, in_pipes, **simulator.env()) as run:
        run.errors.until('"0/1 instances running"')
        os.killpg(run.group, signal.SIGINT)

    assert run.code not in (None, 0)
    assert run.output
    assert not any("Traceback" in line for line in [*run.errors.seen, *run.output.seen])
    assert len(simulator.requests()) == 1


@pytest.mark.slow
def test_nothing_goes_on_asking_when_ansible_was_killed(
    workspace: Workspace, simulate: Simulate
) -> None:
    simulator = simulate(in_steps(A), speed=1e-6)
    task = offer_status(A, wait=True, poll_interval=1, progress_interval=1, wait_timeout=30)

    # The block ends when every process that could still write has ended.
    with playing(workspace, on_localhost(task), in_pipes, **simulator.env()) as run:
        run.errors.until('"0/1 instances running"')
        os.kill(run.group, signal.SIGKILL)
        asked = len(simulator.requests())

    assert len(simulator.requests()) < asked + 10


def test_progress_is_on_stderr_and_results_are_on_stdout(
    workspace: Workspace, simulate: Simulate
) -> None:
    simulator = simulate(in_steps(A), speed=1e-6)
    plays = on_localhost(offer_status(A, wait=True, poll_interval=1))

    with playing(workspace, plays, in_pipes, **simulator.env()) as run:
        follow(simulator, run.errors)

    assert run.output
    assert "ok: [localhost]" in run.output.seen
    assert not any("WAITING" in line for line in run.output.seen)
    assert run.errors.seen == run.waiting


def test_a_machine_that_does_not_answer_yet_has_its_lines_at_once(
    workspace: Workspace, simulate: Simulate
) -> None:
    running = {"at": 0, "status": "procured", "instances": {"m": {"status": "running"}}}
    late = {"instance_id": "i-late", "instance_name": "late", "ssh": {"up_after": 10}}
    simulator = simulate(
        {"offer_id": A, "starts": "launch", "instances": {"m": late}, "timeline": [running]},
        speed=1e-6,
    )
    (machine,) = simulator.instances()
    task = {
        "compute_desk.supply.wait_for_instance": {
            "cloud_init_timeout": 0,
            "package_lock_timeout": 0,
        }
    }
    plays = [{"hosts": "late", "gather_facts": False, "tasks": [task]}]
    (workspace.folder / "hosts").write_text(
        f"late ansible_host={machine['host']} ansible_port={machine['port']} "
        f"ansible_user={machine['user']} "
        "ansible_ssh_common_args='-o StrictHostKeyChecking=accept-new'\n"
    )

    with playing(workspace, plays, in_pipes, "-i", "hosts", **simulator.env()) as run:
        run.errors.until("WAITING: [late]: the connection was refused")
        simulator.jump(10)
        run.errors.until("WAITING: [late]: the machine answers")

    assert run.code == 0
    assert all(re.match(CLOCK + r"WAITING: \[late\]: ", line) for line in run.waiting)


@pytest.mark.slow
def test_who_stops_reading_does_not_hold_the_job(workspace: Workspace, simulate: Simulate) -> None:
    simulator = simulate(in_steps(A), speed=1e-6)
    plays = on_localhost(offer_status(A, wait=True, poll_interval=1))
    (workspace.folder / "play.yml").write_text(json.dumps(plays))
    process = subprocess.Popen(
        ["ansible-playbook", "play.yml"],
        cwd=workspace.folder,
        env=workspace.environment(**simulator.env()),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stderr
        assert b"0/1 instances running" in process.stderr.readline()
        process.stderr.close()
        simulator.jump(20)

        assert process.wait(timeout=60) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def lines_of(played: Played) -> list[str]:
    return re.findall(rf"^{CLOCK}WAITING: \[localhost\]: (.*)$", played.output, re.MULTILINE)


@pytest.mark.slow
def test_a_line_says_how_far_it_is_and_another_that_it_goes_on(
    play: Play, simulate: Simulate
) -> None:
    progress = "0/1 \x1b[31minstances\u202e running\x07"
    simulator = simulate(offer(A, provisioning(progress=progress), ready(4)))

    played = play(
        offer_status(A, wait=True, poll_interval=1, progress_interval=1), simulator=simulator
    )

    lines = lines_of(played)
    first, *_others, last = [line for line in lines if line.startswith("offer ")]
    beats = [line for line in lines if line.startswith("still waiting for ")]
    how_far = 'provisioning, "0/1 instances running" '
    assert first.startswith(f"offer aaaaaaaa: {how_far}")
    assert re.search(r"\(\d:\d\d elapsed, 1\d:\d\d left\)$", first)
    assert beats, "no heartbeat"
    assert beats[0].startswith(f"still waiting for aaaaaaaa {how_far}")
    assert last.startswith("offer aaaaaaaa: ready, 1 of 1 instances usable")


@pytest.mark.slow
def test_an_offer_that_fails_says_why_and_which_it_is(play: Play, simulate: Simulate) -> None:
    like_a = A[:-1] + "9"
    failed = {"procurement_status": "failed", "failure_reason": "the \x1b[31mhost\u202e\nis lost."}
    simulator = simulate(
        offer(A, provisioning(), {"at": 2, **failed}),
        offer(like_a, provisioning()),
        offer(C, provisioning()),
    )

    played = play(offer_status(A, like_a, C, wait=True, poll_interval=1), simulator=simulator)

    begins = [line.split(",")[0] for line in lines_of(played)]
    assert sorted(begins[:3]) == [
        f"offer {A}: provisioning",
        f"offer {like_a}: provisioning",
        "offer cccccccc: provisioning",
    ]
    assert begins[3:] == [f"offer {A}: failed (the host is lost)"]

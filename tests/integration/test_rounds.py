# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job in rounds: no machine waits for another one, unless they belong together."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from simulator import Simulator
from support.workspace import Workspace, last_lines

from .main_job import BOOK, configure, machines, summary, write_role
from .offers import A, B, C

Simulate = t.Callable[..., Simulator]

QUICK = {
    "compute_desk_poll_interval": 1,
    "compute_desk_gpu_verify": "false",
    "instance_ready_gather_subset": ["min"],
}
TOUCH = {"ansible.builtin.copy": {"content": "", "dest": "marker", "mode": "0644"}}
# Nothing listens at that port, so Ansible loses the machine in the middle of a role.
LOSE = {
    "ansible.builtin.command": {"cmd": "true"},
    "when": "'lost' in compute_desk_instance_name",
    "vars": {"ansible_port": 9},
}
FAIL = {
    "ansible.builtin.fail": {"msg": "no luck"},
    "when": "compute_desk_instance_name in unlucky",
}
FOLLOWS = {
    "hosts": "compute_desk",
    "gather_facts": False,
    "tasks": [{"ansible.builtin.debug": {"msg": "mine {{ inventory_hostname }}"}}],
}
IN_THE_MAKING = {
    "at": 0,
    "status": "procured",
    "procurement_status": "provisioning_in_progress",
}


def later(offer: dict[str, t.Any], at: float, **entry: t.Any) -> dict[str, t.Any]:
    """Return an offer that is in the making until then, and then as it was or as ``entry``."""
    (ready,) = offer["timeline"]
    return {**offer, "timeline": [IN_THE_MAKING, {**ready, "at": at, **entry}], "starts": "launch"}


def run(
    workspace: Workspace, simulator: Simulator, *arguments: str, **variables: t.Any
) -> tuple[int, str]:
    """Run the main job with a role that leaves a marker."""
    if not (workspace.folder / "roles" / "mark").exists():
        write_role(workspace, "mark", TOUCH)
    options = {"compute_desk_roles": "mark", **QUICK, **variables}
    return configure(workspace, simulator, *arguments, **options)


def marked_at(simulator: Simulator) -> dict[str, float]:
    """Return when each machine was configured, since the epoch."""
    files = {one["key"]: Path(one["home"], "marker") for one in simulator.instances()}
    return {key: file.stat().st_mtime for key, file in files.items() if file.exists()}


def results(output: str) -> dict[str, str]:
    """Return the last column of the summary, by the beginning of the host's name."""
    return {name.split("-")[0]: re.split(" {2,}", row)[-1] for name, row in summary(output).items()}


def test_an_offer_that_fails_costs_the_others_nothing(
    workspace: Workspace, simulate: Simulate
) -> None:
    began = time.time()
    failed = {"procurement_status": "failed", "failure_reason": "No capacity {{ 7 * 7 }}"}
    simulator = simulate(machines(A, one={}), later(machines(B, other={}), 30, **failed))

    code, output = run(workspace, simulator)

    assert code == 2, last_lines(output, 60)
    assert marked_at(simulator)["one"] - began < 30
    rows = results(output)
    assert rows["one"] == "configured"
    assert rows["(no"] == "FAILED: Failed: No capacity {{ 7 * 7 }}. Buy another offer."
    assert "1 offer gave no machine; the summary says why." in output
    # Where it happens, and in the summary.
    assert output.count("No capacity") == 2


def test_a_run_that_goes_well_is_short(workspace: Workspace, simulate: Simulate) -> None:
    simulator = simulate(machines(A, one={}, two={}, three={}))

    code, output = configure(workspace, simulator)

    assert code == 0
    assert "skipping: [" not in output
    for name in summary(output):
        # New host, ready, sent to work, GPUs, summary, recap; and one is named for all of them.
        assert sum(name in line for line in output.splitlines()) <= 6 + (name == "one-iaaaaone")
    assert len(output.splitlines()) <= 60, output


@pytest.mark.parametrize("wanted", [pytest.param("true", marks=pytest.mark.slow), "false"])
def test_without_gpus_and_with_roles_nothing_is_skipped_either(
    workspace: Workspace, simulate: Simulate, wanted: str
) -> None:
    code, output = run(
        workspace, simulate(machines(A, one={}, two={})), compute_desk_gpu_verify=wanted
    )

    assert code == 0
    assert "skipping: [" not in output
    assert set(results(output).values()) == {"configured"}


@pytest.mark.slow
def test_silent_machines_of_one_offer_do_not_hold_up_another(
    workspace: Workspace, simulate: Simulate
) -> None:
    began = time.time()
    good = machines(A, one={}, two={}, three={})
    silent = machines(B, dumb={"behaviour": "silent"}, shut={"behaviour": "refuse"})
    simulator = simulate(good, silent)

    code, output = run(workspace, simulator, "--forks=2", instance_ready_timeout=40)

    assert code == 2
    marked = marked_at(simulator)
    assert set(marked) == {"one", "two", "three"}
    # Before anybody could know that the silent ones will not answer.
    assert max(marked.values()) - began < 40
    rows = results(output)
    assert rows["dumb"].startswith("FAILED: timed_out: There was no answer in time")
    assert rows["shut"].startswith("FAILED: refused: The connection was refused")


@pytest.mark.slow
def test_with_none_each_machine_goes_on_by_itself(workspace: Workspace, simulate: Simulate) -> None:
    began = time.time()
    good: dict[str, t.Any] = {f"good{number}": {} for number in range(6)}
    fleet = machines(A, **good, dumb={"behaviour": "silent"}, late={"up_after": 25})
    simulator = simulate({**fleet, "starts": "launch"})

    code, output = run(
        workspace, simulator, compute_desk_together="none", instance_ready_timeout=40
    )

    assert code == 2
    marked = marked_at(simulator)
    late = marked.pop("late")
    assert set(marked) == set(good)
    assert max(marked.values()) - began < 25 < late - began
    assert results(output)["late"] == "configured"


@pytest.mark.slow
def test_the_machines_of_an_offer_begin_together(workspace: Workspace, simulate: Simulate) -> None:
    role = {
        "ansible.builtin.debug": {"msg": "{{ ansible_play_hosts | length }} together"},
        "run_once": True,
    }
    write_role(workspace, "mark", role)
    fleet = {**machines(A, one={}, two={}, late={"up_after": 5}), "starts": "launch"}

    code, output = run(workspace, simulate(fleet, later(machines(B, other={}), 12)))

    assert code == 0, last_lines(output, 60)
    # localhost is there for the case that all are lost, and takes no part.
    assert output.count('"3 together"') == 1
    assert output.count('"1 together"') == 1


@pytest.mark.slow
def test_all_or_nothing(workspace: Workspace, simulate: Simulate) -> None:
    failed = {"procurement_status": "failed", "failure_reason": "No capacity"}
    good, bad = machines(A, one={}), later(machines(B, other={}), 3, **failed)
    simulator = simulate(good, bad)

    code, output = run(workspace, simulator, compute_desk_together="all")

    assert code == 2
    assert marked_at(simulator) == {}
    assert results(output)["one"].startswith("FAILED: prevented: It does not start without")
    assert "No capacity" in results(output)["(no"]

    simulator = simulate(good, later(machines(B, other={}), 6))
    code, output = run(workspace, simulator, compute_desk_together="all")

    assert code == 0
    assert set(results(output).values()) == {"configured"}
    assert output.count("PLAY [Configure the machines]") == 1


@pytest.mark.slow
def test_the_run_goes_on_when_all_machines_of_a_round_are_lost(
    workspace: Workspace, simulate: Simulate
) -> None:
    write_role(workspace, "mark", LOSE, TOUCH)
    simulator = simulate(machines(A, lost={}), later(machines(B, other={}), 12))

    code, output = run(workspace, simulator)

    assert code != 0
    assert list(marked_at(simulator)) == ["other"]
    assert results(output) == {
        "lost": "FAILED: lost on the way, see above",
        "other": "configured",
    }


@pytest.mark.slow
def test_a_machine_that_boots_for_long_comes_back(workspace: Workspace, simulate: Simulate) -> None:
    began = time.time()
    fleet = machines(A, quick={}, slow={})
    fleet["instances"]["slow"]["commands"] = {
        "cloud-init": {"sleep": 25, "stdout": "status: done\n"}
    }
    simulator = simulate(fleet)

    code, output = run(workspace, simulator, compute_desk_patience=3)

    assert code == 0, last_lines(output, 80)
    marked = marked_at(simulator)
    assert marked["quick"] - began < 25 < marked["slow"] - began
    assert set(results(output).values()) == {"configured"}


def test_a_play_that_follows_has_only_good_machines(
    workspace: Workspace, simulate: Simulate
) -> None:
    simulator = simulate(machines(A, good={}, bad={}))
    write_role(workspace, "mark", FAIL)
    (workspace.folder / "own.yml").write_text(json.dumps([{"import_playbook": BOOK}, FOLLOWS]))
    options = {"compute_desk_offer_ids": A, "compute_desk_roles": "mark", **QUICK}
    options["unlucky"] = ["bad"]

    done = workspace.run(
        "ansible-playbook", "own.yml", "-e", json.dumps(options), **simulator.env()
    )

    assert done.returncode == 2
    assert re.findall('"mine (.*)-', done.stdout) == ["good"]
    assert results(done.stdout)["bad"] == "FAILED: ansible.builtin.fail: no luck"


@pytest.mark.slow
def test_a_lost_machine_is_counted_and_ends_nothing(
    workspace: Workspace, simulate: Simulate
) -> None:
    # The lost one is the first by name, and so the first that could stand for the good ones.
    simulator = simulate(machines(A, a_lost={}, bad={}, good={}))
    write_role(workspace, "mark", LOSE, FAIL)
    (workspace.folder / "own.yml").write_text(json.dumps([{"import_playbook": BOOK}, FOLLOWS]))

    for failed in (["bad"], []):
        options = {"compute_desk_offer_ids": A, "compute_desk_roles": "mark", **QUICK}
        done = workspace.run(
            "ansible-playbook",
            "own.yml",
            "-e",
            json.dumps({**options, "unlucky": failed}),
            **simulator.env(),
        )

        # Machines of a play answer in any order.
        assert sorted(re.findall('"mine (.*)-', done.stdout)) == [
            name for name in ("bad", "good") if name not in failed
        ], last_lines(done.stdout, 60)
        assert results(done.stdout)["a_lost"] == "FAILED: lost on the way, see above"
        assert "Nothing has failed" not in done.stdout
        if failed:
            assert "2 of 3 machines are not configured; the summary says why." in done.stdout


@pytest.mark.slow
def test_the_strategy_of_the_user_is_for_plays_of_the_user(
    workspace: Workspace, simulate: Simulate
) -> None:
    # With it, hosts cannot be added, and each would make a summary of its own.
    (workspace.folder / "ansible.cfg").write_text("[defaults]\nstrategy = free\n")
    simulator = simulate(machines(A, one={}, two={}))

    code, output = run(workspace, simulator)

    assert code == 0, last_lines(output, 60)
    assert results(output) == {"one": "configured", "two": "configured"}


def test_check_mode_looks_once_and_changes_nothing(
    workspace: Workspace, simulate: Simulate
) -> None:
    simulator = simulate(machines(A, one={}), later(machines(B, other={}), 60))

    code, output = run(workspace, simulator, "--check")

    assert code == 2
    assert results(output)["one"] == "configured"
    assert results(output)["(no"] == "FAILED: Is provisioning."
    assert marked_at(simulator) == {}


def test_a_limit_without_localhost_and_one_with_it(
    workspace: Workspace, simulate: Simulate
) -> None:
    # Without localhost nobody waits before, so the first try is one that fails.
    fleet = machines(A, one={"drop_first": 1}, two={"behaviour": "refuse"})
    simulator = simulate(fleet, machines(B, three={}))
    source = {"plugin": "compute_desk.supply.instances", "offer_ids": [A, B]}
    (workspace.folder / "offers.yml").write_text(json.dumps(source))
    write_role(workspace, "mark", TOUCH)
    job = [
        "ansible-playbook",
        BOOK,
        "-i",
        "offers.yml",
        "-e",
        json.dumps({"compute_desk_roles": "mark", **QUICK}),
    ]

    for limit in ("one*", "one*,localhost"):
        done = workspace.run(*job, "--limit", limit, **simulator.env())
        assert done.returncode == 0, last_lines(done.stdout, 60)
        assert results(done.stdout) == {"one": "configured"}
        assert list(marked_at(simulator)) == ["one"]
        for one in simulator.instances():
            Path(one["home"], "marker").unlink(missing_ok=True)


def is_gone(group: int) -> bool:
    """Return whether no process of a group is left, after some time."""
    for _half_second in range(20):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.5)
    return False


@pytest.mark.slow
@pytest.mark.parametrize(
    ("phase", "shown"),
    [
        ("offers", ": provisioning ("),
        ("machines", ": waiting for one-"),
        ("contact", "permission denied"),
    ],
)
def test_an_interrupt_ends_it(
    workspace: Workspace, simulate: Simulate, phase: str, shown: str
) -> None:
    fleet = {
        "offers": later(machines(A, one={}), 100),
        "machines": machines(A, one={"behaviour": "silent"}),
        "contact": machines(A, one={"behaviour": "deny"}),
    }[phase]
    simulator = simulate(fleet)
    environment = workspace.environment(**simulator.env())

    with (workspace.folder / "log").open("w") as output:
        process = subprocess.Popen(
            ["ansible-playbook", BOOK, "-e", json.dumps({"compute_desk_offer_ids": A, **QUICK})],
            cwd=workspace.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            # Whoever runs the tests in the background may have them ignore it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        try:
            while shown not in (workspace.folder / "log").read_text() and process.poll() is None:
                time.sleep(0.2)
            os.killpg(process.pid, signal.SIGINT)
            code = process.wait(timeout=30)
            was_left_running = not is_gone(process.pid)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    assert code != 0
    assert not was_left_running


@pytest.mark.slow
def test_three_offers_that_come_one_after_the_other(
    workspace: Workspace, simulate: Simulate
) -> None:
    simulator = simulate(
        machines(A, one={}), later(machines(B, two={}), 10), later(machines(C, three={}), 22)
    )

    code, output = run(workspace, simulator)

    assert code == 0, last_lines(output, 60)
    assert output.count("PLAY [Configure the machines]") == 3
    marked = marked_at(simulator)
    assert marked["one"] < marked["two"] < marked["three"] - 6


@pytest.mark.slow
def test_localhost_can_be_a_machine_of_the_inventory(workspace: Workspace) -> None:
    python = f"ansible_python_interpreter={sys.executable}"
    hosts = f"[compute_desk]\nlocalhost ansible_connection=local {python}\n"
    (workspace.folder / "hosts.ini").write_text(hosts)
    write_role(workspace, "mark", {"ansible.builtin.debug": {"msg": "mine"}})
    options = {
        "compute_desk_roles": "mark",
        "instance_ready_cloud_init_timeout": 0,
        "instance_ready_package_lock_timeout": 0,
        **QUICK,
    }

    done = workspace.run("ansible-playbook", BOOK, "-i", "hosts.ini", "-e", json.dumps(options))

    assert done.returncode == 0, last_lines(done.stdout, 60)
    assert results(done.stdout) == {"localhost": "configured"}

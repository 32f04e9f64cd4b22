# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role instance_ready, over real ssh to machines that get ready late, badly or never."""

from __future__ import annotations

import re
import sys
import typing as t
from concurrent import futures
from pathlib import Path

import pytest
from support.workspace import Workspace, last_lines

from .ready_fleet import (
    Fleet,
    Simulate,
    cloud_init,
    held_lock,
    ssh_commands,
)
from .ways_to_be_ready import BAD, KINDS, MACHINES, unlocked


@pytest.mark.slow
def test_of_twenty_machines_the_bad_ones_are_named_and_the_others_go_on(
    workspace: Workspace, simulate: Simulate
) -> None:
    good: dict[str, dict[str, t.Any]] = {f"good{number}": {} for number in range(11)}
    good["late"] = {"ssh": {"up_after": 50}}
    good["keyless"] = {"ssh": {"key_after": 50}}
    good["stuttering"] = {"ssh": {"drop_first": 1}}
    good["booting"] = cloud_init("status: done", sleep=0.5)
    machines = {**{name: case[0] for name, case in BAD.items()}, **good}
    fleet = Fleet(workspace, simulate, machines, speed=1e-6)
    replaced, other = fleet.instances["replaced"], fleet.instances["good0"]
    name = f"[{replaced['host']}]:{replaced['port']}"
    (workspace.folder / "known_hosts").write_text(f"{name} {other['host_key']}\n")

    with futures.ThreadPoolExecutor() as pool:
        # The two that are late come up when both have been met as they were.
        pool.submit(fleet.jump_when, lambda: fleet.connections("keyless") > 1)
        outcome = fleet.get_ready()

    configured = [name for name, host in outcome.hosts.items() if host["configured"]]
    assert sorted(configured) == sorted(good), last_lines(outcome.output, 80)
    for name in good:
        result = outcome.hosts[name]["instance_ready_result"]
        assert (result["ok"], result["kind"], result["hint"]) == (True, None, None)
        assert result["message"].startswith("Ready after ")
        assert "instance_ready_failed" not in outcome.hosts[name]["group_names"]
        assert (outcome.recap(name, "failed"), outcome.recap(name, "changed")) == (0, 0)
    for name, (_machine, kind, sentence) in BAD.items():
        result = outcome.hosts[name]["instance_ready_result"]
        assert (result["ok"], result["kind"]) == (False, kind)
        told = f"{result['message']} {result['hint']}"
        assert re.match(sentence, told), told
        assert f"{kind}: {told}" in outcome.output.replace('\\"', '"'), told
        assert "instance_ready_failed" in outcome.hosts[name]["group_names"]
        assert (outcome.recap(name, "failed"), outcome.recap(name, "unreachable")) == (1, 0)
        assert outcome.recap(name, "changed") == 0
    # The second one does not go in: it tells ssh's own words from those of a machine.
    assert fleet.connections("replaced") == 2, "waiting is in vain"
    for name, beginning in (
        ("closed", "the connection was refused: nothing listens there ("),
        ("keyless", "permission denied: the machine answers, but rejects this user ("),
        ("keyless", "the machine answers ("),
    ):
        assert any(line.lower().startswith(beginning) for line in outcome.lines(name))
    assert "WARNING" not in outcome.output
    assert "DEPRECAT" not in outcome.output


def test_each_way_to_be_ready_or_not(
    workspace: Workspace, simulate: Simulate, tmp_path: Path
) -> None:
    looked = tmp_path / "looked"
    never = tmp_path / "never"
    fleet = Fleet(workspace, simulate, {**MACHINES, "unlocked": unlocked(looked)})
    del fleet.hosts["foreign"]["compute_desk_instance_id"]
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    fleet.hosts["here"] = {**here, "compute_desk_instance_id": "i-here"}
    fleet.hosts["herebut"] = {**fleet.hosts["here"], "instance_ready_install_python": True}
    with held_lock(tmp_path / "a", never) as lock, held_lock(tmp_path / "b", looked) as released:
        fleet.hosts["locked"]["lock_files"] = [str(lock)]
        fleet.hosts["unlocked"]["lock_files"] = [str(released)]
        outcome = fleet.get_ready(instance_ready_fail=False)

    results = {name: host["instance_ready_result"] for name, host in outcome.hosts.items()}
    assert {name: result["kind"] for name, result in results.items()} == KINDS, last_lines(
        outcome.output, 80
    )
    for name, kind in KINDS.items():
        assert results[name]["ok"] is (kind is None)
        assert bool(outcome.hosts[name]["configured"]) is (kind is None)
        assert ("instance_ready_failed" in outcome.hosts[name]["group_names"]) is bool(kind)
        assert outcome.recap(name, "failed") == 0, "that was the choice"
        assert outcome.recap(name, "changed") == (name in ("installed", "sudoer"))
    for name, result in results.items():
        assert {"message", "hint", "elapsed"} <= set(result), name
    messages = {name: result["message"] for name, result in results.items()}
    assert messages["hanging"].startswith("Cloud-init has not finished.")
    assert messages["gone"].startswith("The machine is shutting down.")
    assert any(line.startswith("the machine is shutting down") for line in outcome.lines("leaving"))
    assert messages["dropping"].startswith("The machine closed the connection: Connection ")
    assert re.match(r"There was no answer within \d s \(tried ", messages["stuck"])
    assert ssh_commands(fleet.instances["stuck"]["port"]) == [], "nothing is left over"
    assert messages["elsewhere"].startswith("There is no Python at /nonexistent/python, where ")
    assert messages["pythonless"].startswith("There is no Python at python3, where Ansible ")
    assert messages["factless"].startswith("The machine is ready, but its facts could not be ")
    assert messages["uninstallable"].endswith("Its installation failed: no mirror answers.")
    assert "it has no compute_desk_instance_id" in messages["foreign"]
    assert "its connection is local" in messages["herebut"]
    holder = r"he package manager is locked by unattended-upgr \(pid \d+\), which holds "
    assert re.match("T" + holder + re.escape(str(tmp_path / "a" / "lock")), messages["locked"])
    assert any(re.match("t" + holder, line) for line in outcome.lines("unlocked"))
    homes = {name: Path(entry["home"]) for name, entry in fleet.instances.items()}
    assert len((homes["sudoer"] / "sudo-was-used").read_text()) == 1, "for one command"
    statuses = {name: one.get("cloud_init", {}).get("status") for name, one in results.items()}
    assert statuses["done"] == statuses["rebooting"] == "done"
    assert statuses["locked"] == "absent"
    assert statuses["unasked"] is None
    elapsed = {name: result["elapsed"] for name, result in results.items()}
    assert min(elapsed.values()) >= 0 and min(elapsed["hanging"], elapsed["locked"]) >= 3
    warned = "[WARNING]: {}: cloud-init finished with {}: "
    flat = " ".join(outcome.output.split())
    assert warned.format("degraded", "recoverable errors") + "No template found {{ 6 * 7 }}" in flat
    assert warned.format("hidden", "recoverable errors") in flat
    assert warned.format("forgiven", "errors") in flat
    assert flat.count("[WARNING]") == 3
    assert "DEPRECAT" not in flat
    assert any(
        line.startswith("still waiting: cloud-init has not finished")
        for line in outcome.lines("hanging")
    )


@pytest.mark.slow
def test_the_second_run_changes_nothing(workspace: Workspace, simulate: Simulate) -> None:
    fleet = Fleet(workspace, simulate, {"one": cloud_init("status: done")})

    for _run in ("first", "second"):
        outcome = fleet.get_ready()

        assert outcome.hosts["one"]["instance_ready_result"]["ok"], last_lines(outcome.output)
        assert outcome.recap("one", "changed") == 0


@pytest.mark.slow
def test_the_deadline_is_one_for_all_however_few_forks_there_are(
    workspace: Workspace, simulate: Simulate
) -> None:
    dropping = {"ssh": {"behaviour": "drop"}}
    fleet = Fleet(workspace, simulate, {"first": dropping, "second": dropping, "good": {}})

    # In check mode, because that is no reason to look less.
    outcome = fleet.get_ready("-f", "1", "--check", instance_ready_timeout=8)

    # The time is nearly up before its turn comes. How nearly is a matter of how fast forks are.
    first, second = fleet.connections("first"), fleet.connections("second")
    assert 1 <= second <= first / 2, (first, second)
    assert outcome.hosts["second"]["instance_ready_result"]["kind"] == "unreachable"
    assert outcome.hosts["good"]["instance_ready_result"]["ok"], last_lines(outcome.output)


def test_every_module_refuses_a_host_with_forged_facts(play: t.Callable[..., t.Any]) -> None:
    modules = ("wait_for_instance", "machine_facts", "gpu_facts")
    forge = {"ansible.builtin.set_fact": {"compute_desk_roles": "evil", "cacheable": True}}

    played = play(
        forge, *({f"compute_desk.supply.{name}": {}, "register": name} for name in modules)
    )

    for name in modules:
        assert played.results[name]["failed"]
        assert played.results[name]["msg"].startswith("compute_desk_roles is among the facts of ")
    refused = played.results["wait_for_instance"]
    assert (refused["ok"], refused["kind"], refused["hint"]) == (False, "forged_facts", None)
    assert refused["message"] == refused["msg"]


def test_a_wrong_option_is_said_in_one_sentence(play: t.Callable[..., t.Any]) -> None:
    played = play(
        {"compute_desk.supply.wait_for_instance": {"timeout": "soon"}, "register": "value"},
        {"compute_desk.supply.wait_for_instance": {"timeouts": 3}, "register": "name"},
        {"compute_desk.supply.wait_for_instance": {"timeout": "nan"}, "register": "nan"},
        {"compute_desk.supply.wait_for_instance": {"began_at": "inf"}, "register": "never"},
        {"compute_desk.supply.wait_for_instance": {"progress_interval": 0}, "register": "often"},
        {"compute_desk.supply.machine_facts": {"timeout": -5}, "register": "facts"},
    )

    assert played.results["facts"]["msg"] == "timeout: must be at least 0 seconds, not -5"
    wrong = {"value": "timeout", "name": "timeouts", "nan": "timeout: ", "never": "began_at: "}
    for name, word in {**wrong, "often": "progress_interval: "}.items():
        assert played.results[name]["failed"]
        assert word in played.results[name]["msg"]
        assert (played.results[name]["ok"], played.results[name]["kind"]) == (False, "wrong_option")
    assert "Traceback" not in played.output

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sshd that comes up late, refuses, drops, denies, or changes its key, as the timeline says."""

from __future__ import annotations

import socket

# The clock stands still but for jumps.
FROZEN = {"speed": 1e-6}


def attempt(client, *more: str, key: str = "gpu-a") -> str:
    """What `ssh ... echo fine` says."""
    run = client.ssh("echo fine", "-oConnectTimeout=3", *more, key=key, text=True)
    return (run.stdout + run.stderr).strip()


def connects(machine: dict) -> bool:
    try:
        socket.create_connection((machine["host"], machine["port"]), timeout=30).close()
    except ConnectionRefusedError:
        return False
    return True


def test_ways_not_to_answer(simulate) -> None:
    behaviours = {
        "refuse": {"behaviour": "refuse"},
        "drop": {"behaviour": "drop"},
        "silent": {"behaviour": "silent"},
        "deny": {"behaviour": "deny"},
        "drop-first": {"drop_first": 2},
        "user": {"user": "ubuntu"},
    }
    identity = {"instance_id": "i", "instance_name": "n"}
    status = {"status": "running"}
    client = simulate(
        {
            "starts": "launch",
            "instances": {key: identity | {"ssh": ssh} for key, ssh in behaviours.items()},
            "timeline": [{"at": 0, "instances": dict.fromkeys(behaviours, status)}],
        }
    )
    assert "Connection refused" in attempt(client, key="refuse")
    for key in ("drop", "drop-first"):
        # OpenSSH 10 has no words for that any more, at this level of talking.
        said = attempt(client, key=key)
        others = ("fine", "refused", "timed out", "Permission denied")
        assert not [word for word in others if word in said]
        assert client.machine(key)["connections"] > 0
    assert "timed out" in attempt(client, key="silent")
    assert "Permission denied (publickey)" in attempt(client, key="deny")
    assert attempt(client, key="drop-first") != "fine"
    assert attempt(client, key="drop-first") == "fine"
    assert attempt(client, key="user") == "fine"
    run = client.ssh("echo ~ubuntu ~root", key="user", text=True)
    assert run.stdout.split() == [client.machine("user")["home"]] * 2


def test_up_late_and_down_between(simulate, running) -> None:
    client = simulate(running({"up_after": 10, "down_between": [[30, 60]]}), **FROZEN)
    assert client.get().json()["instances"][0]["ssh_command"]
    assert not connects(client.machine())
    client.simulator.jump(10)
    assert attempt(client) == "fine"
    client.simulator.jump(30)
    assert not connects(client.machine())
    client.simulator.jump(60)
    assert attempt(client) == "fine"
    assert client.machine()["connections"] == 2


def test_the_clock_alone_does_the_same(simulate, running) -> None:
    client = simulate(running({"up_after": 3000}), speed=1000)
    client.simulator.wait_for(lambda: client.machine()["listening"])
    assert attempt(client) == "fine"


def test_the_key_comes_late(simulate, running) -> None:
    client = simulate(running({"key_after": 30}), **FROZEN)
    assert "Permission denied" in attempt(client)
    client.simulator.jump(30)
    assert attempt(client) == "fine"


def test_the_host_key_changes(simulate, running, tmp_path) -> None:
    section = {"host_key": "changes", "host_key_changes_after": 30}
    client = simulate(running(section), **FROZEN)
    first = client.machine()["host_key"]
    address = f"[{client.machine()['host']}]:{client.machine()['port']}"
    (tmp_path / "known_hosts").write_text(f"{address} {first}\n")
    known = (f"-oUserKnownHostsFile={tmp_path}/known_hosts", "-oStrictHostKeyChecking=yes")
    assert attempt(client, *known) == "fine"
    client.simulator.jump(30)
    assert "Host key verification failed" in attempt(client, *known)
    (tmp_path / "known_hosts").write_text(f"{address} {client.machine()['host_key']}\n")
    assert attempt(client, *known) == "fine"


def test_a_machine_that_is_gone_takes_everything_along(simulate) -> None:
    gone = {"a": "terminated", "b": "STOPPED", "c": "preempted", "d": "error", "e": None}
    identity = {"instance_id": "i", "instance_name": "n"}
    entries = {key: status and {"status": status} for key, status in gone.items()}
    timeline = [
        {"at": 0, "instances": {key: {"status": "running"} for key in gone}},
        {"at": 10, "instances": entries},
        {"at": 20, "instances": {"a": {"status": "running"}}},
    ]
    instances = dict.fromkeys(gone, identity)
    client = simulate({"instances": instances, "timeline": timeline}, **FROZEN)
    client.get()
    work = "touch here; setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $!"
    pids = [int(client.ssh(work, key=key).stdout) for key in gone]
    client.simulator.jump(10)
    assert not any(connects(client.machine(key)) for key in gone)
    assert [i["external_ip"] for i in client.get().json()["instances"]] == [None] * 4
    client.simulator.wait_for(lambda: not any(map(exists, pids)))
    client.simulator.jump(20)
    assert client.ssh("ls", key="a").stdout == b"here\n"  # started again, not made anew


def test_a_machine_keeps_its_port_when_it_was_the_first_to_hang_up(simulate, running) -> None:
    offer = running() | {"timeline": [*running()["timeline"], {"at": 10, "instances": {}}]}
    offer["instances"]["gpu-a"]["ssh"] = {"behaviour": "drop"}
    offer["timeline"][-1]["instances"]["gpu-a"] = {"status": "terminated"}
    client = simulate(offer, **FROZEN)
    client.get()
    with socket.create_connection(
        (client.machine()["host"], client.machine()["port"]), timeout=30
    ) as connected:
        assert connected.recv(1) == b""  # the kernel remembers that end for a minute
    client.simulator.jump(10)
    assert not connects(client.machine())


def test_before_it_runs_there_is_nothing(simulate, running) -> None:
    offer = running()
    offer["timeline"] = [{"at": 0, "instances": {"gpu-a": {"status": "starting"}}}]
    client = simulate(offer)
    assert not connects(client.machine())
    assert client.get().json()["instances"][0]["external_ip"] is None


def test_it_listens_from_the_moment_the_api_says_so(simulate, running) -> None:
    client = simulate(running() | {"starts": "first_request"})
    assert not client.machine()["listening"]
    client.get()
    assert client.machine()["listening"] and connects(client.machine())


def exists(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return bool(file.read())
    except OSError:
        return False


def test_a_machine_has_its_own_host_key_and_the_same_in_every_run(simulate) -> None:
    identity = {"instance_id": "i", "instance_name": "n"}
    offer = {"instances": {"a": identity, "b": identity | {"instance_id": "j"}}}
    first, again = (simulate(offer) for _number in range(2))
    keys = {key: first.machine(key)["host_key"] for key in ("a", "b")}
    assert keys["a"] != keys["b"]
    assert keys == {key: again.machine(key)["host_key"] for key in ("a", "b")}

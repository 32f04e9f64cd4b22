# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts of the inventory plugin, used over real ssh."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

from simulator import Simulator
from support.workspace import Workspace, last_lines

from .main_job import BOOK, machines, summary
from .offers import A, B, C, ready_offer
from .sources import PLUGIN

Simulate = t.Callable[..., Simulator]


def ping(workspace: Workspace, environment: dict[str, str], offer_id: str) -> tuple[int, str]:
    """Ping the hosts of an offer; return the exit code and the output."""
    (workspace.folder / "offers.yml").write_text(json.dumps({"plugin": PLUGIN}))
    ssh = workspace.environment()["ANSIBLE_SSH_ARGS"]
    done = workspace.run(
        "ansible",
        "-i",
        "offers.yml",
        "compute_desk",
        "-m",
        "ansible.builtin.ping",
        "-e",
        "ansible_python_interpreter=auto_silent",
        # Each time a new connection, or the key would not be looked at.
        ANSIBLE_SSH_ARGS=ssh.replace("ControlMaster=auto", "ControlMaster=no"),
        **{**environment, "COMPUTE_DESK_OFFER_IDS": offer_id},
    )
    return done.returncode, done.stdout


def at(machine: dict[str, t.Any], offer_id: str, name: str) -> dict[str, t.Any]:
    """Return an offer whose machine of this name is at the address of a real one."""
    state = {
        "external_ip": machine["host"],
        "ssh_command": f"ssh -p {machine['port']} root@{machine['host']}",
    }
    paper = {"instance_id": f"i-{name}", "instance_name": name, "ssh": None}
    return ready_offer(offer_id, {"m": paper}, {"m": state})


def test_a_recycled_address_and_a_changed_key(workspace: Workspace, simulate: Simulate) -> None:
    behaviour = {"host_key": "changes", "host_key_changes_after": 30}
    real = simulate({**machines(C, m=behaviour), "starts": "launch"}, speed=1e-6)
    real.wait_for(lambda: real.instances()[0]["listening"])
    (machine,) = real.instances()
    api = simulate(at(machine, A, "first"), at(machine, B, "second"))
    environment = {**api.env(), "ANSIBLE_PRIVATE_KEY_FILE": str(real.private_key_file)}

    code, output = ping(workspace, environment, A)
    assert code == 0 and "first | SUCCESS" in output, last_lines(output)

    # Another machine, with a key of its own, gets the address.
    real.jump(30)
    real.wait_for(lambda: real.instances()[0]["host_key"] != machine["host_key"])
    code, output = ping(workspace, environment, B)
    assert code == 0 and "second | SUCCESS" in output, last_lines(output)

    # The first one is not met with the key of the other.
    code, output = ping(workspace, environment, A)
    assert code != 0 and "first | UNREACHABLE" in output
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in output


def test_a_folder_with_a_space(tmp_path: Path, simulate: Simulate) -> None:
    simulator = simulate({**machines(A, m={}), "starts": "launch"})
    simulator.wait_for(lambda: simulator.instances()[0]["listening"])
    folder = tmp_path / "a folder"
    folder.mkdir()

    with Workspace(folder) as workspace:
        code, output = ping(workspace, simulator.env(), A)

    assert code == 0, last_lines(output)
    assert (folder / "known_hosts").read_text().startswith("i-aaaa-m ")


def test_the_main_job_over_an_inventory(workspace: Workspace, simulate: Simulate) -> None:
    simulator = simulate(machines(A, one={}, two={"behaviour": "refuse"}), machines(B, three={}))
    (workspace.folder / "offers.yml").write_text(json.dumps({"plugin": PLUGIN}))

    done = workspace.run(
        "ansible-playbook",
        "-i",
        "offers.yml",
        BOOK,
        "-e",
        "instance_ready_timeout=3",
        **simulator.env(),
        COMPUTE_DESK_OFFER_IDS=f"{A},{B}",
    )

    rows = summary(done.stdout)
    assert done.returncode != 0
    assert {name: row.split()[-1] for name, row in rows.items() if "two" not in name} == {
        "one-iaaaaone": "ready",
        "three-bbbthree": "ready",
    }
    assert "FAILED" in rows["two-iaaaatwo"]
    # One answer for each offer, for the inventory; the job itself waits for nothing.
    assert len(simulator.requests()) == 2
    assert "offer" not in "".join(re.findall("WAITING.*", done.stdout))


def test_an_inventory_without_machines(workspace: Workspace, simulate: Simulate) -> None:
    (workspace.folder / "hosts.ini").write_text("other\n")

    done = workspace.run("ansible-playbook", "-i", "hosts.ini", BOOK)

    assert done.returncode != 0
    assert "Set compute_desk_offer_ids to the IDs of your offers" in done.stdout
    assert "or give an inventory" in done.stdout

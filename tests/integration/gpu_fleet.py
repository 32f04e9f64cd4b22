# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines with GPUs, and what the playbook for them has left."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from simulator import Simulator
from support.workspace import Workspace

from .offers import A, ready_offer, ssh_hosts

CHECKOUT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads(
    (CHECKOUT / "roles" / "gpu_verify" / "files" / "report.schema.json").read_text()
)

BOOK = "compute_desk.supply.verify"
Simulate = t.Callable[..., Simulator]

Commands = dict[str, dict[str, t.Any]]


class Fleet:
    """Machines that are up, an inventory of them, and what was played on them."""

    def __init__(
        self, workspace: Workspace, simulator: Simulator, variables: dict[str, dict[str, t.Any]]
    ) -> None:
        self.workspace = workspace
        self.simulator = simulator
        simulator.wait_for(lambda: all(one["listening"] for one in simulator.instances()))
        hosts = ssh_hosts(simulator)
        self.add({name: {**host, **variables.get(name, {})} for name, host in hosts.items()})

    def add(self, hosts: dict[str, dict[str, t.Any]]) -> None:
        """Write the inventory, with these hosts in the group that is the default."""
        inventory = {"all": {"children": {"compute_desk": {"hosts": hosts}}}}
        (self.workspace.folder / "hosts.json").write_text(json.dumps(inventory))
        self.hosts = hosts

    def verify(self, *options: str, **variables: t.Any) -> tuple[int, str]:
        """Run the playbook, and then one that keeps what it has left; return code and output."""
        kept = self.workspace.folder / "kept.json"
        kept.unlink(missing_ok=True)
        keep = {
            "content": "{{ {'groups': groups, 'reports': hostvars | dict2items"
            " | selectattr('value.gpu_verify_report', 'defined')"
            " | map(attribute='value.gpu_verify_report')} | to_json }}",
            "dest": str(kept),
            "mode": "0600",
        }
        book = [
            {"import_playbook": BOOK},
            {
                "hosts": "localhost",
                "gather_facts": False,
                "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
                "tasks": [{"ansible.builtin.copy": keep, "check_mode": False, "no_log": True}],
            },
        ]
        playbook = self.workspace.folder / "site.json"
        playbook.write_text(json.dumps(book))
        done = self.workspace.run(
            "ansible-playbook",
            *options,
            "-i",
            "hosts.json",
            str(playbook),
            "-e",
            json.dumps(variables),
            **self.simulator.env(),
            ANSIBLE_SHOW_CUSTOM_STATS="true",
        )
        return done.returncode, done.stdout

    def kept(self) -> dict[str, t.Any]:
        """Return the groups, and the reports by host."""
        kept = json.loads((self.workspace.folder / "kept.json").read_text())
        reports = {report["host"]: report for report in kept["reports"]}
        return {"groups": kept["groups"], "reports": reports}


@pytest.fixture
def fleet(workspace: Workspace, simulate: Simulate) -> t.Callable[..., Fleet]:
    """A function that starts machines: by name their commands, and variables of some."""

    def start(
        machines: dict[str, Commands], variables: dict[str, dict[str, t.Any]] | None = None
    ) -> Fleet:
        instances = {
            name: {"instance_id": f"i-{name}", "instance_name": name, "commands": commands}
            for name, commands in machines.items()
        }
        simulator = simulate({**ready_offer(A, instances), "starts": "launch"})
        return Fleet(workspace, simulator, variables or {})

    return start


def recap(output: str) -> dict[str, dict[str, int]]:
    """Return the counts at the end of a run by host."""
    lines = output[output.index("PLAY RECAP") :].splitlines()[1:]
    found = {}
    for line in lines:
        host, colon, counts = line.partition(" : ")
        if colon:
            pairs = (count.split("=") for count in counts.split())
            found[host.strip()] = {key: int(value) for key, value in pairs}
    return found


def custom_stats(output: str) -> dict[str, t.Any]:
    """Return the statistics of the run."""
    text = output[output.index("CUSTOM STATS") :]
    found: dict[str, t.Any] = json.JSONDecoder().raw_decode(text[text.index("{") :])[0]
    return found

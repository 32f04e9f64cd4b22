# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines that get ready or not, and what the role instance_ready found."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import typing as t
from dataclasses import dataclass
from pathlib import Path

from simulator import Simulator
from support.workspace import Workspace, last_lines

from .offers import A, ready_offer, ssh_hosts

Simulate = t.Callable[..., Simulator]
Machines = t.Mapping[str, t.Mapping[str, t.Any]]

ROLE = "compute_desk.supply.instance_ready"
COMMON = {"instance_ready_gather_subset": ["min"]}

# All machines share the locks of the package manager with the one that runs the tests, so files of
# the test stand in for them.
MODULE_DEFAULTS = {
    "compute_desk.supply.wait_for_instance": {
        "package_lock_files": "{{ lock_files | default([]) }}",
        "progress_interval": 1,
    }
}

SHORT = {"variables": {"instance_ready_timeout": 5}}


@dataclass(frozen=True)
class Outcome:
    """A playbook that ran: what it printed, and what it left on each host."""

    output: str
    hosts: dict[str, dict[str, t.Any]]

    def recap(self, host: str, key: str) -> int:
        """Return a number from the last lines of the output."""
        match = re.search(rf"^{host} .*\b{key}=(\d+)", self.output, re.MULTILINE)
        assert match, last_lines(self.output)
        return int(match[1])

    def lines(self, host: str) -> list[str]:
        """Return what was shown of the wait for a host."""
        return re.findall(rf" WAITING: \[{host}\]: (.*)$", self.output, re.MULTILINE)


class Fleet:
    """Machines of the simulator as hosts of an inventory, with variables of their own."""

    def __init__(
        self, workspace: Workspace, simulate: Simulate, machines: Machines, speed: float = 1
    ) -> None:
        instances = {
            name: {
                "instance_id": f"i-{name}",
                "instance_name": name,
                **{key: value for key, value in machine.items() if key != "variables"},
            }
            for name, machine in machines.items()
        }
        self._workspace = workspace
        self.simulator = simulate(
            {**ready_offer(A, instances), "starts": "launch"},
            speed=speed,
        )
        self.instances = {entry["key"]: entry for entry in self.simulator.instances()}
        hosts = ssh_hosts(self.simulator)
        self.hosts = {
            name: {
                **hosts[name],
                "compute_desk_instance_id": f"i-{name}",
                **machine.get("variables", {}),
            }
            for name, machine in machines.items()
        }

    def connections(self, name: str) -> int:
        """Return how often somebody has connected to a machine."""
        counts = {entry["key"]: entry["connections"] for entry in self.simulator.instances()}
        return int(counts[name])

    def jump_when(self, condition: t.Callable[[], bool]) -> None:
        """Let the machines be what they will be at last, once the condition is true."""
        self.simulator.wait_for(condition)
        self.simulator.jump(1000)

    def get_ready(self, *options: str, **variables: t.Any) -> Outcome:
        """Run the role on all hosts, then a task on those that are left; return the outcome."""
        folder = self._workspace.folder
        inventory, book, saved = folder / "hosts.json", folder / "ready.yml", folder / "saved.json"
        inventory.write_text(json.dumps({"all": {"hosts": self.hosts, "vars": COMMON}}))
        book.write_text(json.dumps(_book(saved)))
        saved.unlink(missing_ok=True)
        done = self._workspace.run(
            "ansible-playbook",
            "-i",
            str(inventory),
            str(book),
            "-f",
            "20",
            *options,
            "-e",
            json.dumps(variables),
            timeout=300,
            **self.simulator.env(),
        )
        assert saved.exists(), last_lines(done.stdout, 60)
        return Outcome(done.stdout, json.loads(saved.read_text()))


def _book(saved: Path) -> list[dict[str, t.Any]]:
    """Return the playbook, whose second play writes down what the first one left."""
    configure = {"ansible.builtin.set_fact": {"configured": "{{ ansible_facts.system }}"}}
    names = ["instance_ready_result", "configured", "group_names"]
    parts = [f"'{name}': v.{name} | default(none)" for name in names]
    collect = (
        "{% set found = {} %}{% for name in groups.all if name != 'localhost' %}"
        "{% set v = hostvars[name] %}"
        "{% set ignored = found.update({name: {" + ", ".join(parts) + "}}) %}"
        "{% endfor %}{{ found | to_json }}"
    )
    copy = {"content": collect, "dest": str(saved), "mode": "0600"}
    return [
        {
            "hosts": "all",
            "gather_facts": False,
            "module_defaults": MODULE_DEFAULTS,
            "roles": [ROLE],
            "tasks": [{**configure, "when": "instance_ready_result.ok"}],
        },
        {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "tasks": [{"ansible.builtin.copy": copy, "check_mode": False, "no_log": True}],
        },
    ]


@contextlib.contextmanager
def held_lock(folder: Path, until: Path) -> t.Iterator[Path]:
    """Hold a lock in a process called unattended-upgr, until a file appears or the test ends."""
    program, lock = folder / "unattended-upgr", folder / "lock"
    folder.mkdir()
    program.write_text(
        f"#!{sys.executable}\n"
        "import fcntl, os, sys, time\n"
        "lock = open(sys.argv[1], 'w')\n"
        "fcntl.lockf(lock, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "while not os.path.exists(sys.argv[2]):\n"
        "    time.sleep(0.05)\n"
    )
    program.chmod(0o700)
    with subprocess.Popen(
        [str(program), str(lock), str(until)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "held\n"
            yield lock
        finally:
            process.kill()


def ssh_commands(port: int) -> list[bytes]:
    """Return the command lines of ssh that run and lead to a port."""
    commands = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            commands.append(file.read_bytes())
    return [command for command in commands if b"\0Port=%d\0" % port in command]


def cloud_init(*lines: str, **reply: t.Any) -> dict[str, t.Any]:
    """Return a machine whose cloud-init says this when it is asked to wait, and nothing else."""
    asked = {"args": "status --wait --long", "stdout": "\n".join(["", *lines, ""]), **reply}
    return {"commands": {"cloud-init": {"rc": 99, "answers": [asked]}}}

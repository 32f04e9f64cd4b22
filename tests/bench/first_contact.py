# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How soon new machines are configured, beside a play as it is commonly written.

Run by ``make bench``. The first part is what the first look at many machines costs where all of
them answer. The second is a race: both sides get the same machines, some of which never answer, the
same number of forks, the same time limit, and the same role, which marks a machine as configured.
Each has its own simulator. Seconds depend on how fast this computer plays the machines; the ratios
of one run do so less.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import statistics
import sys
import tempfile
import threading
import typing as t
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ansible.release import __version__ as ansible_core
from bench.measured import Measured, measured
from simulator import Simulator
from support.workspace import Workspace

OFFER = "11111111-1111-4111-8111-111111111111"
LATE = 30
"""Seconds after which the late machine listens."""

SILENT: dict[str, t.Any] = {"behaviour": "silent"}
REFUSES: dict[str, t.Any] = {"behaviour": "refuse"}
STRANGE = [SILENT, REFUSES, SILENT, {"up_after": LATE}, SILENT, REFUSES, SILENT]
"""Those that are not there at once, evenly among the others, in this order."""
LOST = sum("behaviour" in ssh for ssh in STRANGE)
"""How many of them never come."""

SUBSET = ["min"]
"""Few facts, because here all machines share the CPUs of one."""
MARK = "configured"


@dataclass(frozen=True)
class Figures:
    """Seconds until the first, the median and the last good machine is configured, and in total."""

    first: float
    median: float
    last: float
    total: float

    @classmethod
    def of(cls, configured: t.Sequence[float], began: float, total: float) -> Figures:
        """Return them for the times when machines were configured."""
        since = [time - began for time in configured]
        return cls(min(since), statistics.median(since), max(since), total)

    def ratios(self, other: Figures) -> dict[str, float]:
        """Return by how much these are longer than the others."""
        theirs = asdict(other)
        return {name: seconds / theirs[name] for name, seconds in asdict(self).items()}

    def __str__(self) -> str:
        return ", ".join(f"{name} {seconds:.1f} s" for name, seconds in asdict(self).items())


def fleet(machines: int) -> dict[str, t.Any]:
    """Return the timeline of an offer that is ready, with so many machines."""
    apart = machines / len(STRANGE)
    strange = {int(apart * (place + 0.5)): ssh for place, ssh in enumerate(STRANGE)}
    instances = {
        f"node-{number:02}": {
            "instance_id": f"i-{number:04}",
            "instance_name": f"node-{number:02}",
            "ssh": strange.get(number, {}),
        }
        for number in range(machines)
    }
    ready = {
        "at": 0,
        "status": "procured",
        "procurement_status": "ready",
        "instances": {name: {"status": "running"} for name in instances},
    }
    return {"offers": [{"offer_id": OFFER, "instances": instances, "timeline": [ready]}]}


def ours(_folder: Path, timeout: int) -> list[str]:
    """Return the command of the main job."""
    variables = {
        "compute_desk_offer_ids": [OFFER],
        "compute_desk_together": "none",
        "compute_desk_gpu_verify": False,
        "compute_desk_roles": ["mark"],
        "instance_ready_timeout": timeout,
        "instance_ready_gather_subset": SUBSET,
    }
    return ["ansible-playbook", "compute_desk.supply.configure", "-e", json.dumps(variables)]


def common(folder: Path, timeout: int) -> list[str]:
    """Write the play as it is commonly written, and return the command."""
    source = {"plugin": "compute_desk.supply.instances", "offer_ids": [OFFER]}
    play = {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {"ansible.builtin.wait_for_connection": {"timeout": timeout}},
            {"ansible.builtin.setup": {"gather_subset": SUBSET}},
            {"ansible.builtin.include_role": {"name": "mark"}},
        ],
    }
    (folder / "offers.yml").write_text(json.dumps(source))
    (folder / "play.yml").write_text(json.dumps([play]))
    return ["ansible-playbook", "-i", "offers.yml", "play.yml"]


Side = t.Callable[[Path, int], list[str]]
SIDES: dict[str, Side] = {"configure": ours, "wait_for_connection": common}


def race(side: Side, machines: int, forks: int, timeout: int) -> Figures:
    """Return how one side does. Ends the program if it does not configure all good machines."""
    with (
        tempfile.TemporaryDirectory() as name,
        Workspace(Path(name)) as workspace,
        Simulator(fleet(machines)) as simulator,
    ):
        tasks = workspace.folder / "roles" / "mark" / "tasks"
        tasks.mkdir(parents=True)
        # The machines have the clock of this one, so the file says when.
        (tasks / "main.yml").write_text(json.dumps([{"ansible.builtin.shell": f"touch ~/{MARK}"}]))
        took = measured(
            workspace,
            *side(workspace.folder, timeout),
            **simulator.env(),
            ANSIBLE_FORKS=str(forks),
            ANSIBLE_ROLES_PATH=str(tasks.parents[1]),
            ANSIBLE_PYTHON_INTERPRETER="auto_silent",
        )
        marks = [Path(machine["home"]) / MARK for machine in simulator.instances()]
        configured = [mark.stat().st_mtime for mark in marks if mark.exists()]
    if len(configured) != machines - LOST:
        sys.exit(f"{took.output[-4000:]}\n{len(configured)} machines are configured.")
    return Figures.of(configured, took.began, took.seconds)


def compare(machines: int, forks: int, timeout: int) -> None:
    """Print how soon the machines are configured."""
    print(
        f"first contact with {machines} machines, of which {STRANGE.count(SILENT)} are silent, "
        f"{STRANGE.count(REFUSES)} refuse, 1 is late by {LATE} s; "
        f"forks {forks}, limit {timeout} s, facts {SUBSET}, load {os.getloadavg()[0]:.1f}:",
        flush=True,
    )
    figures = {}
    for name, side in SIDES.items():
        figures[name] = race(side, machines, forks, timeout)
        print(f"  {name}: {figures[name]}", flush=True)
    ratios = figures["wait_for_connection"].ratios(figures["configure"])
    shown = ", ".join(f"{name} {ratio:.1f}" for name, ratio in ratios.items())
    print(f"  wait_for_connection / configure = {shown}", flush=True)


@contextlib.contextmanager
def greeter() -> t.Iterator[int]:
    """Greet as an SSH server at all loopback addresses; gives the port."""

    def greet() -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _address = server.accept()
                with caller:
                    caller.sendall(b"SSH-2.0-greeter\r\n")

    with socket.socket() as server:
        server.bind(("0.0.0.0", 0))
        server.listen(1024)
        threading.Thread(target=greet, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            # Closing alone would not wake up the thread.
            server.shutdown(socket.SHUT_RDWR)


def look(machines: int) -> dict[str, Measured]:
    """Return what a look at so many machines takes, and what a play takes that does nothing."""
    found = {
        "compute_desk.supply.wait_for_machines": {"hosts": "compute_desk", "together": "none"},
        "register": "found",
    }
    asserted = {"ansible.builtin.assert": {"that": f"found.hosts | length == {machines}"}}
    nothing = {"ansible.builtin.debug": {"msg": "nothing"}}
    plays = {"wait_for_machines": [found, asserted], "debug": [nothing, nothing]}
    taken = {}
    with (
        tempfile.TemporaryDirectory() as name,
        Workspace(Path(name)) as workspace,
        greeter() as port,
    ):
        hosts = {
            f"m{number}": {
                "ansible_host": f"127.1.{number // 250}.{number % 250 + 1}",
                "ansible_port": port,
            }
            for number in range(machines)
        }
        (workspace.folder / "hosts.json").write_text(
            json.dumps({"compute_desk": {"hosts": hosts}}),
        )
        for name, tasks in plays.items():
            play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
            (workspace.folder / "play.yml").write_text(json.dumps([play]))
            taken[name] = measured(workspace, "ansible-playbook", "-i", "hosts.json", "play.yml")
            if taken[name].code != 0:
                sys.exit(taken[name].output[-4000:])
    return taken


def main() -> None:
    """Print both parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--machines", type=int, default=40)
    parser.add_argument("--forks", type=int, default=5)
    parser.add_argument(
        "--timeout", type=int, default=120, help="seconds; more than the late one needs"
    )
    parser.add_argument("--look", type=int, default=1000, help="machines of the second part")
    options = parser.parse_args()
    print(f"ansible-core {ansible_core}, Python {sys.version.split()[0]}")
    taken = look(options.look)
    print(f"a look at {options.look} machines that all answer, load {os.getloadavg()[0]:.1f}:")
    for name, took in taken.items():
        print(f"  {name}: {took.seconds:.2f} s, CPU {took.cpu:.2f} s, {took.megabytes:.0f} MiB")
    ratio = taken["wait_for_machines"].seconds / taken["debug"].seconds
    print(f"  wait_for_machines / debug = {ratio:.2f}", flush=True)
    compare(options.machines, options.forks, options.timeout)


if __name__ == "__main__":
    main()

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast the inventory plugin is beside the same hosts in a static file, as ratios of one run.

Run by ``make bench``. Every side is a whole ``ansible-inventory --list``; fresh, cached and static
alternate, and the medians are compared. Seconds and memory are printed for orientation only.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from simulator import Simulator
from support.workspace import Workspace

CACHE = {
    "cache": True,
    "cache_plugin": "ansible.builtin.jsonfile",
    "cache_connection": "cache",
}

_MEASURED = (
    "import resource, subprocess, sys;"
    "code = subprocess.call(sys.argv[2:], stdout=open(sys.argv[1], 'wb'));"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss);"
    "sys.exit(code)"
)


def offer(number: int, machines: int) -> dict[str, t.Any]:
    """Return an offer that is ready, with so many machines."""
    names = [f"node-{number}-{machine}" for machine in range(machines)]
    tails = [f"{machine // 250}.{machine % 250 + 1}" for machine in range(machines)]
    network = f"100.{64 + number % 64}"
    running = {
        name: {
            "status": "running",
            "external_ip": f"{network}.{tail}",
            "internal_ip": f"10.{number % 250}.{tail}",
            "ssh_command": f"ssh -p 2222 ubuntu@{network}.{tail}",
        }
        for name, tail in zip(names, tails, strict=True)
    }
    ready = {
        "at": 0,
        "status": "procured",
        "procurement_status": "ready",
        "instances": running,
    }
    return {
        "offer_id": f"{number:08x}-0000-4000-8000-000000000000",
        "instances": {
            name: {
                "instance_id": f"i-{number:04d}{machine:06d}",
                "instance_name": name,
                "zone": f"eu-west-{number % 3}",
                "ssh": None,
            }
            for machine, name in enumerate(names)
        },
        "timeline": [ready],
    }


class Sides:
    """The sources to compare, in one folder, for one simulator."""

    def __init__(self, workspace: Workspace, simulator: Simulator) -> None:
        self._workspace = workspace
        self._environment = simulator.env()
        self._write("fresh.yml", self._source(simulator))
        self._write("cached.yml", {**self._source(simulator), **CACHE})
        listed = json.loads(self.listing("cached.yml"))
        hosts = listed["_meta"]["hostvars"]
        groups = {
            name: {"hosts": dict.fromkeys(group["hosts"])}
            for name, group in listed.items()
            if name not in ("_meta", "all") and "hosts" in group
        }
        self._write("static.json", {"all": {"hosts": hosts, "children": groups}})
        self.hosts = len(hosts)

    @staticmethod
    def _source(simulator: Simulator) -> dict[str, t.Any]:
        return {"plugin": "compute_desk.supply.instances", "offer_ids": simulator.offer_ids}

    def _write(self, name: str, content: t.Any) -> None:
        (self._workspace.folder / name).write_text(json.dumps(content))

    def listing(self, source: str) -> str:
        """Return what ``ansible-inventory --list`` prints, and keep what it took."""
        output = self._workspace.folder / "listing.json"
        command = ["ansible-inventory", "-i", source, "--list"]
        began = time.perf_counter()
        done = self._workspace.run(
            sys.executable,
            "-c",
            _MEASURED,
            str(output),
            *command,
            timeout=600,
            ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true",
            **self._environment,
        )
        self.seconds = time.perf_counter() - began
        if done.returncode != 0:
            sys.exit(done.stdout)
        self.megabytes = int(done.stdout.split()[-1]) / 1024
        return output.read_text()


def compare(offers: int, machines: int, rounds: int) -> dict[str, float]:
    """Print the comparison for so many machines, and return the medians."""
    times: dict[str, list[float]] = {"static.json": [], "fresh.yml": [], "cached.yml": []}
    memory: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        Workspace(Path(folder)) as workspace,
        Simulator({"offers": [offer(number, machines) for number in range(offers)]}) as simulator,
    ):
        sides = Sides(workspace, simulator)
        listings = set()
        for _number in range(rounds):
            for source, taken in times.items():
                listing = sides.listing(source)
                if source != "static.json":
                    listings.add(listing)
                taken.append(sides.seconds)
                memory[source] = sides.megabytes
        same = "the same" if len(listings) == 1 else "NOT the same"
    medians = {source: statistics.median(taken) for source, taken in times.items()}
    print(f"{sides.hosts} hosts of {offers} offers, {same} listing fresh and cached:")
    for source, median in medians.items():
        ratio = median / medians["static.json"]
        print(f"  {source:12} {ratio:.2f} of static ({median:.2f} s, {memory[source]:.0f} MiB)")
    return medians


def main() -> None:
    """Print how the sides compare, and how the cost of a host grows with their number."""
    rounds = int(os.environ.get("ROUNDS", "3"))
    compare(100, 100, rounds)
    small, large = compare(10, 100, rounds), compare(500, 100, 1)
    ansible_inventory = Path(sys.executable).with_name("ansible-inventory")
    # What does not depend on the number of hosts is the start of Python and Ansible.
    idle = min(
        _seconds([str(ansible_inventory), "-i", "localhost,", "--list"])
        for _number in range(rounds)
    )
    for source in ("fresh.yml", "cached.yml"):
        ratio = ((large[source] - idle) / 50000) / ((small[source] - idle) / 1000)
        print(f"  {source:12} cost of a host among 50000 / among 1000 = {ratio:.2f}")


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()

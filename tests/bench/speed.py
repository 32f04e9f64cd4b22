# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast offer_status is beside what Ansible brings, as ratios measured in one run.

Run by ``make bench``. All variants ask the same simulator, in playbooks of one play, in turns; the
medians are compared. CPU time is that of the whole run with its children: on a busy machine it is
the better figure.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ansible.release import __version__ as ansible_core
from bench.measured import measured
from simulator import Simulator
from support.workspace import Workspace

Task = dict[str, t.Any]

CHANGES = 10
"""How often the offer of the wait changes."""


def offer(number: int, latency: float = 0, wait: float = 0) -> dict[str, t.Any]:
    """Return an offer behind an API that takes its time; ready at once, or after a wait."""
    steps = [
        {"at": wait * step / CHANGES, "procurement_status": "provisioning", "progress": f"{step}"}
        for step in range(CHANGES if wait else 0)
    ]
    ready = {
        "at": wait,
        "procurement_status": "ready",
        "instances": {"m": {"status": "running", "external_ip": "203.0.113.7"}},
    }
    first, *others = [*steps, ready]
    return {
        "offer_id": f"{number:08x}-0000-4000-8000-000000000000",
        "instances": {"m": {"instance_id": f"i-{number:08d}", "instance_name": "m", "ssh": None}},
        "timeline": [{"status": "procured", **first}, *others],
        "faults": [{"requests": "all", "kind": "latency", "seconds": latency}] if latency else [],
    }


def module_task(ids: list[str], interval: float = 15) -> Task:
    """Return the task with our module."""
    return {
        "compute_desk.supply.offer_status": {
            "offer_ids": ids,
            "wait": True,
            "poll_interval": interval,
        }
    }


def uri_task(ids: list[str], interval: float = 15) -> Task:
    """Return the task that does the same with what Ansible brings: read, and try until ready."""
    return {
        "ansible.builtin.uri": {
            "url": "{{ lookup('env', 'COMPUTE_DESK_API_URL') }}/offers/{{ item }}/status",
            "headers": {"Authorization": "Bearer {{ lookup('env', 'COMPUTE_DESK_API_TOKEN') }}"},
            "return_content": True,
        },
        "loop": ids,
        "register": "answer",
        "until": "answer.json.procurement_status == 'ready'",
        "retries": 1000,
        "delay": interval,
    }


def debug_task(_ids: list[str], _interval: float = 15) -> Task:
    """Return a task that does nothing."""
    return {"ansible.builtin.debug": {"msg": "nothing"}}


VARIANTS = {"offer_status": module_task, "uri": uri_task, "debug": debug_task}


@dataclass
class Figures:
    """What the rounds of one variant took, in seconds."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{statistics.median(self.wall):.2f} s, CPU {statistics.median(self.cpu):.2f} s"


def play(workspace: Workspace, simulator: Simulator, task: Task, figures: Figures) -> None:
    """Run a playbook with this one task, and note what it took."""
    book = [{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]
    (workspace.folder / "play.yml").write_text(json.dumps(book))
    took = measured(workspace, "ansible-playbook", "play.yml", **simulator.env())
    if took.code != 0:
        sys.exit(took.output[-4000:])
    figures.wall.append(took.seconds)
    figures.cpu.append(took.cpu)


def measure(
    names: t.Sequence[str],
    rounds: int,
    offers: int = 1,
    latency: float = 0,
    wait: float = 0,
    interval: float = 15,
) -> dict[str, Figures]:
    """Return the figures of these variants, played in turns."""
    figures = {name: Figures() for name in names}
    with tempfile.TemporaryDirectory() as folder, Workspace(Path(folder)) as workspace:
        for _round in range(rounds):
            for name in names:
                # A new one each time: the timeline of an offer begins with its simulator.
                with Simulator(
                    {"offers": [offer(number, latency, wait) for number in range(offers)]}
                ) as simulator:
                    task = VARIANTS[name](simulator.offer_ids, interval)
                    play(workspace, simulator, task, figures[name])
    return figures


def compare(title: str, figures: dict[str, Figures], *pairs: tuple[str, str, str]) -> None:
    """Print what was measured, and the ratios that are asked for, with their targets."""
    print(f"{title}:", *(f"  {name}: {found}" for name, found in figures.items()), sep="\n")
    for one, other, target in pairs:
        wall, cpu = (
            statistics.median(getattr(figures[one], unit))
            / statistics.median(getattr(figures[other], unit))
            for unit in ("wall", "cpu")
        )
        print(f"  {one} / {other} = {wall:.2f}, CPU {cpu:.2f} (target: {target})")
    sys.stdout.flush()


def main() -> None:
    """Print the comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--offers", type=int, default=100)
    parser.add_argument("--wait", type=float, default=60, help="seconds")
    options = parser.parse_args()
    print(f"ansible-core {ansible_core}, Python {sys.version.split()[0]}")
    compare(
        "one offer that is ready",
        measure(["debug", "offer_status", "uri"], options.rounds),
        ("offer_status", "debug", "at most 1.15"),
        ("offer_status", "uri", "at most 0.80"),
    )
    compare(
        f"{options.offers} offers, 50 ms each",
        measure(["uri", "offer_status"], 1, options.offers, latency=0.05),
        ("uri", "offer_status", "at least 20"),
    )
    compare(
        f"a wait of {options.wait:g} s with {CHANGES} changes",
        measure(["offer_status", "uri"], 1, wait=options.wait, interval=max(1, options.wait / 30)),
        ("offer_status", "uri", "CPU below 1"),
    )


if __name__ == "__main__":
    main()

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast the module is beside ansible.builtin.uri, as ratios measured in one run.

Run by ``make bench``. Both sides ask the same simulator, in playbooks of one play, alternately;
the medians are compared. Seconds are printed for orientation only: machines differ and are noisy.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
import typing as t
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from simulator import Simulator  # noqa: E402 - needs the path above
from support.workspace import Workspace, last_lines  # noqa: E402 - likewise


def offer(number: int, latency: float) -> dict[str, t.Any]:
    """Return an offer that is ready, behind an API that takes its time."""
    ready = {
        "at": 0,
        "status": "procured",
        "procurement_status": "ready",
        "instances": {"m": {"status": "running", "external_ip": "203.0.113.7"}},
    }
    return {
        "offer_id": f"{number:08x}-0000-4000-8000-000000000000",
        "instances": {"m": {"instance_id": f"i-{number:08d}", "instance_name": "m", "ssh": None}},
        "timeline": [ready],
        "faults": [{"requests": "all", "kind": "latency", "seconds": latency}] if latency else [],
    }


def module_task(ids: list[str]) -> dict[str, t.Any]:
    """Return the task with our module."""
    return {"compute_desk.supply.offer_status": {"offer_ids": ids, "wait": True}}


def uri_task(ids: list[str]) -> dict[str, t.Any]:
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
        "retries": 60,
        "delay": 15,
    }


def seconds(workspace: Workspace, simulator: Simulator, task: dict[str, t.Any]) -> float:
    """Return how long a playbook with this one task takes."""
    book = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "tasks": [task],
        }
    ]
    (workspace.folder / "play.yml").write_text(json.dumps(book))
    began = time.perf_counter()
    done = workspace.run("ansible-playbook", "play.yml", timeout=600, **simulator.env())
    took = time.perf_counter() - began
    if done.returncode != 0:
        sys.exit(last_lines(done.stdout))
    return took


def compare(offers: int, latency: float, rounds: int) -> tuple[float, float]:
    """Return the medians of uri and of the module."""
    scripts = [offer(number, latency) for number in range(offers)]
    times: dict[str, list[float]] = {"uri": [], "module": []}
    with (
        tempfile.TemporaryDirectory() as folder,
        Workspace(Path(folder)) as workspace,
        Simulator({"offers": scripts}) as simulator,
    ):
        ids = simulator.offer_ids
        for _number in range(rounds):
            times["uri"].append(seconds(workspace, simulator, uri_task(ids)))
            times["module"].append(seconds(workspace, simulator, module_task(ids)))
    return statistics.median(times["uri"]), statistics.median(times["module"])


def main() -> None:
    """Print the two comparisons."""
    uri, module = compare(offers=1, latency=0, rounds=9)
    print(
        f"one offer that is ready: module / uri = {module / uri:.2f} ({module:.2f} s, {uri:.2f} s)"
    )
    uri, module = compare(offers=100, latency=0.05, rounds=1)
    ratio = f"uri / module = {uri / module:.1f}"
    print(f"a hundred offers, 50 ms each: {ratio} ({uri:.1f} s, {module:.1f} s)")


if __name__ == "__main__":
    main()

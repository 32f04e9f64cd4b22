# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files in examples/playbooks run as their heads say, and leave bad machines out."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from simulator import Simulator
from support.workspace import Workspace, last_lines

from .main_job import machines
from .offers import A

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "playbooks"
NAMES = sorted(path.name for path in EXAMPLES.iterdir())
CLOSED = {"behaviour": "refuse"}

Simulate = t.Callable[..., Simulator]


def run(workspace: Workspace, simulator: Simulator, name: str, *arguments: str) -> tuple[int, str]:
    """Type the command in the head of an example; return its exit code and output."""
    (workspace.folder / "offers.yml").write_text("plugin: compute_desk.supply.instances\n")
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    command = re.findall(r"^#   (ansible-playbook .+)$", text, re.MULTILINE)
    assert len(command) == 1
    words = command[0].replace(name, str(EXAMPLES / name)).split()
    offer_id = simulator.offer_ids[0]
    words = [re.sub(r"(?<=compute_desk_offer_ids=).*", offer_id, word) for word in words]
    done = workspace.run(
        *words,
        *arguments,
        **simulator.env(),
        COMPUTE_DESK_OFFER_IDS=offer_id,
    )
    return done.returncode, done.stdout


def task(output: str, name: str) -> str:
    """Return what a task has printed; nothing if it was not started."""
    return output.partition(f"TASK [{name}]")[2].partition("\n\n")[0]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_short_and_its_head_says_how_to_run_it(name: str) -> None:
    lines = (EXAMPLES / name).read_text(encoding="utf-8").splitlines()

    assert len(lines) <= 40
    head = lines[4 : next(number for number, line in enumerate(lines) if line.startswith("- "))]
    assert any(name in line for line in head)


@pytest.mark.parametrize(
    "name", [NAMES[0], *(pytest.param(name, marks=pytest.mark.slow) for name in NAMES[1:])]
)
def test_it_runs(workspace: Workspace, simulate: Simulate, name: str) -> None:
    simulator = simulate(machines(A, one={}, two={}))

    code, output = run(workspace, simulator, name)

    assert code == 0, last_lines(output, 60)
    assert output.count("unreachable=0    failed=0") >= 2
    assert "[WARNING]" not in output


@pytest.mark.slow
def test_ones_own_play_has_only_good_machines(workspace: Workspace, simulate: Simulate) -> None:
    offer = machines(A, one={}, two=CLOSED, three={})
    # It answers, but has no GPU.
    del offer["instances"]["three"]["commands"]

    code, output = run(
        workspace, simulate(offer), "own_play_after.yml", "-e", "instance_ready_timeout=1"
    )

    assert code == 2, last_lines(output, 60)
    assert re.findall(r"^\w+: \[(\w+)-", task(output, "Say hello"), re.MULTILINE) == ["one"]


@pytest.mark.slow
def test_a_cluster_is_made_of_all_machines(workspace: Workspace, simulate: Simulate) -> None:
    code, output = run(
        workspace, simulate(machines(A, one={}, two={}, three={})), "cluster_of_one_offer.yml", "-v"
    )

    assert code == 0, last_lines(output, 60)
    first = re.findall(r"^changed: \[(.+?)\]", task(output, "Start on the first"), re.MULTILINE)
    joined = re.findall(r"^changed: \[(.+?)\]", task(output, "Join the first"), re.MULTILINE)
    assert len(first) == 1 and len(joined) == 2
    assert set(first).isdisjoint(joined)
    assert "with Put the command here" in task(output, "Join the first")


@pytest.mark.slow
@pytest.mark.parametrize("bad", ["closed", "without a GPU"])
def test_no_cluster_is_made_if_a_machine_is_bad(
    workspace: Workspace, simulate: Simulate, bad: str
) -> None:
    offer = machines(A, one={}, two=CLOSED if bad == "closed" else {})
    if bad != "closed":
        del offer["instances"]["two"]["commands"]

    code, output = run(
        workspace, simulate(offer), "cluster_of_one_offer.yml", "-e", "instance_ready_timeout=1"
    )

    assert code == 2, last_lines(output, 60)
    assert "TASK [Start on the first]" not in output

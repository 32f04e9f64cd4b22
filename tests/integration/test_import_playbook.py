# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job within a playbook of the user's own."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from simulator import Simulator
from support.workspace import Workspace, last_lines

from .main_job import BOOK, machines, summary, write_role
from .offers import A, B

Simulate = t.Callable[..., Simulator]

QUICK = {
    "compute_desk_poll_interval": 1,
    "compute_desk_gpu_verify": False,
    "instance_ready_gather_subset": ["min"],
}


def run(
    workspace: Workspace, simulator: Simulator, *runs: dict[str, t.Any]
) -> tuple[int, str, list[str]]:
    """Run the main job once for each of these variables; return the machines with a mark, too."""
    write_role(
        workspace,
        "mark",
        {"ansible.builtin.copy": {"content": "", "dest": "marker", "mode": "0644"}},
    )
    book = [{"import_playbook": BOOK, "vars": {**QUICK, **variables}} for variables in runs]
    (workspace.folder / "own.yml").write_text(json.dumps(book))
    done = workspace.run("ansible-playbook", "own.yml", **simulator.env())
    marked = [one["key"] for one in simulator.instances() if Path(one["home"], "marker").exists()]
    return done.returncode, done.stdout, sorted(marked)


def test_variables_may_come_with_the_import(workspace: Workspace, simulate: Simulate) -> None:
    simulator = simulate(machines(A, one={}))
    variables = {"compute_desk_offer_ids": A, "compute_desk_roles": "{{ ['mark'] }}"}

    code, output, marked = run(workspace, simulator, variables)

    assert (code, marked) == (0, ["one"]), last_lines(output, 60)
    assert [row.split("  ")[-1].strip() for row in summary(output).values()] == ["configured"]
    assert "No role is named" not in output


@pytest.mark.slow
def test_the_summary_goes_by_variables_of_the_import(
    workspace: Workspace, simulate: Simulate
) -> None:
    # Its only GPU is not what is expected, which fails no machine.
    simulator = simulate(machines(A, one={}))
    variables = {
        "compute_desk_offer_ids": A,
        "compute_desk_roles": "mark",
        "compute_desk_gpu_verify": True,
        "gpu_verify_expected_count": 8,
        "gpu_verify_fail": False,
    }

    code, output, marked = run(workspace, simulator, variables)

    assert (code, marked) == (0, ["one"]), last_lines(output, 60)


def test_a_misspelled_variable_of_the_import_is_found(
    workspace: Workspace, simulate: Simulate
) -> None:
    simulator = simulate(machines(A, one={}))

    code, output, marked = run(workspace, simulator, {"compute_desk_rolls": "mark"})

    assert (code, marked) == (2, [])
    assert "there is no such variable; did you mean compute_desk_roles?" in output
    assert simulator.requests() == []


@pytest.mark.slow
def test_a_second_import_waits_for_its_own_offers(workspace: Workspace, simulate: Simulate) -> None:
    simulator = simulate(machines(A, one={}), machines(B, two={}))

    code, output, marked = run(
        workspace,
        simulator,
        *({"compute_desk_offer_ids": each, "compute_desk_roles": "mark"} for each in (A, B)),
    )

    assert (code, marked) == (0, ["one", "two"]), last_lines(output, 60)
    assert output.count("READY AFTER") == 2

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job takes the options of its roles from wherever Ansible takes variables."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from simulator import Simulator
from support.workspace import Workspace, last_lines

from .main_job import BOOK, configure, machines, summary
from .offers import A, ssh_hosts

Simulate = t.Callable[..., Simulator]


def limits(output: str) -> dict[str, int]:
    """Return how many seconds the first line about each host says that it may take."""
    found: dict[str, int] = {}
    line = r": waiting for (.*) to answer \((\d+):(\d\d) elapsed, (\d+):(\d\d) left\)$"
    for hosts, *clock in re.findall(line, output, re.MULTILINE):
        minutes, seconds, minutes_left, seconds_left = map(int, clock)
        total = 60 * (minutes + minutes_left) + seconds + seconds_left
        # Both parts are rounded.
        found |= {host.split("-")[0]: round(total / 5) * 5 for host in hosts.split(", ")}
    return found


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ([], {"plain": 300, "grouped": 60, "single": 90}),
        pytest.param(
            ["-e", "instance_ready_timeout=120"],
            dict.fromkeys(("plain", "grouped", "single"), 120),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_how_long_to_wait_for_a_machine_is_set_where_any_variable_is(
    workspace: Workspace, simulate: Simulate, extra: list[str], expected: dict[str, int]
) -> None:
    # Each closes its first connection, so that a line says how much time is left.
    ssh = {"drop_first": 1}
    fleet = {**machines(A, plain=ssh, grouped=ssh, single=ssh), "starts": "launch"}
    simulator = simulate(fleet)
    simulator.wait_for(lambda: all(one["listening"] for one in simulator.instances()))
    hosts = ssh_hosts(simulator)
    hosts["single"]["instance_ready_timeout"] = 90
    patient = {"hosts": {"grouped": {}}, "vars": {"instance_ready_timeout": 60}}
    inventory = {"compute_desk": {"hosts": hosts, "children": {"patient": patient}}}
    (workspace.folder / "hosts.json").write_text(json.dumps(inventory))

    done = workspace.run(
        "ansible-playbook",
        "-i",
        "hosts.json",
        BOOK,
        *extra,
        "-e",
        "compute_desk_gpu_verify=false",
        **simulator.env(),
    )

    assert done.returncode == 0, last_lines(done.stdout, 60)
    assert limits(done.stdout) == expected


def test_group_vars_count_for_the_machines_of_offers_too(
    workspace: Workspace, simulate: Simulate
) -> None:
    simulator = simulate(machines(A, one={"drop_first": 1}))
    (workspace.folder / "group_vars").mkdir()
    (workspace.folder / "group_vars" / "compute_desk.yml").write_text("instance_ready_timeout: 60")
    (workspace.folder / "hosts.ini").write_text("[compute_desk]\n")

    code, output = configure(
        workspace, simulator, "-i", "hosts.ini", compute_desk_gpu_verify="false"
    )

    assert code == 0, last_lines(output, 60)
    assert limits(output) == {"one": 60}
    (row,) = summary(output).values()
    assert row.endswith("ready")

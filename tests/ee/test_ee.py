# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The image of the example project, and the project's jobs in it."""

from __future__ import annotations

import json
import typing as t

import pytest
import yaml
from awx.conftest import PROJECT
from awx.test_awx_jobs import check_events, grown
from integration.main_job import machines, summary
from integration.offers import A, B
from simulator import Simulator
from support.tree import CHECKOUT
from support.workspace import Workspace, last_lines

from .jobs import ContainerAwx
from .podman import Podman

Simulate = t.Callable[..., Simulator]

# Root of a simulated instance is root of this machine, whose home is not to be written to.
SETTINGS = {"ANSIBLE_REMOTE_TMP": "$HOME/.ansible/tmp"}


def inside(podman: Podman, image: str, *command: str) -> str:
    """Return what a command prints that runs in a container."""
    return podman.run("run", "--rm", image, *command)


def test_the_image_has_what_jobs_need(podman: Podman, image: str) -> None:
    definition = yaml.safe_load((PROJECT / "execution-environment.yml").read_text())
    core = definition["dependencies"]["ansible_core"]["package_pip"]
    version = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text())["version"]

    listed = json.loads(
        inside(podman, image, "ansible-galaxy", "collection", "list", "--format=json")
    )
    collections = {name: one["version"] for path in listed.values() for name, one in path.items()}
    said = inside(podman, image, "ansible", "--version")

    assert collections["compute_desk.supply"] == version
    assert "awx.awx" in collections
    assert f"[core {core.removeprefix('ansible-core~=').rpartition('.')[0]}." in said
    assert inside(podman, image, "ansible-runner", "--version").startswith("2.4.")
    assert inside(podman, image, "id", "--user").strip() != "0"
    # Of the collection's own metadata; nothing else asks for it.
    assert inside(podman, image, "python3", "-c", "import requests; print(requests.__version__)")
    assert "offer_ids" in inside(
        podman, image, "ansible-doc", "-t", "inventory", "compute_desk.supply.instances"
    )


def test_the_workflow_runs_in_the_image(
    podman: Podman, image: str, workspace: Workspace, simulate: Simulate
) -> None:
    simulator = simulate(grown(A, one={}, two={}), machines(B, three={}))
    awx = ContainerAwx(workspace, simulator, podman, image)

    wait = awx.job(
        "wait.yml",
        compute_desk_awx_offer_ids=f"{A},{B}",
        compute_desk_wait_timeout=60,
        compute_desk_poll_interval=1,
    )
    assert wait.code == 0, last_lines(wait.output)
    inventory = awx.stored(A, B)
    configure = awx.job(
        "configure.yml",
        inventory,
        environment=SETTINGS,
        **wait.artifacts,
        compute_desk_awx_offer_ids=f"{A},{B}",
    )

    check_events(wait, simulator)
    check_events(configure, simulator)
    assert "WAITING: " in wait.output
    assert len(wait.artifacts["compute_desk_expected_instances"]) == 3
    assert configure.code == 0, last_lines(configure.output, 60)
    rows = summary(configure.output)
    assert len(rows) == 3 and all(row.endswith("ready") for row in rows.values())


@pytest.mark.parametrize("ids", [(), (A, B)])
def test_a_synchronization_that_is_not_complete_fails_in_the_image(
    podman: Podman, image: str, workspace: Workspace, simulate: Simulate, ids: tuple[str, ...]
) -> None:
    awx = ContainerAwx(workspace, simulate(machines(A, one={})), podman, image)
    folder = awx.private_folder()

    code, output, printed = awx.try_to_synchronize(folder, ids)

    assert code != 0 and printed == {}
    assert (B if ids else "offer_ids") in output
    assert "Traceback (most recent call last)" not in output


def test_one_job_does_it_in_the_image(
    podman: Podman, image: str, workspace: Workspace, simulate: Simulate
) -> None:
    simulator = simulate(grown(A, one={}))

    job = ContainerAwx(workspace, simulator, podman, image).job(
        "one_job.yml", environment=SETTINGS, compute_desk_offer_ids=A, compute_desk_poll_interval=1
    )

    check_events(job, simulator)
    assert job.code == 0, last_lines(job.output, 60)
    (row,) = summary(job.output).values()
    assert row.endswith("ready")
    assert "WAITING: " in job.output

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job that configures, split into slices by AWX."""

from __future__ import annotations

import typing as t

import pytest
from integration.main_job import machines, summary
from integration.offers import A, B
from simulator import Simulator
from support.workspace import Workspace, last_lines

from .jobs import Awx

Simulate = t.Callable[..., Simulator]


def test_a_slice_configures_only_its_share(workspace: Workspace, simulate: Simulate) -> None:
    simulator = simulate(machines(A, one={}, two={}))
    awx = Awx(workspace, simulator)

    job = awx.job(
        "configure.yml",
        awx.stored(A),
        part=(2, 2),
        compute_desk_awx_offer_ids=A,
        compute_desk_expected_instances=["i-aaaa-one", "i-aaaa-two"],
        compute_desk_job_slice_count=2,
    )

    assert job.code == 0, last_lines(job.output, 60)
    (host,) = summary(job.output)
    assert host.startswith("two-")
    used = {one["key"]: one["connections"] for one in simulator.instances()}
    assert used["two"] and not used["one"]


@pytest.mark.parametrize("other", ["disabled", "another offer"])
def test_a_slice_without_machines_of_these_offers_ends_well_and_says_so(
    workspace: Workspace, simulate: Simulate, other: str
) -> None:
    first = machines(A, one={}, two={})
    if other == "disabled":
        first["timeline"][0]["instances"]["two"] = {"status": "stopped"}
        offers = [first]
    else:
        offers = [machines(A, one={}), machines(B, two={})]
    simulator = simulate(*offers)
    awx = Awx(workspace, simulator)
    inventory = awx.stored(*(one["offer_id"] for one in offers))

    jobs = [
        awx.job(
            "configure.yml",
            inventory,
            part=(number, 2),
            compute_desk_awx_offer_ids=A,
            compute_desk_expected_instances=["i-aaaa-one"],
            compute_desk_job_slice_count=2,
        )
        for number in (1, 2)
    ]

    assert [job.code for job in jobs] == [0, 0], last_lines(jobs[1].output, 60)
    assert len(summary(jobs[0].output)) == 1
    said = f"This slice of the inventory has no machine of {A}, so there is nothing to do here."
    assert said in jobs[1].output
    assert "FAILED" not in jobs[1].output and "Could not match" not in jobs[1].output
    used = {one["key"]: bool(one["connections"]) for one in simulator.instances()}
    assert used == {"one": True, "two": False}


def test_a_slice_does_its_share_and_fails_if_an_offer_is_not_ready(
    workspace: Workspace, simulate: Simulate
) -> None:
    simulator = simulate(machines(A, one={}, two={}))
    awx = Awx(workspace, simulator)

    job = awx.job(
        "configure.yml",
        awx.stored(A),
        part=(1, 2),
        compute_desk_awx_offer_ids=f"{A},{B}",
        compute_desk_expected_instances=["i-aaaa-one", "i-aaaa-two"],
        compute_desk_job_slice_count=2,
        compute_desk_unready_offers=[{"offer_id": B, "phase": "failed", "reason": "sold out"}],
    )

    assert job.code
    (row,) = summary(job.output).values()
    assert row.endswith("ready")
    assert "how each of them ended" in job.artifacts["compute_desk_configure_message"]


def test_slices_without_machines_fail_if_an_offer_is_not_ready(
    workspace: Workspace, simulate: Simulate
) -> None:
    awx = Awx(workspace, simulate(machines(A, one={})))

    job = awx.job(
        "configure.yml",
        awx.stored(A),
        part=(2, 2),
        compute_desk_awx_offer_ids=f"{A},{B}",
        compute_desk_expected_instances=["i-aaaa-one"],
        compute_desk_job_slice_count=2,
        compute_desk_unready_offers=[{"offer_id": B, "phase": "failed", "reason": "sold out"}],
    )

    assert job.code
    assert "there is nothing to do here." in job.output
    assert f"Not ready, and so not configured: {B}." in job.output

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole workflow: what is ready is configured, and what is not turns the workflow red."""

from __future__ import annotations

import typing as t

from integration.offers import A, B, C, provisioning
from integration.test_configure import machines, summary
from simulator import Simulator
from support.workspace import Workspace, last_lines

from .jobs import Awx
from .standin import StandIn
from .test_awx_jobs import check_events, grown
from .workflow import Workflow

Simulate = t.Callable[..., Simulator]
FAILED = {"at": 0, "status": "failed", "failure_reason": "sold out in this zone"}


def workflow(
    workspace: Workspace, simulator: Simulator, awx: StandIn, *offer_ids: str, **variables: t.Any
) -> Workflow:
    """Return the workflow for these offers."""
    given = {
        "compute_desk_awx_offer_ids": ",".join(offer_ids),
        "compute_desk_wait_timeout": 60,
        "compute_desk_poll_interval": 1,
    }
    return Workflow(Awx(workspace, simulator), awx, **{**given, **variables})


def connections(simulator: Simulator) -> dict[str, bool]:
    """Return for each machine whether anybody has connected to it."""
    return {one["key"]: bool(one["connections"]) for one in simulator.instances()}


def test_a_good_run_is_green_and_has_three_jobs(
    with_awx: Workspace, simulate: Simulate, awx: StandIn
) -> None:
    simulator = simulate(grown(A, one={}), machines(B, two={}))

    run = workflow(with_awx, simulator, awx, A, B).run()

    assert run.nodes == {"wait": True, "synchronize": True, "configure": True}, last_lines(
        run.jobs["configure"].output, 60
    )
    assert not run.failed
    assert len(summary(run.jobs["configure"].output)) == 2


def test_what_is_ready_is_configured_and_what_failed_is_reported(
    with_awx: Workspace, simulate: Simulate, awx: StandIn
) -> None:
    late = {"offer_id": C, "timeline": [provisioning()], "instances": {}}
    broken = {**machines(B, bad={}), "timeline": [FAILED]}
    simulator = simulate(grown(A, one={}, two={}), broken, late)
    unknown = "dddddddd-0000-4000-8000-00000000dead"

    run = workflow(
        with_awx, simulator, awx, A, B, C, unknown, compute_desk_wait_timeout=8
    ).run()  # fmt: skip

    wait, configure, report = (run.jobs[name] for name in ("wait", "configure", "report"))
    assert list(run.nodes.values()) == [True, True, False, False], last_lines(wait.output)
    assert run.failed
    assert sorted(wait.artifacts["compute_desk_expected_instances"]) == ["i-aaaa-one", "i-aaaa-two"]
    assert wait.output.count("sold out in this zone. Buy another offer") == 1
    assert len(summary(configure.output)) == 2, last_lines(configure.output, 60)
    assert all(row.endswith("ready") for row in summary(configure.output).values())
    assert connections(simulator) == {"one": True, "two": True, "bad": False}
    assert f"Not ready, and so not configured: {B}, {C}, {unknown}." in configure.output
    assert f"Offer {B} (failed): sold out in this zone" in report.output
    assert f"Offer {C} (provisioning): 0/1" in report.output
    assert f"Offer {unknown} (unknown): the API does not know this offer" in report.output
    assert "2 of 2 machines of the offers that are ready are configured. " in report.output
    assert "compute_desk_wait_timeout" in report.output
    assert "Nothing was configured" not in report.output
    for job in run.jobs.values():
        check_events(job, simulator)


def test_machines_of_an_offer_that_is_not_ready_are_left_alone(
    with_awx: Workspace, simulate: Simulate, awx: StandIn
) -> None:
    half = machines(B, up={}, missing={})
    (entry,) = half["timeline"]
    entry["instances"]["missing"] = {"status": "starting"}
    simulator = simulate(machines(A, one={}), half)

    run = workflow(with_awx, simulator, awx, A, B, compute_desk_wait_timeout=2).run()

    assert run.failed
    assert connections(simulator) == {"one": True, "up": False, "missing": False}
    assert run.artifacts["compute_desk_expected_instances"] == ["i-aaaa-one"]
    assert "1 of 1 machine of the offers that are ready is configured" in run.jobs["report"].output


def test_if_nothing_is_ready_nothing_is_configured(
    with_awx: Workspace, simulate: Simulate, awx: StandIn
) -> None:
    simulator = simulate(*({**machines(one, m={}), "timeline": [FAILED]} for one in (A, B)))

    run = workflow(with_awx, simulator, awx, A, B).run()

    assert run.nodes == {"wait": False, "report": False}
    assert run.failed
    for offer_id in (A, B):
        assert f"Offer {offer_id} (failed): sold out in this zone" in run.jobs["report"].output
    assert "Nothing was configured. " in run.jobs["report"].output


def test_offers_that_belong_together_are_all_or_nothing(
    with_awx: Workspace, simulate: Simulate, awx: StandIn
) -> None:
    simulator = simulate(machines(A, one={}), {**machines(B, two={}), "timeline": [FAILED]})

    run = workflow(with_awx, simulator, awx, A, B, compute_desk_together="all").run()

    assert run.nodes == {"wait": False, "report": False}
    assert run.artifacts["compute_desk_expected_instances"] == []
    assert "Nothing was configured. " in run.jobs["report"].output
    assert not any(connections(simulator).values())


def test_bad_machines_are_reported_with_the_offers(
    with_awx: Workspace, simulate: Simulate, awx: StandIn
) -> None:
    closed = machines(A, closed={"behaviour": "refuse"})
    simulator = simulate(closed, {**machines(B, two={}), "timeline": [FAILED]})

    run = workflow(with_awx, simulator, awx, A, B, instance_ready_timeout=1).run()

    assert list(run.nodes.values()) == [True, True, False, False]
    assert run.failed
    report = run.jobs["report"].output
    assert "its summary says how each of them ended." in report
    assert f"Offer {B} (failed): sold out in this zone" in report

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole workflow: what is ready is configured, and what is not turns the workflow red."""

from __future__ import annotations

import json
import typing as t

from integration.main_job import machines, summary
from integration.offers import A, B, C, provisioning
from simulator import Simulator
from support.workspace import Workspace, last_lines

from .jobs import Awx
from .standin import StandIn
from .test_awx_jobs import check_events, grown
from .workflow import Workflow

Simulate = t.Callable[..., Simulator]
ROLE = "my_namespace.my_collection.lose"
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

    run = workflow(with_awx, simulator, awx, A, B, C, unknown, compute_desk_wait_timeout=8).run()

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


def test_a_machine_that_is_lost_on_the_way_is_not_reported_as_configured(
    with_awx: Workspace, simulate: Simulate, awx: StandIn
) -> None:
    lost = {"ansible.builtin.ping": {}, "vars": {"ansible_port": 9}}
    is_bad = "compute_desk_instance_name == 'bad'"
    collection = with_awx.collections / "ansible_collections" / "my_namespace" / "my_collection"
    tasks = collection / "roles" / "lose" / "tasks"
    tasks.mkdir(parents=True)
    (tasks / "main.yml").write_text(json.dumps([{**lost, "when": is_bad}]))
    broken = {**machines(B, other={}), "timeline": [FAILED]}
    simulator = simulate(grown(A, good={}, bad={}), broken)

    run = workflow(with_awx, simulator, awx, A, B, compute_desk_roles=ROLE).run()

    assert run.failed
    report = run.jobs["report"].output
    assert "1 of 2 machines of the offers that are ready are configured. " in report, last_lines(
        run.jobs["configure"].output, 60
    )


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


def test_the_reason_is_the_instance_that_is_not_usable(
    with_awx: Workspace, simulate: Simulate, awx: StandIn
) -> None:
    half = machines(B, up={}, halted={})
    half["timeline"][0] |= {"progress": "2/2 instances running"}
    half["timeline"][0]["instances"]["halted"] = {"status": "stopped"}
    simulator = simulate(machines(A, one={}), half)

    run = workflow(with_awx, simulator, awx, A, B, compute_desk_wait_timeout=2).run()

    report = run.jobs["report"].output
    assert f"Offer {B} (ready): halted: status is stopped, not running" in report


def test_too_few_instances_are_a_reason_too(
    with_awx: Workspace, simulate: Simulate, awx: StandIn
) -> None:
    simulator = simulate(machines(A, one={}, two={}), machines(B, single={}))
    given = {"compute_desk_min_instances": 2, "compute_desk_wait_timeout": 2}

    run = workflow(with_awx, simulator, awx, A, B, **given).run()

    assert f"Offer {B} (ready): 1 of at least 2 instances" in run.jobs["report"].output


def test_a_launch_that_is_refused_is_reported_with_its_reason(
    with_awx: Workspace, simulate: Simulate, awx: StandIn
) -> None:
    run = workflow(with_awx, simulate(machines(A, one={})), awx, A).run(
        compute_desk_inventory_follows=False, compute_desk_inventory_offer_ids=B
    )

    assert run.nodes == {"wait": False, "report": False}
    said = (
        f"The inventory source is not set up for {A}. Run the playbook "
        "compute_desk.supply.awx_setup with these IDs in awx_setup_offer_ids, or set "
        "awx_setup_controller_credential so that this job can set them itself."
    )
    assert said in run.jobs["wait"].output
    assert f"Nothing was configured. {said}" in run.jobs["report"].output


def test_machines_of_earlier_offers_stay_until_they_are_forgotten(
    with_awx: Workspace, simulate: Simulate, awx: StandIn
) -> None:
    simulator = simulate(machines(A, one={}), machines(B, two={}))
    every = workflow(with_awx, simulator, awx, A)
    first = every.run()
    before = [every.offers(), every.hosts()]

    second = every.run(compute_desk_awx_offer_ids=B)
    after = [every.offers(), every.hosts()]
    unknown = every.job("forget.yml", compute_desk_awx_offer_ids=f"{A},{C}")
    kept = every.offers()
    forgotten = every.job("forget.yml", compute_desk_awx_offer_ids=A.upper())
    last = every.job("forget.yml", compute_desk_awx_offer_ids=B)

    assert not first.failed and not second.failed, last_lines(second.jobs["wait"].output)
    assert before == [[A], ["one-iaaaaone"]]
    assert after == [[A, B], ["one-iaaaaone", "two-ibbbbtwo"]]
    assert list(summary(second.jobs["configure"].output)) == ["two-ibbbbtwo"]
    assert unknown.code and f"The inventory source does not have {C}." in unknown.output
    assert kept == [A, B]
    assert forgotten.code == 0, last_lines(forgotten.output)
    assert every.offers() == [B] and awx.syncs == [f'{{"COMPUTE_DESK_OFFER_IDS": "{B}"}}']
    assert every.sync() and every.hosts() == ["two-ibbbbtwo"]
    assert last.code and "These are all offers of the inventory source." in last.output


def test_an_earlier_offer_that_is_gone_does_not_stop_the_next_one(
    with_awx: Workspace, simulate: Simulate, awx: StandIn
) -> None:
    every = workflow(with_awx, simulate(machines(A, one={})), awx, A)
    source = awx.one("inventory_sources", "Compute Desk offers")
    source["source_vars"] = f'{{"COMPUTE_DESK_OFFER_IDS": "{B}"}}'

    run = every.run()

    assert not run.failed
    assert every.offers() == [A]
    assert f"The API does not know {B} any more." in run.jobs["wait"].output


def test_an_earlier_offer_that_cannot_be_read_is_named(
    with_awx: Workspace, simulate: Simulate, awx: StandIn
) -> None:
    forbidden = {"requests": "all", "kind": "status", "code": 403}
    closed = {**machines(B, two={}), "faults": [forbidden]}
    every = workflow(with_awx, simulate(machines(A, one={}), closed), awx, A)
    source = awx.one("inventory_sources", "Compute Desk offers")
    source["source_vars"] = f'{{"COMPUTE_DESK_OFFER_IDS": "{B}"}}'

    run = every.run()

    assert run.nodes == {"wait": True, "synchronize": False, "report": False}
    assert every.offers() == [B, A]
    assert f"Earlier offers could not be read: {B} (" in run.jobs["wait"].output


def test_each_run_can_have_the_inventory_for_itself(
    with_awx: Workspace, simulate: Simulate, awx: StandIn
) -> None:
    simulator = simulate(machines(A, one={}), machines(B, two={}))
    every = workflow(with_awx, simulator, awx, A, compute_desk_inventory_keeps_offers=False)

    every.run()
    run = every.run(compute_desk_awx_offer_ids=B)

    assert not run.failed
    assert (every.offers(), every.hosts()) == ([B], ["two-ibbbbtwo"])


def test_forgetting_needs_the_credential(workspace: Workspace, simulate: Simulate) -> None:
    job = Awx(workspace, simulate(machines(A, one={}))).job(
        "forget.yml", compute_desk_awx_offer_ids=A
    )

    assert job.code
    assert "This job has no credential for AWX. Set awx_setup_controller_credential" in job.output

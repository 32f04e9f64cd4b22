# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example project's jobs and inventory, run as AWX runs them."""

from __future__ import annotations

import json
import typing as t

import pytest
import yaml
from integration.main_job import machines, summary
from integration.offers import A, B, offer, provisioning, ready
from simulator import Simulator
from support.tree import CHECKOUT
from support.workspace import Workspace, last_lines

from .conftest import ansible_yaml
from .jobs import SOURCE, Awx, Job
from .standin import StandIn
from .stored import StoredInventory

Simulate = t.Callable[..., Simulator]

HOSTILE = "{{ lookup('ansible.builtin.pipe', 'touch MARK') }}"
REDEFINED = "#jinja2: variable_start_string:'[%', variable_end_string:'%]'\n[% 6*7 %]"


def check_events(job: Job, simulator: Simulator) -> None:
    """Check that every event is there, that AWX can read it, and that none has the token."""
    assert [event["counter"] for event in job.events] == list(range(1, len(job.events) + 1))
    assert all(event["uuid"] and event["created"] for event in job.events)
    assert not any("Traceback" in event["stdout"] for event in job.events)
    for path in job.folder.rglob("*"):
        # These files hold the environment; AWX keeps them only while the job runs.
        environment = path.parent.name == "env" or path.name in ("command", "env.list")
        if path.is_file() and not environment:
            assert simulator.token not in path.read_text(encoding="utf-8", errors="replace"), path


def grown(offer_id: str, **ssh: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return an offer whose machines are ready after two steps."""
    made = machines(offer_id, **ssh)
    (last,) = made["timeline"]
    steps = [provisioning(instances={}), provisioning(2, progress="being built", instances={})]
    return {**made, "timeline": [*steps, {**last, "at": 4}]}


def test_the_workflow_leads_from_offers_to_configured_machines(
    workspace: Workspace, simulate: Simulate
) -> None:
    simulator = simulate(grown(A, one={}, two={}), machines(B, three={}))
    awx = Awx(workspace, simulator)
    survey = {"compute_desk_awx_offer_ids": f"{A},{B}", "compute_desk_wait_timeout": 60}

    wait = awx.job("wait.yml", compute_desk_poll_interval=1, **survey)
    inventory = awx.stored(A, B)
    asked = len(simulator.requests())
    configure = awx.job(
        "configure.yml",
        inventory,
        **{**wait.artifacts, **survey},
    )

    check_events(wait, simulator)
    assert wait.code == 0, last_lines(wait.output)
    assert sorted(wait.artifacts["compute_desk_expected_instances"]) == [
        "i-aaaa-one",
        "i-aaaa-two",
        "i-bbbb-three",
    ]
    assert wait.artifacts["compute_desk_unready_offers"] == []
    check_events(configure, simulator)
    assert configure.code == 0, last_lines(configure.output, 60)
    rows = summary(configure.output)
    assert len(simulator.requests()) == asked, "the last job has no token to ask with"
    assert len(rows) == 3
    assert all(row.endswith("ready") for row in rows.values())


def test_progress_is_seen_while_the_job_waits(workspace: Workspace, simulate: Simulate) -> None:
    simulator = simulate(grown(A, one={}))

    job = Awx(workspace, simulator).job(
        "wait.yml", compute_desk_awx_offer_ids=A, compute_desk_poll_interval=1
    )

    lines = [event for event in job.events if "WAITING: " in event["stdout"]]
    (began,) = (
        event
        for event in job.events
        if event["event"] == "playbook_on_task_start"
        and event["event_data"]["task"] == "Wait until the offers are ready"
    )
    (ended,) = (
        event
        for event in job.events
        if event["event"] == "runner_on_ok"
        and event["event_data"]["task"] == "Wait until the offers are ready"
    )
    # The first and last state; a slow machine may miss those in between.
    assert len(lines) >= 2, job.output
    assert all(began["created"] < line["created"] < ended["created"] for line in lines)
    assert len({line["created"] for line in lines}) == len(lines), "they came all at once"
    check_events(job, simulator)


def test_no_wait_is_silent_for_long(workspace: Workspace) -> None:
    done = workspace.run("ansible-doc", "--json", "compute_desk.supply.offer_status")
    module = json.loads(done.stdout)["compute_desk.supply.offer_status"]["doc"]
    books = [CHECKOUT / "playbooks" / name for name in ("awx_wait.yml", "configure.yml")]

    assert module["options"]["progress_interval"]["default"] < 90
    assert all("progress_interval" not in book.read_text(encoding="utf-8") for book in books)


def test_one_job_does_it_without_an_inventory(workspace: Workspace, simulate: Simulate) -> None:
    simulator = simulate(grown(A, one={}))

    job = Awx(workspace, simulator).job(
        "one_job.yml", compute_desk_offer_ids=A, compute_desk_poll_interval=1
    )

    check_events(job, simulator)
    assert job.code == 0, last_lines(job.output, 60)
    (row,) = summary(job.output).values()
    assert row.endswith("ready")
    assert any("WAITING: " in event["stdout"] for event in job.events)


def test_the_last_job_can_be_run_by_itself(workspace: Workspace, simulate: Simulate) -> None:
    simulator = simulate(machines(A, one={}), machines(B, two={}))
    awx = Awx(workspace, simulator)

    job = awx.job("configure.yml", awx.stored(A, B), compute_desk_awx_offer_ids=A)

    assert job.code == 0, last_lines(job.output, 60)
    (row,) = summary(job.output).values()
    assert row.startswith("one-") and row.endswith("ready")


def test_configuring_names_the_machines_that_the_inventory_lacks(
    workspace: Workspace, simulate: Simulate
) -> None:
    simulator = simulate(machines(A, one={}))
    awx = Awx(workspace, simulator)
    expected = {"compute_desk_expected_instances": ["i-aaaa-one", "i-gone"]}

    job = awx.job("configure.yml", awx.stored(A), compute_desk_awx_offer_ids=A, **expected)
    empty = awx.job("configure.yml", compute_desk_awx_offer_ids=A, **expected)

    assert job.code and empty.code
    assert "1 of 2 expected machines are not in the inventory: i-gone." in job.output
    assert f"The inventory has no machine of {A}. Sync its source" in empty.output
    assert not any(one["connections"] for one in simulator.instances())


def test_the_failure_path_says_which_offers_failed_and_why(
    workspace: Workspace, simulate: Simulate
) -> None:
    mark = workspace.folder / "mark"
    reason = f"sold out {HOSTILE.replace('MARK', str(mark))}"
    failed = {"at": 0, "status": "failed", "failure_reason": reason}
    simulator = simulate({"offer_id": A, "timeline": [failed]})
    awx = Awx(workspace, simulator)

    wait = awx.job("wait.yml", compute_desk_awx_offer_ids=[A])
    report = awx.job("report_failure.yml", **wait.artifacts)

    assert wait.code
    check_events(wait, simulator)
    # Worst case: an AWX that treats every variable as a template.
    assert "{{" not in json.dumps(wait.artifacts) and "{%" not in json.dumps(wait.artifacts)
    assert report.code, "a workflow whose offers failed must not look like a good one"
    check_events(report, simulator)
    assert f"Offer {A} (failed): sold out" in report.output
    assert "Nothing was configured. " in report.output
    assert not mark.exists()


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "The job that waits ended without a result."),
        (
            {
                "compute_desk_wait_message": "1 of 1 offers ready",
                "compute_desk_unready_offers": [],
                "compute_desk_expected_instances": ["i-1"],
            },
            "what is ready could not be synced into the inventory",
        ),
        (
            {
                "compute_desk_wait_message": "no API token.",
                "compute_desk_unready_offers": [],
                "compute_desk_expected_instances": [],
            },
            "Nothing was configured. no API token.",
        ),
    ],
)
def test_the_report_knows_what_else_can_fail(
    workspace: Workspace, simulate: Simulate, variables: dict[str, t.Any], sentence: str
) -> None:
    job = Awx(workspace, simulate(offer(A, ready()))).job("report_failure.yml", **variables)

    assert job.code
    assert sentence in job.output


def test_offers_that_the_inventory_would_not_get_end_the_wait_at_once(
    workspace: Workspace, simulate: Simulate
) -> None:
    simulator = simulate(offer(A, ready()), offer(B, ready()))

    job = Awx(workspace, simulator).job(
        "wait.yml",
        compute_desk_awx_offer_ids=f"{A},{B}",
        compute_desk_inventory_follows=False,
        compute_desk_inventory_offer_ids=[A],
    )

    assert job.code
    assert f"The inventory source is not set up for {B}." in job.output
    assert simulator.requests() == []


def test_the_wait_sets_the_offers_of_the_inventory(
    with_awx: Workspace, simulate: Simulate, awx: StandIn
) -> None:
    simulator = simulate(offer(A, ready()))
    awx.add("inventories", {"name": "Compute Desk machines", "organization": 1})
    number = awx.one("inventories", "Compute Desk machines")["id"]
    awx.add(
        "inventory_sources", {"name": "Compute Desk offers", "inventory": number, "source": "scm"}
    )

    job = Awx(with_awx, simulator).job(
        "wait.yml",
        environment=awx.env(),
        compute_desk_awx_offer_ids=A.upper(),
        compute_desk_inventory_follows=True,
    )

    assert job.code == 0, last_lines(job.output)
    kept = awx.one("inventory_sources", "Compute Desk offers")
    assert json.loads(kept["source_vars"]) == {"COMPUTE_DESK_OFFER_IDS": A}
    check_events(job, simulator)


def test_the_inventory_is_plain_and_enabled_by_the_rule_of_awx(
    workspace: Workspace, simulate: Simulate
) -> None:
    starting = {"m": {"status": "starting"}}
    simulator = simulate(
        offer(A, ready()),
        offer(B, provisioning(instances=starting)),
    )
    awx = Awx(workspace, simulator)

    printed = awx.synchronize(A, B)

    assert "__ansible_unsafe" not in json.dumps(printed)
    hosts = printed["_meta"]["hostvars"]
    assert {one["compute_desk_offer_id"]: one["compute_desk_usable"] for one in hosts.values()} == {
        A: True,
        B: False,
    }
    stored = StoredInventory.from_output(printed, SOURCE)
    assert {hosts[name]["compute_desk_offer_id"]: on for name, on in stored.enabled.items()} == {
        A: True,
        B: False,
    }


@pytest.mark.parametrize("ids", [[], [B], ["nonsense"]])
def test_a_synchronization_that_is_not_complete_fails_and_stores_nothing(
    workspace: Workspace, simulate: Simulate, ids: list[str]
) -> None:
    awx = Awx(workspace, simulate(offer(A, ready())))

    code, output, printed = awx.try_to_synchronize(awx.private_folder(), [*ids, A] if ids else [])

    assert code != 0
    assert printed == {}
    assert "compute_desk" in output or "offer" in output
    assert "Traceback (most recent call last)" not in output


def test_hostile_strings_stay_inert_on_the_way_through_awx(
    workspace: Workspace, simulate: Simulate
) -> None:
    mark = workspace.folder / "mark"
    evil = HOSTILE.replace("MARK", str(mark))
    machine = {"instance_id": "i-1", "instance_name": evil, "zone": REDEFINED, "ssh": None}
    simulator = simulate({**offer(A, ready(progress=evil)), "instances": {"m": machine}})
    awx = Awx(workspace, simulator)

    direct = awx.synchronize(A)
    stored = StoredInventory.from_output(direct, SOURCE)
    folder = awx.private_folder()
    stored.write_script(folder / "inventory" / "hosts")
    book = [
        {
            "hosts": "all",
            "gather_facts": False,
            "connection": "local",
            "tasks": [
                {"ansible.builtin.debug": {"msg": "name={{ compute_desk_instance_name }}"}},
                {"ansible.builtin.debug": {"msg": "zone={{ compute_desk_zone }}"}},
                {"ansible.builtin.debug": {"var": "hostvars[inventory_hostname]"}},
            ],
        }
    ]
    (folder / "project" / "show.yml").write_text(yaml.safe_dump(book))
    done = workspace.run(
        "ansible-playbook",
        "-i",
        str(folder / "inventory" / "hosts"),
        str(folder / "project" / "show.yml"),
    )
    again = workspace.run_apart(
        "ansible-inventory",
        "--list",
        "-i",
        str(folder / "inventory" / "hosts"),
        environment=workspace.environment(),
    )

    assert done.returncode == 0, last_lines(done.stdout)
    assert "name={{ lookup(" in done.stdout
    assert "42" not in done.stdout.split("zone=")[1].split("\n")[0]
    assert "[% 6*7 %]" in done.stdout
    assert not mark.exists()
    assert list(json.loads(again.stdout)["_meta"]["hostvars"]) == list(direct["_meta"]["hostvars"])


def test_the_project_needs_no_more_than_is_in_it(workspace: Workspace) -> None:
    """Users copy the folder, so nothing in it may point outside."""
    project = CHECKOUT / "examples" / "awx"
    names = {path.name for path in project.glob("*.yml")}

    books = {name: ansible_yaml(project / name) for name in names}
    imported = {
        name: book[0]["ansible.builtin.import_playbook"]
        for name, book in books.items()
        if isinstance(book, list)
    }

    assert imported == {
        "wait.yml": "compute_desk.supply.awx_wait",
        "configure.yml": "compute_desk.supply.awx_configure",
        "report_failure.yml": "compute_desk.supply.awx_report_failure",
        "one_job.yml": "compute_desk.supply.configure",
        "forget.yml": "compute_desk.supply.awx_forget",
    }
    books_found = [str(project / name) for name in imported]
    done = workspace.run("ansible-playbook", "--syntax-check", *books_found)
    assert done.returncode == 0, done.stdout

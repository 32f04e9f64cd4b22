# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role awx_setup, with the real collection awx.awx, against a stand-in for AWX."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from support.workspace import Workspace, last_lines

from .conftest import TOKEN
from .standin import StandIn

GIVEN = {
    "awx_setup_project_url": "https://git.example.com/gpu/awx.git",
    "awx_setup_execution_environment_image": "registry.example.com/compute-desk-ee:latest",
    "awx_setup_machine_credential": "our key",
    "awx_setup_controller_credential": "back to AWX",
}


def set_up(
    workspace: Workspace, awx: StandIn, token: str = TOKEN, **variables: t.Any
) -> tuple[int, str]:
    """Run the playbook; return the number of changed tasks, and the output."""
    code, output = try_to_set_up(workspace, awx, json.dumps({**GIVEN, **variables}), token=token)
    assert code == 0, last_lines(output)
    recap = re.search(r"^localhost .* changed=(\d+)", output, re.MULTILINE)
    assert recap
    return int(recap[1]), output


def try_to_set_up(
    workspace: Workspace, awx: StandIn, *given: str, token: str = TOKEN
) -> tuple[int, str]:
    """Run the playbook with these values of -e; return the exit code and the output."""
    awx.writes.clear()
    extra = [word for one in given for word in ("-e", one)]
    done = workspace.run(
        "ansible-playbook",
        "compute_desk.supply.awx_setup",
        "-vvv",
        *extra,
        **awx.env(),
        COMPUTE_DESK_API_TOKEN=token,
        timeout=300,
    )
    assert token not in done.stdout
    return done.returncode, done.stdout


def test_everything_is_made_once_and_removed_once(with_awx: Workspace, awx: StandIn) -> None:
    made, _output = set_up(with_awx, awx, awx_setup_labels=["gpu"])
    made_again, _output = set_up(with_awx, awx, awx_setup_labels=["gpu"])
    writes_again = list(awx.writes)
    labels = awx.links("job_templates", "Compute Desk: wait for offers", "labels")
    token_renewed, _output = set_up(
        with_awx, awx, token="a-new-token", awx_setup_labels=["gpu"], awx_setup_update_token=True
    )
    stored = awx.one("credentials", "Compute Desk token")["inputs"]["api_token"]
    removed, _output = set_up(with_awx, awx, awx_setup_state="absent")
    left = {kind: awx.all(kind) for kind in ("projects", "inventories", "inventory_sources")}
    left_names = [one["name"] for kind in ("credentials", "job_templates") for one in awx.all(kind)]
    removed_again, _output = set_up(with_awx, awx, awx_setup_state="absent")

    assert made == 9
    assert (made_again, writes_again) == (0, [])
    assert labels == {"gpu"}
    assert token_renewed == 1
    assert stored == "a-new-token"
    assert removed == 7
    assert left == {"projects": [], "inventories": [], "inventory_sources": []}
    assert left_names == []
    assert removed_again == 0
    for kind in ("credential_types", "execution_environments", "workflow_job_templates"):
        assert awx.all(kind) == []
    assert awx.all("workflow_job_template_nodes") == []


def test_without_the_way_back_the_offers_are_those_of_the_administrator(
    with_awx: Workspace, awx: StandIn
) -> None:
    offers = ["4f9d2c1e-8a37-4b65-9d0e-2c7f81a6b3d4", "9b1f0e6a-52c4-4d7b-8e3a-1f6c0d9e7b25"]

    set_up(
        with_awx,
        awx,
        awx_setup_offer_ids=offers,
        awx_setup_controller_credential="",
        awx_setup_name="GPU",
        awx_setup_wait_timeout_max=10800,
        awx_setup_job_slice_count=3,
        awx_setup_roles=["my.own.role"],
    )

    source = awx.one("inventory_sources", "GPU offers")
    assert json.loads(source["source_vars"]) == {"COMPUTE_DESK_OFFER_IDS": ",".join(offers)}
    wait = awx.one("job_templates", "GPU: wait for offers")
    assert json.loads(wait["extra_vars"])["compute_desk_inventory_follows"] is False
    assert json.loads(wait["extra_vars"])["compute_desk_inventory_offer_ids"] == offers
    ids, timeout = awx.survey("GPU: wait for offers")["spec"]
    assert ids["default"] == ",".join(offers)
    assert timeout["max"] == 10800 < wait["timeout"]
    configure = awx.one("job_templates", "GPU: configure machines")
    assert configure["job_slice_count"] == 3
    assert json.loads(configure["extra_vars"])["compute_desk_roles"] == ["my.own.role"]


@pytest.mark.parametrize("state", ["present", "absent"])
def test_without_awx_awx_the_role_says_so_and_stops(workspace: Workspace, state: str) -> None:
    done = workspace.run(
        "ansible-playbook",
        "compute_desk.supply.awx_setup",
        "-e",
        f"awx_setup_state={state}",
        COMPUTE_DESK_API_TOKEN=TOKEN,
    )

    assert done.returncode != 0
    assert (
        "The collection awx.awx is missing. Install it with: ansible-galaxy collection install "
        "awx.awx" in done.stdout
    )
    for word in ("Traceback", "couldn't resolve", "WARNING", "DEPRECATION"):
        assert word not in done.stdout


@pytest.mark.parametrize(
    ("without", "sentence"),
    [
        ("token", "Set COMPUTE_DESK_API_TOKEN, or awx_setup_api_token"),
        ("awx_setup_project_url", "Set awx_setup_project_url to the git repository"),
        ("awx_setup_execution_environment_image", "Set awx_setup_execution_environment_image to"),
        ("limit", "awx_setup_wait_timeout (9000 s) must not exceed awx_setup_wait_timeout_max"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_made(
    with_awx: Workspace, awx: StandIn, without: str, sentence: str
) -> None:
    given: dict[str, t.Any] = {name: value for name, value in GIVEN.items() if name != without}
    if without == "limit":
        given["awx_setup_wait_timeout"] = 9000

    done = with_awx.run(
        "ansible-playbook",
        "compute_desk.supply.awx_setup",
        "-e",
        json.dumps(given),
        **awx.env(),
        **({} if without == "token" else {"COMPUTE_DESK_API_TOKEN": TOKEN}),
    )

    assert done.returncode != 0
    assert sentence in " ".join(done.stdout.split())
    assert awx.writes == []


def test_an_update_of_the_project_that_failed_is_repeated_by_the_next_run(
    with_awx: Workspace, awx: StandIn
) -> None:
    given = json.dumps(GIVEN)

    awx.update_fails = True
    outcomes = [try_to_set_up(with_awx, awx, given) for _number in range(2)]
    awx.update_fails = False
    set_up(with_awx, awx)
    changed, _output = set_up(with_awx, awx)

    for code, output in outcomes:
        assert code
        assert "The project Compute Desk project could not be made or updated: " in output
        assert "awx_setup_project_credential" in output
    assert len(awx.all("job_templates")) == 5
    assert changed == 0


def test_a_private_repository_can_be_named_afterwards(with_awx: Workspace, awx: StandIn) -> None:
    awx.update_fails = True
    code, _output = try_to_set_up(with_awx, awx, json.dumps(GIVEN))
    awx.update_fails = False

    # Which changes the project, but starts no update in AWX.
    set_up(with_awx, awx, awx_setup_project_credential="our git")

    assert code
    assert len(awx.all("job_templates")) == 5


def test_a_push_reaches_the_jobs_when_it_is_asked_for(with_awx: Workspace, awx: StandIn) -> None:
    set_up(with_awx, awx)
    awx.revision = "f01"

    unasked, _output = set_up(with_awx, awx)
    before = awx.one("projects", "Compute Desk project")["scm_revision"]
    asked, _output = set_up(
        with_awx, awx, awx_setup_update_project=True, awx_setup_project_update_on_launch=True
    )
    again, _output = set_up(with_awx, awx, awx_setup_update_project=True)

    assert (unasked, before) == (0, "f00")
    assert (asked, again) == (2, 0)
    assert awx.one("projects", "Compute Desk project")["scm_revision"] == "f01"


def test_lists_can_be_text_with_commas(with_awx: Workspace, awx: StandIn) -> None:
    offers = ["4f9d2c1e-8a37-4b65-9d0e-2c7f81a6b3d4", "9b1f0e6a-52c4-4d7b-8e3a-1f6c0d9e7b25"]
    lists = {
        "offer_ids": ", ".join(offers),
        "roles": "my.own.role,other",
        "labels": "gpu,eu",
        "extra_credentials": "our vault",
        "instance_groups": "our nodes,default",
    }

    code, output = try_to_set_up(
        with_awx, awx, json.dumps(GIVEN), *(f"awx_setup_{n}='{text}'" for n, text in lists.items())
    )

    assert code == 0, last_lines(output)
    source = awx.one("inventory_sources", "Compute Desk offers")
    assert json.loads(source["source_vars"]) == {"COMPUTE_DESK_OFFER_IDS": ",".join(offers)}
    wait, configure = "Compute Desk: wait for offers", "Compute Desk: configure machines"
    assert awx.survey(wait)["spec"][0]["default"] == ",".join(offers)
    variables = json.loads(awx.one("job_templates", wait)["extra_vars"])
    assert variables["compute_desk_inventory_offer_ids"] == offers
    variables = json.loads(awx.one("job_templates", configure)["extra_vars"])
    assert variables["compute_desk_roles"] == ["my.own.role", "other"]
    assert awx.links("job_templates", configure, "labels") == {"gpu", "eu"}
    assert awx.links("job_templates", configure, "credentials") == {"our key", "our vault"}
    assert awx.links("job_templates", wait, "instance_groups") == {"our nodes", "default"}
    machines = awx.links("inventories", "Compute Desk machines", "instance_groups")
    assert machines == {"our nodes", "default"}


def test_credentials_that_people_have_added_stay(with_awx: Workspace, awx: StandIn) -> None:
    one_job = "Compute Desk: from offers to configured machines"
    templates = [one_job, "Compute Desk: configure machines"]
    set_up(with_awx, awx, awx_setup_machine_credential="")
    made = [awx.links("job_templates", name, "credentials") for name in templates]
    for name in templates:
        linked = awx.objects.linked(awx.one("job_templates", name)["id"], "credentials")
        linked += [awx.one("credentials", each)["id"] for each in ("our key", "our vault")]

    changed, _output = set_up(with_awx, awx, awx_setup_machine_credential="")
    kept = [awx.links("job_templates", name, "credentials") for name in templates]
    set_up(with_awx, awx)
    named = [awx.links("job_templates", name, "credentials") for name in templates]

    assert made == [{"Compute Desk token"}, set()]
    assert changed == 0
    assert kept == [{"Compute Desk token", "our key", "our vault"}, {"our key", "our vault"}]
    assert named == [{"Compute Desk token", "our key"}, {"our key"}]


def test_private_repositories_and_registries(with_awx: Workspace, awx: StandIn) -> None:
    set_up(
        with_awx,
        awx,
        awx_setup_project_credential="our git",
        awx_setup_registry_credential="our registry",
        awx_setup_project_update_on_launch=True,
        awx_setup_together="all",
    )
    changed, _output = set_up(with_awx, awx)

    project = awx.one("projects", "Compute Desk project")
    image = awx.one("execution_environments", "Compute Desk environment")
    assert project["credential"] == awx.one("credentials", "our git")["id"]
    assert project["scm_update_on_launch"] is True
    assert image["credential"] == awx.one("credentials", "our registry")["id"]
    # What is not given stays as it is in AWX. The rule of the offers goes back, in two templates.
    assert changed == 1

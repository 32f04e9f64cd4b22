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
    awx.writes.clear()
    done = workspace.run(
        "ansible-playbook", "compute_desk.supply.awx_setup", "-vvv",
        "-e", json.dumps({**GIVEN, **variables}),
        **awx.env(), COMPUTE_DESK_API_TOKEN=token,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, last_lines(done.stdout)
    assert token not in done.stdout
    recap = re.search(r"^localhost .* changed=(\d+)", done.stdout, re.MULTILINE)
    assert recap
    return int(recap[1]), done.stdout


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
        with_awx, awx, awx_setup_offer_ids=offers, awx_setup_controller_credential="",
        awx_setup_name="GPU", awx_setup_wait_timeout_max=10800, awx_setup_job_slice_count=3,
        awx_setup_roles=["my.own.role"],
    )  # fmt: skip

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
        "ansible-playbook", "compute_desk.supply.awx_setup", "-e", f"awx_setup_state={state}",
        COMPUTE_DESK_API_TOKEN=TOKEN,
    )  # fmt: skip

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
        "ansible-playbook", "compute_desk.supply.awx_setup", "-e", json.dumps(given), **awx.env(),
        **({} if without == "token" else {"COMPUTE_DESK_API_TOKEN": TOKEN}),
    )  # fmt: skip

    assert done.returncode != 0
    assert sentence in " ".join(done.stdout.split())
    assert awx.writes == []

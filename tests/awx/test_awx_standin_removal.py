# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in removes what AWX 24.6.1 removes, and nothing that is in use."""

from __future__ import annotations

import typing as t

import pytest

from .client import Client
from .standin import StandIn
from .world import World


def path(world: World, kind: str) -> str:
    """Return the path of the object of a kind."""
    return f"{kind}/{world.ids[kind]}/"


@pytest.mark.parametrize("kind", ["job_templates", "projects", "inventories", "labels"])
def test_what_does_not_exist_cannot_be_removed(client: Client, kind: str) -> None:
    assert client.delete(f"{kind}/4711/")[0] == (405 if kind == "labels" else 404)


def test_an_inventory_goes_in_the_background_and_once(world: World, client: Client) -> None:
    inventory = path(world, "inventories")

    assert client.delete(inventory) == (202, {})
    assert client.delete(inventory) == (
        400,
        {"error": "Inventory is already pending deletion."},
    )
    shown = [client.get("inventories/?name=ours")["count"] for _number in range(3)]
    assert shown == [1, 1, 0]
    assert client.delete(inventory)[0] == 404
    assert client.get("inventory_sources/")["count"] == 0


def test_what_goes_with_what(world: World, client: Client, awx: StandIn) -> None:
    for kind in ("projects", "workflow_job_templates", "execution_environments", "credentials"):
        assert client.delete(path(world, kind)) == (204, {})

    gone = ("projects", "project_updates", "inventory_sources", "workflow_job_template_nodes")
    assert [awx.all(kind) for kind in gone] == [[], [], [], []]
    # The template stays, without a project.
    assert client.get(path(world, "job_templates"))["project"] is None


def test_a_removed_template_leaves_its_node(world: World, client: Client) -> None:
    client.delete(path(world, "job_templates"))

    assert client.get(path(world, "workflow_job_template_nodes"))["unified_job_template"] is None


def labelled(world: World, *kinds: str) -> None:
    """Give these objects the label."""
    for kind in kinds:
        status, _body = world.client.post(f"{path(world, kind)}labels/", id=world.ids["labels"])
        assert status == 204


TEMPLATES = ("job_templates", "workflow_job_templates")


def test_a_label_goes_when_it_is_taken_from_the_last_one(world: World, awx: StandIn) -> None:
    labelled(world, *TEMPLATES)
    left = []
    for kind in TEMPLATES:
        labels = f"{path(world, kind)}labels/"
        answer = world.client.post(labels, id=world.ids["labels"], disassociate=True)
        assert answer == (204, {})
        left.append(len(awx.all("labels")))

    assert left == [1, 0]


def test_a_label_goes_with_the_last_template(world: World, awx: StandIn) -> None:
    labelled(world, *TEMPLATES)
    left = []
    for kind in reversed(TEMPLATES):
        world.client.delete(path(world, kind))
        left.append(len(awx.all("labels")))

    assert left == [1, 0]


@pytest.mark.parametrize(
    ("kind", "running", "job"),
    [
        ("job_templates", "job_templates", "job"),
        ("workflow_job_templates", "workflow_job_templates", "workflow_job"),
        ("projects", "projects", "project_update"),
        ("projects", "job_templates", "job"),
        ("inventories", "job_templates", "job"),
        ("inventories", "inventory_sources", "inventory_update"),
        ("inventory_sources", "inventory_sources", "inventory_update"),
    ],
)
def test_what_runs_is_not_removed(
    world: World, awx: StandIn, kind: str, running: str, job: str
) -> None:
    number = world.ids[running]
    awx.running.add(number)
    refused = world.client.delete(path(world, kind))
    awx.running.clear()
    removed, _body = world.client.delete(path(world, kind))

    body: dict[str, t.Any] = {
        "error": "Resource is being used by running jobs.",
        "active_jobs": [{"id": number, "type": job}],
    }
    assert refused == (409, body)
    assert removed == (202 if kind == "inventories" else 204)


def test_a_project_that_is_being_fetched_stays(world: World, client: Client) -> None:
    _status, update = client.post(f"{path(world, 'projects')}update/")
    refused, body = client.delete(path(world, "projects"))
    while not client.get(update["url"])["finished"]:
        pass

    assert refused == 409
    assert body["active_jobs"] == [{"id": update["id"], "type": "project_update"}]
    assert client.delete(path(world, "projects"))[0] == 204

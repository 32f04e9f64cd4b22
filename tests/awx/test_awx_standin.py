# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in says no to objects where AWX 24.6.1 says no, with its status, field and text."""

from __future__ import annotations

import json

import pytest

from .client import Client
from .standin import StandIn
from .world import Fields, World


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("credential_types", "Credential type with this Name and Kind already exists."),
        ("credentials", "Credential with this Organization, Name and Credential type already"),
        ("execution_environments", "Execution environment with this Name already exists."),
        ("inventories", "Inventory with this Name and Organization already exists."),
        ("inventory_sources", "InventorySource with this (name, inventory) combination already"),
        ("job_templates", "JobTemplate with this (name, organization) combination already exists."),
        ("labels", "Label with this Name and Organization already exists."),
        ("projects", "Project with this (name, organization) combination already exists."),
        ("workflow_job_template_nodes", "Workflow job template node with this Identifier and"),
        ("workflow_job_templates", "WorkflowJobTemplate with this (name, organization) combinat"),
    ],
)
def test_a_name_is_there_once(world: World, kind: str, text: str) -> None:
    status, body = world.post(kind, name="ours")
    status_of_another, another = world.post(kind, name="another")
    name = "identifier" if "node" in kind else "name"
    renamed, _body = world.client.patch(another["url"], **{name: "ours"})

    assert status == 400
    ((field, (said,)),) = body.items()
    assert field == ("name" if kind == "execution_environments" else "__all__")
    assert said.startswith(text)
    assert (status_of_another, renamed) == (201, 400)
    # Its own name is no other's.
    assert world.patch(kind, **{name: "ours"})[0] == 200


MISSING = 4711
INVALID = 'Invalid pk "4711" - object does not exist.'
UNPARSABLE = ("{", "[1, 2]", "a: b: c")


@pytest.mark.parametrize(
    ("kind", "changed", "field", "text"),
    [
        ("credentials", {"credential_type": MISSING}, "credential_type", INVALID),
        ("credentials", {"organization": MISSING}, "organization", INVALID),
        ("credentials", {"organization": None}, "detail", "Missing 'user', 'team', or"),
        ("execution_environments", {"image": None}, "image", "This field is required."),
        ("execution_environments", {"pull": "often"}, "pull", '"often" is not a valid choice.'),
        ("execution_environments", {"credential": MISSING}, "credential", INVALID),
        ("inventories", {"organization": None}, "organization", "This field is required."),
        ("inventories", {"organization": MISSING}, "organization", INVALID),
        ("inventories", {"variables": "{"}, "variables", "Cannot parse as JSON"),
        ("inventory_sources", {"inventory": None}, "inventory", "This field is required."),
        ("inventory_sources", {"source_project": None}, "source_project", "Project required for"),
        ("inventory_sources", {"source_project": MISSING}, "source_project", INVALID),
        ("inventory_sources", {"credential": MISSING}, "credential", ""),
        ("inventory_sources", {"verbosity": 9}, "verbosity", '"9" is not a valid choice.'),
        ("inventory_sources", {"source": "file"}, "detail", "Cannot set source_project if not SCM"),
        ("inventory_sources", {"source_vars": '{"PATH": "/"}'}, "source_vars", "`PATH` is a prohi"),
        *(
            ("inventory_sources", {"source_vars": text}, "source_vars", "Cannot parse as JSON")
            for text in UNPARSABLE
        ),
        ("job_templates", {"extra_vars": "[1]"}, "extra_vars", "Cannot parse as JSON"),
        ("job_templates", {"forks": "many"}, "forks", "A valid integer is required."),
        ("job_templates", {"forks": -1}, "forks", "Ensure this value is greater than or equal to"),
        ("job_templates", {"inventory": MISSING}, "inventory", INVALID),
        ("job_templates", {"inventory": "ours"}, "inventory", "Incorrect type. Expected pk value"),
        ("job_templates", {"inventory": None}, "inventory", "You must either set a default value"),
        ("job_templates", {"execution_environment": MISSING}, "execution_environment", INVALID),
        ("job_templates", {"job_type": "scan"}, "job_type", '"scan" is not a valid choice.'),
        ("job_templates", {"playbook": "other.yml"}, "playbook", "Playbook not found for project."),
        ("job_templates", {"playbook": None}, "playbook", "Must select playbook for project."),
        ("job_templates", {"project": None}, "project", "Job Templates must have a project"),
        ("job_templates", {"survey_enabled": "maybe"}, "survey_enabled", "Must be a valid boolean"),
        ("labels", {"organization": None}, "organization", "This field is required."),
        ("labels", {"organization": MISSING}, "organization", INVALID),
        ("projects", {"credential": MISSING}, "credential", INVALID),
        ("projects", {"name": None}, "name", "This field is required."),
        ("projects", {"name": ""}, "name", "This field may not be blank."),
        ("projects", {"scm_type": "cvs"}, "scm_type", '"cvs" is not a valid choice.'),
        (
            "workflow_job_template_nodes",
            {"unified_job_template": MISSING},
            "unified_job_template",
            INVALID,
        ),
        (
            "workflow_job_template_nodes",
            {"workflow_job_template": None},
            "workflow_job_template",
            "This field is required.",
        ),
        ("workflow_job_templates", {"extra_vars": "{"}, "extra_vars", "Cannot parse as JSON"),
    ],
)
def test_fields_are_checked(
    world: World, kind: str, changed: Fields, field: str, text: str
) -> None:
    status, body = world.post(kind, **changed)

    assert (status, list(body)) == (400, [field])
    assert body[field][0].startswith(text)
    if None not in changed.values() and field not in ("detail", "name"):
        before = world.client.get(f"{kind}/{world.ids[kind]}/")
        assert world.patch(kind, **changed)[0] == 400
        assert world.client.get(f"{kind}/{world.ids[kind]}/") == before


@pytest.mark.parametrize(
    ("kind", "wrong", "field", "right"),
    [
        ("execution_environments", "our git", "credential", "our registry"),
        ("projects", "our registry", "credential", "our git"),
        ("inventory_sources", "our vault", "credential", "ours"),
    ],
)
def test_a_credential_has_its_place(
    world: World, awx: StandIn, kind: str, wrong: str, field: str, right: str
) -> None:
    refused, body = world.patch(kind, credential=awx.one("credentials", wrong)["id"])
    accepted, _body = world.patch(kind, credential=awx.one("credentials", right)["id"])

    assert (refused, list(body)) == (400, [field])
    assert accepted == 200


def test_values_arrive_with_their_type(world: World) -> None:
    changed = {"forks": "7", "survey_enabled": "true", "verbosity": "1", "extra_vars": "---"}
    status, body = world.patch("job_templates", **changed)

    assert status == 200
    assert (body["forks"], body["survey_enabled"], body["verbosity"]) == (7, True, 1)


def test_what_nobody_refuses(world: World) -> None:
    source = world.client.get(f"inventory_sources/{world.ids['inventory_sources']}/")

    # Only what is sent of a source is checked.
    assert world.patch("inventory_sources", source_vars=json.dumps({"A": "b"}))[0] == 200
    assert source["organization"] == 1


@pytest.mark.parametrize(
    "query", ["projects/?colour=red", "labels/?or__colour=red", "unified_job_templates/?colour=red"]
)
def test_a_query_names_fields(client: Client, query: str) -> None:
    status, body = client.ask("GET", query)

    assert status == 400
    assert body["detail"].endswith(" has no field named 'colour'")


def test_a_query_may_give_a_choice(world: World) -> None:
    def names(query: str) -> list[str]:
        return [one["name"] for one in world.client.get(f"credentials/?{query}")["results"]]

    number = world.ids["credentials"]
    assert names(f"or__id={number}&or__name={number}") == ["ours"]
    assert names("or__id=4711&or__name=our git") == ["our git"]
    assert names("or__id=4711&or__name=4711") == []
    assert names("name=ours&organization=2") == []


@pytest.mark.parametrize("path", ["nonsense/", "nonsense/1/", "projects/4711/"])
def test_what_does_not_exist_is_not_found(client: Client, path: str) -> None:
    assert client.ask("GET", path)[0] == 404

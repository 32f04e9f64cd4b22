# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in links objects, and keeps surveys, by the rules of AWX 24.6.1."""

from __future__ import annotations

import typing as t

import pytest

from .client import Client
from .standin import StandIn
from .world import World


def template(world: World) -> str:
    """Return the path of the job template."""
    return f"job_templates/{world.ids['job_templates']}/"


def linked(client: Client, path: str) -> list[str]:
    """Return the names of what is linked there, in order."""
    return [one["name"] for one in client.get(path)["results"]]


def number_of(awx: StandIn, name: str) -> int:
    """Return the number of a credential."""
    return int(awx.one("credentials", name)["id"])


def vault(awx: StandIn, client: Client, name: str, vault_id: str) -> int:
    """Make another vault's credential."""
    kind = awx.one("credential_types", "Vault")["id"]
    given = {"credential_type": kind, "organization": 1, "inputs": {"vault_id": vault_id}}
    return int(client.made("credentials", name=name, **given)["id"])


def test_a_template_has_one_credential_of_a_type(world: World, awx: StandIn) -> None:
    path, client = f"{template(world)}credentials/", world.client
    kind = awx.one("credential_types", "Machine")["id"]
    another = client.made("credentials", name="x", credential_type=kind, organization=1)["id"]

    assert client.post(path, id=number_of(awx, "our key")) == (204, {})
    assert client.post(path, id=another) == (
        400,
        {"error": "Cannot assign multiple Machine credentials."},
    )
    assert client.post(path, id=number_of(awx, "back to AWX"))[0] == 204
    assert linked(client, path) == ["our key", "back to AWX"]


def test_vaults_differ_by_their_names(world: World, awx: StandIn) -> None:
    path, client = f"{template(world)}credentials/", world.client
    first, second, again = (
        vault(awx, client, name, vault_id)
        for name, vault_id in (("one", "a"), ("two", "b"), ("three", "a"))
    )

    for number in (number_of(awx, "our vault"), first, second):
        assert client.post(path, id=number)[0] == 204
    assert client.post(path, id=again) == (
        400,
        {"error": "Cannot assign multiple Vault (id=a) credentials."},
    )


@pytest.mark.parametrize(("name", "kind"), [("our git", "scm"), ("our registry", "registry")])
def test_some_types_are_not_for_templates(world: World, awx: StandIn, name: str, kind: str) -> None:
    assert world.client.post(f"{template(world)}credentials/", id=number_of(awx, name)) == (
        400,
        {"error": f"Cannot assign a Credential of kind `{kind}`."},
    )


@pytest.mark.parametrize(
    ("relation", "model"),
    [("credentials", "Credential"), ("labels", "Label"), ("instance_groups", "InstanceGroup")],
)
def test_what_does_not_exist_is_not_linked(world: World, relation: str, model: str) -> None:
    path = f"{template(world)}{relation}/"
    refused = 400, {"detail": f"{model} matching query does not exist."}

    assert world.client.post(path, id=4711) == refused
    assert world.client.post(path, id=4711, disassociate=True) == refused
    assert world.client.post(path, id="4711")[0] == 400
    assert world.client.get(path)["count"] == 0


def test_what_is_not_linked_is_unlinked_all_the_same(world: World, awx: StandIn) -> None:
    path, key = f"{template(world)}credentials/", number_of(awx, "our key")

    assert world.client.post(path, id=key, disassociate=True) == (204, {})
    assert world.client.post(path, id=key)[0] == 204
    assert world.client.post(path, id=key, disassociate=True) == (204, {})
    assert world.client.get(path)["count"] == 0


@pytest.mark.parametrize("kind", ["job_templates", "inventories"])
def test_instance_groups_keep_their_order(world: World, awx: StandIn, kind: str) -> None:
    path = f"{kind}/{world.ids[kind]}/instance_groups/"
    groups = [awx.one("instance_groups", name)["id"] for name in ("our nodes", "default")]

    for group in (*groups, *groups):
        assert world.client.post(path, id=group)[0] == 204
    assert linked(world.client, path) == ["our nodes", "default"]
    assert awx.links(kind, "ours", "instance_groups") == {"our nodes", "default"}


def test_there_are_no_other_relations(world: World) -> None:
    assert world.client.post(f"{template(world)}nonsense/", id=1)[0] == 404
    assert world.client.ask("GET", f"{template(world)}success_nodes/")[0] == 404
    assert world.client.ask("GET", "job_templates/4711/labels/")[0] == 404


class Graph:
    """Nodes of the workflow, by the names one, two and three."""

    def __init__(self, world: World) -> None:
        self._client = world.client
        made = {name: world.post("workflow_job_template_nodes", name=name)[1] for name in NODES}
        self._ids = {name: one["id"] for name, one in made.items()}

    def link(self, node: str, relation: str, following: str) -> tuple[int, t.Any]:
        """Let a node follow on another."""
        path = f"workflow_job_template_nodes/{self._ids[node]}/{relation}_nodes/"
        return self._client.post(path, id=self._ids[following])


NODES = ("one", "two", "three")
CYCLE = 400, {"Error": "Cycle detected."}


def test_a_workflow_has_no_cycles(world: World) -> None:
    graph = Graph(world)

    assert graph.link("one", "success", "one") == CYCLE
    assert graph.link("one", "success", "two")[0] == 204
    assert graph.link("two", "failure", "three")[0] == 204
    assert graph.link("three", "always", "one") == CYCLE
    assert graph.link("two", "success", "one") == CYCLE
    assert graph.link("one", "failure", "three")[0] == 204


def test_two_nodes_have_one_relation(world: World) -> None:
    graph = Graph(world)

    assert graph.link("one", "success", "two")[0] == 204
    assert graph.link("one", "success", "two")[0] == 204
    for relation in ("failure", "always"):
        assert graph.link("one", relation, "two") == (
            400,
            {"Error": "Relationship not allowed."},
        )


QUESTION = {"type": "text", "question_name": "Which?", "variable": "which", "required": True}


def asking(*questions: t.Any, **changed: t.Any) -> dict[str, t.Any]:
    """Return a survey."""
    return {"name": "", "description": "", "spec": list(questions), **changed}


@pytest.mark.parametrize(
    ("survey", "text"),
    [
        (asking(), "'spec' doesn't contain any items."),
        (asking(spec=None), "Expected list of items for field 'spec', received NoneType type."),
        ({"name": "", "spec": [QUESTION]}, "Field 'description' is missing from survey spec."),
        (asking("which"), "Survey question 0 is not a json object."),
        (asking(QUESTION, QUESTION), "'variable' 'which' duplicated in survey question 1."),
        (asking({**QUESTION, "required": "yes"}), "'required' in survey question 0 expected to be"),
        (asking({"type": "text"}), "'question_name' missing from survey question 0"),
        (asking({**QUESTION, "type": "date"}), "'date' in survey question 0 is not one of"),
        (
            asking({**QUESTION, "type": "integer", "default": "7"}),
            "Default value 7 in survey que",
        ),
        (asking({**QUESTION, "max": "7"}), "The max limit in survey question 0 expected to be int"),
        (
            asking({**QUESTION, "type": "multiplechoice"}),
            "Survey question 0 of type multiplech",
        ),
        (
            asking({**QUESTION, "type": "multiplechoice", "choices": "a\nb", "default": "c"}),
            "Default choice must be answered from the choices listed.",
        ),
    ],
)
def test_surveys_are_checked(world: World, survey: dict[str, t.Any], text: str) -> None:
    for kind in ("job_templates", "workflow_job_templates"):
        path = f"{kind}/{world.ids[kind]}/survey_spec/"
        status, body = world.client.post(path, **survey)

        assert (status, list(body)) == (400, ["error"])
        assert body["error"].startswith(text)
        assert world.client.get(path) == {}


def test_a_good_survey_is_kept(world: World, awx: StandIn) -> None:
    choice = {**QUESTION, "type": "multiplechoice", "variable": "c", "choices": "a\nb"}
    survey = asking(QUESTION, {**choice, "default": "b", "max": None})
    path = f"{template(world)}survey_spec/"

    assert world.client.post(path, **survey) == (200, {})
    assert world.client.get(path) == awx.survey("ours") == survey
    assert world.client.delete(path) == (200, {})
    assert world.client.get(path) == {}
    assert world.client.post("job_templates/4711/survey_spec/", **survey)[0] == 404

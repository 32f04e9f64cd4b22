# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in says no to credentials and their types where AWX 24.6.1 says no."""

from __future__ import annotations

import typing as t

import pytest

from .client import Client
from .standin import ORGANIZATION_TOKEN, StandIn
from .world import Fields, World

NO_SCHEME = "Invalid URL: Missing url scheme (http, https, etc.)"
RESERVED = "$encrypted$ is a reserved keyword, and cannot be used for api_token."


def field(**changed: t.Any) -> dict[str, t.Any]:
    """Return inputs of a credential type with one more field."""
    known = {"id": "api_url", "label": "Address", "type": "string"}
    return {"fields": [known, {"id": "more", "label": "More", "type": "string", **changed}]}


def env(name: str, template: str = "{{ api_url }}") -> dict[str, t.Any]:
    """Return injectors with one variable."""
    return {"env": {name: template}}


@pytest.mark.parametrize(
    ("changed", "where", "text"),
    [
        ({"kind": "ssh"}, "kind", "Must be 'cloud' or 'net', not ssh"),
        ({"inputs": field(id="not-a-name")}, "inputs", "not-a-name is an invalid variable name"),
        ({"inputs": field(id="1st")}, "inputs", "1st is an invalid variable name"),
        ({"inputs": field(id="api_url")}, "inputs", "field IDs must be unique (api_url)"),
        ({"inputs": field(id="tower")}, "inputs", '"tower" is a reserved field name'),
        (
            {"inputs": field(type="boolean", secret=True)},
            "inputs",
            "secret not allowed for boolean type (more)",
        ),
        (
            {"inputs": field(type="number")},
            "inputs",
            "'number' is not one of ['string', 'boolean']",
        ),
        ({"inputs": field(default=7)}, "inputs", "7 is not a string"),
        ({"inputs": field(hint="x")}, "inputs", "Additional properties are not allowed ('hint' w"),
        ({"inputs": field(ask_at_runtime=True)}, "inputs", "'ask_at_runtime' is not supported"),
        ({"inputs": {"fields": [{"id": "x"}]}}, "inputs", "'label' is a required property"),
        ({"inputs": []}, "inputs", "list provided, expected dict"),
        ({"injectors": env("NOT-A-NAME")}, "injectors", "Schema validation error in relative path"),
        ({"injectors": env("ANSIBLE_FORKS")}, "injectors", "Environment variable ANSIBLE_FORKS ma"),
        ({"injectors": env("PATH")}, "injectors", "Environment variable PATH is not allowed"),
        ({"injectors": env("A", "ä")}, "injectors", "'ä' does not match"),
        (
            {"injectors": env("A", "{{ other }}")},
            "injectors",
            "A uses an undefined field ('other' is undefined)",
        ),
        (
            {"injectors": env("A", "{{ api_url")},
            "injectors",
            "Syntax error rendering template for A inside of env (",
        ),
        (
            {"injectors": env("A", "{{ api_url.__class__.mro() }}")},
            "injectors",
            "Encountered unsafe code execution: ",
        ),
        ({"injectors": {"extra_vars": {"a": "{% if %}"}}}, "injectors", "Syntax error rendering"),
        ({"injectors": {"vars": {}}}, "injectors", "Additional properties are not allowed ('vars'"),
    ],
)
def test_a_type_is_checked(world: World, changed: Fields, where: str, text: str) -> None:
    status, body = world.post("credential_types", **changed)

    assert (status, list(body)) == (400, [where])
    assert body[where][0].startswith(text)


@pytest.mark.parametrize("name", ["HOME", "LD_PRELOAD"])
def test_a_type_may_set_most_variables(world: World, name: str) -> None:
    assert world.post("credential_types", injectors=env(name))[0] == 201


def test_the_fields_of_a_type_in_use_stay(world: World, client: Client) -> None:
    in_use = "Modifications to inputs are not allowed for credential types that are in use"
    url = f"credential_types/{world.ids['credential_types']}/"
    given = world.fields("credential_types")

    assert client.patch(url, **given)[0] == 200
    assert client.patch(url, inputs=field(), injectors={}) == (403, {"detail": in_use})
    assert client.delete(url) == (
        403,
        {"detail": "Credential types that are in use cannot be deleted"},
    )
    client.delete(f"credentials/{world.ids['credentials']}/")
    assert client.patch(url, inputs=field(), injectors=env("A", "{{ more }}"))[0] == 200
    assert client.delete(url) == (204, {})


def test_types_of_awx_itself_stay(client: Client, awx: StandIn) -> None:
    url = f"credential_types/{awx.one('credential_types', 'Vault')['id']}/"

    assert client.patch(url, name="x")[0] == client.delete(url)[0] == 403


def test_an_organizations_administrator_makes_no_types(world: World, awx: StandIn) -> None:
    url = f"credential_types/{world.ids['credential_types']}/"
    refused = 403, {"detail": "You do not have permission to perform this action."}

    with Client(awx, token=ORGANIZATION_TOKEN) as client:
        assert client.get(url)["name"] == "ours"
        given = world.fields("credential_types", name="another")
        assert client.post("credential_types/", **given) == refused
        assert client.patch(url, description="x") == refused
        assert client.delete(url) == refused
        for kind in world.ids:
            if kind not in ("credential_types", "workflow_job_template_nodes"):
                client.made(kind, **world.fields(kind, name="another"))
        job_template = f"job_templates/{world.ids['job_templates']}/"
        assert client.patch(job_template, forks=7)[0] == 200
        assert client.delete(job_template)[0] == 204


def test_nobody_else_gets_anything(awx: StandIn) -> None:
    with Client(awx, token="another") as client:
        assert client.ask("GET", "projects/")[0] == client.post("projects/")[0] == 401
    assert awx.writes == []


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"tokem": "x"}, ["Additional properties are not allowed ('tokem' was unexpected)"]),
        ({"api_url": "example.com"}, {"api_url": [NO_SCHEME]}),
        ({"api_url": ""}, {"api_url": [NO_SCHEME]}),
        ({"api_url": "https:/x"}, {"api_url": ["Invalid URL: https:/x"]}),
        ({"api_token": 7}, {"api_token": ["7 is not of type 'string'"]}),
        ({"fast": "yes"}, {"fast": ["'yes' is not of type 'boolean'"]}),
        ({"api_token": "$encrypted$"}, [RESERVED]),
        (["x"], ["list provided, expected dict"]),
    ],
)
def test_the_inputs_of_a_credential_are_those_of_its_type(
    world: World, inputs: t.Any, said: t.Any
) -> None:
    assert world.post("credentials", inputs=inputs) == (400, {"inputs": said})


def test_a_secret_is_shown_to_nobody_and_kept(world: World, awx: StandIn) -> None:
    shown = {"api_token": "$encrypted$", "api_url": "https://a"}
    _status, made = world.post("credentials", inputs={**shown, "api_token": "secret"})
    _status, changed = world.client.patch(made["url"], inputs={**shown, "api_url": "https://b"})

    assert made["inputs"] == shown
    assert changed["inputs"]["api_token"] == "$encrypted$"
    assert awx.one("credentials", "another")["inputs"] == {
        "api_token": "secret",
        "api_url": "https://b",
    }

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide and the data describe what the role really creates, object by object."""

from __future__ import annotations

import json
import re
import typing as t

import yaml
from support.tree import CHECKOUT
from support.workspace import Workspace

from .conftest import TOKEN, ansible_yaml
from .rules import rendered
from .standin import StandIn
from .test_awx_setup import set_up

GUIDE = (CHECKOUT / "docs" / "docsite" / "rst" / "guide_awx.rst").read_text(encoding="utf-8")
DATA = CHECKOUT / "examples" / "awx" / "infra_aap_configuration.yml"
# References: by name in the data, by number in AWX.
REFERENCES = {
    "organization",
    "inventory",
    "project",
    "credential",
    "credential_type",
    "source_project",
    "execution_environment",
    "default_environment",
}
KINDS = {
    "controller_credential_types": "credential_types",
    "controller_credentials": "credentials",
    "controller_execution_environments": "execution_environments",
    "controller_projects": "projects",
    "controller_inventories": "inventories",
    "controller_inventory_sources": "inventory_sources",
    "controller_templates": "job_templates",
    "controller_workflows": "workflow_job_templates",
}


def data() -> dict[str, t.Any]:
    """Return the data for infra.aap_configuration."""
    loaded: dict[str, t.Any] = ansible_yaml(DATA)
    return loaded


def links() -> dict[str, tuple[str, str, str]]:
    """Return the workflow table: for each node, what it runs and the nodes that follow."""
    table = GUIDE[GUIDE.index(".. list-table:: The links") :].split("\n\n")[1]
    rows = re.findall(r"\* - (.*)\n     -(.*)\n     -(.*)\n     -(.*)", table + "\n")
    return {row[0]: (row[1].strip(), row[2].strip(), row[3].strip()) for row in rows[1:]}


def test_the_guide_says_what_the_role_makes(with_awx: Workspace, awx: StandIn) -> None:
    """One test, so that the role runs only once."""
    set_up(with_awx, awx)

    check_data(awx)
    check_links(awx)
    check_time_limits(awx)
    check_injected(awx)


def check_data(awx: StandIn) -> None:
    """Check the data for infra.aap_configuration, object by object."""
    described = data()
    assert set(described) == set(KINDS)
    for part, kind in KINDS.items():
        things = {one["name"]: one for one in awx.all(kind)}
        assert {one["name"] for one in described[part]} == set(things), part
        for one in described[part]:
            compare(awx, kind, one, things[one["name"]])


def compare(awx: StandIn, kind: str, described: dict[str, t.Any], thing: dict[str, t.Any]) -> None:
    """Check every key of the data against the object of the same name."""
    name = described["name"]
    for key, value in described.items():
        where = f"{name}: {key}"
        if key == "survey_spec":
            assert awx.survey(name, kind) == value, where
        elif key == "credentials":
            assert awx.links(kind, name, key) == set(value), where
        elif key == "extra_vars":
            assert json.loads(thing[key]) == value, where
        elif key == "organization" and kind == "inventory_sources":
            # It has no organization; this is how its inventory is found.
            assert awx.name_of(awx.one("inventories", described["inventory"])[key]) == value, where
        elif key in REFERENCES:
            assert awx.name_of(thing[key]) == value, where
        elif key == "inputs" and kind == "credentials":
            assert set(thing[key]) == set(value), where
        elif key == "workflow_nodes":
            assert {node["identifier"] for node in value} == set(links())
            for node in value:
                compare_node(awx, node)
        elif key != "update_secrets":
            assert thing[key] == value, where


def compare_node(awx: StandIn, described: dict[str, t.Any]) -> None:
    kind, name = "workflow_job_template_nodes", described["identifier"]
    runs = awx.name_of(awx.one(kind, name)["unified_job_template"])
    assert runs == described["unified_job_template"]["name"]
    for relation in ("success_nodes", "failure_nodes", "always_nodes"):
        wanted = {one["identifier"] for one in described.get("related", {}).get(relation, [])}
        assert awx.links(kind, name, relation) == wanted, (name, relation)


def check_links(awx: StandIn) -> None:
    """Check the workflow table."""
    kind = "workflow_job_template_nodes"
    table = links()

    assert {one["identifier"] for one in awx.all(kind)} == set(table)
    for node, (runs, success, failure) in table.items():
        assert awx.name_of(awx.one(kind, node)["unified_job_template"]) == runs
        assert awx.links(kind, node, "success_nodes") == ({success} if success else set())
        assert awx.links(kind, node, "failure_nodes") == ({failure} if failure else set())


def check_time_limits(awx: StandIn) -> None:
    """Check that the limits agree with each other and with the guide."""
    for template in awx.all("job_templates"):
        assert f"{template['timeout']} s" in GUIDE or template["timeout"] == 600, template["name"]
        questions = awx.survey(template["name"]).get("spec", [])
        longest = [q["max"] for q in questions if q["variable"] == "compute_desk_wait_timeout"]
        assert all(one < template["timeout"] for one in longest), template["name"]


def test_every_variable_of_the_role_is_documented() -> None:
    role = CHECKOUT / "roles" / "awx_setup"
    defaults = yaml.safe_load((role / "defaults" / "main.yml").read_text())
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    readme = (role / "README.md").read_text(encoding="utf-8")

    options = specs["main"]["options"]
    # Unset, AWX's own setting stays.
    assert set(options) - set(defaults) == {"awx_setup_project_update_on_launch"}
    assert set(defaults) <= set(options)
    assert [name for name in options if f"| `{name}` |" not in readme] == []
    for name, default in defaults.items():
        if name != "awx_setup_api_token":
            assert options[name]["default"] == default, name


def check_injected(awx: StandIn) -> None:
    """Check that AWX injects what the plugins read."""
    (kind,) = awx.all("credential_types")
    (credential,) = awx.all("credentials")

    assert set(kind["injectors"]) == {"env"}
    assert {field["id"] for field in kind["inputs"]["fields"] if field.get("secret")} == {
        "api_token"
    }
    assert rendered(kind["injectors"], credential["inputs"]) == {
        "COMPUTE_DESK_API_TOKEN": TOKEN,
        "COMPUTE_DESK_API_URL": "https://supply-api.compute-desk.com",
    }

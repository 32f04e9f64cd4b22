# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The patterns in extensions/patterns agree with the playbooks that they run.

The session `patterns` of `make check` lets ansible-lint compare them with their schema.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[3]
PATTERNS = sorted((CHECKOUT / "extensions" / "patterns").iterdir())
SPECS = CHECKOUT / "playbooks" / "vars" / "argument_specs.yml"

Options = dict[str, dict[str, t.Any]]


def resources(pattern: Path) -> dict[str, t.Any]:
    """Return the objects of Ansible Automation Platform that a pattern makes."""
    found: dict[str, t.Any] = json.loads((pattern / "meta" / "pattern.json").read_text())
    return t.cast("dict[str, t.Any]", found["aap_resources"])


def options_of(pattern: Path, playbook: str) -> Options:
    """Return the variables that a playbook of the pattern says it takes."""
    path = (pattern / "playbooks" / playbook).with_suffix(".meta.yml")
    (spec,) = yaml.safe_load(path.read_text())["argument_specs"].values()
    return t.cast("Options", spec["options"])


def own_options(pattern: Path, playbook: str) -> Options:
    """Return the variables of the playbook of the collection that it only imports."""
    (only,) = yaml.safe_load((pattern / "playbooks" / playbook).read_text())
    imported = only["ansible.builtin.import_playbook"]
    name = imported.removeprefix("compute_desk.supply.")
    assert (CHECKOUT / "playbooks" / f"{name}.yml").is_file(), imported
    specs = yaml.safe_load(SPECS.read_text())["argument_specs"]
    return t.cast("Options", specs[name]["options"])


def templates() -> list[t.Any]:
    """Return each job template with its pattern."""
    return [
        pytest.param(pattern, template, id=f"{pattern.name}-{template['playbook']}")
        for pattern in PATTERNS
        for template in resources(pattern)["controller_job_templates"]
    ]


@pytest.mark.parametrize(("pattern", "template"), templates())
def test_a_playbook_lists_the_variables_it_takes(pattern: Path, template: t.Any) -> None:
    said = options_of(pattern, template["playbook"])
    taken = own_options(pattern, template["playbook"])

    def without_prose(options: Options) -> Options:
        return {
            name: {key: value for key, value in option.items() if key != "description"}
            for name, option in options.items()
        }

    assert without_prose(said) == without_prose(taken)


@pytest.mark.parametrize(("pattern", "template"), templates())
def test_a_survey_asks_for_variables_that_exist(pattern: Path, template: t.Any) -> None:
    options = own_options(pattern, template["playbook"])
    readme = (pattern / "README.md").read_text()

    for question in template["survey"]["spec"]:
        option = options[question["variable"]]
        choices = question.get("choices", [])
        default = question.get("default", "")
        # ansible-lint does not look at it, and the platform refuses a default of another type.
        assert not choices or default in choices
        if "choices" in option:
            assert choices == option["choices"]
            assert default == option["default"]
        elif option["type"] == "float":
            assert all(float(choice) > 0 for choice in choices) and choices
        assert f"| {question['question_name']} | `{question['variable']}` |" in readme
    assert any(question["required"] for question in template["survey"]["spec"])


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
def test_resources_refer_to_each_other(pattern: Path) -> None:
    made = resources(pattern)
    templates = made["controller_job_templates"]
    readme = (pattern / "README.md").read_text()
    environment = made["controller_execution_environment"]

    # galaxy-importer takes the argument specs for playbooks, and asks which is the main one.
    assert [template.get("primary") for template in templates].count(True) == 1
    for template in templates:
        assert template["execution_environment"] == environment["name"]
        assert {*template["labels"]} <= {*made["controller_labels"]}
        assert template["ask_inventory_on_launch"] and template["ask_credential_on_launch"]
        assert f"| job template | {template['name']} | `playbooks/{template['playbook']}`" in readme
    assert f"| execution environment | {environment['name']} |" in readme
    assert f"/{environment['image_name']}:latest" in readme
    assert f"| project | {made['controller_project']['name']} |" in readme


def test_patterns_are_shipped() -> None:
    ignored = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text())["build_ignore"]

    assert PATTERNS and not {"extensions", "extensions/patterns"} & {*ignored}

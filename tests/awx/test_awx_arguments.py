# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks pass awx.awx modules only arguments that exist."""

from __future__ import annotations

import json
import typing as t

import yaml
from support.tree import CHECKOUT
from support.workspace import Workspace

from .conftest import ansible_yaml

ROLE = CHECKOUT / "roles" / "awx_setup"


def calls() -> list[tuple[str, dict[str, t.Any]]]:
    """Return the awx.awx modules the role calls, with their arguments."""
    found = []
    for path in sorted((ROLE / "tasks").glob("*.yml")):
        for task in yaml.safe_load(path.read_text()):
            found += [(name, value) for name, value in task.items() if name.startswith("awx.awx.")]
    return found


def unknown(given: t.Any, options: dict[str, t.Any], where: str) -> list[str]:
    """Return the arguments, at any level, that are not documented."""
    if isinstance(given, list):
        return [name for one in given for name in unknown(one, options, where)]
    if not isinstance(given, dict):
        return []
    known = {alias for name, spec in options.items() for alias in (name, *spec.get("aliases", []))}
    found = [f"{where}.{name}" for name in given if name not in known]
    for name, value in given.items():
        inside = options.get(name, {}).get("suboptions")
        if inside:
            found += unknown(value, inside, f"{where}.{name}")
    return found


def test_the_arguments_are_those_of_the_modules(with_awx: Workspace) -> None:
    tasks = calls()
    modules = sorted({name for name, _arguments in tasks})
    done = with_awx.run_apart("ansible-doc", "--json", *modules, environment=with_awx.environment())
    options = {name: one["doc"]["options"] for name, one in json.loads(done.stdout).items()}
    variables = ansible_yaml(ROLE / "vars" / "main.yml")

    assert len(modules) >= 9
    for module, arguments in tasks:
        assert unknown(arguments, options[module], module) == []
        for name, option in options[module].items():
            assert not option.get("required") or name in arguments, f"{module} without {name}"
            literal = arguments.get(name)
            if option.get("choices") and isinstance(literal, str) and "{{" not in literal:
                assert literal in option["choices"], f"{module}: {name}={literal}"
    nodes = options["awx.awx.workflow_job_template"]["workflow_nodes"]["suboptions"]
    assert unknown(variables["awx_setup_workflow_nodes"], nodes, "workflow_nodes") == []

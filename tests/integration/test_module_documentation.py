# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules document the options that their code takes, and wait_for_machines what it returns."""

from __future__ import annotations

import importlib
import json
import typing as t

import pytest
import yaml
from simulator import Simulator
from support.workspace import Workspace, last_lines

from .main_job import machines
from .module_docs import MODULES, documentation

PLUGINS = "ansible_collections.compute_desk.supply.plugins"
WAIT = "wait_for_machines"

Simulate = t.Callable[..., Simulator]
Spec = dict[str, dict[str, t.Any]]


def spec_of(name: str) -> Spec:
    """Return the argument spec by which the action plugin of a module checks its options."""
    if name == "offer_status":
        arguments = importlib.import_module(f"{PLUGINS}.module_utils._offers.arguments")
        return t.cast(Spec, arguments.argument_spec())
    action = importlib.import_module(f"{PLUGINS}.action.{name}")
    return t.cast(Spec, action.ActionModule.arguments())


def told(spec: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what a spec or a documentation says of an option, in one form."""
    keys = ("type", "elements", "default", "choices", "aliases")
    said = {key: spec[key] for key in keys if spec.get(key) not in (None, [])}
    return {"type": "str", "required": bool(spec.get("required")), **said}


def test_the_documented_options_are_those_of_the_code(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(workspace.collections))
    for name, docs in documentation(workspace, *MODULES).items():
        options = {key: told(option) for key, option in docs["doc"]["options"].items()}

        assert options == {key: told(one) for key, one in spec_of(name).items()}, name


@pytest.mark.slow
def test_the_examples_of_wait_for_machines_run_and_return_what_is_documented(
    workspace: Workspace, simulate: Simulate
) -> None:
    docs = documentation(workspace, WAIT)[WAIT]
    tasks = yaml.safe_load(docs["examples"])
    first, second = tasks[0][f"compute_desk.supply.{WAIT}"]["offer_ids"]
    late = machines(second, one={"up_after": 4})
    simulator = simulate(machines(first, one={}, two={}), late)
    save = {
        "ansible.builtin.copy": {
            "content": "{{ [first_round, last_round] | to_json }}",
            "dest": str(workspace.folder / "results.json"),
        }
    }
    book = [{"hosts": "localhost", "gather_facts": False, "tasks": [*tasks, save]}]
    (workspace.folder / "play.yml").write_text(json.dumps(book))

    done = workspace.run("ansible-playbook", "play.yml", **simulator.env())

    assert done.returncode == 0, last_lines(done.stdout, 60)
    results = json.loads((workspace.folder / "results.json").read_text())
    assert [len(result["hosts"]) for result in results] == [2, 1]
    returned = docs["return"]
    for result in results:
        assert set(result) - {"changed", "failed", "failed_when_result"} == set(returned)
        for machine in result["machines"]:
            assert set(machine) == set(returned["machines"]["contains"])
        for offer in result["offers"]:
            assert set(returned["offers"]["contains"]) <= set(offer)

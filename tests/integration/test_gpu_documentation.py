# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documentation of gpu_facts and gpu_verify promises: it runs, and it is complete."""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from support.workspace import Workspace, last_lines
from unit.plugins.gpu_stand_in import install

CHECKOUT = Path(__file__).resolve().parents[2]
ROLE = CHECKOUT / "roles" / "gpu_verify"
NAME = "compute_desk.supply.gpu_facts"


@pytest.fixture
def path(workspace: Workspace) -> str:
    """A PATH on which the tools of a machine with eight GPUs come first."""
    folder = workspace.folder / "bin"
    install("h100_nvswitch", folder)
    return os.pathsep.join([str(folder), workspace.environment()["PATH"]])


@pytest.fixture
def documentation(workspace: Workspace) -> dict[str, t.Any]:
    """What ansible-doc has on the module."""
    done = workspace.run("ansible-doc", "--json", NAME)
    assert done.returncode == 0, done.stdout
    found: dict[str, t.Any] = json.loads(done.stdout)[NAME]
    return found


def test_the_examples_run(workspace: Workspace, documentation: dict[str, t.Any], path: str) -> None:
    tasks = yaml.safe_load(documentation["examples"])
    book = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "tasks": tasks,
        }
    ]
    (workspace.folder / "play.yml").write_text(json.dumps(book))

    done = workspace.run("ansible-playbook", "play.yml", PATH=path)

    assert done.returncode == 0, last_lines(done.stdout)
    assert f"ok={len(tasks)}  " in done.stdout
    assert "changed=0 " in done.stdout


def test_options_and_results_are_those_of_the_documentation(
    workspace: Workspace,
    documentation: dict[str, t.Any],
    path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = workspace.run("ansible", "localhost", "-m", NAME, PATH=path)
    result = json.loads(done.stdout[done.stdout.index("{") :])
    documented = documentation["return"]
    documented.pop("msg")  # of a failure

    # Before ansible-core 2.21, a result names the group of its host.
    assert set(result) - {"add_group", "parent_groups"} == {*documented, "changed"}
    assert result["changed"] is False
    for key in ("gpus", "checks"):
        assert [set(entry) for entry in result[key]] == (
            [set(documented[key]["contains"])] * len(result[key])
        )

    monkeypatch.syspath_prepend(str(workspace.collections))
    module = importlib.import_module(
        "ansible_collections.compute_desk.supply.plugins.modules.gpu_facts"
    )
    options = documentation["doc"]["options"]
    spec = module.ARGUMENTS
    assert {name: (one["type"], one.get("default")) for name, one in spec.items()} == {
        name: (one["type"], one.get("default")) for name, one in options.items()
    }


def test_an_option_that_cannot_be_used_fails_in_one_sentence(
    workspace: Workspace, path: str
) -> None:
    done = workspace.run(
        "ansible", "localhost", "-m", NAME, "-a", "min_cuda_version=newest", PATH=path
    )

    assert done.returncode != 0
    assert "min_cuda_version: 'newest' is not a version such as 550.90.07" in done.stdout
    assert "Traceback" not in done.stdout


def test_every_variable_of_the_role_is_specified_described_and_used() -> None:
    spec = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    options = spec["argument_specs"]["main"]["options"]
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
    readme = (ROLE / "README.md").read_text(encoding="utf-8")
    tasks = "".join(file.read_text(encoding="utf-8") for file in (ROLE / "tasks").iterdir())

    assert defaults == {
        name: option["default"] for name, option in options.items() if "default" in option
    }
    rows = dict(re.findall(r"^\| `(gpu_verify_\w+)` \| `?(\w+)`? \|", readme, re.MULTILINE))
    assert set(rows) == set(options)
    for name, default in defaults.items():
        assert rows[name] == str(default).lower()
    assert all(name in tasks for name in options)


def test_the_checks_are_the_same_everywhere(
    workspace: Workspace, documentation: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(workspace.collections))
    judge = importlib.import_module(
        "ansible_collections.compute_desk.supply.plugins.module_utils._gpu.judge"
    )
    # The controller adds the last one.
    names = [*judge.CHECK_NAMES, "known_bad"]
    schema = json.loads((ROLE / "files" / "report.schema.json").read_text(encoding="utf-8"))
    items = schema["properties"]["checks"]["items"]["properties"]
    (listed,) = (
        line
        for line in documentation["return"]["checks"]["description"]
        if line.startswith("The names are ")
    )
    readme = (ROLE / "README.md").read_text(encoding="utf-8")
    _before, _heading, after = readme.partition("## Checks")
    rows = re.findall(r"^\|(.+?)\|", after, re.MULTILINE)

    assert re.findall(r"V\((\w+)\)", listed) == names
    assert items["name"]["enum"] == names
    assert sorted(re.findall(r"`(\w+)`", "".join(rows))) == sorted(names)


def test_the_schema_has_what_the_code_has(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(workspace.collections))
    room = "ansible_collections.compute_desk.supply.plugins.module_utils._gpu"
    action, gpu, log, notes, table = (
        importlib.import_module(f"{room}.{name}")
        for name in ("action", "gpu", "kernel_log", "notes", "xid_table")
    )
    schema = json.loads((ROLE / "files" / "report.schema.json").read_text(encoding="utf-8"))
    parts = schema["properties"]
    gpus, checks, xids = (parts[name]["items"] for name in ("gpus", "checks", "xids"))
    actions = [*action.ACTIONS, None]

    names = [field.name for field in dataclasses.fields(gpu.Gpu)]
    assert sorted(gpus["properties"]) == sorted(gpus["required"]) == sorted(names)
    assert gpus["properties"]["spare_rows"]["required"] == list(gpu.SPARE_ROWS)
    assert xids["properties"]["kind"]["enum"] == list(table.KINDS)
    for one in (parts["action"], checks["properties"]["action"], xids["properties"]["action"]):
        assert one["enum"] == actions
    assert parts["xids"]["maxItems"] == log.MOST_XIDS
    assert parts["notes"]["maxItems"] == notes.MOST_NOTES
    readme = (ROLE / "README.md").read_text(encoding="utf-8")
    described = readme.partition("| action |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", described, re.MULTILINE) == list(action.ACTIONS)

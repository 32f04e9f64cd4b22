# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All public names of the collection are kept in one file, so that no change of one goes unseen.

``UPDATE_GOLDEN=1 pytest tests/integration/test_public_names.py`` writes that file anew.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import os
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from support.workspace import Workspace

CHECKOUT = Path(__file__).resolve().parents[2]
PLUGINS = CHECKOUT / "plugins"
GOLDEN = Path(__file__).parent / "golden" / "public_names.yml"
COLLECTION = "compute_desk.supply."
OURS = r"(?<!\.)\b(?:compute_desk|gpu|instance_ready)\w*"
INTERNAL = "Its options and results may change in any release."
HEAD = """\
---
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Every name that users' playbooks and inventories can depend on, with type, default and choices.
# UPDATE_GOLDEN=1 pytest tests/integration/test_public_names.py writes this file.
# A line that goes or changes breaks users. A line that comes is a promise to them.
# What is internal is promised to nobody.

"""

Options = dict[str, t.Any]
Names = dict[str, str]


def constants(path: Path) -> dict[str, t.Any]:
    """Return the YAML in the string constants of a file, those of its classes included."""
    return {
        node.targets[0].id: yaml.safe_load(node.value.value)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in ("DOCUMENTATION", "PLUGIN", "RETURN")
        and isinstance(node.value, ast.Constant)
    }


def documented(path: Path) -> Options:
    """Return the options of a plugin without those of Ansible's own fragments."""
    docs = constants(path)["DOCUMENTATION"]
    options: Options = {name: dict(spec) for name, spec in docs.get("options", {}).items()}
    for fragment in docs.get("extends_documentation_fragment", []):
        if not fragment.startswith(COLLECTION):
            continue
        name, _dot, section = fragment.removeprefix(COLLECTION).partition(".")
        found = constants(PLUGINS / "doc_fragments" / f"{name}.py")
        part = found.get(section.upper() or "DOCUMENTATION") or {}
        for option, spec in part.get("options", {}).items():
            options[option] = {**spec, **options.get(option, {})}
    return options


def described(spec: t.Mapping[str, t.Any]) -> str:
    """Return the type of an option or return key, and all else about it that can break users."""
    words = [spec.get("type", "str")]
    if "elements" in spec:
        words[0] += f" of {spec['elements']}"
    if spec.get("required"):
        words.append("required")
    if spec.get("default") is not None:
        words.append(f"default {yaml_text(spec['default'])}")
    if "choices" in spec:
        words.append("one of " + " ".join(str(choice) for choice in spec["choices"]))
    if spec.get("aliases"):
        words.append("alias " + " ".join(spec["aliases"]))
    words += [f"env {variable['name']}" for variable in spec.get("env", [])]
    return ", ".join(words)


class Indented(yaml.SafeDumper):
    """Indents lists, as yamllint wants it."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Never take back the indentation of a list."""
        super().increase_indent(flow, False)


def yaml_text(value: t.Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, width=1000)
    return text.removesuffix("...\n").strip()


def flat(specs: Options, inner: str, before: str = "") -> Names:
    """Return options or return keys by their full names, such as ``offers[].error.kind``."""
    names: Names = {}
    for name, spec in specs.items():
        names[before + name] = described(spec)
        many = "[]" if spec.get("type") == "list" else ""
        names.update(flat(spec.get(inner) or {}, inner, f"{before}{name}{many}."))
    return names


def module_names(path: Path) -> dict[str, Names]:
    returned = constants(path).get("RETURN") or {}
    return {
        "options": flat(documented(path), "suboptions"),
        "returns": flat(returned, "contains"),
    }


def argument_specs(path: Path) -> dict[str, Names]:
    specs = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]
    return {entry: flat(spec.get("options") or {}, "options") for entry, spec in specs.items()}


def filters() -> dict[str, Options]:
    """Return the documentation of all filters."""
    paths = (PLUGINS / "filter").glob("*.yml")
    docs = [yaml.safe_load(path.read_text(encoding="utf-8"))["DOCUMENTATION"] for path in paths]
    return {one["name"]: one for one in docs}


def is_internal(docs: Options) -> bool:
    """Return whether a plugin is said to be nobody else's."""
    return any(INTERNAL in " ".join(text.split()) for text in docs["description"])


def internal(modules: t.Iterable[Path]) -> dict[str, list[str]]:
    """Return the plugins whose options and results are no promise."""
    return {
        "filters": sorted(name for name, docs in filters().items() if is_internal(docs)),
        "modules": [path.stem for path in modules if is_internal(constants(path)["DOCUMENTATION"])],
    }


def included_tasks(role: Path) -> list[str]:
    """Return the files of tasks that the README of a role says to include."""
    readme = (role / "README.md").read_text(encoding="utf-8")
    return sorted(set(re.findall(r"\btasks_from: (\w+)", readme)))


def public_names(hosts: t.Any) -> dict[str, t.Any]:
    """Return all public names. ``hosts`` is the collection's file that makes host records."""
    playbooks = sorted((CHECKOUT / "playbooks").glob("*.yml"))
    variables = CHECKOUT / "playbooks" / "vars" / "argument_specs.yml"
    modules = sorted((PLUGINS / "modules").glob("*.py"))
    inventories = sorted((PLUGINS / "inventory").glob("*.py"))
    roles = sorted((CHECKOUT / "roles").iterdir())
    inside = internal(modules)
    runtime = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    return {
        "action_groups": runtime["action_groups"],
        "filters": {
            name: flat(docs["options"], "suboptions")
            for name, docs in filters().items()
            if name not in inside["filters"]
        },
        "groups": sorted([*hosts.GROUPS, *(f"{prefix}*" for prefix in hosts.GROUP_PREFIXES)]),
        "host_variables": sorted(hosts.HOST_VARIABLES),
        "inventory": {path.stem: flat(documented(path), "suboptions") for path in inventories},
        "internal": inside,
        "modules": {
            path.stem: module_names(path) for path in modules if path.stem not in inside["modules"]
        },
        "playbooks": [path.stem for path in playbooks],
        "playbook_variables": argument_specs(variables),
        "roles": {
            role.name: argument_specs(role / "meta" / "argument_specs.yml") for role in roles
        },
        "tasks_from": {role.name: included_tasks(role) for role in roles},
        "variables_left_behind": sorted(yaml.safe_load(variables.read_text())["left_behind"]),
    }


@pytest.fixture
def hosts(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> t.Any:
    """The collection's file that makes host records."""
    monkeypatch.syspath_prepend(str(workspace.collections))
    return importlib.import_module(
        "ansible_collections.compute_desk.supply.plugins.module_utils._offers.hosts"
    )


def test_the_public_names_are_the_kept_ones(hosts: t.Any) -> None:
    found = HEAD + yaml.dump(public_names(hosts), Dumper=Indented, sort_keys=True, width=130)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(found, encoding="utf-8")
    kept = GOLDEN.read_text(encoding="utf-8")
    changes = difflib.unified_diff(kept.splitlines(), found.splitlines(), "kept", "now", n=0)

    assert kept == found, (
        "public names have changed:\n" + "\n".join(changes) + "\n"
        "A name that is gone, or has another type, default or choice, breaks users' playbooks. If "
        "it is meant, run UPDATE_GOLDEN=1 pytest tests/integration/test_public_names.py, review "
        "what changed in the file, and name it in a changelog fragment."
    )


def test_each_playbook_tells_its_own_variables() -> None:
    folder = CHECKOUT / "playbooks"
    specs = argument_specs(folder / "vars" / "argument_specs.yml")
    # All of awx_setup is a role.
    assert {*specs, "awx_setup"} == {path.stem for path in folder.glob("*.yml")}

    # The main job is in several files.
    for name in set(specs) - {"configure"}:
        used = set(re.findall(r"\bcompute_desk_\w+", (folder / f"{name}.yml").read_text("utf-8")))
        assert set(specs[name]) <= used, name


def test_tasks_that_a_readme_says_to_include_are_there() -> None:
    roles = sorted((CHECKOUT / "roles").iterdir())
    names = [role / "tasks" / f"{name}.yml" for role in roles for name in included_tasks(role)]

    assert len(names) >= 3
    assert [path for path in names if not path.is_file()] == []


def test_every_group_that_we_make_is_listed(hosts: t.Any) -> None:
    made: set[str] = set()
    for path in (*(PLUGINS / "action").glob("*.py"), PLUGINS / "plugin_utils/_round/inventory.py"):
        for line in re.findall(
            r"(?:^GROUPS? = |\"groups\": )(.+)", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            made.update(re.findall(OURS, line))
    for path in (PLUGINS / "plugin_utils").rglob("*.py"):
        # Host records that get their groups in Python.
        for line in re.findall(r'"groups": (\[.+\])', path.read_text(encoding="utf-8")):
            made.update(re.findall(OURS, line))
    for folder in ("playbooks", "roles"):
        for path in (CHECKOUT / folder).rglob("*.yml"):
            text = path.read_text(encoding="utf-8")
            for line in re.findall(r"group_by:\n +key: (.+)|groups['\"]?: (.+)", text):
                made.update(re.findall(OURS, "".join(line)))
    # Variables in the expressions.
    made -= {name for name in made if name.endswith(("_report", "_id"))}

    assert made >= {"compute_desk", "gpu_verified", "instance_ready_failed"}
    assert {name for name in made if not name.startswith(hosts.GROUP_PREFIXES)} <= {*hosts.GROUPS}


def test_few_files_list_the_host_variables(hosts: t.Any) -> None:
    # Whoever adds one has to name it in these, and in the listings that are kept.
    folders = ("plugins", "roles", "playbooks", "tests", "examples")
    texts = {
        path: path.read_text(encoding="utf-8")
        for folder in folders
        for path in (CHECKOUT / folder).rglob("*")
        if path.suffix in (".py", ".yml", ".yaml", ".md") and "golden" not in path.parts
    }

    lists = {
        path.relative_to(CHECKOUT).as_posix()
        for path, text in texts.items()
        if all(re.search(rf"\b{name}\b", text) for name in hosts.HOST_VARIABLES)
    }

    assert lists == {
        "plugins/module_utils/_offers/hosts.py",
        "plugins/modules/offer_status.py",
        "tests/unit/plugins/module_utils/_offers/test_hosts.py",
    }

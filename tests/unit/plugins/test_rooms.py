# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which room may import from which, and what code may need that travels to a host."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
COLLECTION = "ansible_collections.compute_desk.supply.plugins."
SHARED = {"module_utils._text", "module_utils._phrases", "module_utils._options"}
# What each room may import from, itself and SHARED apart. CONTRIBUTING.md draws it.
BELOW: dict[str, set[str]] = {
    "module_utils._text": set(),
    "module_utils._phrases": set(),
    "module_utils._options": set(),
    "module_utils._api": set(),
    "module_utils._gpu": set(),
    "module_utils._offers": {"module_utils._api"},
    "plugin_utils._live": {"module_utils._offers"},
    "plugin_utils._inventory": {"module_utils._api", "module_utils._offers"},
    "plugin_utils._first_contact": set(),
    "plugin_utils._answers": {"module_utils._gpu", "plugin_utils._first_contact"},
    "plugin_utils._fleet": {"module_utils._gpu"},
    "plugin_utils._play": {"module_utils._offers", "module_utils._gpu", "plugin_utils._fleet"},
    "plugin_utils._round": {
        "module_utils._api",
        "module_utils._offers",
        "plugin_utils._first_contact",
        "plugin_utils._live",
    },
}
# It knows what an argument spec is. The rest of module_utils does not know of Ansible.
KNOW_ANSIBLE = {"module_utils/_api/arguments.py"}
OLDEST_PYTHON = (3, 8)
FILES = {path.relative_to(PLUGINS).as_posix(): path for path in PLUGINS.rglob("*.py")}
UTILS = sorted(name for name in FILES if name.startswith(("module_utils/", "plugin_utils/")))
TRAVELLING = sorted(name for name in FILES if name.startswith(("module_utils/", "modules/")))


def imported(name: str) -> Iterator[str]:
    """Yield the full name of all that a file imports; within the collection without its name."""
    package = name[: -len(".py")].split("/")[:-1]
    for node in ast.walk(ast.parse(FILES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            begin = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*begin, *(node.module or "").split(".")]).strip(".")
            yield from (f"{module}.{alias.name}" for alias in node.names)


def room_of(module: str) -> str:
    """Return the room that a module of the collection is in."""
    return ".".join(module.split(".")[:2])


def test_every_room_is_known() -> None:
    assert {room_of(name[: -len(".py")].replace("/", ".")) for name in UTILS} == set(BELOW)


@pytest.mark.parametrize("name", UTILS)
def test_imports_only_go_down(name: str) -> None:
    here = room_of(name[: -len(".py")].replace("/", "."))
    own = [
        found[len(COLLECTION) :] if found.startswith(COLLECTION) else found
        for found in imported(name)
    ]
    rooms = {
        room_of(found) for found in own if found.startswith(("module_utils.", "plugin_utils."))
    }

    assert rooms - {here} - SHARED <= BELOW[here]


@pytest.mark.parametrize("name", UTILS)
def test_no_plugin_is_imported_from_below(name: str) -> None:
    for kind in ("modules", "action", "inventory", "filter"):
        assert not [
            found
            for found in imported(name)
            if found.startswith((f"{kind}.", f"{COLLECTION}{kind}."))
        ]


@pytest.mark.parametrize("name", [name for name in UTILS if name.startswith("module_utils/")])
def test_what_travels_does_not_know_ansible(name: str) -> None:
    ansible = [found for found in imported(name) if found.split(".")[0] == "ansible"]

    assert bool(ansible) == (name in KNOW_ANSIBLE)


@pytest.mark.parametrize("name", TRAVELLING)
def test_what_travels_is_written_for_an_old_python(name: str) -> None:
    ast.parse(FILES[name].read_text(encoding="utf-8"), feature_version=OLDEST_PYTHON)


@pytest.mark.parametrize("name", TRAVELLING)
def test_what_travels_needs_nothing_of_the_controller(name: str) -> None:
    assert not [found for found in imported(name) if "plugin_utils" in found]

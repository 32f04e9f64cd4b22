# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guides do what they say: files, commands and output, each page from top to bottom.

The simulator has the offers that the pages name, ready at once. The guides to the inventory and to
AWX have tests of their own, in test_guide_inventory.py and in tests/awx.
"""

from __future__ import annotations

import re
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml
from simulator import Simulator
from support.tree import CHECKOUT
from support.workspace import Workspace, last_lines

from .guides import FILES, Block, Reader, blocks
from .offers import ready_offer

GUIDES = CHECKOUT / "docs" / "docsite" / "rst"
README = CHECKOUT / "README.md"
FAILED = "5d1c2b3a-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
FOLLOWED = ("guide_start", "guide_waiting", "guide_configure", "guide_gpus")
REHEARSAL = ("healthy", "lost-gpu", "known-bad")
# What Ansible has beside Sphinx's own. Whatever else is used, Sphinx would refuse.
ROLES = {"ref", "ansplugin", "ansopt", "ansretval", "ansenvvar"}

Simulate = t.Callable[..., Simulator]


def offers() -> list[dict[str, t.Any]]:
    """Return those of the demo, some machines of the rehearsal, and one that failed."""
    return [*_ready("demo"), *_ready("rehearsal", *REHEARSAL), _failed()]


def _ready(timeline: str, *names: str) -> t.Iterator[dict[str, t.Any]]:
    path = CHECKOUT / "tests" / "simulator" / "timelines" / f"{timeline}.yml"
    for offer in yaml.safe_load(path.read_text(encoding="utf-8"))["offers"]:
        instances = offer["instances"]
        chosen = {name: instances[name] for name in names or instances}
        resources = offer["timeline"][-1].get("resources", [])
        yield ready_offer(offer["offer_id"], chosen, resources=resources)


def _failed() -> dict[str, t.Any]:
    reason = "no machine of this kind is left"
    state = {"at": 0, "status": "failed", "failure_reason": reason}
    return {"offer_id": FAILED, "timeline": [state]}


@pytest.mark.slow
@pytest.mark.parametrize("name", FOLLOWED)
def test_a_page_does_what_it_says(workspace: Workspace, simulate: Simulate, name: str) -> None:
    Reader(workspace, simulate(*offers())).follow(GUIDES / f"{name}.rst")


def test_the_playbook_of_the_readme_runs(workspace: Workspace, simulate: Simulate) -> None:
    (block,) = (block for block in blocks(README) if block.language == "yaml")
    (workspace.folder / block.file).write_text(block.text)
    simulator = simulate(*_ready("demo"))
    offer_ids = ",".join(simulator.offer_ids)

    given = ["-e", f"compute_desk_offer_ids={offer_ids}"]
    done = workspace.run("ansible-playbook", block.file, *given, **simulator.env())

    assert done.returncode == 0, last_lines(done.stdout, 60)
    task = done.stdout.partition("TASK [ansible.builtin.command]")[2].partition("\n\n")[0]
    assert task.count("changed: [") == 3


@pytest.mark.parametrize("path", sorted(GUIDES.glob("*.rst")), ids=lambda path: path.stem)
def test_blocks_are_whole_and_roles_are_known(path: Path) -> None:
    for block in blocks(path):
        check_block(block)
    text = path.read_text(encoding="utf-8")
    assert len(blocks(path)) == text.count(".. code-block::")
    assert set(re.findall(r":([a-z_:]+):`", text)) <= ROLES


def check_block(block: Block) -> None:
    """Check that it can be typed or read by what it is for."""
    if block.language in ("shell", "console"):
        commands = re.sub(r"^\$ ", "", block.text, flags=re.MULTILINE)
        done = subprocess.run(["bash", "-n", "-c", commands], capture_output=True, check=False)
        assert done.returncode == 0, (block, done.stderr)
    elif block.language.startswith("yaml"):
        assert yaml.safe_load(block.text), block
    if block.language in FILES and block.text.startswith("#"):
        assert block.file, block

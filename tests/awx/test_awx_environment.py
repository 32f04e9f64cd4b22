# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The execution environment, as far as ansible-builder gets without network and containers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from support.tree import CHECKOUT
from support.workspace import Workspace

DEFINITION = CHECKOUT / "examples" / "awx" / "execution-environment.yml"


@pytest.fixture
def installed(workspace: Workspace) -> Path:
    """A collections path with the collection as users install it."""
    built = workspace.folder / "built"
    target = workspace.folder / "installed"
    done = workspace.run(
        "ansible-galaxy", "collection", "build", str(CHECKOUT), "--output-path", str(built)
    )
    assert done.returncode == 0, done.stdout
    (archive,) = built.glob("*.tar.gz")
    done = workspace.run(
        "ansible-galaxy",
        "collection",
        "install",
        str(archive),
        "-p",
        str(target),
        "--offline",
        # Do not use a copy that is installed elsewhere.
        ANSIBLE_COLLECTIONS_PATH=str(target),
    )
    assert done.returncode == 0, done.stdout
    return target


def test_ansible_builder_finds_requests_in_the_installed_collection(
    workspace: Workspace, installed: Path
) -> None:
    python, system = workspace.folder / "python.txt", workspace.folder / "bindep.txt"

    done = workspace.run(
        "ansible-builder",
        "introspect",
        "--sanitize",
        str(installed),
        "--write-pip",
        str(python),
        "--write-bindep",
        str(system),
    )

    assert done.returncode == 0, done.stdout
    assert "requests>=2.31" in python.read_text().replace(" ", "")
    assert "compute_desk.supply" in python.read_text()


def test_the_context_has_what_the_image_needs(workspace: Workspace) -> None:
    project = workspace.folder / "project"
    shutil.copytree(DEFINITION.parent, project)

    done = workspace.run(
        "ansible-builder",
        "create",
        "--file",
        str(project / DEFINITION.name),
        "--context",
        str(workspace.folder / "context"),
        "--output-filename",
        "Containerfile",
    )

    assert done.returncode == 0, done.stdout
    context = workspace.folder / "context"
    containerfile = (context / "Containerfile").read_text()
    definition = yaml.safe_load(DEFINITION.read_text())
    dependencies = definition["dependencies"]
    assert f'EE_BASE_IMAGE="{definition["images"]["base_image"]["name"]}"' in containerfile
    for part in ("ansible_core", "ansible_runner"):
        assert "~=" in dependencies[part]["package_pip"], f"{part} is not pinned"
        assert dependencies[part]["package_pip"] in containerfile
    wanted = yaml.safe_load((context / "_build" / "requirements.yml").read_text())["collections"]
    assert {one["name"] for one in wanted} == {"compute_desk.supply", "awx.awx"}
    assert "openssh-clients" in (context / "_build" / "bindep.txt").read_text()
    # The step in which the image installs the collections' dependencies.
    assert "introspect" in containerfile


def test_the_project_asks_for_the_collection_that_the_image_has() -> None:
    project = yaml.safe_load((DEFINITION.parent / "collections" / "requirements.yml").read_text())
    image = yaml.safe_load(DEFINITION.read_text())["dependencies"]["galaxy"]

    assert project["collections"][0] in image["collections"]
    version = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text())["version"]
    assert SpecifierSet(project["collections"][0]["version"]).contains(version)

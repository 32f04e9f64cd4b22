# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for the AWX tests: a stand-in for AWX, the collection awx.awx, the project."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from integration.conftest import simulate, workspace
from support.tree import CHECKOUT
from support.workspace import Workspace

from .client import Client
from .standin import StandIn
from .world import World

# Fixtures reused here.
__all__ = ["simulate", "workspace"]

PROJECT = CHECKOUT / "examples" / "awx"
AWX_COLLECTION = CHECKOUT / ".nox" / "awx"
TOKEN = "secret-of-the-account-7c1f"


class _Loader(yaml.SafeLoader):
    """Reads Ansible's `!unsafe` too."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def ansible_yaml(path: Path) -> t.Any:
    """Return the content of a YAML file of Ansible's."""
    return _Loader(path.read_text(encoding="utf-8")).get_single_data()


@pytest.fixture
def awx() -> t.Iterator[StandIn]:
    """An AWX whose projects are copies of the example."""
    with StandIn({path.name for path in PROJECT.glob("*.yml")}) as started:
        yield started


@pytest.fixture
def client(awx: StandIn) -> t.Iterator[Client]:
    """The administrator of that AWX, without Ansible."""
    with Client(awx) as started:
        yield started


@pytest.fixture
def world(client: Client) -> World:
    """That AWX, with one object of each kind."""
    return World.made(client)


@pytest.fixture
def with_awx(workspace: Workspace) -> Workspace:
    """A workspace with the collection awx.awx."""
    found = AWX_COLLECTION / "ansible_collections" / "awx"
    assert found.is_dir(), f"python tests/awx/fetch.py {AWX_COLLECTION} brings what is missing"
    (workspace.collections / "ansible_collections" / "awx").symlink_to(found)
    return workspace

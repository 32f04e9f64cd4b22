# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the AWX side share: stand-ins, the collection awx.awx, and the project."""

from __future__ import annotations

import typing as t

import pytest
from integration.conftest import simulate, workspace
from support.tree import CHECKOUT
from support.workspace import Workspace

from .standin import StandIn

# Fixtures from there, which the tests here have as well.
__all__ = ["simulate", "workspace"]

PROJECT = CHECKOUT / "examples" / "awx"
AWX_COLLECTION = CHECKOUT / ".nox" / "awx"
TOKEN = "secret-of-the-account-7c1f"


@pytest.fixture
def awx() -> t.Iterator[StandIn]:
    """An AWX whose projects are copies of the example."""
    with StandIn({path.name for path in PROJECT.glob("*.yml")}) as started:
        yield started


@pytest.fixture
def with_awx(workspace: Workspace) -> Workspace:
    """A workspace that has the collection awx.awx as well."""
    found = AWX_COLLECTION / "ansible_collections" / "awx"
    assert found.is_dir(), f"python tests/awx/fetch.py {AWX_COLLECTION} brings what is missing"
    (workspace.collections / "ansible_collections" / "awx").symlink_to(found)
    return workspace

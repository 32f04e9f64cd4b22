# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the image share."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from integration.conftest import simulate, workspace
from machines import NotPossible, NotRoot
from support.workspace import Workspace

from .image import build
from .podman import Podman

# Fixtures from there, which the tests here have as well.
__all__ = ["simulate", "workspace"]


@pytest.fixture(scope="session")
def podman() -> t.Iterator[Podman]:
    """Podman, which has no container at the end."""
    try:
        made = Podman()
    except (NotRoot, NotPossible) as exc:
        # What is missing for it, in a sentence of its own.
        pytest.skip(str(exc))
    yield made
    assert made.run("ps", "--all", "--quiet") == ""


@pytest.fixture(scope="session")
def image(podman: Podman, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of the image, which is built once."""
    with Workspace(Path(tmp_path_factory.mktemp("image"))) as workspace:
        return build(podman, workspace)

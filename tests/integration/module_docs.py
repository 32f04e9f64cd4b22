# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules of the collection, and what ansible-doc says of them."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from support.workspace import Workspace

MODULES = sorted(
    path.stem for path in (Path(__file__).resolve().parents[2] / "plugins/modules").glob("*.py")
)


def documentation(workspace: Workspace, *modules: str) -> dict[str, dict[str, t.Any]]:
    """Return what ansible-doc says, by module."""
    names = [f"compute_desk.supply.{name}" for name in modules]
    done = workspace.run("ansible-doc", "--json", *names)
    assert done.returncode == 0, done.stdout
    return {name.rpartition(".")[2]: docs for name, docs in json.loads(done.stdout).items()}

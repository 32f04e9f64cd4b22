# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules whose action does all the work, so that nothing of theirs ever runs on a machine."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[4] / "plugins"
NAMES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
WITH_CODE = {"gpu_facts", "offer_status"}
TEXTS = {"DOCUMENTATION", "EXAMPLES", "RETURN"}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITH_CODE])
def test_there_is_nothing_but_documentation(name: str) -> None:
    module = importlib.import_module(
        f"ansible_collections.compute_desk.supply.plugins.modules.{name}"
    )

    found = {key: value for key, value in vars(module).items() if not key.startswith("__")}
    assert set(found) - {"annotations"} == TEXTS
    assert f"module: {name}\n" in module.DOCUMENTATION
    assert (PLUGINS / "action" / f"{name}.py").is_file()

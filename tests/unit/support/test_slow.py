# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tests that `make test` leaves out: something else runs them."""

from __future__ import annotations

import ast
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
# The session for it is not a default one; `make test` is what runs on this ansible-core.
BY_REQUEST = "2.19"


def checked_by_default() -> set[str]:
    """Return the files that the sessions of `make check` run whole."""
    tree = ast.parse((CHECKOUT / "noxfile.py").read_text(encoding="utf-8"))
    (table,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PLAYBOOK_CORES"
    )
    assert isinstance(table, ast.Dict)
    cores = [ast.unparse(key).strip("'") for key in table.keys if key]
    assert BY_REQUEST in cores
    return {
        name
        for core, files in zip(cores, table.values, strict=True)
        if core != BY_REQUEST
        for name in ast.literal_eval(files)
    }


def test_make_check_runs_every_file_with_slow_tests() -> None:
    slow = {
        str(path.relative_to(CHECKOUT))
        for folder in ("unit", "integration", "e2e")
        for path in CHECKOUT.glob(f"tests/{folder}/**/test_*.py")
        if "pytest.mark.slow" in path.read_text(encoding="utf-8") and path != Path(__file__)
    }

    assert len(slow) > 10
    assert slow - checked_by_default() == set()

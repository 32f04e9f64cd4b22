# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What galaxy.yml puts into the collection that users install."""

from __future__ import annotations

from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[3]


def test_tests_are_not_shipped() -> None:
    ignored = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text())["build_ignore"]
    folders = {f"tests/{path.name}" for path in (CHECKOUT / "tests").iterdir() if path.is_dir()}

    assert folders - {*ignored, "tests/__pycache__"} == set()

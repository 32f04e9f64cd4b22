# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Makefile: what it says, and what it deletes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]


def test_clean_deletes_nothing_that_belongs_to_the_checkout(tmp_path: Path) -> None:
    # What is no file of the top folder, make clean names in full.
    kept = [path.name for path in CHECKOUT.iterdir() if path.suffix != ".gz" and path.is_file()]
    for name in kept:
        shutil.copyfile(CHECKOUT / name, tmp_path / name)
    for generated in (".coverage", ".coverage.host.1", ".venv.lock"):
        (tmp_path / generated).touch()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / "tests" / "__pycache__").mkdir(parents=True)

    subprocess.run(["make", "clean"], cwd=tmp_path, check=True, capture_output=True)

    generated = ("?*.lock", ".coverage", ".coverage.*")
    assert {path.name for path in tmp_path.iterdir()} == {
        "tests",
        *(name for name in kept if not any(Path(name).match(glob) for glob in generated)),
    }
    assert list((tmp_path / "tests").iterdir()) == []


def test_who_ends_make_ends_the_simulator() -> None:
    # A shell in between would die alone.
    makefile = (CHECKOUT / "Makefile").read_text()
    (recipe,) = [line for line in makefile.splitlines() if "-m simulator" in line]

    assert recipe.startswith("\t@exec env ")


def test_help_names_every_target_and_how_to_choose_a_timeline() -> None:
    makefile = (CHECKOUT / "Makefile").read_text()
    (targets,) = [line for line in makefile.splitlines() if line.startswith(".PHONY:")]
    said = subprocess.run(
        ["make", "help"], cwd=CHECKOUT, check=True, capture_output=True, text=True
    ).stdout

    for target in targets.split()[1:]:
        assert target == "help" or f"make {target} " in said, target
    assert "TIMELINE=" in said and "tests/simulator/README.md" in said

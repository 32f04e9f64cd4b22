# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make coverage`: what it counts, and when it fails."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
MEASURE = CHECKOUT / "tests" / "support" / "measure.py"
ROOM = Path("plugins") / "module_utils" / "_room"
CHOICE = "def choose(what):\n    return 1 if what else 2\n\n\ndef branch(what):\n    if what:\n"
CHOICE += "        what += 1\n    return what\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a file and a test that runs one of its branches, in a process of Ansible."""
    shutil.copyfile(CHECKOUT / ".coveragerc", tmp_path / ".coveragerc")
    archive = tmp_path / "payload" / "ansible_collections" / "compute_desk" / "supply"
    for folder in (tmp_path / ROOM, archive / ROOM, tmp_path / "tests", tmp_path / "tmp"):
        folder.mkdir(parents=True)
    for folder in (tmp_path, archive):
        (folder / ROOM / "choice.py").write_text(CHOICE)
    (tmp_path / "tests" / "test_it.py").write_text(
        textwrap.dedent(f"""\
            import os, subprocess, sys

            def run(folder, code):
                code = f"import os, choice; {{code}}; os._exit(0)"
                environment = {{**os.environ, "PYTHONPATH": folder}}
                subprocess.run([sys.executable, "-c", code], check=True, env=environment)

            def test_in_the_checkout():
                run({str(tmp_path / ROOM)!r}, "choice.choose(1)")

            def test_in_an_archive():
                run({str(archive / ROOM)!r}, "choice.branch(1)")
        """)
    )
    return tmp_path


def measure(checkout: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return subprocess.run(
        [sys.executable, MEASURE, "1", *tests],
        cwd=checkout,
        env={**kept, "TMPDIR": str(checkout / "tmp")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_all_of_ansibles_processes_run_is_added_up(checkout: Path) -> None:
    # No test imports it.
    (checkout / ROOM / "forgotten.py").write_text("HERE = 1\nTHERE = 2\n")

    done = measure(checkout, "tests")

    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"_room/choice\.py +6 +0 +2 +1 +88% +6->8\n", done.stdout)
    assert re.search(r"_room/forgotten\.py +2 +2 +0 +0 +0% +1-2\n", done.stdout)
    assert re.search(rf"\n{ROOM} +75\.0% of 8 +50\.0% of 2\n", done.stdout)
    assert re.search(r"\nall +75\.0% of 8 +50\.0% of 2\n", done.stdout)
    assert list((checkout / "tmp").iterdir()) == []


def test_all_tests_have_to_reach_enough(checkout: Path) -> None:
    for folder in ("unit", "integration", "e2e"):
        (checkout / "tests" / folder).mkdir()
    test = checkout / "tests" / "test_it.py"
    test.rename(checkout / "tests" / "unit" / test.name)

    done = measure(checkout)
    assert done.returncode == 1
    assert "Too little: at least 95 % of the lines and of the branches are wanted." in done.stdout

    choice = checkout / ROOM / "choice.py"
    choice.write_text(choice.read_text().replace("    if what:\n        what += 1\n", ""))
    done = measure(checkout)
    assert done.returncode == 0 and "Too little" not in done.stdout

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make test`: what it prints last, and that nothing is left."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

RUN_TESTS = Path(__file__).resolve().parents[2] / "support" / "run_tests.py"
TESTS = """
import pathlib, tempfile, time

def test_bad(tmp_path):
    tempfile.mkdtemp()
    (tmp_path / "file").touch()
    wanted = "six times seven"
    assert wanted == 42

def test_good():
    pathlib.Path(BEGUN).touch()
    time.sleep(SECONDS)
"""


def start(folder: Path, seconds: float) -> subprocess.Popen[str]:
    (folder / "tmp").mkdir()
    (folder / "test_it.py").write_text(
        f"BEGUN, SECONDS = {str(folder / 'begun')!r}, {seconds}\n{TESTS}"
    )
    return subprocess.Popen(
        [sys.executable, RUN_TESTS, "1", str(folder / "test_it.py")],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder / "tmp")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def test_failures_come_last_and_nothing_is_left(tmp_path: Path) -> None:
    said, errors = start(tmp_path, 0).communicate(timeout=120)

    assert errors == ""
    before, summary, after = said.partition("1 failed, 1 passed in ")
    assert summary and "assert wanted == 42" not in before
    assert "assert wanted == 42" in after and "six times seven" in after
    assert re.search(r"\n1 failed, in the order of SEED=\d+:\n  test_it::test_bad\n$", after)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    process = start(tmp_path, 60)
    while not (tmp_path / "begun").exists():
        assert process.poll() is None

    os.killpg(process.pid, signal.SIGINT)
    errors = process.communicate(timeout=60)[1]

    assert process.returncode == 130 and errors.endswith("\nInterrupted.\n")
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_order_is_by_chance_and_can_be_repeated(tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    (tmp_path / "test_it.py").write_text(
        "import pathlib, pytest\n\n"
        "@pytest.mark.parametrize('number', range(40))\n"
        "def test_one(number):\n"
        f"    with pathlib.Path({str(noted)!r}).open('a') as file:\n"
        "        file.write(f'{number} ')\n"
    )

    def order(seed: str) -> str:
        noted.unlink(missing_ok=True)
        said = subprocess.run(
            [sys.executable, RUN_TESTS, "0", str(tmp_path / "test_it.py")],
            cwd=tmp_path,
            env={**os.environ, "SEED": seed},
            capture_output=True,
            check=True,
            text=True,
            timeout=120,
        ).stdout
        (used,) = re.findall(r"^In the order of SEED=(\d+):$", said, re.MULTILINE)
        assert not seed or used == seed
        return f"{used}: {noted.read_text()}"

    first = order("")
    seed, numbers = first.split(": ")
    assert sorted(map(int, numbers.split())) == list(range(40))
    assert order(seed) == first
    assert order(f"{seed}1").split(": ")[1] != numbers

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the tests, and prints what failed at the very end: `python run_tests.py JOBS [TEST...]`.

What is marked as slow is run by `make check`. Without tests named, all others run. measure.py runs
them too, with coverage.

Their order is by chance. SEED in the environment repeats that of a run before.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path
from xml.etree import ElementTree

EVERYTHING = ["tests/unit", "tests/integration", "tests/e2e"]


def main(jobs: str, tests: list[str]) -> int:
    """Return the exit code: 0 if all passed."""
    if not tests:
        print(f"All tests, {jobs} at a time: some six minutes on two cores.", flush=True)
    with own_folder() as folder:
        run = Run(folder, jobs)
        run.pytest(*tests)
        return run.conclude()


@contextlib.contextmanager
def own_folder() -> t.Iterator[Path]:
    """Have all that tests write lie in one folder, which goes away with them."""
    with tempfile.TemporaryDirectory(prefix="cd-test-", ignore_cleanup_errors=True) as folder:
        os.environ["TMPDIR"] = folder
        yield Path(folder)


class Run:
    """A run of pytest, whose failures are kept for the end."""

    def __init__(self, folder: Path, jobs: str) -> None:
        self._report = folder / "report.xml"
        self._jobs = jobs
        self._seed = os.environ.get("SEED") or str(random.randrange(1_000_000))
        self._code = 0
        self.interrupted = False

    def pytest(self, *tests: str, runner: tuple[str, ...] = ("pytest",)) -> None:
        """Run these tests, or all; what failed is shown at the end."""
        options = ["-q", "-n", self._jobs, "-m", "not slow", "--no-summary"]
        # Tests of one file mostly run in one process then, which sets up for them only once.
        options += ["--dist", "worksteal"]
        # Loading this plugin takes each process a second, and no test needs it.
        options += [f"--junitxml={self._report}", "-p", "no:schemathesis"]
        options += ["--random-order", f"--random-order-seed={self._seed}"]
        print(f"In the order of SEED={self._seed}:", flush=True)
        process = subprocess.Popen([*runner, *options, *(tests or EVERYTHING)])
        try:
            self._code = process.wait()
        except KeyboardInterrupt:
            self.interrupted = True
            process.wait()  # until the report is written

    def conclude(self) -> int:
        """Print what failed, and return the exit code."""
        failed = _print_failures(self._report)
        if failed:
            print(f"\n{len(failed)} failed, in the order of SEED={self._seed}:")
            print("".join(f"  {name}\n" for name in failed), end="")
        if self.interrupted:
            print("\nInterrupted.", file=sys.stderr)
            return 130
        return self._code


def _print_failures(report: Path) -> list[str]:
    """Print the failures of one run of pytest in full, and return the names of the tests."""
    if not report.exists():
        return []
    names = []
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        for failure in (*case.findall("failure"), *case.findall("error")):
            print(f"\n{f' {name} ':_^80}\n\n{failure.text}")
            names.append(name)
    return names


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))

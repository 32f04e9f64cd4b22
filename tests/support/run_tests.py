# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the tests, and prints what failed at the very end: `python run_tests.py JOBS [TEST...]`.

What is marked as slow is run by `make check`. Without tests named, all others run, and the coverage
of plugins/ is printed. Measuring makes Ansible's commands take half as long again, so it is done
with the tests that reach most of the code, and not with all.

Their order is by chance. SEED in the environment repeats that of a run before.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

MEASURED = ["tests/integration/test_inventory.py", "tests/integration/test_wait.py"]
REST = ["tests/integration", "tests/e2e"]


def main(jobs: str, tests: list[str]) -> int:
    """Return the exit code: 0 if all passed."""
    # All that tests write lies in one folder, which goes away with them.
    with tempfile.TemporaryDirectory(prefix="cd-test-", ignore_cleanup_errors=True) as folder:
        os.environ["TMPDIR"] = folder
        run = Run(Path(folder), jobs)
        try:
            if tests:
                run.pytest(*tests)
            else:
                run.everything()
        except KeyboardInterrupt:
            run.interrupted = True
        return run.conclude()


class Run:
    """Several runs of pytest, one after the other, whose failures are kept for the end."""

    def __init__(self, folder: Path, jobs: str) -> None:
        self._folder = folder
        self._jobs = jobs
        self._seed = os.environ.get("SEED") or str(random.randrange(1_000_000))
        self._reports: list[Path] = []
        self._codes: list[int] = []
        self.interrupted = False

    def everything(self) -> None:
        """Run all tests."""
        print(f"All tests, {self._jobs} at a time: some six minutes on two cores.", flush=True)
        subprocess.run(["coverage", "erase"], check=False)
        self.pytest("tests/unit", *MEASURED, runner=("coverage", "run", "-m", "pytest"))
        # Workers that were ended in the middle leave files that cannot be read.
        subprocess.run(["coverage", "combine", "-q"], capture_output=True, check=False)
        subprocess.run(["coverage", "report"], check=False)
        self.pytest(*REST, *(f"--ignore={path}" for path in MEASURED))

    def pytest(self, *tests: str, runner: tuple[str, ...] = ("pytest",)) -> None:
        """Run pytest once; what failed is shown at the end."""
        report = self._folder / f"report-{len(self._reports)}.xml"
        self._reports.append(report)
        options = ["-q", "-n", self._jobs, "-m", "not slow", "--no-summary", f"--junitxml={report}"]
        options += ["--random-order", f"--random-order-seed={self._seed}"]
        print(f"In the order of SEED={self._seed}:", flush=True)
        process = subprocess.Popen([*runner, *options, *tests])
        try:
            self._codes.append(process.wait())
        except KeyboardInterrupt:
            process.wait()  # until the report is written
            raise

    def conclude(self) -> int:
        """Print what failed, and return the exit code."""
        failed = [name for report in self._reports for name in _print_failures(report)]
        bad = [code for code in self._codes if code]
        if failed:
            print(f"\n{len(failed)} failed, in the order of SEED={self._seed}:")
            print("".join(f"  {name}\n" for name in failed), end="")
        if self.interrupted:
            print("\nInterrupted.", file=sys.stderr)
            return 130
        return bad[0] if bad else 0


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

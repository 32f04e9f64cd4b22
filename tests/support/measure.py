# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the tests, and measures how much of plugins/ they run: `python measure.py JOBS [TEST...]`.

Measured are all of Ansible's processes on the controller: commands, their workers, and modules on
localhost. Modules on simulated machines are not, because the Python there has no coverage.

Fails if a test fails or, without tests named, if less than LEAST percent of the lines or of the
branches are run. `coverage html` shows the same in a browser afterwards.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from collections import Counter
from pathlib import Path

import coverage
from run_tests import Run, own_folder

LEAST = 95.0
COUNTS = ("num_statements", "covered_lines", "num_branches", "covered_branches")


def main(jobs: str, tests: list[str]) -> int:
    """Return the exit code: 0 if all tests passed, and all tests reach enough."""
    if not tests:
        print(f"All tests, {jobs} at a time: some ten minutes on two cores.", flush=True)
    os.environ["CHECKOUT"] = os.getcwd()
    with own_folder() as folder:
        # Each process writes a file, and one that was ended in the middle leaves half of it.
        data = folder / "data"
        data.mkdir()
        os.environ["COVERAGE_FILE"] = str(data / ".coverage")
        run = Run(folder, jobs)
        run.pytest(*tests, runner=("coverage", "run", "-m", "pytest"))
        if run.interrupted:
            return run.conclude()
        note_every_file()
        del os.environ["COVERAGE_FILE"]
        coverage_command("combine", "-q", str(data), stderr=subprocess.DEVNULL)
        lines, branches = report(folder / "coverage.json")
        failed = run.conclude()
    if tests or (lines >= LEAST and branches >= LEAST):
        return failed
    print(f"\nToo little: at least {LEAST:g} % of the lines and of the branches are wanted.")
    return failed or 1


def coverage_command(*arguments: str, **options: t.Any) -> None:
    """Run a command of coverage. Whether it has something to complain about shows in the report."""
    subprocess.run(["coverage", *arguments], check=False, **options)


def note_every_file() -> None:
    """Let those files count that no test imports; only `source` makes coverage look for them."""
    everything = coverage.Coverage(
        config_file=False, branch=True, source=["plugins"], data_suffix=True
    )
    everything.set_option("run:disable_warnings", ["no-data-collected"])
    everything.set_option("report:include_namespace_packages", True)
    everything.start()
    everything.stop()
    everything.save()


def report(path: Path) -> tuple[float, float]:
    """Print what is missing by file, and the percentages by folder; return those of all."""
    print(flush=True)
    coverage_command("report")
    coverage_command("json", "-q", "-o", str(path))
    files = json.loads(path.read_text(encoding="utf-8"))["files"]
    return print_folders({name: file["summary"] for name, file in files.items()})


def print_folders(files: dict[str, dict[str, t.Any]]) -> tuple[float, float]:
    """Print a table by folder from the summaries of ``files``; return the figures of all."""
    folders: dict[str, Counter[str]] = {}
    for name, summary in files.items():
        counts = {key: summary[key] for key in COUNTS}
        for folder in (str(Path(name).parent), "all"):
            folders.setdefault(folder, Counter()).update(counts)
    total = folders.pop("all", Counter())
    print(f"\n{'folder':38}{'lines':>8}{'':7}{'branches':>10}")
    for folder, counts in [*sorted(folders.items()), ("all", total)]:
        lines, branches = percentages(counts)
        print(
            f"{folder:38}{lines:7.1f}% of {counts['num_statements']:<5}"
            f"{branches:6.1f}% of {counts['num_branches']}"
        )
    return percentages(total)


def percentages(counts: t.Mapping[str, int]) -> tuple[float, float]:
    """Return the percentages of lines and of branches that are run; 100 where there are none."""
    lines, run_lines, branches, run_branches = (counts[key] for key in COUNTS)
    return (
        100.0 * run_lines / lines if lines else 100.0,
        100.0 * run_branches / branches if branches else 100.0,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))

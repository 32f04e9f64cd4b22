# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks the artifact, and whether it may be released: `python -m release --help`.

Needs what tests/e2e/requirements.txt lists, uv and git.
"""

from __future__ import annotations

import argparse
import datetime
import shutil
import sys
import tempfile
from pathlib import Path

from simulator import Simulator
from support.tree import CHECKOUT

from . import artifact, readme, runs, versions
from .installed import Installed, names
from .report import Report

TIMELINE = CHECKOUT / "tests" / "simulator" / "timelines" / "demo.yml"
# By then all of its offers are ready.
READY = 60


def arguments(argv: list[str]) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(prog="release", description=__doc__)
    parser.add_argument(
        "--artifact",
        action="store_true",
        help="leave out what only a release needs: its changelog, and that the artifact is used",
    )
    parser.add_argument("--tag", help="the tag of the release, which must be its version")
    parser.add_argument("--update", action="store_true", help="rewrite the list of the content")
    parser.add_argument("--keep", type=Path, help="a folder for the artifact if all is well")
    parser.add_argument(
        "cores", nargs="*", metavar="CORE=PYTHON", help="an ansible-core, and the Python for it"
    )
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Return the exit code: 1 if a step has failed."""
    options = arguments(argv)
    report = Report()
    with tempfile.TemporaryDirectory(prefix="release-") as temporary:
        folder = Path(temporary)
        built = _check_what_is_there(options, report, folder)
        if not report.failed:
            for core in options.cores:
                with Installed(folder, built, *core.split("=", 1)) as installed:
                    _check_documentation(report, installed, artifact.content(built))
                    if not options.artifact:
                        _check_use(report, installed, folder / "tree")
        if not report.failed and options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            report.note(f"The artifact is {shutil.copy(built, options.keep)}.")
    return 1 if report.failed else 0


def _check_what_is_there(options: argparse.Namespace, report: Report, folder: Path) -> Path:
    """Check what can be seen without installing it, and return the artifact."""
    source, changed = artifact.commit()
    report.note(f"Checking {source[:12]}{', with changes that are not committed' * changed}.")
    if options.tag and changed:
        report.step("a commit for the tag", ["commit what is changed: a tag has only commits"])
    tree = artifact.export(source, folder)
    if not options.artifact:
        today = datetime.datetime.now(tz=datetime.UTC).date()
        problems = versions.problems(tree, today, options.tag)
        report.step(
            f"version, changelog and documentation of {versions.version_of(tree)}", problems
        )
    text = (tree / "README.md").read_text(encoding="utf-8")
    report.step("links of the README", readme.problems(text))
    known = artifact.files(tree)
    built = artifact.build(tree, folder)
    found = artifact.content(built)
    if options.update:
        artifact.rewrite(found)
    problems = artifact.problems(found, artifact.reviewed(), known)
    report.step(f"content of {built.name}: {len(found)} files", problems)
    missing = set(names(found)["playbook"]) - runs.playbook_names()
    report.step(
        "a run for each playbook",
        [f"{name} is not run here: add it to tests/release/runs.py" for name in sorted(missing)],
    )
    return built


def _check_documentation(report: Report, installed: Installed, content: list[str]) -> None:
    """Install the artifact on an ansible-core, and see whether all of it is documented there."""
    report.step(f"{installed.core}: install it", installed.install())
    for kind, wanted in names(content).items():
        # ansible-doc knows no playbooks.
        if kind != "playbook":
            problems = installed.undocumented(kind, wanted)
            report.step(f"{installed.core}: ansible-doc, {kind}: {len(wanted)}", problems)


def _check_use(report: Report, installed: Installed, tree: Path) -> None:
    """Do with the installed artifact what users do first."""
    text = (tree / "README.md").read_text(encoding="utf-8")
    playbook, origin = runs.to_copy(tree, readme.playbook(text))
    runs.prepare(installed)
    with Simulator(TIMELINE) as simulator:
        simulator.jump(READY)
        for name, problems in runs.everything(installed, simulator):
            report.step(f"{installed.core}: {name}", problems)
        problems = runs.copied(installed, simulator, playbook)
        report.step(f"{installed.core}: the playbook in {origin}", problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

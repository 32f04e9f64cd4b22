# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the checks: `python tests/checks/run.py [SESSION...] [-- ARGUMENTS FOR THE SESSION]`.

Needs what requirements.txt beside it lists. Calls nox, and reads what it prints: several checkers
skip work that they have no tool for, say so in the middle of thousands of lines and report success.
Here that is a failure. What this machine has no Python for is said again at the end.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

# What a checker prints instead of checking.
SKIPPED = (
    (re.compile(r'Required program "(\w+)" not found'), "it needs {0}"),  # shellcheck
    (re.compile(r"nox > (Skip(?:ping)? (?!yamllint for extra docs|codeblock).*)"), "{0}"),
    (re.compile(r"nox > (Cannot find site-packages.*|No venv.*)"), "{0}"),
    (re.compile(r"^(WARNING: .* not found, skipping.*)"), "{0}"),  # galaxy-importer
)
# These two have nothing to look at until there are pages in this folder.
IF_PAGES = re.compile(r"nox > (Skipping (?:yamllint for extra docs|codeblock checks).*)")
PAGES = ROOT / "docs" / "docsite" / "rst"
# galaxy-importer calls these warnings and goes on; Galaxy shows them to everybody.
# Not every version says when it is done, but then the next command is shown.
IMPORTER = re.compile(r"^(Importing with galaxy-importer|Importer processing completed|nox > )")
IMPORTER_SAYS = re.compile(r"^((?:WARNING|ERROR): .*)")
# ansible-lint (26.10 too) looks for playbooks of a collection one folder too deep when the importer
# (0.4.44 too) runs it.
OWN_PLAYBOOK = re.compile(r"Failed to find compute_desk\.supply\.(\w+) playbook\.$")
# Said where a Python, or a package, is not here.
LEFT_OUT = (
    (re.compile(r"(NOT RUN: .*?(?:none was found|is on PyPI))"), "{0}"),
    (
        re.compile(r"Skipping sanity test (.*) on Python (.*) because it could not be found"),
        "NOT RUN: sanity test {0} on Python {1}, because none was found",
    ),
)


def is_false_alarm(warning: str) -> bool:
    """Return whether a warning only says that a playbook is missing which is not."""
    match = OWN_PLAYBOOK.search(warning)
    return bool(match and (ROOT / "playbooks" / f"{match[1]}.yml").is_file())


class Reader:
    """Reads the output of nox, line by line, for checks that did not happen."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.left_out: list[str] = []
        self._importing = False

    def read(self, line: str) -> None:
        """Take note of one line."""
        plain = re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip()
        for pattern, words in SKIPPED:
            if match := pattern.search(plain):
                self._add(self.problems, f"A check did not check: {words.format(*match.groups())}")
        if (match := IF_PAGES.search(plain)) and any(PAGES.glob("**/*.rst")):
            self._add(self.problems, f"A check did not check: {match[1]}")
        if match := IMPORTER.match(plain):
            self._importing = match[1].startswith("Importing")
        if (
            self._importing
            and (match := IMPORTER_SAYS.match(plain))
            and not is_false_alarm(match[1])
        ):
            self._add(self.problems, f"galaxy-importer: {match[1]}")
        for pattern, words in LEFT_OUT:
            if match := pattern.search(plain):
                self._add(self.left_out, words.format(*match.groups()))

    @staticmethod
    def _add(notes: list[str], note: str) -> None:
        if note not in notes:
            notes.append(note)


def environment() -> dict[str, str]:
    """Return the environment for nox: everything is to be checked, whatever the shell has set."""
    unwanted = ("ANTSIBULL_", "NOX", "ANSIBLE_", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    env = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    env["PYTHONUNBUFFERED"] = "1"
    return env


def run_nox(arguments: list[str], reader: Reader) -> int:
    """Run nox, hand its output on, and return its exit status."""
    # Half of the time goes by in waiting for packages, so two at once are worth it on any machine.
    jobs = str(min(max(os.cpu_count() or 1, 2), 4))
    command = [sys.executable, "-m", "nox", "--noxfile", str(ROOT / "noxfile.py"), "-j", jobs]
    command += arguments
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as nox:
        for line in t.cast("t.IO[str]", nox.stdout):
            sys.stdout.write(line)
            sys.stdout.flush()
            reader.read(line)
    return nox.returncode


def main() -> int:
    arguments = sys.argv[1:]
    rest: list[str] = []
    if "--" in arguments:
        at = arguments.index("--")
        arguments, rest = arguments[:at], arguments[at:]
    begun = time.monotonic()
    reader = Reader()
    status = run_nox([*(["-s", *arguments] if arguments else []), *rest], reader)
    for note in reader.left_out:
        print(f"!!! {note}")
    for problem in reader.problems:
        print(f"!!! {problem}")
    failed = status or (1 if reader.problems else 0)
    print(f"The checks {'failed' if failed else 'passed'} in {time.monotonic() - begun:.0f} s.")
    return failed


if __name__ == "__main__":
    sys.exit(main())

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mutants that no test can tell from the code, with the reasons why: `survivors.yml`.

An entry names the function and the lines that differ, and no line numbers, so that it holds as long
as those lines do. ``*`` in a function's name stands for anything.
"""

from __future__ import annotations

import fnmatch
import typing as t
from dataclasses import dataclass
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("survivors.yml")
# Between the class and the method, and around them, in the names that mutmut gives.
SEPARATOR = "\u01c1"


@dataclass(frozen=True)
class Entry:
    """One line of a function that may be different."""

    function: str
    change: str
    reason: str

    def covers(self, function: str, change: str) -> bool:
        return self.change == change and fnmatch.fnmatchcase(function, self.function)


def read(path: Path | None = None) -> list[Entry]:
    """Return the entries of the file. Raises ValueError if one has no reason, or is there twice."""
    path = path or FILE
    groups = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    entries = []
    for group in groups:
        reason = str(group["reason"]).strip()
        entries += [
            Entry(mutant["function"], tidy(mutant["diff"]), reason) for mutant in group["mutants"]
        ]
    keys = [(entry.function, entry.change) for entry in entries]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice or not all(entry.reason for entry in entries):
        raise ValueError(f"{path.name}: a reason is missing, or these are there twice: {twice}")
    return entries


def excused(
    entries: list[Entry], diffs: t.Mapping[str, str]
) -> tuple[dict[str, Entry], list[Entry]]:
    """Return the entry that covers a mutant, by its name, and the entries that cover none."""
    found = {}
    for name, diff in diffs.items():
        function, change = function_of(name), change_of(diff)
        for entry in entries:
            if entry.covers(function, change):
                found[name] = entry
    used = set(found.values())
    return found, [entry for entry in entries if entry not in used]


def function_of(name: str) -> str:
    """Return `_api/retry.py Retry.wait` for the name that mutmut has for a mutant of it."""
    path, _dot, mangled = name.partition("_utils.")[2].rpartition(".")
    function = mangled.rpartition("__mutmut_")[0][1:]
    if function.startswith(SEPARATOR):
        function = function[1:].replace(SEPARATOR, ".")
    else:
        function = function[1:]
    return f"{path.replace('.', '/')}.py {function}"


def change_of(diff: str) -> str:
    """Return the lines of a diff that differ, without what surrounds them."""
    lines = [line for line in diff.splitlines() if line.startswith(("-", "+"))]
    return tidy("\n".join(line for line in lines if not line.startswith(("--- ", "+++ "))))


def tidy(change: str) -> str:
    """Return the lines without their indentation."""
    return "\n".join(line[0] + line[1:].strip() for line in change.splitlines() if line.strip())


def as_entry(name: str, diff: str) -> str:
    """Return what to write into the file for a mutant."""
    change = "".join(f"\n        {line}" for line in change_of(diff).splitlines())
    return f"    - function: {function_of(name)}\n      diff: |{change}"

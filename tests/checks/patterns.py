# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks extensions/patterns with ansible-lint, and that this ansible-lint sees what is wrong.

Most versions of it have no rule for patterns and accept everything. So each pattern is checked
together with copies of it that lack something.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

from copies import ROOT

PATTERNS = Path("extensions", "patterns")


def without_readme(copy: Path) -> None:
    (copy / "README.md").unlink(missing_ok=True)


def without_playbook(copy: Path) -> None:
    shutil.rmtree(copy / "playbooks", ignore_errors=True)


def with_another_name(copy: Path) -> None:
    _change(copy, name="another_name")


def without_title(copy: Path) -> None:
    _change(copy, title=None)


# What is done to a copy, and the rule that must find it.
FLAWS: dict[t.Callable[[Path], None], str] = {
    without_readme: "pattern[missing-readme]",
    without_playbook: "pattern[missing-playbook]",
    with_another_name: "pattern[name-mismatch]",
    without_title: "schema[pattern]",
}


def main() -> int:
    names = sorted(path.name for path in (ROOT / PATTERNS).iterdir())
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        shutil.copyfile(ROOT / "galaxy.yml", folder / "galaxy.yml")
        expected = {
            name: set(found) for pattern in names for name, found in _lay_out(folder, pattern)
        }
        seen = {name: set() for name in expected} | _lint(folder)
    wrong = sorted(name for name in seen if seen[name] != expected.get(name))
    for name in wrong:
        print(f"{name}: ansible-lint found {seen[name] or 'nothing'}, not {expected.get(name)}")
    print(f"{len(names)} patterns and {len(expected) - len(names)} broken copies checked")
    return 1 if wrong or not names else 0


def _lay_out(folder: Path, pattern: str) -> t.Iterator[tuple[str, list[str]]]:
    """Copy a pattern as it is and broken; yield each name with the rules that must find it."""
    target = folder / PATTERNS
    shutil.copytree(ROOT / PATTERNS / pattern, target / pattern)
    yield pattern, []
    for flaw, rule in FLAWS.items():
        name = f"{pattern}_{flaw.__name__}"
        shutil.copytree(ROOT / PATTERNS / pattern, target / name)
        _change(target / name, name=name)
        flaw(target / name)
        yield name, [rule]


def _change(pattern: Path, **values: str | None) -> None:
    """Set values in the definition of a pattern; None removes one."""
    path = pattern / "meta" / "pattern.json"
    changed = json.loads(path.read_text(encoding="utf-8")) | values
    kept = {name: value for name, value in changed.items() if value is not None}
    path.write_text(json.dumps(kept), encoding="utf-8")


def _lint(folder: Path) -> dict[str, set[str]]:
    """Return the rules that ansible-lint names for each pattern below ``folder``."""
    definitions = sorted(map(str, folder.glob(f"{PATTERNS}/*/meta/pattern.json")))
    command = ["ansible-lint", "--offline", "--profile=production", "--format=json", *definitions]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found: dict[str, set[str]] = {}
    for match in json.loads(done.stdout):
        name = Path(match["location"]["path"]).parents[1].name
        found.setdefault(name, set()).add(match["check_name"])
    return found


if __name__ == "__main__":
    sys.exit(main())

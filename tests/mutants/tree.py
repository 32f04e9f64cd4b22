# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A copy of the checkout in which mutmut plants its mistakes, kept from one run to the next."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import typing as t
from pathlib import Path

COLLECTION = Path("ansible_collections", "compute_desk", "supply")
MUTATED = ("plugins/module_utils", "plugins/plugin_utils")
# What a mutant's fate hangs on. The rest of the checkout is there because some tests read it.
JUDGES = ("plugins/", "tests/unit/", "tests/gpu_machines/")


class Tree:
    """The folder mutmut runs in; what it wrote there is the state of the whole run."""

    def __init__(self, folder: Path, checkout: Path) -> None:
        self.folder = folder
        self.planted = folder / "mutants"
        self._checkout = checkout

    def refresh(self) -> str:
        """Bring the copy up to date. Returns a digest of the code and its tests.

        A file keeps its time as long as its content stays, because mutmut plants anew in files that
        are newer than its own.
        """
        names = self._list()
        digest = hashlib.sha256()
        for name in names:
            content = (self._checkout / name).read_bytes()
            if name.startswith(JUDGES):
                digest.update(f"{name}\0{len(content)}\0".encode() + content)
            copy = self.folder / COLLECTION / name
            if not copy.is_file() or copy.read_bytes() != content:
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(content)
        self._drop_others(set(names))
        self._drop_halves()
        (self.folder / "pyproject.toml").write_text(_settings(names), encoding="utf-8")
        return digest.hexdigest()

    def metas(self) -> t.Iterator[Path]:
        """Yield the files in which mutmut notes what became of the mutants of one source file."""
        for folder in MUTATED:
            yield from sorted((self.planted / COLLECTION / folder).rglob("*.py.meta"))

    def _list(self) -> list[str]:
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(
            command, cwd=self._checkout, check=True, capture_output=True, text=True
        )
        names = sorted(name for name in listed.stdout.split("\0") if name)
        return [name for name in names if (self._checkout / name).is_file()]

    def _drop_others(self, names: set[str]) -> None:
        """Delete what the checkout has no longer, in the copy and in mutmut's copy of that."""
        copy = self.folder / COLLECTION
        for path in [path for path in copy.rglob("*") if path.is_file()]:
            name = str(path.relative_to(copy))
            if name not in names:
                path.unlink()
                for beside in ("", ".meta", ".spans"):
                    (self.planted / COLLECTION / (name + beside)).unlink(missing_ok=True)

    def _drop_halves(self) -> None:
        """Delete what was being written when mutmut was killed, so that it is made again."""
        for meta in self.metas():
            try:
                json.loads(meta.read_bytes())
            except ValueError:
                meta.unlink()
        for folder in MUTATED:
            for path in (self.planted / COLLECTION / folder).rglob("*.py"):
                if not path.with_name(path.name + ".meta").exists():
                    path.unlink()

    def remove(self) -> None:
        """Delete all of it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _settings(names: list[str]) -> str:
    """Return the pyproject.toml for mutmut."""
    beside = {name.split("/", 1)[0] for name in names} - {"plugins"}
    beside |= {"/".join(name.split("/")[:2]) for name in names if name.startswith("plugins/")}
    tests = str(COLLECTION / "tests" / "unit" / "plugins")
    settings = {
        "source_paths": [str(COLLECTION / folder) for folder in MUTATED],
        "also_copy": [str(COLLECTION / name) for name in sorted(beside - set(MUTATED))],
        "pytest_add_cli_args_test_selection": [tests],
        # The settings of pytest in the copy, of which mutmut's own root has none.
        "pytest_add_cli_args": [
            *("-m", "not slow", "-c", str(COLLECTION / "pytest.ini"), "-p", "no:cacheprovider"),
            # At the end it collects garbage several times, in a process that is a copy of a large
            # one: that took longer than most tests.
            *("-p", "no:unraisableexception"),
        ],
        "use_git_change_detection": False,
        # A mutant that hangs is given up after four times what its tests take, and some seconds
        # in which a busy machine may do nothing.
        "timeout_multiplier": 4,
        "timeout_constant": 8,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    return "\n".join(["[tool.mutmut]", *lines, ""])

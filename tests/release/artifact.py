# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The artifact, as users get it: built from what git has, and what must be in it."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Collection, Iterable
from pathlib import Path

from support.tree import CHECKOUT

# What somebody has seen and found right for users, one path a line.
REVIEWED = Path(__file__).with_name("content.txt")
# ansible-galaxy writes them.
_MADE = {"FILES.json", "MANIFEST.json"}
_SHIPPED_TESTS = {"tests/config.yml"}


def _git(*arguments: str) -> str:
    # The names are for a commit that nobody keeps.
    command = ["git", "-c", "user.name=x", "-c", "user.email=x@localhost", *arguments]
    return subprocess.run(
        command, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()


def commit() -> tuple[str, bool]:
    """Return the commit to build from, and whether it has changes that are not committed.

    Those of files that git does not know are not in it.
    """
    changed = _git("stash", "create")
    return changed or _git("rev-parse", "HEAD"), bool(changed)


def export(source: str, folder: Path) -> Path:
    """Write the files of a commit into a new folder, and return that."""
    archive = folder / "tree.tar"
    _git("archive", f"--output={archive}", source)
    tree = folder / "tree"
    tree.mkdir()
    subprocess.run(["tar", "--extract", f"--file={archive}", f"--directory={tree}"], check=True)
    return tree


def build(tree: Path, folder: Path) -> Path:
    """Build the artifact in ``folder``, and return its path."""
    command = ["ansible-galaxy", "collection", "build", str(tree), "--output-path", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (built,) = folder.glob("*.tar.gz")
    return built


def content(built: Path) -> list[str]:
    """Return the paths of the files in the artifact."""
    with tarfile.open(built) as opened:
        return sorted(member.name for member in opened if not member.isdir())


def files(tree: Path) -> set[str]:
    """Return the paths of the files below a folder."""
    return {path.relative_to(tree).as_posix() for path in tree.rglob("*") if not path.is_dir()}


def reviewed() -> list[str]:
    """Return the paths of the reviewed list."""
    lines = REVIEWED.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def rewrite(found: Iterable[str]) -> None:
    """Make this the reviewed list. Its head stays."""
    lines = REVIEWED.read_text(encoding="utf-8").splitlines()
    head = [line for line in lines if line.startswith("#")]
    REVIEWED.write_text("\n".join([*head, *sorted(found)]) + "\n", encoding="utf-8")


def problems(
    found: Collection[str], expected: Collection[str], known: Collection[str]
) -> list[str]:
    """Return what is wrong with the content ``found``; ``known`` is what git has."""
    said = [
        f"{name} is new: name it in build_ignore of galaxy.yml, or run make release-check UPDATE=1"
        for name in sorted(set(found) - set(expected))
    ]
    said += [
        f"{name} is missing: bring it back, or run make release-check UPDATE=1"
        for name in sorted(set(expected) - set(found))
    ]
    said += [
        f"{name} is not in git: commit it, or name it in build_ignore of galaxy.yml"
        for name in sorted(set(found) - set(known) - _MADE)
    ]
    for name in sorted(found):
        if any(part.startswith(".") for part in name.split("/")):
            said.append(f"{name} is hidden: name it in build_ignore of galaxy.yml")
        if name.startswith("tests/") and name not in _SHIPPED_TESTS:
            said.append(f"{name} is a test: name its folder in build_ignore of galaxy.yml")
    return said

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Pythons of this machine: on PATH, and in pyenv's versions folder where there is one."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path


def real_path(path: str) -> str:
    """Return ``path`` without pyenv's shims, and with the Pythons behind them at the end.

    A shim such as python3.13 exists and fails when called, unless pyenv selects that version.
    Whoever looks for Pythons on PATH takes it for one.
    """
    folders = [folder for folder in path.split(os.pathsep) if folder and not _holds_shims(folder)]
    folders += [folder for folder in map(str, _pyenv_folders()) if folder not in folders]
    return os.pathsep.join(dict.fromkeys(folders))


def find_python(*versions: str) -> tuple[str, str] | None:
    """Return the first of ``versions`` that this machine has, as (version, executable)."""
    for version in versions:
        executable = _python(version, real_path(os.environ.get("PATH", os.defpath)))
        if executable:
            return version, executable
    return None


@functools.cache
def _python(version: str, path: str) -> str | None:
    for folder in path.split(os.pathsep):
        executable = shutil.which(f"python{version}", path=folder)
        if executable and _is_python(executable, version):
            return executable
    return None


def _is_python(executable: str, version: str) -> bool:
    # Debian splits venv off its Python, and a Python without it makes no environment.
    code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    try:
        run = subprocess.run(
            [executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return run.returncode == 0 and run.stdout.strip() == version


def _holds_shims(folder: str) -> bool:
    return Path(folder).name == "shims" and any(part in folder for part in ("pyenv", "asdf"))


def _pyenv_folders() -> list[Path]:
    """Return the ``bin`` folders of pyenv's Pythons, newest first."""
    roots = [Path(sys.base_prefix).parent, Path("~/.pyenv/versions").expanduser()]
    if os.environ.get("PYENV_ROOT"):
        roots.append(Path(os.environ["PYENV_ROOT"]) / "versions")
    folders: list[Path] = []
    for root in roots:
        if root.name == "versions" and root.is_dir():
            folders += [folder for folder in root.glob("*/bin") if _number(folder)]
    return sorted(set(folders), key=_number, reverse=True)


def _number(folder: Path) -> tuple[int, ...]:
    # Only CPython; an environment or another Python there has a name that is no number.
    name = folder.parent.name
    return tuple(map(int, name.split("."))) if re.fullmatch(r"3(\.\d+)+", name) else ()

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a command in a virtual environment, which is made first if it is missing or out of date.

    python3 in_venv.py FOLDER REQUIREMENTS.txt... -- COMMAND [ARGUMENT...]

Only the standard library, and Python 3.9 or newer. Several at once wait for each other.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path


def main(argv: list[str]) -> int:
    """Return an exit code, unless the command takes over."""
    if "--" not in argv or len(argv) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(argv[0]).absolute()
    requirements = [Path(name) for name in argv[1 : argv.index("--")]]
    command = argv[argv.index("--") + 1 :]
    if sys.version_info < (3, 11):
        print("Python 3.11 or newer is needed: make PYTHON=python3.12 ...", file=sys.stderr)
        return 1
    if not ensure(folder, requirements):
        return 1
    environment = {**os.environ, "VIRTUAL_ENV": str(folder)}
    environment["PATH"] = os.pathsep.join([str(folder / "bin"), os.environ.get("PATH", "")])
    os.execvpe(command[0], command, environment)
    return 0


def ensure(folder: Path, requirements: list[Path]) -> bool:
    """Make the environment if it is not what these requirements ask for; return whether it is."""
    stamp = folder / "made-from"
    wanted = f"{sys.version}\n{folder}\n{_digest(requirements)}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
            return True
        print(f"Making the virtual environment {folder.name} (once) ...", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            venv.create(folder, with_pip=True, symlinks=True)
        except subprocess.CalledProcessError:
            print(
                "Python cannot make one. On Debian: apt-get install python3-venv", file=sys.stderr
            )
            return False
        options = [f"--requirement={path}" for path in requirements]
        pip = [str(folder / "bin" / "pip"), "--disable-pip-version-check", "install", "--quiet"]
        if subprocess.run([*pip, *options], check=False).returncode != 0:
            print("Installing the packages failed, see above.", file=sys.stderr)
            return False
        stamp.write_text(wanted, encoding="utf-8")
    return True


def _digest(requirements: list[Path]) -> str:
    """Return a digest of requirement files and of those that they refer to."""
    digest = hashlib.sha256()
    for path in requirements:
        text = path.read_text(encoding="utf-8")
        digest.update(text.encode())
        included = re.findall(r"^-r\s+(\S+)", text, re.MULTILINE)
        digest.update(_digest([path.parent / name for name in included]).encode())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

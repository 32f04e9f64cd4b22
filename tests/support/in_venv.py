# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a command in a virtual environment, which is made first if it is missing or out of date.

    python3 in_venv.py FOLDER [--constraint=PINS.txt...] REQUIREMENTS.txt... -- COMMAND [ARG...]

Says at once what the machine lacks for any such command. Only the standard library, and Python 3.9
or newer. Several at once wait for each other.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import locale
import os
import re
import shutil
import subprocess
import sys
import typing as t
import venv
from pathlib import Path

_PINS = "--constraint="


class Lacking(Exception):
    """The environment cannot be made, or would be of no use; with a sentence for people."""


def main(argv: list[str]) -> int:
    """Return an exit code, unless the command takes over."""
    if "--" not in argv or len(argv) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(argv[0]).absolute()
    files = argv[1 : argv.index("--")]
    pins = [Path(name.removeprefix(_PINS)) for name in files if name.startswith(_PINS)]
    requirements = [Path(name) for name in files if not name.startswith(_PINS)]
    command = argv[argv.index("--") + 1 :]
    try:
        require_host()
        ensure(folder, requirements, pins)
    except Lacking as exc:
        print(exc, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nInterrupted; {folder.name} is not made.", file=sys.stderr)
        return 130
    environment = {**os.environ, **usable_locale(), "VIRTUAL_ENV": str(folder)}
    environment["PATH"] = os.pathsep.join([str(folder / "bin"), os.environ.get("PATH", "")])
    os.execvpe(command[0], command, environment)
    return 0


def require_host() -> None:
    """Raise Lacking unless the machine has what every command needs beside Python's packages."""
    if sys.version_info < (3, 11):
        raise Lacking("Python 3.11 or newer is needed: make PYTHON=python3.12 ...")
    if not shutil.which("ssh"):
        raise Lacking("There is no ssh here. On Debian: apt-get install openssh-client")


def usable_locale() -> dict[str, str]:
    """Return what must be set for Ansible, which refuses to start in a locale that is not UTF-8.

    Nothing where the person's own locale will do. One that does not exist is common on servers:
    ssh brings the name of the locale along from a machine that has it.
    """
    for choice in ({}, {"LC_ALL": "C.UTF-8"}, {"LC_ALL": "en_US.UTF-8"}):
        try:
            locale.setlocale(locale.LC_ALL, choice.get("LC_ALL", ""))
        except locale.Error:
            continue
        if locale.nl_langinfo(locale.CODESET).lower() in ("utf-8", "utf8"):
            return choice
    return {}


def ensure(folder: Path, requirements: list[Path], pins: t.Sequence[Path] = ()) -> None:
    """Make the environment what these requirements ask for, in these versions. Raises Lacking.

    What was installed for other requirements stays, so that the first command need not wait for
    what only later ones use.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w", encoding="utf-8") as lock:
        _take(lock, folder)
        stamp = folder / "made-from.json"
        identity, wanted = f"{sys.version} {folder}", _digests([*pins, *requirements])
        made = _installed(stamp, identity)
        if made and wanted.items() <= made.items():
            return
        stamp.unlink(missing_ok=True)
        try:
            if not made:
                _make(folder)
            _install(folder, requirements, pins)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        text = json.dumps({"identity": identity, "files": {**made, **wanted}}, indent=1)
        stamp.write_text(text, encoding="utf-8")


def _take(lock: t.IO[str], folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"Waiting for another command that makes {folder.name} ...", file=sys.stderr)
        fcntl.flock(lock, fcntl.LOCK_EX)


def _installed(stamp: Path, identity: str) -> dict[str, str]:
    """Return the digests of the files that the environment was made from.

    Empty if there is none, if it was made elsewhere or with another Python, or if one of the files
    has changed: what was installed from it might be too old.
    """
    try:
        read = json.loads(stamp.read_text(encoding="utf-8"))
        files: dict[str, str] = read["files"]
        same = read["identity"] == identity and files == _digests(list(map(Path, files)))
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return files if same else {}


def _digests(requirements: list[Path]) -> dict[str, str]:
    """Return digests of requirement files and of those that they refer to, by path."""
    digests = {}
    for path in requirements:
        text = path.read_text(encoding="utf-8")
        digests[os.path.normpath(path)] = hashlib.sha256(text.encode()).hexdigest()
        included = re.findall(r"^-r\s+(\S+)", text, re.MULTILINE)
        digests.update(_digests([path.parent / name for name in included]))
    return digests


def _make(folder: Path) -> None:
    print(f"Making the virtual environment {folder.name}, once ...", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        venv.create(folder, with_pip=True, symlinks=True)
    except subprocess.CalledProcessError:
        raise Lacking("Python cannot make one. On Debian: apt-get install python3-venv") from None


def _install(folder: Path, requirements: list[Path], pins: t.Sequence[Path]) -> None:
    names = " and ".join(os.path.relpath(path) for path in requirements)
    print(f"Installing in {folder.name} what {names} lists ...", file=sys.stderr)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    command = [*pip, "install", "--progress-bar=off"]
    command += [f"--requirement={path}" for path in requirements]
    command += [f"{_PINS}{path}" for path in pins]
    said = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout
        for line in process.stdout:
            said.append(line)
            _show(line)
    _show("")
    if process.returncode != 0:
        print("".join(said[-15:]), file=sys.stderr, end="")
        raise Lacking("Installing the packages failed, see above.")


def _show(line: str) -> None:
    """Show what pip is at, on one line of a terminal; nowhere else."""
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        width = shutil.get_terminal_size().columns - 1
        print("\r\033[K" + line.strip()[:width], end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes tests/pins and tests/unit/constraints.txt anew, with the newest versions there are.

Run by `make pins`, with uv in the environment.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

from support import pip_settings

from .pins import NEWEST, OF_CORES

ROOT = Path(__file__).resolve().parents[2]
PINS = ROOT / "tests" / "pins"
HEAD = """\
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# {} Written by `make pins`.
"""
TESTS = ("tests/requirements.txt", "tests/awx/requirements.txt")
SITE = "tests/docsite/requirements.txt"
TOOLS = "tests/checks/constraints.txt"
CHECKS = "tests/checks/requirements.txt"
UNITS = "tests/unit/requirements.txt"


def main() -> int:
    """Return an exit code."""
    newest = PINS / f"core-{NEWEST}.txt"
    found = compiled(*TESTS)
    write(
        PINS / "tests.txt",
        "What the tests install, except for ansible-core.",
        found,
        of_cores=False,
    )
    said = "The newest ansible-core for each Python, and what comes with it."
    write(newest, said, found, of_cores=True)
    # What checks types reads the tests' packages as well.
    found = compiled(TOOLS, SITE, UNITS, f"--constraint={newest}", also=["pytest"])
    write(PINS / "tools.txt", "What the checkers install, likewise.", found, of_cores=False)
    for core in re.findall(r'^    "(2\.\d+)": Core\(', (ROOT / "noxfile.py").read_text(), re.M):
        # Newer ones want a newer Python; older ones get the same on any.
        found = compiled(*TESTS, also=[f"ansible-core == {core}.*"], python="3.12")
        said = f"ansible-core {core}, and what comes with it."
        write(PINS / f"core-{core}.txt", said, found, of_cores=True)
    write(PINS / "checks.txt", "What `make check` itself runs on.", compiled(CHECKS))
    said = "What the unit tests want of ansible-test, which looks for it here."
    write(ROOT / "tests" / "unit" / "constraints.txt", said, compiled(UNITS, python="3.8"))
    return 0


def compiled(*arguments: str, also: t.Iterable[str] = (), python: str = "3.11") -> list[str]:
    """Return the pins of all that requirements lead to, for this Python and newer ones.

    ``arguments`` are files and options of uv, and ``also`` has further requirements.
    """
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--upgrade", "--no-header"]
    command += ["--no-annotate", f"--python-version={python}", *arguments, "-"]
    settings = pip_settings.for_uv(pip_settings.read())
    run = subprocess.run(
        command,
        cwd=ROOT,
        env={**settings, **os.environ},
        input="\n".join(also),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return run.stdout.splitlines()


def write(path: Path, said: str, pins: list[str], of_cores: bool | None = None) -> None:
    """Write those of the pins that are of cores, or those that are not, or all of them."""
    kept = [
        line
        for line in pins
        if of_cores is None or (line.partition("==")[0] in OF_CORES) is of_cores
    ]
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEAD.format(said) + "".join(f"{line}\n" for line in kept), encoding="utf-8")
    print(f"{path.relative_to(ROOT)}: {len(kept)} packages")


if __name__ == "__main__":
    sys.exit(main())

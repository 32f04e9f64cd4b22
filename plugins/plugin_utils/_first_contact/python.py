# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Python a machine has for Ansible: the command that looks, and what it found."""

from __future__ import annotations

import re
import shlex
import typing as t
from dataclasses import dataclass

from ...module_utils._text import head, listed, printable
from .problem import NO_PYTHON, Problem

OLDEST = (3, 8)
"""The oldest Python of a machine that this collection works with."""

# Each is run: there are files of that name which only say that the version is not installed.
_LOOK = """
try() {{ v=$("$@" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) &&
  echo "python $v $*"; }}
{tries}
exit 0
"""
# A line for each interpreter that was asked for.
_KEPT = 16 * 1024
_FOUND = re.compile(r"^python (\d{1,4})\.(\d{1,4})\.(\d{1,4}) (.+)$", re.ASCII | re.MULTILINE)


@dataclass(frozen=True)
class Python:
    """A Python that runs on the machine."""

    path: str
    version: tuple[int, int, int]

    def __str__(self) -> str:
        return f"{printable(self.path, 100)} ({'.'.join(map(str, self.version))})"


def command(interpreters: t.Iterable[str]) -> str:
    """Return the command that tries these interpreters; each may have arguments."""
    return _LOOK.format(tries="\n".join(f"try {_quoted(words)}" for words in interpreters)).strip()


def _quoted(interpreter: str) -> str:
    try:
        words = shlex.split(interpreter)
    except ValueError:
        words = [interpreter]
    return " ".join(map(shlex.quote, words))


def find(stdout: str) -> list[Python]:
    """Return the Pythons that ``command`` found, in its order."""
    return [
        Python(match[4].strip(), (int(match[1]), int(match[2]), int(match[3])))
        for match in _FOUND.finditer(head(stdout, _KEPT))
    ]


def missing(found: t.Sequence[Python], interpreters: t.Sequence[str]) -> Problem:
    """Return the problem that none of the interpreters will do."""
    needed = ".".join(map(str, OLDEST))
    if found:
        what = f"its Python is too old: {listed(list(map(str, found)))}, and {needed} is needed"
    elif len(interpreters) == 1:
        what = (
            f"there is no Python at {printable(interpreters[0], 100)}, where Ansible would run it"
        )
    else:
        what = "there is no Python on the machine"
    return Problem(
        NO_PYTHON,
        what,
        f"Install Python {needed} or newer there, let the role do it with "
        "instance_ready_install_python, or set ansible_python_interpreter to the right path.",
        final=True,
    )

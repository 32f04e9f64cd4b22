# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Python a machine has for Ansible."""

from __future__ import annotations

import re
import shlex
import typing as t
from dataclasses import dataclass

from ansible import constants as C
from ansible.module_utils import basic

from ...module_utils._text import head, listed, printable
from .problem import NO_PYTHON, Problem

# What modules need is said by what they run on: 3.9 from ansible-core 2.20 on. It was not always a
# version.
_NEEDED = getattr(basic, "_PY_MIN", None)
OLDEST = max((3, 8), _NEEDED) if isinstance(_NEEDED, tuple) else (3, 8)
"""The oldest Python on a machine that this collection and this ansible-core work with."""

# Runs each of them: some files of that name only report that the version is not installed.
_LOOK = """
try() {{ v=$("$@" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) &&
  echo "python $v $*"; }}
{tries}
exit 0
"""
# One line for each interpreter that was tried.
_KEPT = 16 * 1024
_FOUND = re.compile(r"^python (\d{1,4})\.(\d{1,4})\.(\d{1,4}) (.+)$", re.ASCII | re.MULTILINE)
_OF_DISTRIBUTION = "/usr/bin/python3"
_FOLDERS = ("/usr/bin", "/usr/local/bin")
_ONE_WORD = re.compile(r"/?[A-Za-z0-9_.+-]+(/[A-Za-z0-9_.+-]+)*", re.ASCII)


@dataclass(frozen=True)
class Python:
    """A Python that runs on the machine."""

    path: str
    version: tuple[int, int, int]

    def __str__(self) -> str:
        return f"{printable(self.path, 100)} ({'.'.join(map(str, self.version))})"


def candidates(interpreter: str, task_vars: dict[str, t.Any]) -> list[str]:
    """Return the interpreters that Ansible may use, by its setting for the host."""
    if not interpreter.startswith("auto"):
        return [interpreter]
    found = C.config.get_config_value("INTERPRETER_PYTHON_FALLBACK", variables=task_vars)
    return [str(one) for one in found]


def command(interpreters: t.Iterable[str]) -> str:
    """Return the command that tries these interpreters, which may have arguments."""
    return _LOOK.format(tries="\n".join(f"try {_quoted(words)}" for words in interpreters)).strip()


def _quoted(interpreter: str) -> str:
    try:
        words = shlex.split(interpreter)
    except ValueError:
        words = [interpreter]
    return " ".join(map(shlex.quote, words))


def read(stdout: str) -> list[Python]:
    """Return the Pythons in the output of ``command``, in the order in which it tried them."""
    return [
        Python(match[4].strip(), (int(match[1]), int(match[2]), int(match[3])))
        for match in _FOUND.finditer(head(stdout, _KEPT))
    ]


def first_usable(found: t.Iterable[Python]) -> Python | None:
    """Return the first Python that is new enough."""
    return next((python for python in found if python.version >= OLDEST), None)


def may_take_a_wrong_one(found: t.Sequence[Python]) -> bool:
    """Return whether Ansible may take one that is too old, although there is another.

    By itself it prefers that of the distribution, or the first in its order, whatever the version.
    """
    usable = [python for python in found if python.version >= OLDEST]
    return 0 < len(usable) < len(found)


def places(interpreters: t.Sequence[str]) -> list[str]:
    """Return the paths at which these interpreters can be; what has arguments is left out.

    Paths, because ``become`` may search elsewhere. That of the distribution comes first, because
    its own packages are for it.
    """
    found = [_OF_DISTRIBUTION] if _OF_DISTRIBUTION in interpreters else []
    for name in filter(_ONE_WORD.fullmatch, interpreters):
        found += [name] if name.startswith("/") else [f"{folder}/{name}" for folder in _FOLDERS]
    return list(dict.fromkeys(found))


def problem(found: t.Sequence[Python], interpreters: t.Sequence[str]) -> Problem | None:
    """Return the problem for a machine without a Python that is new enough."""
    if first_usable(found):
        return None
    needed = ".".join(map(str, OLDEST))
    if found:
        message = f"its Python is too old: {listed(list(map(str, found)))}, but {needed} is needed"
    elif len(interpreters) == 1:
        path = printable(interpreters[0], 100)
        message = f"there is no Python at {path}, where Ansible expects it"
    else:
        message = "there is no Python on the machine"
    return Problem(
        NO_PYTHON,
        message,
        f"Install Python {needed} or newer, set instance_ready_install_python to have the role "
        "install it, or set ansible_python_interpreter to the right path.",
        final=True,
    )

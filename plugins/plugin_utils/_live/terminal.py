# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The terminal in which Ansible runs, if it is one, and how many columns it has."""

from __future__ import annotations

import multiprocessing
import os
import re
import typing as t

from ansible import constants as C
from ansible.utils import color
from ansible.utils.display import Display

ELSEWHERE = 120
"""The width where there is no terminal: in a pipe, or a file."""

_USUAL = 80
_LEAST = 20
# ansible.builtin.debug shows a list as JSON: an indent of 8, two quotes and a comma.
_AROUND = 11


def kept(descriptor: int) -> tuple[int | None, bool]:
    """Return a copy of a descriptor, if it is open, and whether it is a terminal."""
    try:
        copy = os.dup(descriptor)
    except OSError:
        return None, False
    return copy, os.isatty(copy)


# Found when this is imported: like screen.py, which imports it, in Ansible's main process, because
# the processes of tasks have no stdout of their own. What is kept is the terminal and not its size,
# which can change while machines are waited for.
_STDOUT = kept(1)[0] if os.isatty(1) else None
_IN_MAIN_PROCESS = multiprocessing.parent_process() is None


def columns() -> int:
    """Return the width of the terminal, or of COLUMNS, or 120 if there is neither."""
    given = re.fullmatch("[1-9][0-9]{0,3}", os.environ.get("COLUMNS", ""))
    if given:
        return int(given[0])
    if _STDOUT is not None:
        try:
            return os.get_terminal_size(_STDOUT).columns or _USUAL
        except OSError:
            return _USUAL
    return ELSEWHERE if _IN_MAIN_PROCESS else _inherited()


def _inherited() -> int:
    """Return the width by what Ansible's main process has found, for a task's process."""
    width: t.Any = Display().columns
    if width >= _USUAL:
        return int(width) + 1
    # It says 79 for 80 columns, for fewer, and for none. Only a terminal has colors unasked.
    forced = C.config.get_config_value("ANSIBLE_FORCE_COLOR")
    return _USUAL if color.ANSIBLE_COLOR and not forced else ELSEWHERE


def line_room(width: t.Any = None) -> int:
    """Return how long a line may be in a list that ansible.builtin.debug shows.

    ``width`` is that of the terminal, if it is not the real one that counts. Raises ValueError.
    """
    if width is None:
        return max(columns(), _LEAST) - _AROUND
    try:
        wanted = int(width)
    except (TypeError, ValueError):
        wanted = 0
    if wanted < _LEAST:
        raise ValueError(f"width must be a whole number, and at least {_LEAST}")
    return wanted - _AROUND

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every check of an option needs: the error that names it, and numbers within bounds."""

from __future__ import annotations

import math
import os
import typing as t

from ._text import quoted

MAX_SECONDS = 1e9
"""Thirty years. Operating systems refuse to sleep for much longer."""


class OptionError(ValueError):
    """An option (or its environment variable) cannot be used. Raised before anything is sent.

    The text names the option first, and never shows a token.
    """

    def __init__(self, option: str, problem: str) -> None:
        super().__init__(f"{option}: {problem}")
        self.option = option
        self.problem = problem


def checked_number(
    option: str, value: t.Any, *, above: float | None = None, at_least: float | None = None
) -> float:
    """Return ``value`` as a float within its bounds, or raise OptionError naming the option."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        problem = f"{quoted(str(value))} is not a number of seconds, such as 900"
        raise OptionError(option, problem) from None
    except OverflowError:
        number = math.inf
    if math.isnan(number) or number > MAX_SECONDS:
        raise OptionError(option, f"must be a number of seconds up to {MAX_SECONDS:g}")
    if above is not None and number <= above:
        raise OptionError(option, f"must be more than {above:g} seconds, not {number:g}")
    if at_least is not None and number < at_least:
        raise OptionError(option, f"must be at least {at_least:g} seconds, not {number:g}")
    return number


def full_path(text: str) -> str:
    """Return the whole path of a file, as a message shows it, and nothing for an empty text.

    ``~`` is the home, ``$NAME`` a variable of the environment, as in every path that Ansible is
    given, and a relative name begins in the current folder.
    """
    return os.path.abspath(os.path.expanduser(os.path.expandvars(text))) if text else ""

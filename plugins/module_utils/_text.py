# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text that came from somewhere else, made safe to store and to show."""

from __future__ import annotations

import re
import typing as t
import unicodedata

SHOWN_LENGTH = 200
"""How many characters of a foreign text a message shows, unless told otherwise."""

# What colours and moves the cursor in a terminal; without its first character it is just noise.
_ESCAPE_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"
)
# Nothing is seen of these either, but Unicode calls them letters and marks.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def head(text: str, limit: int) -> str:
    """Return the first whole lines of ``text``, at most ``limit`` characters of it.

    This or ``tail`` comes before anything else that is done to what a machine said: it may say
    megabytes. A line is not halved, because half a number is another number; only one that is
    longer than ``limit`` by itself is.
    """
    if len(text) <= limit:
        return text
    whole, newline, _half = text[:limit].rpartition("\n")
    return whole + newline if whole else text[:limit]


def tail(text: str, limit: int) -> str:
    """Return the last whole lines of ``text``, at most ``limit`` characters of it; see ``head``."""
    if len(text) <= limit:
        return text
    last = text[len(text) - limit :]
    _half, _newline, whole = last.partition("\n")
    return whole or last


def storable(text: str) -> str:
    """Return ``text`` with every lone surrogate replaced by U+FFFD.

    JSON may carry ``\\ud800`` alone. Python keeps it, and then fails to encode it when the result
    of the module is written.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def printable(text: str, limit: int = SHOWN_LENGTH) -> str:
    """Return ``text`` as one line for a person: no control character, at most ``limit`` long.

    The one filter for text from outside. Escape sequences, line breaks, zero-width and
    direction-changing characters could otherwise rewrite what the terminal already shows.
    """
    # A body can be megabytes long; what is cut off anyway needs no cleaning.
    begin = text[: 4 * limit]
    # Most text is plain, and then there is nothing to look for.
    plain = begin.isascii() and begin.isprintable()
    line = " ".join((begin if plain else _cleaned(begin)).split())
    if len(line) > limit or len(text) > 4 * limit:
        return line[: limit - 3].rstrip() + "..."
    return line


def _cleaned(text: str) -> str:
    visible = _INVISIBLE.sub("", _ESCAPE_SEQUENCE.sub("", text))
    spaced = (" " if c.isspace() else c for c in visible)
    # C are controls, formats, surrogates, private and unknown characters.
    return "".join(c for c in spaced if unicodedata.category(c)[0] != "C")


def quoted(text: str, limit: int = 60) -> str:
    """Return ``text`` made printable and put in single quotes, to name a bad value in a message."""
    return "'" + printable(text, limit) + "'"


def listed(
    parts: t.Sequence[str],
    shown: int = 4,
    separator: str = ", ",
    unlisted: int = 0,
    rest: str = "and {} more",
) -> str:
    """Return the parts in one row; the first few if there are many, or others that are unlisted."""
    more = max(0, len(parts) - shown) + unlisted
    return separator.join([*parts[:shown], *([rest.format(more)] if more else [])])

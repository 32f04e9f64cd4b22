# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text that came from somewhere else, made safe to store and to show.

Private to this collection. Plain Python, no Ansible import.
"""

from __future__ import annotations

import re
import typing as t
import unicodedata

SHOWN_LENGTH = 200
"""How many characters of a foreign text a message shows, unless told otherwise."""

_JSON_TYPES = ((bool, "a boolean"), (dict, "an object"), (list, "an array"), (str, "a string"))

_SPACES = ("Zs", "Zl", "Zp")

# What colours and moves the cursor in a terminal; without its first character it is just noise.
_ESCAPE_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?)")


def storable(text: str) -> str:
    """Return ``text`` with every lone surrogate replaced by U+FFFD.

    JSON may carry ``\\ud800`` alone. Python keeps it, and then fails to encode it when the result
    of the module is written.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def printable(text: str, limit: int = SHOWN_LENGTH) -> str:
    """Return ``text`` as one line for a person: no control character, at most ``limit`` long.

    Escape sequences, line breaks, zero-width and direction-changing characters could otherwise
    rewrite what the terminal already shows.
    """
    # A body can be megabytes long; what is cut off anyway needs no cleaning.
    head = _ESCAPE_SEQUENCE.sub("", text[: 4 * limit])
    spaced = (" " if c in "\t\r\n" or unicodedata.category(c) in _SPACES else c for c in head)
    kept = "".join(c for c in spaced if unicodedata.category(c)[0] != "C")
    line = " ".join(kept.split())
    if len(line) > limit or len(text) > 4 * limit:
        return line[: limit - 3].rstrip() + "..."
    return line


def quoted(text: str, limit: int = 60) -> str:
    """Return ``text`` made printable and put in single quotes, to name a bad value in a message."""
    return "'" + printable(text, limit) + "'"


def clock_face(seconds: float) -> str:
    """Return a duration as people read it: ``0:45``, ``14:15``, ``1:02:03``."""
    whole = max(0, round(seconds))
    minutes, secs = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{secs:02d}"
    return f"{minutes}:{secs:02d}"


def json_type(value: t.Any) -> str:
    """Return what JSON calls a value that Python holds."""
    # By isinstance, because Ansible's strings are of classes of its own; a boolean is a number too.
    for kind, name in _JSON_TYPES:
        if isinstance(value, kind):
            return name
    return "null" if value is None else "a number"

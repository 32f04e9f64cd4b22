# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers, durations and types of values, as messages phrase them."""

from __future__ import annotations

import typing as t

_JSON_TYPES = ((bool, "a boolean"), (dict, "an object"), (list, "an array"), (str, "a string"))


def count_of(number: int, noun: str) -> str:
    """Return ``1 GPU``, ``2 GPUs``."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def are(number: int) -> str:
    """Return the verb for so many things."""
    return "is" if number == 1 else "are"


def clock_face(seconds: float) -> str:
    """Return a duration as people read it: ``0:45``, ``14:15``, ``1:02:03``."""
    whole = max(0, round(seconds))
    minutes, secs = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{secs:02d}"
    return f"{minutes}:{secs:02d}"


def times(elapsed: float, wait_timeout: float | None) -> str:
    """Return elapsed and remaining time, in brackets."""
    if wait_timeout is None:
        return f"({clock_face(elapsed)} elapsed)"
    return f"({clock_face(elapsed)} elapsed, {clock_face(wait_timeout - elapsed)} left)"


def json_type(value: t.Any) -> str:
    """Return what JSON calls a value that Python holds."""
    # By isinstance, because Ansible's strings are of classes of its own; a boolean is a number too.
    for kind, name in _JSON_TYPES:
        if isinstance(value, kind):
            return name
    return "null" if value is None else "a number"

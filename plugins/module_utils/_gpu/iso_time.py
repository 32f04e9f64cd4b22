# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Points in time as reports and records write them: ``2026-11-26T10:12:29Z``."""

from __future__ import annotations

import calendar
import re
import time
import typing as t

_FORM = "%Y-%m-%dT%H:%M:%SZ"
_SHAPE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)


def is_iso_time(text: str) -> bool:
    """Return whether a text looks like a time."""
    return _SHAPE.fullmatch(text) is not None


def iso_time(seconds: t.Any) -> str | None:
    """Return seconds since 1970 as a time; None for None, and for what is none."""
    # For Python, None is the time now.
    if seconds is None:
        return None
    try:
        return time.strftime(_FORM, time.gmtime(seconds))
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def seconds_of(text: str) -> int | None:
    """Return a time as seconds since 1970; None for what is none."""
    try:
        return calendar.timegm(time.strptime(text, _FORM))
    except (ValueError, OverflowError):
        return None

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long to pause after a request that failed for the moment."""

from __future__ import annotations

import datetime
import email.utils

BACKOFF_CEILING = 4
"""The longest pause of our own choice, in poll intervals."""

LONGEST_PAUSE = 1e9
"""Seconds; more than any deadline, and still a number that JSON can carry."""


def retry_after_seconds(header: str | None, now: float) -> float | None:
    """Return the pause in seconds that a ``Retry-After`` header asks for, or None for rubbish.

    Takes both forms of RFC 9110, section 10.2.3: a whole number of seconds, or an HTTP date, which
    is compared with ``now`` (seconds since the epoch). A date that is past gives 0.
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_PAUSE)
    try:
        moment = email.utils.parsedate_to_datetime(text)
        if moment.tzinfo is None:
            # An HTTP date is in UTC, however little of that it says.
            moment = moment.replace(tzinfo=datetime.timezone.utc)
        seconds = moment.timestamp() - now
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return min(max(0.0, seconds), LONGEST_PAUSE)


def pause_after_failure(
    failures: int, poll_interval: float, retry_after: float | None, random: float
) -> float:
    """Return how many seconds to wait before the next request of the same offer.

    ``failures`` in a row (1 for the first) double the pause, from one poll interval up to
    ``BACKOFF_CEILING`` of them; ``random`` (0 to 1) spreads it, so that clients which failed
    together do not come back together. A longer ``retry_after`` wins; a shorter one never makes a
    pause shorter than the poll interval.
    """
    backoff = poll_interval * min(2.0 ** (min(failures, 16) - 1), BACKOFF_CEILING)
    return max(jittered(backoff, random), retry_after or 0.0)


def jittered(seconds: float, random: float) -> float:
    """Return ``seconds`` stretched by 1 to 10 percent; ``random`` (0 to 1) says how much.

    Never shorter: an interval is a promise to the API.
    """
    return seconds * (1.01 + 0.09 * random)

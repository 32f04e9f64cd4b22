# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long to keep trying a machine, and how often."""

from __future__ import annotations

from .problem import PERMISSION_DENIED

_PAUSE = 2.0
_LONGEST_PAUSE = 10.0
# With less time than this left, another try is pointless.
_LEAST_LEFT = 1.0


class Patience:
    """Decides after each problem when to try again, or to give up. All times are in seconds.

    A machine that denies access gets ``denied_timeout`` from its first denial, and is asked less
    and less often, because machines lock out users who fail too often.
    """

    def __init__(self, deadline: float, denied_timeout: float) -> None:
        self._deadline = deadline
        self._denied_timeout = denied_timeout
        self._denied_since: float | None = None
        self._pause = _PAUSE

    def pause_after(self, kind: str, now: float) -> float | None:
        """Return the pause before the next try; None if the time is up."""
        if kind != PERMISSION_DENIED:
            self._denied_since, self._pause = None, _PAUSE
        elif self._denied_since is None:
            self._denied_since = now
        else:
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        left = self._end() - now
        return None if left < _LEAST_LEFT else min(self._pause, left / 2)

    def _end(self) -> float:
        if self._denied_since is None:
            return self._deadline
        return min(self._deadline, self._denied_since + self._denied_timeout)

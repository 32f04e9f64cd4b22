# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which bearer tokens are valid."""

from __future__ import annotations

import secrets

from .model import ScheduledToken


class Tokens:
    """One token for everything, or the timeline's list of tokens that come and go.

    `number` is that of the request within its offer; null (no offer in the path) accepts any.
    """

    def __init__(self, token: str, scheduled: list[ScheduledToken]) -> None:
        self._tokens = scheduled or [ScheduledToken.model_validate({"token": token})]

    @property
    def first(self) -> str:
        """The first token."""
        return self._tokens[0].token

    def accept(self, credentials: str, number: int | None) -> bool:
        """Compare with each in constant time, so that timing reveals nothing."""
        good = False
        for scheduled in self._tokens:
            same = secrets.compare_digest(scheduled.token.encode(), credentials.encode())
            good |= same and (number is None or scheduled.good_for(number))
        return good

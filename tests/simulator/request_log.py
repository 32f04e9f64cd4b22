# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every request that reached the API, in order of arrival; tests assert on it."""

from __future__ import annotations

import collections
import dataclasses
import time
import typing as t


@dataclasses.dataclass
class Request:
    """One request. `code` is null where no status line was sent; `number` counts in its offer."""

    at: float
    method: str
    path: str
    offer_id: str | None
    number: int | None
    user_agent: str | None
    authorized: bool = False
    code: int | None = None
    fault: str | None = None


class RequestLog:
    """Numbers requests by offer, and keeps them."""

    def __init__(self) -> None:
        self._origin = time.monotonic()
        self._requests: list[Request] = []
        self._counts: collections.Counter[str] = collections.Counter()

    def arrive(
        self, method: str, path: str, offer_id: str | None, user_agent: str | None
    ) -> Request:
        """Record an arrival; the caller fills in the rest later."""
        number = None
        if offer_id is not None:
            self._counts[offer_id] += 1
            number = self._counts[offer_id]
        at = round(time.monotonic() - self._origin, 3)
        request = Request(at, method, path, offer_id, number, user_agent)
        self._requests.append(request)
        return request

    def as_json(self) -> list[dict[str, t.Any]]:
        """The log as plain data."""
        return [dataclasses.asdict(request) for request in self._requests]

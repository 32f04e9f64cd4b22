# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ASGI middleware for the request log: notes the arrival, then the status code once sent."""

from __future__ import annotations

import re
import typing as t
from uuid import UUID

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .request_log import RequestLog

CONTROL = "/_simulator"
_OFFER_PATH = re.compile(r"^/offers/([^/]+)/status/?$")
_KEY = "simulator.request"


class Recorder:
    """Wraps the application. The control endpoints are not part of the API and are not logged."""

    def __init__(self, app: ASGIApp, log: RequestLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with its log entry in the scope."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self._app(scope, receive, send)
            return
        user_agent = Headers(scope=scope).get("user-agent")
        entry = self._log.arrive(
            scope["method"], scope["path"], _offer_id(scope["path"]), user_agent
        )
        scope[_KEY] = entry

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.code = message["status"]
            await send(message)

        await self._app(scope, receive, noting)


def entry_of(scope: Scope) -> t.Any:
    """The log's entry of the request in `scope`; None for a control endpoint."""
    return scope.get(_KEY)


def _offer_id(path: str) -> str | None:
    """The offer in a path, in its usual spelling; what is no UUID, as it stands."""
    match = _OFFER_PATH.match(path)
    if match is None:
        return None
    try:
        return str(UUID(match[1]))
    except ValueError:
        return match[1]

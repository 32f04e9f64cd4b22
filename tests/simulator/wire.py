# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Breaks connections, which no web framework does, on the transport below uvicorn."""

from __future__ import annotations

import asyncio
import socket
import struct
import typing as t

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_EXTENSION = "simulator.transport"


class WireProtocol(H11Protocol):
    """Uvicorn's HTTP/1.1, which also hands its transport to the application, in the scope."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(t.cast("asyncio.Transport", transport))
        self.app = _with_transport(self.app, transport)


def _with_transport(app: t.Any, transport: asyncio.BaseTransport) -> ASGIApp:
    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})[_EXTENSION] = transport
        await app(scope, receive, send)

    return wrapped


def close(scope: Scope) -> None:
    """Ends the connection after what was written so far (FIN)."""
    scope["extensions"][_EXTENSION].close()


def reset(scope: Scope) -> None:
    """Ends the connection with a TCP RST: closing with a linger of zero throws everything away."""
    transport = scope["extensions"][_EXTENSION]
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def gone(receive: Receive) -> None:
    """Wait until the client disconnects or we close."""
    while (await receive())["type"] != "http.disconnect":
        pass

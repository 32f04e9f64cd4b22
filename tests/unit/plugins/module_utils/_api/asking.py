# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client of a test's own server, and the error that replies of the server cause."""

from __future__ import annotations

import json
import socket
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api.client import (
    SupplyClient,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import (
    SupplyError,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._api.settings import Settings

from ...helpers import OFFER_ID, Server, a_document, http_answer

# With the characters of base64, which JSON and URLs may write in other ways.
TOKEN = "cd+Zq8vN3xW7yB/mK2pL9dR4tG6hJ1cF0sA="
OTHER_TOKEN = "cd+uT5eY8iO1pQ/wE3rT6yU9iO2pA5sD8fG="

GOOD = http_answer(200, a_document())
BODY = json.dumps(a_document()).encode()
SPACES = b" " * 65536
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def client_of(url: str, **options: t.Any) -> SupplyClient:
    if "api_token_file" not in options:
        options.setdefault("api_token", TOKEN)
    options.setdefault("request_timeout", 4)
    return SupplyClient(Settings.from_options({"api_url": url, **options}, {}), "a test")


def ask(server: Server, **options: t.Any) -> dict[str, t.Any]:
    return client_of(server.url, **options).offer_status(OFFER_ID)


def error_of(*replies: t.Any, **options: t.Any) -> SupplyError:
    """Return the error that a server with these replies causes."""
    with Server(*replies) as server, pytest.raises(SupplyError) as caught:
        ask(server, **options)
    assert caught.value.offer_id == OFFER_ID
    assert caught.value.message.isprintable()
    return caught.value


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    head = http_answer(200, b"", "Transfer-Encoding: chunked", length=None)
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


def reset(_server: Server, connection: socket.socket) -> None:
    # Closing with nothing to linger for sends a reset.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def redirect(location: str, code: int = 302) -> bytes:
    return http_answer(code, b"", f"Location: {location}")


class Flood:
    """Sends up to 60 MB, and counts how many the client took."""

    def __init__(self, head: bytes, block: bytes) -> None:
        self._head, self._block = head, block
        self.sent = 0

    def __call__(self, _server: Server, connection: socket.socket) -> None:
        self.sent = 0
        connection.sendall(self._head)
        while self.sent < 60_000_000:
            connection.sendall(self._block)
            self.sent += len(self._block)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documents, any JSON, and servers on loopback that say exactly what a test wants."""

from __future__ import annotations

import json
import socket
import threading
import typing as t

from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import SupplyError
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.offer import parse_offer
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.watch import Watch
from hypothesis import strategies as st

OFFER_ID = "4f9d2c1e-8a37-4b65-9d0e-2c7f81a6b3d4"
OTHER_ID = "9b1e7a50-63cd-4f0a-8e21-5d4c3b2a1f09"

# Lone surrogates, control and invisible characters turn up often, and so does everything else.
# A list, because st.text() would merge the two and then hardly ever choose one of the few.
ANY_CHARACTER = st.characters() | st.sampled_from("\ud800\udfff\x00\x1b\n\u2028\u202e\u200b\ufeff")
ANY_TEXT = st.lists(ANY_CHARACTER).map("".join)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)


def an_instance(**fields: t.Any) -> dict[str, t.Any]:
    """Return an instance as the API describes it, usable unless ``fields`` say otherwise."""
    return {
        "instance_id": "i-0a1b2c3d4e5f",
        "instance_name": "h100-node-1",
        "zone": "eu-west-1a",
        "status": "running",
        "external_ip": "203.0.113.7",
        "internal_ip": "10.0.0.7",
        "ssh_command": "ssh root@203.0.113.7",
        **fields,
    }


def a_document(**fields: t.Any) -> dict[str, t.Any]:
    """Return the status document of an offer, ready unless ``fields`` say otherwise."""
    return {
        "offer_id": OFFER_ID,
        "status": "procured",
        "created_at": "2026-11-24T09:00:00Z",
        "procurement_status": "ready",
        "progress": "1/1 instances running",
        "failure_reason": None,
        "procured_at": "2026-11-24T09:05:00Z",
        "instances": [an_instance()],
        "resources": [],
        **fields,
    }


def http_answer(code: int, body: t.Any = b"", *headers: str, length: int | None = -1) -> bytes:
    """Return the bytes of an HTTP answer. ``length`` may lie; None sends no Content-Length."""
    if not isinstance(body, bytes):
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
    lines = [f"HTTP/1.1 {code} Whatever", "Connection: close", *headers]
    if length is not None:
        lines.append(f"Content-Length: {len(body) if length < 0 else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Server:
    """Gives each connection its bytes, one reply after the other; the last reply stays.

    A reply that is a function gets the connection and does with it as it likes. ``requests`` holds
    the head of every request, ``connections`` counts the sockets that came in.
    """

    def __init__(self, *replies: bytes | t.Callable[[Server, socket.socket], None]) -> None:
        self._replies = list(replies) or [http_answer(200, a_document())]
        self.tls: t.Any = None
        self.connections = 0
        self.requests: list[str] = []
        self.over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [request.split(" ")[1] for request in self.requests]

    def header(self, name: str) -> list[str | None]:
        """Return this header of every request, None where it is missing."""
        found = []
        for request in self.requests:
            lines = [line.partition(": ") for line in request.split("\r\n")]
            found.append(next((v for n, _colon, v in lines if n.lower() == name.lower()), None))
        return found

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.over.set()
        # Wakes the thread up, if it waits for a connection.
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            connection, _peer = self._listener.accept()
            with connection:
                if self.over.is_set():
                    return
                self.connections += 1
                connection.settimeout(5)
                try:
                    self._answer(connection)
                except OSError:
                    # The client left, or there was no TLS to be had. The test looks at the client.
                    continue

    def _answer(self, connection: socket.socket) -> None:
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True)
        with connection:
            head = b""
            # A greeting of TLS has no empty line to wait for.
            while b"\r\n\r\n" not in head and not head.startswith(b"\x16"):
                received = connection.recv(65536)
                if not received:
                    return
                head += received
            self.requests.append(head.decode("latin-1"))
            reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
            if callable(reply):
                reply(self, connection)
            else:
                connection.sendall(reply)


def hang(server: Server, _connection: socket.socket) -> None:
    """Say nothing until the test is over."""
    server.over.wait(5)


def seen(*answers: dict[str, t.Any] | SupplyError, offer_id: str = OFFER_ID) -> Watch:
    """Return the watch of an offer that gave these answers, one every 15 seconds."""
    watch = Watch(offer_id)
    for number, answer in enumerate(answers):
        now = 15.0 * number
        watch.note_request(now, 15.0, 0.5)
        if isinstance(answer, SupplyError):
            answer.offer_id = offer_id
            watch.note_error(answer, now, 15.0, 0.5)
        else:
            watch.note_answer(parse_offer({**answer, "offer_id": offer_id}, offer_id), now)
    return watch

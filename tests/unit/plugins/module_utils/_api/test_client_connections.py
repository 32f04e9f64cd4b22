# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections that fail, hang and dribble."""

from __future__ import annotations

import re
import socket
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import (
    ConnectionFailed,
    NameNotResolved,
    RequestTimedOut,
    SupplyError,
)

from ...helpers import OFFER_ID, Server, a_document, hang, http_answer
from .asking import BODY, GOOD, ask, chunked, client_of, error_of, reset

pytestmark = pytest.mark.usefixtures("clean_environment")


def reset_in_the_middle(server: Server, connection: socket.socket) -> None:
    connection.sendall(http_answer(200, BODY[:50], length=len(BODY)))
    server.over.wait(0.05)
    reset(server, connection)


@pytest.mark.parametrize("reply", [reset, reset_in_the_middle])
def test_a_reset_connection(reply: t.Any) -> None:
    assert error_of(reply).__class__ is ConnectionFailed


def test_a_refused_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(ConnectionFailed, match=f"127.0.0.1:{port}: Connection refused") as caught:
        client_of(f"http://127.0.0.1:{port}").offer_status(OFFER_ID)

    assert not caught.value.final


def test_a_name_that_does_not_exist() -> None:
    said = r"the host name in api_url, supply\.invalid, cannot be resolved: [A-Z][a-z ]+$"
    with pytest.raises(NameNotResolved) as caught:
        client_of("https://supply.invalid:8443/api").offer_status(OFFER_ID)

    assert re.match(said, caught.value.message)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example", ".example"])
def test_a_name_that_cannot_exist_is_a_typed_error(host: str) -> None:
    with pytest.raises(SupplyError):
        client_of(f"https://{host}").offer_status(OFFER_ID)


def stop_in_the_head(server: Server, connection: socket.socket) -> None:
    connection.sendall(GOOD[:30])
    hang(server, connection)


def stop_in_the_body(server: Server, connection: socket.socket) -> None:
    connection.sendall(GOOD[:-30])
    hang(server, connection)


@pytest.mark.parametrize("reply", [hang, stop_in_the_head, stop_in_the_body])
def test_a_server_that_hangs(reply: t.Any) -> None:
    error = error_of(reply, request_timeout=0.3)

    assert error.__class__ is RequestTimedOut
    assert not error.final
    assert "0.3 seconds" in error.message


class Dribble:
    """Sends an answer in small pieces, each of them in time, all of them together not."""

    def __init__(self, head: bytes, piece: bytes) -> None:
        self._head, self._piece = head, piece
        self.sent = 0

    def __call__(self, server: Server, connection: socket.socket) -> None:
        self.sent = 0
        connection.sendall(self._head)
        while self.sent < 30 and not server.over.wait(0.1):
            connection.sendall(self._piece)
            self.sent += 1


@pytest.mark.parametrize(
    "dribble",
    [
        Dribble(http_answer(200, b"{", length=1000), b" "),
        Dribble(http_answer(200, b"{", length=None), b" "),
        Dribble(chunked(b"{", end=b""), b"1\r\n \r\n"),
    ],
    ids=["as declared", "until closed", "in chunks"],
)
def test_a_server_that_dribbles_has_no_more_time_than_one_that_hangs(dribble: Dribble) -> None:
    error = error_of(dribble, request_timeout=0.4)

    assert error.__class__ is RequestTimedOut
    assert dribble.sent < 15


def test_a_caller_can_shorten_the_timeout_but_not_stretch_it() -> None:
    with Server(hang) as server:
        with pytest.raises(RequestTimedOut, match=r"0\.3 seconds"):
            client_of(server.url).offer_status(OFFER_ID, timeout=0.3)
        with pytest.raises(RequestTimedOut, match=r"0\.3 seconds"):
            client_of(server.url, request_timeout=0.3).offer_status(OFFER_ID, timeout=60)


@pytest.mark.parametrize("timeout", [0, -1])
def test_no_time_means_no_request(timeout: float) -> None:
    with Server() as server, pytest.raises(RequestTimedOut):
        client_of(server.url).offer_status(OFFER_ID, timeout=timeout)

    assert server.requests == []


def test_the_longest_patience_works() -> None:
    with Server() as server:
        assert ask(server, request_timeout=1e9) == a_document()

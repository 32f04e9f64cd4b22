# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Redirects: followed on the same server only."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api.client import (
    MAX_REDIRECTS,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import (
    NotFound,
    Redirected,
)

from ...helpers import OFFER_ID, Server, a_document, http_answer
from .asking import GOOD, SPACES, TOKEN, Flood, ask, error_of, redirect

pytestmark = pytest.mark.usefixtures("clean_environment")


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("prefix", ["", "{url}", "//{host}"])
def test_a_redirect_on_the_same_server_is_followed_with_the_token(prefix: str, code: int) -> None:
    def answer(server: Server, connection: socket.socket) -> None:
        target = prefix.format(url=server.url, host=f"127.0.0.1:{server.port}")
        connection.sendall(redirect(f"{target}/v2/status?x=1", code))

    with Server(answer, GOOD) as server:
        assert ask(server) == a_document()

    assert server.paths[1:] == ["/v2/status?x=1"]
    assert server.header("Authorization") == [f"Bearer {TOKEN}"] * 2


def test_a_relative_redirect() -> None:
    with Server(redirect("X/state"), GOOD) as server:
        ask(server)

    assert server.paths[1:] == [f"/offers/{OFFER_ID}/X/state"]


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{trap}/",
        "//127.0.0.1:{trap}/",
        "http://localhost:{trap}/",
        "http://localhost:{own}/",
        "http://127.0.0.2:{own}/",
        "https://127.0.0.1:{own}/",
        "HTTP://127.0.0.1:{trap}/",
        "http://127.0.0.1:{own}@127.0.0.1:{trap}/",
        # requests ends a host at a backslash, urllib.parse does not.
        "http://127.0.0.1:{trap}\\@127.0.0.1:{own}/",
        "//127.0.0.1:{trap}\\@127.0.0.1:{own}/",
        "http://127.0.0.1:{trap}\\\\@127.0.0.1:{own}/",
        "http://127.0.0.1:{own}\\@127.0.0.1:{trap}/",
        "http:\\\\127.0.0.1:{trap}/",
        "\\\\127.0.0.1:{trap}/",
        "/\\127.0.0.1:{trap}/",
        "http:/\\127.0.0.1:{trap}/",
        "http://127.0.0.1:{trap}\t@127.0.0.1:{own}/",
        "http://127.0.0.1/",
        "http://example.com/",
        "http://127.0.0.1.example.com:{own}/",
    ],
)
def test_the_token_goes_nowhere_else(location: str) -> None:
    with Server() as trap:

        def answer(server: Server, connection: socket.socket) -> None:
            connection.sendall(redirect(location.format(trap=trap.port, own=server.port)))

        # Whatever is taken for a path on the same server finds nothing there.
        error = error_of(answer, http_answer(404))

    assert (trap.connections, trap.requests) == (0, [])
    assert isinstance(error, (Redirected, NotFound))
    assert error.final


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("http://example.com:8080/a?b=c", "'http://example.com:8080'"),
        ("https://example.com/a", "'https://example.com:443'"),
        ("//example.com", "'http://example.com:80'"),
        ("ftp://example.com/a", "'ftp://example.com'"),
    ],
)
def test_a_redirect_to_another_server_says_where(location: str, shown: str) -> None:
    error = error_of(redirect(location, 307))

    assert error.__class__ is Redirected
    assert error.code == 307
    assert error.message == (
        f"the API redirects to another server, {shown}; the token was not sent there"
    )


@pytest.mark.parametrize(
    "location",
    [
        "mailto:me",
        "javascript:alert(1)",
        "data:,x",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "http://\xe9\xff/",
    ],
)
def test_a_redirect_to_nonsense_is_an_error(location: str) -> None:
    reply = redirect(location).replace("é".encode(), b"\xe9")

    with Server(reply) as server, pytest.raises(Redirected) as caught:
        ask(server)

    assert len(server.requests) == 1
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    ("location", "what"),
    [
        ("http://[", "something that is no URL"),
        ("http://127.0.0.1:99999/", "something that is no URL"),
        ("http://127.0.0.1:port/", "something that is no URL"),
        ("http://me@127.0.0.1/", "an address that is not clear"),
        ("http://127.0.0.1\\.example.com/", "an address that is not clear"),
        ("/two words", "an address that is not clear"),
    ],
)
def test_a_redirect_that_can_be_read_in_two_ways_or_none_is_an_error(
    location: str, what: str
) -> None:
    error = error_of(redirect(location, 308))

    assert error.__class__ is Redirected
    assert (error.message, error.code) == (f"the API redirects to {what}", 308)


def test_a_redirect_to_a_very_long_name_is_shown_in_part() -> None:
    error = error_of(redirect(f"https://{'a' * 300}.example.com/"))

    assert f"another server, 'https://{'a' * 189}...'; the token" in error.message


def test_the_body_of_a_redirect_is_not_read_to_its_end_either() -> None:
    flood = Flood(http_answer(302, b"", "Location: /elsewhere", length=None), SPACES)

    error_of(flood, http_answer(404))

    assert flood.sent < 20_000_000


def test_redirects_do_not_go_round_for_ever() -> None:
    with Server(redirect("/again", 307)) as server, pytest.raises(Redirected) as caught:
        ask(server)

    assert (caught.value.message, caught.value.code) == (
        "the API redirects more than 5 times",
        307,
    )
    assert len(server.requests) == MAX_REDIRECTS + 1


def test_an_answer_is_asked_for_as_it_is_and_as_json() -> None:
    with Server() as server:
        ask(server)

    assert server.header("accept") == ["application/json"]
    assert server.header("accept-encoding") == ["identity"]

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client against real sockets: answers good and bad, and what becomes of the token."""

from __future__ import annotations

import gzip
import json
import re
import socket
import ssl
import time
import typing as t
from email.utils import formatdate
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api.client import (
    MAX_REDIRECTS,
    Exchange,
    SupplyClient,
    _server_says,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import (
    ConnectionFailed,
    Forbidden,
    InvalidResponse,
    NameNotResolved,
    NotFound,
    RateLimited,
    Redirected,
    RequestRefused,
    RequestTimedOut,
    ServerError,
    SupplyError,
    TlsFailed,
    Unauthorized,
    UnexpectedStatus,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._api.settings import Settings
from ansible_collections.compute_desk.supply.plugins.module_utils._api.transport import MAX_BODY
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.offer import parse_offer

from ...helpers import OFFER_ID, Server, a_document, hang, http_answer

pytestmark = pytest.mark.usefixtures("clean_environment")

# With the characters of base64, which JSON and URLs may write in other ways.
TOKEN = "cd+Zq8vN3xW7yB/mK2pL9dR4tG6hJ1cF0sA="
OTHER_TOKEN = "cd+uT5eY8iO1pQ/wE3rT6yU9iO2pA5sD8fG="

GOOD = http_answer(200, a_document())


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


# What is sent, and what comes back


def test_one_request_with_the_token_and_a_name() -> None:
    with Server() as server:
        document = ask(server)

    assert document == a_document()
    assert server.paths == [f"/offers/{OFFER_ID}/status"]
    assert server.requests[0].startswith("GET ")
    assert server.header("Authorization") == [f"Bearer {TOKEN}"]
    assert server.header("Accept") == ["application/json"]
    (agent,) = server.header("User-Agent")
    assert agent
    assert re.fullmatch(r"compute_desk\.supply/\d+\.\d+\.\d+ \(a test\)", agent)


def test_the_url_may_have_a_path() -> None:
    with Server() as server:
        client_of(f"{server.url}/gateway/v1/").offer_status(OFFER_ID)

    assert server.paths == [f"/gateway/v1/offers/{OFFER_ID}/status"]


def test_an_id_stays_one_part_of_the_path() -> None:
    with Server() as server:
        client_of(server.url).offer_status("../a?b#c")

    assert server.paths == ["/offers/..%2Fa%3Fb%23c/status"]


@pytest.mark.parametrize("file_name", [".netrc", "_netrc"])
def test_a_netrc_does_not_replace_the_token(file_name: str, tmp_path: Path) -> None:
    # The home folder is the temporary one.
    (tmp_path / file_name).write_text("machine 127.0.0.1 login me password mine\n")

    with Server() as server:
        ask(server)

    assert server.header("Authorization") == [f"Bearer {TOKEN}"]


def test_the_netrc_of_the_variable_does_not_replace_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login me password mine\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    with Server() as server:
        ask(server)

    assert server.header("Authorization") == [f"Bearer {TOKEN}"]


def test_cookies_are_not_kept() -> None:
    with Server(http_answer(200, a_document(), "Set-Cookie: a=b; Path=/")) as server:
        client = client_of(server.url)
        client.offer_status(OFFER_ID)
        client.offer_status(OFFER_ID)

    assert server.header("Cookie") == [None, None]


PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.mark.parametrize("spell", [str.upper, str.lower])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_never_goes_through_a_proxy(
    host: str, spell: t.Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server() as trap, Server() as server:
        for name in PROXY_VARIABLES:
            monkeypatch.setenv(spell(name), trap.url)
        client = client_of(f"http://{host}:{server.port}")
        # More than once: the library adds to what it is given.
        for _time in range(2):
            assert client.offer_status(OFFER_ID) == a_document()

    assert trap.connections == 0
    assert len(server.requests) == 2


def test_other_machines_are_asked_through_the_proxy_which_never_gets_the_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Server(http_answer(403)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(ConnectionFailed, match="through the proxy"):
            client_of("https://supply.invalid").offer_status(OFFER_ID)

    assert proxy.requests[0].startswith("CONNECT supply.invalid:443 ")
    assert TOKEN not in "".join(proxy.requests)


# Status codes

CODES = [
    (401, Unauthorized, "unauthorized", True),
    (403, Forbidden, "forbidden", True),
    (404, NotFound, "not_found", True),
    (422, RequestRefused, "request_refused", True),
    (429, RateLimited, "rate_limited", False),
    (500, ServerError, "server_error", False),
    (502, ServerError, "server_error", False),
    (503, ServerError, "server_error", False),
    (504, ServerError, "server_error", False),
    (201, UnexpectedStatus, "unexpected_status", True),
    (204, UnexpectedStatus, "unexpected_status", True),
    (302, UnexpectedStatus, "unexpected_status", True),  # without a Location
    (304, UnexpectedStatus, "unexpected_status", True),
    (400, UnexpectedStatus, "unexpected_status", True),
    (410, UnexpectedStatus, "unexpected_status", True),
    (418, UnexpectedStatus, "unexpected_status", True),
    (501, UnexpectedStatus, "unexpected_status", True),
]


@pytest.mark.parametrize(("code", "cls", "kind", "final"), CODES)
def test_a_status_code_is_a_typed_error(
    code: int, cls: type[SupplyError], kind: str, final: bool
) -> None:
    error = error_of(http_answer(code))

    assert error.__class__ is cls
    assert (error.kind, error.code, error.final) == (kind, code, final)
    assert str(error).startswith(f"Offer {OFFER_ID}: ")
    assert f"({code})" in error.message
    assert error.hint == cls.hint != ""


DETAIL = [
    {"loc": ["path", "offer_id"], "msg": "not a valid UUID", "type": "uuid_parsing"},
    {"loc": ["body", 0], "msg": "too short", "type": "x"},
]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"detail": DETAIL}, "path.offer_id: not a valid UUID; body.0: too short"),
        ({"detail": "Offer not found"}, "Offer not found"),
        ({"message": "Slow down"}, "Slow down"),
        ({"detail": [{"msg": "odd"}, {"loc": "path"}, "text", 7]}, "odd; ; text; 7"),
        ({"detail": {"a": 1}}, '{"detail": {"a": 1}}'),
        ({"error": "x"}, '{"error": "x"}'),
        (["x"], '["x"]'),
        ("plain words", "plain words"),
        ("two\r\n\x1b[1mlines\x07", "two lines"),
        ({"detail": "a\x1b[2Jb\u202ec"}, "abc"),
        ("<!DOCTYPE html><html><head><title>\n502 Bad\nGateway </title>", "502 Bad Gateway"),
        ("<html><head><TITLE lang=en>Login</TITLE></head>", "Login"),
        ("<html><body>nothing to quote</body>", ""),
        ("", ""),
        ("  ", ""),
        ({"detail": ""}, ""),
        ({"detail": []}, ""),
        (b"\xff\xfe\x00caf\xe9", "\ufffd\ufffdcaf\ufffd"),
        ("x" * 100_000, "x" * 197 + "..."),
        ("[" * 200_000, "[" * 197 + "..."),
        ('{"detail": ' + "9" * 5000 + "}", '{"detail": ' + "9" * 186 + "..."),
    ],
)
def test_what_the_body_of_an_error_says_is_in_the_message(body: t.Any, said: str) -> None:
    message = error_of(http_answer(404, body)).message

    assert message == "the API does not know this offer (404)" + (f": {said}" if said else "")


def test_the_body_of_an_error_may_be_too_deep_to_be_written_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Reading and writing have limits of their own, which differ from Python to Python.
    def refuse(*_given: t.Any, **_more: t.Any) -> str:
        raise RecursionError

    body = "[" * 100 + "]" * 100
    assert _server_says(body) == body
    monkeypatch.setattr(json, "dumps", refuse)
    assert _server_says(body) == ""


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [
        ("Retry-After: 7", 7, 7),
        ("Retry-After: {in_an_hour}", 3500, 3600),
        ("retry-after: 0", 0, 0),
    ],
)
@pytest.mark.parametrize("code", [429, 503])
def test_retry_after_is_handed_on(code: int, header: str, low: float, high: float) -> None:
    in_an_hour = formatdate(time.time() + 3600, usegmt=True)

    retry_after = error_of(http_answer(code, b"", header.format(in_an_hour=in_an_hour))).retry_after

    assert retry_after is not None
    assert low <= retry_after <= high


@pytest.mark.parametrize("headers", [[], ["Retry-After: soon"], ["Retry-After: -1"]])
def test_no_pause_is_made_up(headers: list[str]) -> None:
    assert error_of(http_answer(503, b"", *headers)).retry_after is None


@pytest.mark.parametrize(
    "reply",
    [
        http_answer(503, b"no gzip", "Content-Encoding: gzip"),
        http_answer(503, b"x" * (MAX_BODY + 1)),
        http_answer(503, b"", length=MAX_BODY + 1),
    ],
    ids=["bad gzip", "too large", "said to be too large"],
)
def test_a_server_error_passes_whatever_its_body_is(reply: bytes) -> None:
    error = error_of(reply)

    assert not error.final
    assert error.code == 503


# Answers that are no status


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "the answer is empty, not JSON"),
        (" \n", "the answer is empty, not JSON"),
        ("<html><title>Sign in</title>", "the answer is an HTML page titled 'Sign in', not JSON"),
        ("\ufeff<!doctype html><p>", "the answer is an HTML page, not JSON"),
        (f"<html><title>{'x' * 61}</title>", f"the answer is an HTML page titled '{'x' * 57}...'"),
        ("hello", "the answer is text that begins with 'hello', not JSON"),
        ("\x1b[2Jhello", "the answer is text that begins with 'hello', not JSON"),
        ("[]", "the answer is an array, not a JSON object"),
        ("null", "the answer is null, not a JSON object"),
        ("7", "the answer is a number, not a JSON object"),
        ("true", "the answer is a boolean, not a JSON object"),
        ('"ready"', "the answer is a string, not a JSON object"),
        ("{'a': 1}", "the answer is text that begins with '{'a': 1}', not JSON"),
        ('{"a": 1}}', "the answer is text that begins with '{\"a\": 1}}', not JSON"),
        ('{"a": 1,}', "the answer is text that begins with '{\"a\": 1,}', not JSON"),
        (b'{"a": "\xff\xfe"}', 'the answer is text that begins with \'{"a": "\ufffd'),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "the answer is nested too deeply"),
    ],
)
def test_a_body_that_is_no_object_says_what_it_is(body: t.Any, problem: str) -> None:
    error = error_of(http_answer(200, body))

    assert error.__class__ is InvalidResponse
    assert error.message.startswith(problem)
    assert (error.final, error.code) == (True, 200)


def test_an_enormous_number_is_no_status() -> None:
    body = json.dumps(a_document()).replace('"ready"', "9" * 5000)

    with Server(http_answer(200, body)) as server, pytest.raises(InvalidResponse):
        # Depending on the version, Python refuses to read it, or the document has a wrong type.
        parse_offer(ask(server), OFFER_ID)


def test_a_mark_before_the_document_does_no_harm() -> None:
    with Server(http_answer(200, "\ufeff" + json.dumps(a_document()))) as server:
        assert ask(server) == a_document()


SHORT = {"offer_id": None, "status": 'é"\\\n', "ready": [True, False, -1.5e3, {"ü": "日"}]}


def test_an_answer_that_ends_too_early_may_be_complete_the_next_time() -> None:
    # Old proxies mark the end of a body by closing the connection only.
    texts = (json.dumps(SHORT, ensure_ascii=ascii_only) for ascii_only in (True, False))
    cuts = [text.encode()[:end] for text in texts for end in range(1, len(text.encode()))]
    final = []
    with Server(*[http_answer(200, cut, length=None) for cut in cuts]) as server:
        client = client_of(server.url)
        for cut in cuts:
            with pytest.raises(SupplyError) as caught:
                client.offer_status(OFFER_ID)
            if not isinstance(caught.value, ConnectionFailed):
                final.append(cut)

    assert final == []


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    head = http_answer(200, b"", "Transfer-Encoding: chunked", length=None)
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


BODY = json.dumps(a_document()).encode()


@pytest.mark.parametrize(
    "reply",
    [
        http_answer(200, BODY, length=len(BODY) + 1),
        http_answer(200, BODY[:50], length=len(BODY)),
        http_answer(200, b"", length=len(BODY)),
        http_answer(200, BODY, length=10**30),
        chunked(BODY[:50], end=b""),
        chunked(BODY, end=b""),
        chunked(BODY[:50], end=b"40\r\nx"),
        chunked(end=b""),
        chunked(BODY, end=b"nonsense\r\n"),
        http_answer(200, gzip.compress(BODY, mtime=0)[:60], "Content-Encoding: gzip", length=200),
        b"",
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"nonsense\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ],
)
def test_a_broken_answer_may_be_whole_the_next_time(reply: bytes) -> None:
    error = error_of(reply)

    assert error.__class__ is ConnectionFailed
    assert not error.final


def test_a_connection_that_breaks_within_the_head_says_that_nothing_came() -> None:
    error = error_of(b"HTTP/1.1 200 OK")

    assert error.message == "the connection broke in the middle of the answer (0 bytes)"


def test_half_a_document_of_no_known_length_is_one_that_ends_in_the_middle() -> None:
    error = error_of(http_answer(200, BODY[:50], length=None))

    assert error.__class__ is ConnectionFailed
    assert (error.message, error.code) == ("the answer ends in the middle", 200)


def test_chunks_and_compression_are_undone() -> None:
    packed = gzip.compress(BODY)
    with Server(
        chunked(BODY[:7], BODY[7:]),
        http_answer(200, packed, "Content-Encoding: gzip"),
        http_answer(200, BODY + b"more", length=len(BODY)),
        http_answer(200, BODY, length=None),
    ) as server:
        client = client_of(server.url)
        assert [client.offer_status(OFFER_ID) for _time in range(4)] == [a_document()] * 4


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compression_that_cannot_be_undone(coding: str) -> None:
    error = error_of(http_answer(200, b"this is not compressed", f"Content-Encoding: {coding}"))

    assert error.__class__ is InvalidResponse
    assert "compressed" in error.message


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


SPACES = b" " * 65536


@pytest.mark.parametrize(
    ("flood", "bound"),
    [
        (Flood(http_answer(200, b"{", length=None), SPACES), 20_000_000),
        (Flood(http_answer(200, b"{", length=60_000_001), SPACES), 10_000_000),
        (Flood(chunked(end=b""), b"10000\r\n" + SPACES + b"\r\n"), 20_000_000),
    ],
    ids=["until closed", "as declared", "in chunks"],
)
def test_an_endless_answer_is_not_read_to_its_end(flood: Flood, bound: int) -> None:
    error = error_of(flood)

    assert error.__class__ is InvalidResponse
    assert "too large to be the status of an offer" in error.message
    # The system takes some in that nobody reads.
    assert flood.sent < bound


def test_an_answer_that_is_said_to_be_too_large_is_not_read_at_all() -> None:
    error = error_of(http_answer(200, b"{}", length=MAX_BODY + 1))

    assert error.message.endswith(f"({MAX_BODY + 1} bytes)")


def test_a_small_answer_that_unpacks_to_a_large_one_is_refused() -> None:
    packed = gzip.compress(b"{" + b" " * MAX_BODY)

    error = error_of(http_answer(200, packed, "Content-Encoding: gzip"))

    assert "too large to be the status of an offer" in error.message


# Connections that fail


def reset(_server: Server, connection: socket.socket) -> None:
    # Closing with nothing to linger for sends a reset.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


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


# Redirects


def redirect(location: str, code: int = 302) -> bytes:
    return http_answer(code, b"", f"Location: {location}")


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


# The log


def test_every_request_is_logged_without_the_token() -> None:
    log: list[Exchange] = []

    def slow(server: Server, connection: socket.socket) -> None:
        server.over.wait(0.02)
        connection.sendall(redirect(f"/{TOKEN}/x"))

    with Server(slow, GOOD) as server:
        settings = Settings.from_options({"api_url": server.url, "api_token": TOKEN}, {})
        SupplyClient(settings, log=log.append).offer_status(OFFER_ID)

    first, second = log
    assert (first.method, first.path, first.outcome) == ("GET", f"/offers/{OFFER_ID}/status", "302")
    assert (second.path, second.outcome) == ("/********/x", "200")
    assert 20 <= first.milliseconds < 5000


def test_a_request_without_an_answer_is_logged_with_its_kind() -> None:
    log: list[Exchange] = []
    with Server(reset) as server:
        settings = Settings.from_options({"api_url": server.url, "api_token": TOKEN}, {})
        with pytest.raises(ConnectionFailed):
            SupplyClient(settings, log=log.append).offer_status(OFFER_ID)

    assert [one.outcome for one in log] == ["connection_failed"]


def test_what_is_not_documented_is_said_to_be_so() -> None:
    assert error_of(http_answer(418, "TEAX.")).message == (
        "the API gave an answer that it does not document (418): TEAX"
    )


# A token that is rejected


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(TOKEN)
    return path


def changes(path: Path, reply: bytes) -> t.Callable[[Server, socket.socket], None]:
    """Return a reply that comes when the file has just got another token."""

    def answer(_server: Server, connection: socket.socket) -> None:
        path.write_text(OTHER_TOKEN)
        connection.sendall(reply)

    return answer


def test_a_rejected_token_is_read_again_from_its_file(token_file: Path) -> None:
    with Server(changes(token_file, http_answer(401)), GOOD) as server:
        client = client_of(server.url, api_token_file=str(token_file))
        assert client.offer_status(OFFER_ID) == a_document()
        assert client.offer_status(OFFER_ID) == a_document()

    assert server.header("Authorization") == [
        f"Bearer {TOKEN}",
        f"Bearer {OTHER_TOKEN}",
        f"Bearer {OTHER_TOKEN}",
    ]


def test_a_new_token_that_is_rejected_too_is_the_end(token_file: Path) -> None:
    echo = http_answer(401, {"detail": f"bad tokens {TOKEN} {OTHER_TOKEN}"})

    with Server(changes(token_file, echo), echo) as server, pytest.raises(Unauthorized) as caught:
        ask(server, api_token_file=str(token_file))

    assert len(server.requests) == 2
    assert caught.value.message.endswith("(401): bad tokens ******** ********")


def test_a_file_that_has_not_changed_makes_no_second_request(token_file: Path) -> None:
    with Server(http_answer(401)) as server, pytest.raises(Unauthorized):
        ask(server, api_token_file=str(token_file))

    assert len(server.requests) == 1


def test_a_token_that_is_no_file_makes_no_second_request() -> None:
    with Server(http_answer(401), GOOD) as server, pytest.raises(Unauthorized):
        ask(server)

    assert len(server.requests) == 1


@pytest.mark.parametrize("code", [403, 404, 500])
def test_only_401_reads_the_file_again(code: int, token_file: Path) -> None:
    reply = changes(token_file, http_answer(code))

    with Server(reply, GOOD) as server, pytest.raises(SupplyError):
        ask(server, api_token_file=str(token_file))

    assert server.header("Authorization") == [f"Bearer {TOKEN}"]


# What an error shows of the token

ECHO = f"GET /offers HTTP/1.1 Authorization: Bearer {TOKEN}"
# So that the end of what is shown falls into the token.
LONG = "x" * 180 + TOKEN
AS_JSON_MAY_WRITE_IT = TOKEN.replace("/", "\\/").replace("+", "\\u002b")

ECHOES = {
    "text": http_answer(403, ECHO),
    "long text": http_answer(403, LONG),
    "detail": http_answer(422, {"detail": ECHO}),
    "long detail": http_answer(422, {"detail": LONG}),
    "list": http_answer(422, {"detail": [{"loc": [TOKEN], "msg": ECHO}, TOKEN]}),
    "other JSON": http_answer(500, {"headers": {"authorization": ECHO}}),
    "escaped JSON": http_answer(500, '{"error": "' + AS_JSON_MAY_WRITE_IT + '"}'),
    "escaped detail": http_answer(422, '{"detail": "' + AS_JSON_MAY_WRITE_IT + '"}'),
    "long escaped detail": http_answer(
        422, '{"detail": "' + "x" * 180 + AS_JSON_MAY_WRITE_IT + '"}'
    ),
    "title": http_answer(403, f"<html><title>{ECHO}</title>"),
    "200 text": http_answer(200, ECHO),
    "200 text, cut": http_answer(200, f"You sent: Bearer {TOKEN}"),
    "200 title": http_answer(200, f"<html><title>{'x' * 40}{TOKEN}</title>"),
    "200 string": http_answer(200, json.dumps(TOKEN)),
    "path": redirect(f"https://example.com/{TOKEN}?token={TOKEN}#{TOKEN}"),
    "user": redirect(f"https://u:{TOKEN.replace('/', '')}@example.com/"),
    "status line": f"HTTP/1.1 {TOKEN}\r\n\r\n".encode(),
    "no HTTP": ECHO.encode() + b"\r\n\r\n",
    "long no HTTP": b"x" * 175 + TOKEN.encode() + b"\r\n\r\n",
    "long status line": f"HTTP/1.1 {'x' * 175}{TOKEN}\r\n\r\n".encode(),
    "header": f"HTTP/1.1 200 OK\r\nContent-Length: {TOKEN}\r\n\r\n{TOKEN}".encode(),
    "chunk": chunked(end=TOKEN.encode() + b"\r\n"),
}


@pytest.mark.parametrize("name", sorted(ECHOES))
def test_a_token_that_the_server_repeats_is_not_shown(name: str) -> None:
    error = error_of(ECHOES[name])

    shown = f"{error} {error!r} {error.as_dict()}"
    assert TOKEN not in shown
    # Nor as a part that is long enough to be worth something.
    pieces = {TOKEN[start : start + 8] for start in range(len(TOKEN) - 7)}
    assert sorted(piece for piece in pieces if piece in shown) == []


def test_a_token_in_a_broken_header_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    body = json.dumps(a_document())
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nBearer {TOKEN}\r\nX: y\r\n\r\n"
    with Server((head + body).encode()) as server:
        ask(server)

    assert TOKEN not in caplog.text


def test_a_document_comes_without_the_token() -> None:
    instance = {"instance_id": f"i-{TOKEN}", "instance_name": "node", "zone": "z", "status": "s"}
    document = {**a_document(), "progress": f"{ECHO} and more", "instances": [instance]}
    with Server(http_answer(200, document)) as server:
        answer = ask(server)

    assert TOKEN not in json.dumps(answer)
    assert answer["progress"].endswith(" ******** and more")
    assert answer["instances"] == [{**instance, "instance_id": "i-********"}]
    assert answer["offer_id"] == OFFER_ID


def test_a_token_as_short_as_a_word_leaves_the_words_of_a_document() -> None:
    document = {**a_document(), "procurement_status": "ready"}
    with Server(http_answer(200, document)) as server:
        assert ask(server, api_token="ready") == document


# TLS


@pytest.fixture(scope="module")
def authority() -> t.Any:
    trustme = pytest.importorskip("trustme")
    return trustme.CA()


@pytest.fixture
def tls_server(authority: t.Any) -> t.Iterator[Server]:
    server = Server()
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server.tls)
    with server:
        yield server


def test_an_unknown_certificate_is_refused_before_anything_is_sent(tls_server: Server) -> None:
    with pytest.raises(TlsFailed, match=r"no trusted TLS connection to 127\.0\.0\.1:") as caught:
        ask(tls_server)

    assert caught.value.final
    assert "certificate" in caught.value.message
    assert tls_server.requests == []


def test_the_certificate_of_an_own_authority(
    tls_server: Server, authority: t.Any, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))

    assert ask(tls_server, ca_path=str(bundle)) == a_document()


@pytest.mark.parametrize("variable", PROXY_VARIABLES)
def test_loopback_with_tls_never_goes_through_a_proxy_either(
    variable: str, tls_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server() as trap:
        monkeypatch.setenv(variable, trap.url)
        assert ask(tls_server, validate_certs=False) == a_document()

    assert trap.connections == 0


def test_a_certificate_for_another_name_is_refused(
    tls_server: Server, authority: t.Any, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))

    with pytest.raises(TlsFailed):
        client_of(f"https://localhost:{tls_server.port}", ca_path=str(bundle)).offer_status(
            OFFER_ID
        )

    assert tls_server.requests == []


@pytest.mark.parametrize("name", [None, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_no_check_means_no_check(
    name: str | None, tls_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name:
        monkeypatch.setenv(name, ssl.get_default_verify_paths().openssl_cafile)

    assert ask(tls_server, validate_certs=False) == a_document()


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_bundle_of_the_variable_counts(
    name: str,
    tls_server: Server,
    authority: t.Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv(name, str(bundle))

    assert ask(tls_server) == a_document()


def test_an_own_bundle_beats_the_one_of_the_variable(
    tls_server: Server, authority: t.Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, other = tmp_path / "ca.pem", tmp_path / "other.pem"
    authority.cert_pem.write_to_path(str(bundle))
    type(authority)().cert_pem.write_to_path(str(other))

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    assert ask(tls_server, ca_path=str(bundle)) == a_document()

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with pytest.raises(TlsFailed):
        ask(tls_server, ca_path=str(other))


@pytest.mark.parametrize("content", ["", "no certificate"])
def test_a_bundle_without_certificates(content: str, tls_server: Server, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text(content)

    with pytest.raises(TlsFailed):
        ask(tls_server, ca_path=str(bundle))


def test_a_bundle_that_goes_away_later(tls_server: Server, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    client = client_of(tls_server.url, ca_path=str(bundle))
    bundle.unlink()

    with pytest.raises(TlsFailed):
        client.offer_status(OFFER_ID)


def test_https_to_a_port_that_speaks_plain_http() -> None:
    with Server() as server, pytest.raises(TlsFailed) as caught:
        client_of(f"https://127.0.0.1:{server.port}").offer_status(OFFER_ID)

    assert caught.value.final


def test_tls_that_breaks_off_may_be_whole_the_next_time() -> None:
    with Server(b"") as server, pytest.raises(
        ConnectionFailed, match="broke off the TLS"
    ) as caught:
        client_of(f"https://127.0.0.1:{server.port}").offer_status(OFFER_ID)

    assert not caught.value.final


def test_http_to_a_port_that_speaks_tls(tls_server: Server) -> None:
    with pytest.raises(ConnectionFailed):
        client_of(f"http://127.0.0.1:{tls_server.port}").offer_status(OFFER_ID)

    assert tls_server.requests == []


def test_a_server_that_never_greets() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(RequestTimedOut):
        client_of(f"https://127.0.0.1:{silent.getsockname()[1]}", request_timeout=0.3).offer_status(
            OFFER_ID
        )

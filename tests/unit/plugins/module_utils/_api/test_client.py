# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the client sends, what it logs, and what a status code means."""

from __future__ import annotations

import json
import re
import socket
import time
import typing as t
from email.utils import formatdate
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api.client import (
    Exchange,
    SupplyClient,
    _server_says,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import (
    ConnectionFailed,
    Forbidden,
    NotFound,
    RateLimited,
    RequestRefused,
    RequestTimedOut,
    ServerError,
    SupplyError,
    Unauthorized,
    UnexpectedStatus,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._api.settings import Settings
from ansible_collections.compute_desk.supply.plugins.module_utils._api.transport import MAX_BODY

from ...helpers import OFFER_ID, Server, a_document, http_answer
from .asking import GOOD, PROXY_VARIABLES, TOKEN, ask, client_of, error_of, redirect, reset

pytestmark = pytest.mark.usefixtures("clean_environment")


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


def test_who_asks_without_a_name_is_python() -> None:
    with Server(GOOD) as server:
        settings = Settings.from_options({"api_url": server.url, "api_token": TOKEN}, {})
        SupplyClient(settings).offer_status(OFFER_ID)

    (agent,) = server.header("User-Agent")
    assert agent and agent.endswith(" (python)")


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
    assert error.message == "the API is unavailable (503)"


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


def test_a_request_that_is_interrupted_is_logged_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_given: t.Any) -> t.Any:
        raise KeyboardInterrupt

    log: list[Exchange] = []
    client = SupplyClient(Settings.from_options({"api_token": TOKEN}, {}), log=log.append)
    monkeypatch.setattr(client._transport, "get", interrupt)

    with pytest.raises(KeyboardInterrupt):
        client.offer_status(OFFER_ID)

    assert [one.outcome for one in log] == ["failed"]


def test_what_is_not_documented_is_said_to_be_so() -> None:
    assert error_of(http_answer(418, "TEAX.")).message == (
        "the API gave an answer that it does not document (418): TEAX"
    )


def test_a_request_for_which_no_time_is_left_is_not_sent() -> None:
    with Server(GOOD) as server, pytest.raises(RequestTimedOut) as caught:
        client_of(server.url).offer_status(OFFER_ID, timeout=0)

    assert caught.value.message == "no time was left for the request"
    assert server.requests == []


def test_what_the_server_says_keeps_its_letters() -> None:
    error = error_of(http_answer(422, '{"problem": "café"}'))

    assert error.message == 'the API refused the request (422): {"problem": "café"}'


def test_an_answer_that_breaks_off_after_a_space_has_no_end_either() -> None:
    error = error_of(http_answer(200, ' {"a": 1'))

    assert error.message == "the answer ends in the middle"

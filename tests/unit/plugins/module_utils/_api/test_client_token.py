# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of a token: read again when it is rejected, shown by no error."""

from __future__ import annotations

import json
import socket
import typing as t
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import (
    SupplyError,
    Unauthorized,
)

from ...helpers import OFFER_ID, Server, a_document, http_answer
from .asking import GOOD, OTHER_TOKEN, TOKEN, ask, chunked, client_of, error_of, redirect

pytestmark = pytest.mark.usefixtures("clean_environment")


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

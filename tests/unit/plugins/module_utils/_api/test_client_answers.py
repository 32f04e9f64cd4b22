# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that are no status: broken, endless, compressed, of another form."""

from __future__ import annotations

import gzip
import json
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import (
    ConnectionFailed,
    InvalidResponse,
    SupplyError,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._api.transport import MAX_BODY
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.offer import parse_offer

from ...helpers import OFFER_ID, Server, a_document, http_answer
from .asking import BODY, SPACES, Flood, ask, chunked, client_of, error_of

pytestmark = pytest.mark.usefixtures("clean_environment")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "the answer is empty, not JSON"),
        (" \n", "the answer is empty, not JSON"),
        ("<html><title>Sign in</title>", "the answer is an HTML page titled 'Sign in', not JSON"),
        ("\ufeff<!doctype html><p>", "the answer is an HTML page, not JSON"),
        (f"<html><title>{'x' * 61}</title>", f"the answer is an HTML page titled '{'x' * 57}...'"),
        ("<head><title>Sign in", "the answer is an HTML page titled 'Sign in', not JSON"),
        ("hello", "the answer is text that begins with 'hello', not JSON"),
        ("X<html>", "the answer is text that begins with 'X<html>', not JSON"),
        ("x" * 41, f"the answer is text that begins with '{'x' * 37}...', not JSON"),
        ("\x1b[2Jhello", "the answer is text that begins with 'hello', not JSON"),
        ('{"a" 1} ', "the answer is text that begins with '{\"a\" 1}', not JSON"),
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


@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip,identity", "br", "zstd", "GZIP, deflate"])
def test_compression_that_could_unpack_to_any_size_is_not_undone(coding: str) -> None:
    """Some versions of urllib3 unpack a whole piece of it at once: 3 KB give 2 GB."""
    packed = gzip.compress(gzip.compress(BODY))

    error = error_of(http_answer(200, packed, f"Content-Encoding: {coding}"))

    assert error.__class__ is InvalidResponse
    assert error.message == "the answer is compressed in a way that was not asked for"


@pytest.mark.parametrize("coding", ["identity", "GZIP", "x-gzip", ""])
def test_compression_by_other_names(coding: str) -> None:
    body = gzip.compress(BODY) if "gzip" in coding.lower() else BODY
    with Server(http_answer(200, body, f"Content-Encoding: {coding}")) as server:
        assert client_of(server.url).offer_status(OFFER_ID) == a_document()


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

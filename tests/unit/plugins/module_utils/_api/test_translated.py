# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What libraries raise becomes an error for people, whichever of them raises it, and how."""

from __future__ import annotations

import http.client
import socket
import ssl

import pytest
import requests
import urllib3
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import (
    ConnectionFailed,
    InvalidResponse,
    NameNotResolved,
    RequestFailed,
    RequestTimedOut,
    SupplyError,
    TlsFailed,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._api.transport import (
    _translated,
)

SERVER = "api.example.com:443"
LATE = f"{SERVER} did not answer within 7.3 seconds"
BROKEN = "the connection broke in the middle of the answer"
PACKED = "the answer is compressed in a way that cannot be undone"
CERTIFICATES = f"the certificates to check {SERVER} with cannot be read: "

CASES = [
    (requests.exceptions.ReadTimeout("x"), RequestTimedOut, LATE),
    (urllib3.exceptions.ReadTimeoutError(None, "", "x"), RequestTimedOut, LATE),
    (TimeoutError("x"), RequestTimedOut, LATE),
    (ssl.SSLEOFError("x"), ConnectionFailed, f"{SERVER} broke off the TLS connection"),
    (ssl.SSLZeroReturnError("x"), ConnectionFailed, f"{SERVER} broke off the TLS connection"),
    (requests.exceptions.SSLError("x"), TlsFailed, f"no trusted TLS connection to {SERVER}: x"),
    (urllib3.exceptions.SSLError("x"), TlsFailed, f"no trusted TLS connection to {SERVER}: x"),
    (ssl.SSLError("x"), TlsFailed, f"no trusted TLS connection to {SERVER}: "),
    (
        requests.exceptions.ProxyError("x"),
        ConnectionFailed,
        f"cannot reach {SERVER} through the proxy: x",
    ),
    (
        urllib3.exceptions.ProxyError("x", OSError()),
        ConnectionFailed,
        f"cannot reach {SERVER} through the proxy: ",
    ),
    (
        socket.gaierror(-2, "Name or service not known"),
        NameNotResolved,
        "the host name in api_url, api.example.com, cannot be resolved: Name or service not known",
    ),
    (requests.exceptions.ContentDecodingError("x"), InvalidResponse, PACKED),
    (urllib3.exceptions.DecodeError("x"), InvalidResponse, PACKED),
    (requests.exceptions.ChunkedEncodingError("x"), ConnectionFailed, BROKEN),
    (http.client.IncompleteRead(b""), ConnectionFailed, BROKEN),
    (
        requests.exceptions.ConnectionError("x"),
        ConnectionFailed,
        f"no connection to {SERVER}: x",
    ),
    (urllib3.exceptions.ProtocolError("x"), ConnectionFailed, f"no connection to {SERVER}: x"),
    (
        ConnectionResetError(104, "Connection reset by peer"),
        ConnectionFailed,
        f"no connection to {SERVER}: Connection reset by peer",
    ),
    (OSError("x"), TlsFailed, f"{CERTIFICATES}x"),
    (
        requests.exceptions.InvalidHeader("x"),
        RequestFailed,
        f"the request to {SERVER} could not be sent: x",
    ),
    (ValueError("x"), RequestFailed, f"the request to {SERVER} could not be sent: x"),
]


@pytest.mark.parametrize(("raised", "kind", "message"), CASES)
def test_whatever_a_library_raises_has_its_sentence(
    raised: Exception, kind: type[SupplyError], message: str
) -> None:
    error = _translated(raised, SERVER, 7.33)

    assert error.__class__ is kind
    assert error.message.startswith(message)


@pytest.mark.parametrize("how", ["argument", "reason", "cause", "context"])
def test_the_cause_is_found_however_it_is_wrapped(how: str) -> None:
    inner = socket.gaierror(-2, "Name or service not known")
    middle = RuntimeError("middle", inner) if how == "argument" else RuntimeError("middle")
    if how == "reason":
        setattr(middle, how, inner)
    elif how == "cause":
        middle.__cause__ = inner
    elif how == "context":
        middle.__context__ = inner

    error = _translated(requests.exceptions.ConnectionError(middle, "other"), SERVER, 1.0)

    assert error.__class__ is NameNotResolved


def test_the_cause_is_found_behind_others() -> None:
    inner = socket.gaierror(-2, "Name or service not known")

    error = _translated(ValueError(RuntimeError("first"), inner), SERVER, 1.0)

    assert error.__class__ is NameNotResolved


def test_errors_that_wrap_each_other_come_to_an_end() -> None:
    one, other = RuntimeError("one"), RuntimeError("other")
    one.__cause__, other.__cause__ = other, one

    assert _translated(one, SERVER, 1.0).message == (
        f"the request to {SERVER} could not be sent: other"
    )


def test_a_refused_connection_is_no_timeout() -> None:
    refused = urllib3.exceptions.NewConnectionError(None, "x")

    assert _translated(requests.exceptions.ConnectionError(refused), SERVER, 1.0).__class__ is (
        ConnectionFailed
    )


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (RuntimeError(), "RuntimeError"),
        (RuntimeError("x" * 5000), "x" * 4093 + "..."),
        (RuntimeError("outer", ValueError("invalid literal for int()")), "('outer', "),
        (ValueError("invalid literal for int()"), "invalid literal for int()"),
        (OSError(13, "Permission denied", "/etc/ca.pem"), "Permission denied"),
    ],
)
def test_the_reason_is_the_most_telling_text(raised: Exception, reason: str) -> None:
    assert f": {reason}" in _translated(raised, SERVER, 1.0).message


def test_what_is_wrong_with_a_certificate_is_said_in_the_words_for_it() -> None:
    failure = ssl.SSLCertVerificationError(1, "[SSL] long text")
    failure.verify_message = "self-signed certificate"

    assert _translated(failure, SERVER, 1.0).message == (
        f"no trusted TLS connection to {SERVER}: self-signed certificate"
    )

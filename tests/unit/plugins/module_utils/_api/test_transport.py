# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a Python without requests is told, and how requests is set up and read."""

from __future__ import annotations

import importlib.util
import logging
import shlex
import sys
import typing as t
import warnings
from types import SimpleNamespace

import pytest
import urllib3.exceptions
from ansible_collections.compute_desk.supply.plugins.module_utils._api import transport
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import (
    ConnectionFailed,
    InvalidResponse,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._api.settings import Settings

NEVER = float("inf")


def loaded_again() -> t.Any:
    """Return the module as another Python would load it; everybody else keeps theirs."""
    spec = importlib.util.find_spec(transport.__name__)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_without_requests_it_can_be_imported_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "requests", None)
    monkeypatch.setattr(sys, "executable", "/opt/my python/bin/python3")

    without = loaded_again()

    assert not without.HAS_REQUESTS
    command = without.how_to_get_requests().split("Install it for the Python that needs it: ")[1]
    assert shlex.split(command) == [
        "/opt/my python/bin/python3",
        "-m",
        "pip",
        "install",
        "requests",
    ]


def test_with_requests_it_is_used() -> None:
    assert loaded_again().HAS_REQUESTS


def a_transport(**options: t.Any) -> transport.Transport:
    return transport.Transport(Settings.from_options({"api_token": "x" * 9, **options}, {}), "test")


def test_both_schemes_have_connections_for_all_requests_at_once() -> None:
    session = a_transport(concurrency=17)._session

    assert set(session.adapters) == {"https://", "http://"}
    assert {adapter._pool_maxsize for adapter in session.adapters.values()} == {17}


def test_the_library_below_logs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("urllib3"), "level", logging.NOTSET)

    a_transport()

    assert logging.getLogger("urllib3").level == logging.CRITICAL


@pytest.mark.parametrize("checked", [True, False])
def test_who_switches_the_check_of_certificates_off_is_not_warned(checked: bool) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        a_transport(validate_certs=checked)
        warnings.warn("unverified", urllib3.exceptions.InsecureRequestWarning, stacklevel=1)

    assert bool(caught) is checked


def a_response(*chunks: bytes, **headers: str) -> t.Any:
    """Return an answer that comes in these pieces, and ends after them."""
    pieces = iter([*chunks, b""])
    return SimpleNamespace(
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        raw=SimpleNamespace(chunked=False, read1=lambda _size: next(pieces)),
        iter_content=lambda size: [str(size).encode()],
    )


def test_a_body_may_not_be_shorter_than_it_says() -> None:
    """Not all versions of the library notice."""
    assert transport._read_body(a_response(b"ab", b"c", Content_Length="3"), NEVER) == b"abc"
    with pytest.raises(ConnectionFailed, match=r"broke in the middle of the answer \(2 bytes\)"):
        transport._read_body(a_response(b"ab", Content_Length="3"), NEVER)


def test_a_compressed_body_comes_in_pieces_too() -> None:
    response = a_response(Content_Length="99", Content_Encoding="gzip")

    assert transport._read_body(response, NEVER) == b"65536"


def test_the_largest_body_is_read() -> None:
    most = b"x" * transport.MAX_BODY
    response = a_response(most, Content_Length=str(transport.MAX_BODY))

    assert transport._read_body(response, NEVER) == most
    with pytest.raises(InvalidResponse, match=r"\(more than 5000000 bytes\)[.]"):
        transport._read_body(a_response(most, b"x"), NEVER)


@pytest.mark.parametrize(
    ("header", "length"),
    [
        ("0", 0),
        ("9" * 19, 10**19 - 1),
        ("9" * 20, None),
        ("-1", None),
        ("\u0663", None),
        ("", None),
    ],
)
def test_a_length_that_cannot_be_right_is_none(header: str, length: int | None) -> None:
    assert transport._declared_length({"Content-Length": header}) == length

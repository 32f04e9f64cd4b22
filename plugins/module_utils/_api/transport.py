# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The seam to the library requests: one GET, bounded in time and size, or a typed error.

Everything that requests, urllib3, TLS or a socket can raise ends here.
"""

from __future__ import annotations

import http.client
import http.cookiejar
import logging
import shlex
import socket
import ssl
import sys
import time
import typing as t
from dataclasses import dataclass
from urllib.parse import urlsplit

from .._text import printable
from .errors import (
    ConnectionFailed,
    InvalidResponse,
    NameNotResolved,
    RequestFailed,
    RequestTimedOut,
    SupplyError,
    TlsFailed,
)
from .settings import Settings, is_loopback

try:
    import requests
    import urllib3
    import urllib3.exceptions
    from requests.adapters import HTTPAdapter
except ImportError:
    HAS_REQUESTS = False
else:
    HAS_REQUESTS = True

    class _Session(requests.Session):
        """Sees no redirects.

        Told not to follow them, requests still works out where they lead, and reads their body
        to the end, however large that is.
        """

        def get_redirect_target(self, _resp: requests.Response) -> None:
            return None


def how_to_get_requests() -> str:
    """Return what to do where ``HAS_REQUESTS`` is false, with a command for this very Python."""
    # Ansible's words for it, which people search for, and then the command that it leaves out.
    return (
        "Failed to import the required Python library (requests). Install it for the Python that "
        f"needs it: {shlex.quote(sys.executable)} -m pip install requests"
    )


MAX_BODY = 5_000_000
"""Bytes. A status is a few KB; this is room for ten thousand instances."""

_CHUNK = 65536

# None is asked for, but some gateways compress all the same. Anything else, and several in a row,
# can unpack to gigabytes from one piece, which urllib3 before 2.6 does at once.
_CODINGS = ("", "identity", "gzip", "x-gzip", "deflate")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, read to its end."""

    code: int
    headers: t.Mapping[str, str]
    """Looked up without case."""
    body: bytes


class _BearerAuth:
    """Puts the token on a request. As a plain header, requests would let a .netrc entry win."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: t.Any) -> t.Any:
        request.headers["Authorization"] = "Bearer " + self._token
        return request


class Transport:
    """One requests.Session with the settings applied. Safe to use from several threads."""

    def __init__(self, settings: Settings, user_agent: str) -> None:
        self._verify = settings.verify
        # A proxy would get plain http to a loopback address, token included, and could not reach
        # the right machine anyway. None takes an entry of the environment away.
        local = is_loopback(urlsplit(settings.api_url).hostname or "")
        self._proxies: t.Any = dict.fromkeys(("http", "https", "all")) if local else None
        if self._verify is False:
            # Whoever switched the check off knows; a warning for each request tells nothing new.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        # It logs broken headers as they came, the token included; Ansible may keep a log of all.
        logging.getLogger("urllib3").setLevel(logging.CRITICAL)
        self._session = _Session()
        self._session.headers.update(
            {"User-Agent": user_agent, "Accept": "application/json", "Accept-Encoding": "identity"}
        )
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        adapter = HTTPAdapter(pool_maxsize=settings.concurrency)
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter)

    def get(self, url: str, token: str, timeout: float) -> Answer:
        """Return the answer to one GET. Redirects are not followed.

        ``timeout`` is in seconds. Raises a SupplyError without an offer id.
        """
        give_up_at = time.monotonic() + timeout
        try:
            with self._session.get(
                url,
                auth=_BearerAuth(token),
                timeout=timeout,
                verify=self._verify,
                proxies=self._proxies,
                allow_redirects=False,
                stream=True,
            ) as response:
                return Answer(response.status_code, response.headers, _body(response, give_up_at))
        except SupplyError:
            raise
        except _failures() as exc:
            raise _translated(exc, urlsplit(url).netloc, timeout) from None


def _failures() -> tuple[type[Exception], ...]:
    """Return everything that a request, and reading its answer, can raise."""
    # Named when it is needed: where requests is missing, there is nothing to name.
    return (
        SupplyError,
        requests.exceptions.RequestException,
        urllib3.exceptions.HTTPError,
        http.client.HTTPException,
        OSError,
        ValueError,
    )


def _body(response: t.Any, give_up_at: float) -> bytes:
    """Return the body of an answer. That of an error may be broken: its code says enough."""
    try:
        return _read_body(response, give_up_at)
    except _failures():
        if response.status_code == 200:
            raise
        return b""


def _read_body(response: t.Any, give_up_at: float) -> bytes:
    declared = _declared_length(response.headers)
    if declared is not None and declared > MAX_BODY:
        raise _too_large(f"{declared} bytes")
    if response.headers.get("Content-Encoding", "").strip().lower() not in _CODINGS:
        raise InvalidResponse("the answer is compressed in a way that was not asked for")
    body = bytearray()
    for chunk in _chunks(response):
        body += chunk
        if len(body) > MAX_BODY:
            raise _too_large(f"more than {MAX_BODY} bytes")
        if time.monotonic() > give_up_at:
            raise RequestTimedOut(f"the answer was not complete in time ({len(body)} bytes so far)")
    # urllib3 before 2.0 does not notice a connection that closes too early, and http.client takes
    # one that closes within the head for an answer without headers.
    is_short = declared is not None and len(body) < declared
    if (is_short and "Content-Encoding" not in response.headers) or not response.headers:
        raise _broken_off(len(body))
    return bytes(body)


def _chunks(response: t.Any) -> t.Iterator[bytes]:
    """Yield the body as it comes in, so that a clock can be looked at in between."""
    raw = response.raw
    if raw.chunked or "Content-Encoding" in response.headers or not hasattr(raw, "read1"):
        yield from response.iter_content(_CHUNK)
        return
    chunk = raw.read1(_CHUNK)
    while chunk:
        yield chunk
        chunk = raw.read1(_CHUNK)


def _declared_length(headers: t.Mapping[str, str]) -> int | None:
    text = headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _too_large(size: str) -> InvalidResponse:
    return InvalidResponse(f"the answer is too large to be the status of an offer ({size})")


def _broken_off(received: int) -> ConnectionFailed:
    return ConnectionFailed(f"the connection broke in the middle of the answer ({received} bytes)")


def _translated(exc: Exception, server: str, timeout: float) -> SupplyError:
    """Return the typed error for what one request raised."""
    causes = list(_causes(exc))

    def has(*types: type[BaseException]) -> bool:
        return any(
            isinstance(cause, types)
            # A refused connection; urllib3 derives its error from that of a timeout.
            and not isinstance(cause, urllib3.exceptions.NewConnectionError)
            for cause in causes
        )

    reason = _reason(causes)
    if has(requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
        return RequestTimedOut(f"{server} did not answer within {round(timeout, 1):g} seconds")
    if has(ssl.SSLEOFError, ssl.SSLZeroReturnError):
        return ConnectionFailed(f"{server} broke off the TLS connection")
    if has(requests.exceptions.SSLError, urllib3.exceptions.SSLError, ssl.SSLError):
        return TlsFailed(f"no trusted TLS connection to {server}: {reason}")
    if has(requests.exceptions.ProxyError, urllib3.exceptions.ProxyError):
        return ConnectionFailed(f"cannot reach {server} through the proxy: {reason}")
    if has(socket.gaierror):
        host = urlsplit(f"//{server}").hostname
        return NameNotResolved(f"the host name in api_url, {host}, cannot be resolved: {reason}")
    if has(requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError):
        return InvalidResponse("the answer is compressed in a way that cannot be undone")
    if has(requests.exceptions.ChunkedEncodingError, http.client.IncompleteRead):
        return ConnectionFailed("the connection broke in the middle of the answer")
    if has(requests.exceptions.ConnectionError, urllib3.exceptions.ProtocolError, ConnectionError):
        return ConnectionFailed(f"no connection to {server}: {reason}")
    if isinstance(exc, OSError) and not isinstance(exc, requests.exceptions.RequestException):
        # requests reports a bundle that it cannot open as a bare OSError.
        return TlsFailed(f"the certificates to check {server} with cannot be read: {reason}")
    return RequestFailed(f"the request to {server} could not be sent: {reason}")


def _causes(exc: BaseException) -> t.Iterator[BaseException]:
    """Yield an exception and all that it wraps, in whatever way it does."""
    todo: list[t.Any] = [exc]
    seen: set[int] = set()
    while todo:
        cause = todo.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            todo += [
                *cause.args,
                getattr(cause, "reason", None),
                cause.__cause__,
                cause.__context__,
            ]


def _reason(causes: list[BaseException]) -> str:
    """Return the shortest true sentence: the system's own word for it, if there is one.

    Where that quotes the server it may be long; who takes the token out cuts it.
    """
    for cause in causes:
        verify = getattr(cause, "verify_message", "")
        if verify:
            return printable(str(verify))
    for cause in causes:
        if isinstance(cause, OSError) and isinstance(cause.strerror, str) and cause.strerror:
            return printable(cause.strerror)
    # What int() says of a status line is about Python, and quotes it cut short.
    telling = [one for one in causes if not str(one).startswith("invalid literal")] or causes
    return printable(str(telling[-1]) or type(telling[-1]).__name__, 4096)

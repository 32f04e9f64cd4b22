# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turns an ordered fault into what the client gets. Which request gets it, `offers` decides."""

from __future__ import annotations

import asyncio
import json
import math
import time
import typing as t
from collections.abc import AsyncIterator, Callable
from email.utils import formatdate
from http import HTTPStatus

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from . import faults_model as ordered
from . import wire

_HTML = """<!DOCTYPE html>
<html><head><title>Sign in</title></head>
<body><h1>Sign in</h1><p>Please sign in to continue.</p></body></html>
"""
_JSON = "application/json"
_CHUNK = 64 * 1024


def to_json(value: t.Any) -> bytes:
    """Compact JSON; NaN and infinity as Python spells them, for a body may be hostile."""
    return json.dumps(value, separators=(",", ":")).encode()


def answer(fault: t.Any, normal: Callable[[], t.Any]) -> Response:
    """The response that `fault` orders; `normal()` gives the right body, when it is needed."""
    return _ANSWERS[type(fault)](fault, normal)


def _headers(fault: t.Any) -> dict[str, str]:
    headers = dict(fault.headers)
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    if fault.retry_after_date is not None:
        # Such a date has whole seconds; rounding up keeps it from being earlier than ordered.
        headers["Retry-After"] = formatdate(
            math.ceil(time.time()) + fault.retry_after_date, usegmt=True
        )
    return headers


def _plain(fault: t.Any, content: bytes, content_type: str | None) -> Response:
    headers = _headers(fault)
    if content_type is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = content_type
    return Response(content, fault.code, headers)


def _status(fault: ordered.StatusFault, normal: Callable[[], t.Any]) -> Response:
    if fault.code in (204, 304):
        return _plain(fault, b"", None)
    if isinstance(fault.body, str):
        return _plain(fault, fault.body.encode(), "text/plain; charset=utf-8")
    if "body" in fault.model_fields_set:
        return _plain(fault, to_json(fault.body), _JSON)
    detail = fault.detail if "detail" in fault.model_fields_set else _usual_detail(fault.code)
    return _plain(fault, to_json({"detail": detail}), _JSON)


def _usual_detail(code: int) -> t.Any:
    if code == 422:  # the shape of HTTPValidationError, page "get-offer-status"
        return [
            {
                "loc": ["path", "offer_id"],
                "msg": "Input should be a valid UUID",
                "type": "uuid_parsing",
            }
        ]
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return f"Status {code}"


def _redirect(fault: ordered.RedirectFault, normal: Callable[[], t.Any]) -> Response:
    response = _plain(fault, b"", None)
    response.headers["Location"] = fault.location
    return response


def _big(fault: ordered.BigFault, normal: Callable[[], t.Any]) -> Response:
    body = normal()
    head = to_json(body if isinstance(body, dict) and body else {"body": body})

    async def parts() -> AsyncIterator[bytes]:
        yield head[:-1] + b',"padding":"'
        for _number in range(fault.megabytes * 1024 * 1024 // _CHUNK):
            yield b"x" * _CHUNK
            await asyncio.sleep(0)  # lets the loop notice that the client has gone
        yield b'"}'

    return StreamingResponse(parts(), media_type=_JSON)


def _trickle(fault: ordered.TrickleFault, normal: Callable[[], t.Any]) -> Response:
    content = to_json(normal())

    async def parts() -> AsyncIterator[bytes]:
        for byte in content:
            yield bytes([byte])
            await asyncio.sleep(fault.every)

    return StreamingResponse(
        parts(), media_type=_JSON, headers={"Content-Length": str(len(content))}
    )


class _Truncated(Response):
    """Promises the whole, sends the first half, and closes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        half = self.body[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        wire.close(scope)
        await wire.gone(receive)


class _Reset(Response):
    """Sends nothing but a reset."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wire.reset(scope)
        await wire.gone(receive)


class _Hang(Response):
    """Sends nothing, then closes; ends early when the client goes."""

    seconds: float = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.wait_for(wire.gone(receive), self.seconds)
        except TimeoutError:
            wire.close(scope)
            await wire.gone(receive)


def _hang(fault: ordered.HangFault, normal: Callable[[], t.Any]) -> Response:
    response = _Hang()
    response.seconds = fault.seconds
    return response


class _Late(Response):
    """The normal answer after a while, as it is by then."""

    seconds: float = 0.0
    normal: Callable[[], t.Any]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.wait_for(wire.gone(receive), self.seconds)
        except TimeoutError:
            await Response(to_json(self.normal()), media_type=_JSON)(scope, receive, send)


def _latency(fault: ordered.LatencyFault, normal: Callable[[], t.Any]) -> Response:
    response = _Late()
    response.seconds, response.normal = fault.seconds, normal
    return response


_ANSWERS: dict[type, Callable[[t.Any, Callable[[], t.Any]], Response]] = {
    ordered.StatusFault: _status,
    ordered.BodyFault: lambda fault, normal: _plain(fault, fault.text.encode(), fault.content_type),
    ordered.HtmlFault: lambda fault, normal: _plain(
        fault, _HTML.encode(), "text/html; charset=utf-8"
    ),
    ordered.EmptyFault: lambda fault, normal: _plain(fault, b"", _JSON),
    ordered.RedirectFault: _redirect,
    ordered.BigFault: _big,
    ordered.TrickleFault: _trickle,
    ordered.TruncatedFault: lambda fault, normal: _Truncated(to_json(normal()), media_type=_JSON),
    ordered.ResetFault: lambda fault, normal: _Reset(),
    ordered.HangFault: _hang,
    ordered.LatencyFault: _latency,
}

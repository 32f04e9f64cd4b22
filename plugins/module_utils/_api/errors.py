# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that can go wrong with a request, as typed errors whose text is for people."""

from __future__ import annotations

import typing as t


class SupplyError(Exception):
    """The Supply API could not be asked, or its answer cannot be used.

    ``message`` says what happened, ``hint`` what to do next. Neither holds the token. ``code`` is
    the HTTP status, if there was one. ``retry_after`` is the pause in seconds that the API asked
    for. A ``final`` error would come back with the next request; any other may have passed by then.
    """

    kind = "error"
    final = True
    hint = ""

    def __init__(
        self,
        message: str,
        *,
        offer_id: str | None = None,
        code: int | None = None,
        hint: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.offer_id = offer_id
        self.code = code
        self.retry_after = retry_after
        if hint is not None:
            self.hint = hint

    def __str__(self) -> str:
        subject = f"Offer {self.offer_id}: " if self.offer_id else ""
        return f"{subject}{self.message}. {self.hint}".strip()

    def as_dict(self) -> dict[str, t.Any]:
        """Return the error as plain data: ``kind``, ``code``, ``message``, ``hint``."""
        return {"kind": self.kind, "code": self.code, "message": self.message, "hint": self.hint}


class Unauthorized(SupplyError):
    """401: the token is missing, wrong or no longer valid."""

    kind = "unauthorized"
    hint = "Check that the token is complete, still valid and made for this api_url."


class Forbidden(SupplyError):
    """403: the token is known, but may not see this offer."""

    kind = "forbidden"
    hint = "Use a token of the account that bought the offer."


class NotFound(SupplyError):
    """404: the API does not know this offer."""

    kind = "not_found"
    hint = (
        "Check the offer ID, and that api_url and the token belong to the account that bought it."
    )


class RequestRefused(SupplyError):
    """422: the API finds fault with the request."""

    kind = "request_refused"
    hint = "Check the offer ID; if it is right, the API has changed, so update the collection."


class UnexpectedStatus(SupplyError):
    """A status code that the API does not document and that is not known to pass."""

    kind = "unexpected_status"
    hint = (
        "Check that api_url is the address of the Supply API and not of a page or proxy in front "
        "of it."
    )


class Redirected(SupplyError):
    """The answer points to another place. It is not followed: the token would go there."""

    kind = "redirected"
    hint = "If that address is right, set api_url to it."


class RateLimited(SupplyError):
    """429: too many requests."""

    kind = "rate_limited"
    final = False
    hint = "Ask less often: raise poll_interval, or lower concurrency."


class ServerError(SupplyError):
    """500, 502, 503 or 504: the API or a gateway in front of it has a problem."""

    kind = "server_error"
    final = False
    hint = "Try again later; if it persists, report it to the vendor."


class ConnectionFailed(SupplyError):
    """No connection, or it broke before the answer was complete."""

    kind = "connection_failed"
    final = False
    hint = "Check api_url, the network and the proxy variables of the machine that runs the module."


class NameNotResolved(SupplyError):
    """Nothing was sent: the host name in api_url has no address, or nobody could be asked for it.

    It passes when the network comes back, and never when the name is wrong.
    """

    kind = "name_not_resolved"
    final = False
    hint = "Check api_url, and the name resolution (DNS) of the machine that runs the module."


class RequestTimedOut(SupplyError):
    """No complete answer within the request timeout."""

    kind = "request_timed_out"
    final = False
    hint = "Check the network, or raise request_timeout."


class TlsFailed(SupplyError):
    """The server's certificate, or the TLS connection itself, is not acceptable."""

    kind = "tls_failed"
    hint = "Check api_url; if you run your own certificate authority, set ca_path to its bundle."


class RequestFailed(SupplyError):
    """The request could not even be sent, and would not be the next time."""

    kind = "request_failed"
    hint = "Check api_url and the proxy variables of the machine that runs the module."


class InvalidResponse(SupplyError):
    """The answer is no status of the offer that was asked for."""

    kind = "invalid_response"
    hint = (
        "Check that api_url is the address of the Supply API; if it is, report this to the vendor."
    )

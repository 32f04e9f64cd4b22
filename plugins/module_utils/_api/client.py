# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SupplyClient: asks the Supply API for the status of an offer. Returns JSON, or a typed error.

Needs the library requests.

    >>> client = SupplyClient(Settings.from_options({"api_token_file": "~/.compute-desk-token"}))
    >>> client.offer_status("4f9d2c1e-8a37-4b65-9d0e-2c7f81a6b3d4")["status"]
"""

from __future__ import annotations

import json
import re
import time
import typing as t
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from .._phrases import json_type
from .._text import SHOWN_LENGTH, printable, quoted
from .errors import (
    ConnectionFailed,
    Forbidden,
    InvalidResponse,
    NotFound,
    RateLimited,
    Redirected,
    RequestRefused,
    RequestTimedOut,
    ServerError,
    SupplyError,
    Unauthorized,
    UnexpectedStatus,
)
from .retry import retry_after_seconds
from .settings import Settings
from .transport import Answer, Transport

COLLECTION = "compute_desk.supply"
VERSION = "1.0.0"

MAX_REDIRECTS = 5

_LONGEST_MESSAGE = 400

# The vendor documents 200 and 422 only (page "Get offer status"); the others are the convention.
_ERRORS: dict[int, tuple[type[SupplyError], str]] = {
    401: (Unauthorized, "the API rejected the token"),
    403: (Forbidden, "the token may not read this offer"),
    404: (NotFound, "the API does not know this offer"),
    422: (RequestRefused, "the API refused the request"),
    429: (RateLimited, "the API got too many requests"),
    500: (ServerError, "the API has an internal error"),
    502: (ServerError, "the gateway in front of the API got no proper answer"),
    503: (ServerError, "the API is unavailable"),
    504: (ServerError, "the gateway in front of the API timed out"),
}


@dataclass(frozen=True)
class Exchange:
    """One request and how it ended, for a log. Holds no header, so no token."""

    method: str
    path: str
    outcome: str
    """The code of the answer, or what happened instead."""
    milliseconds: int


class SupplyClient:
    """A session with the Supply API. Safe to use from several threads.

    ``caller`` names who asks, for the User-Agent header. ``log`` gets every Exchange, in the
    thread that asked.
    """

    def __init__(
        self,
        settings: Settings,
        caller: str = "python",
        log: t.Callable[[Exchange], None] | None = None,
    ) -> None:
        self.settings = settings
        self._log = log
        self._transport = Transport(settings, f"{COLLECTION}/{VERSION} ({caller})")

    def offer_status(self, offer_id: str, timeout: float | None = None) -> dict[str, t.Any]:
        """Return the status document of one offer from one request, without the token.

        ``timeout`` in seconds can only shorten the request timeout of the settings. When the token
        is rejected and comes from a file that has changed, the request is sent once more.
        Raises a SupplyError with the offer id.
        """
        limit = self.settings.request_timeout
        give_up_at = time.monotonic() + (limit if timeout is None else min(limit, timeout))
        token = self.settings.token.current()
        try:
            try:
                return self._read(offer_id, token, give_up_at)
            except Unauthorized:
                if not self.settings.token.renew(token):
                    raise
                return self._read(offer_id, self.settings.token.current(), give_up_at)
        except SupplyError as exc:
            exc.offer_id = offer_id
            exc.message = self._shown(exc.message, _LONGEST_MESSAGE)
            exc.args = (exc.message,)
            raise

    def _read(self, offer_id: str, token: str, give_up_at: float) -> dict[str, t.Any]:
        url = f"{self.settings.api_url}/offers/{quote(offer_id, safe='')}/status"
        answer = self._get(url, token, give_up_at)
        if answer.code == 200:
            return self._document(answer.body)
        error_class, problem = _ERRORS.get(
            answer.code, (UnexpectedStatus, "the API gave an answer that it does not document")
        )
        said = self._shown(_server_says(answer.body.decode("utf-8", "replace")))
        if not said.endswith("..."):
            said = said.rstrip(".")
        raise error_class(
            f"{problem} ({answer.code})" + (f": {said}" if said else ""),
            code=answer.code,
            retry_after=retry_after_seconds(answer.headers.get("Retry-After"), time.time()),
        )

    def _document(self, body: bytes) -> dict[str, t.Any]:
        """Return the JSON object in a body.

        The token is taken out here, because messages and lines cut texts short, and half a token
        would not be found.
        """
        token = self.settings.token
        try:
            data = json.loads(body)
            if not token.is_part_of_words:
                data = token.redact_all(data)
        except RecursionError:
            raise InvalidResponse("the answer is nested too deeply", code=200) from None
        except ValueError as exc:
            text = body[:4096].decode("utf-8", "replace").strip()
            if _is_cut_short(body, exc):
                raise ConnectionFailed("the answer ends in the middle", code=200) from None
            what = "empty"
            if _is_html(text):
                title = self._shown(_html_title(text), 60)
                what = "an HTML page" + (f" titled {quoted(title)}" if title else "")
            elif text:
                what = f"text that begins with {quoted(self._shown(text, 40))}"
            raise InvalidResponse(f"the answer is {what}, not JSON", code=200) from None
        if not isinstance(data, dict):
            raise InvalidResponse(f"the answer is {json_type(data)}, not a JSON object", code=200)
        return data

    def _shown(self, text: str, limit: int = SHOWN_LENGTH) -> str:
        """Return what the server said for a message, without the token should it be in there.

        Cleaned first, as the token may be spread over what gets lost; cut last, as half a token
        would not be found.
        """
        return printable(self.settings.token.redact(printable(text, 4096)), limit)

    def _get(self, url: str, token: str, give_up_at: float) -> Answer:
        """Return the answer at ``url``, or at where it redirects to on the same server."""
        for _hop in range(MAX_REDIRECTS + 1):
            remaining = give_up_at - time.monotonic()
            if remaining <= 0:
                raise RequestTimedOut("no time was left for the request")
            answer = self._exchange(url, token, remaining)
            location = answer.headers.get("Location")
            if answer.code not in (301, 302, 303, 307, 308) or not location:
                return answer
            url = _redirect_target(url, location, answer.code)
        raise Redirected(f"the API redirects more than {MAX_REDIRECTS} times", code=answer.code)

    def _exchange(self, url: str, token: str, timeout: float) -> Answer:
        began, outcome = time.monotonic(), "failed"
        try:
            answer = self._transport.get(url, token, timeout)
            outcome = str(answer.code)
            return answer
        except SupplyError as exc:
            outcome = exc.kind
            raise
        finally:
            if self._log is not None:
                # A redirect may lead to a path that the server chose.
                path = self._shown(urlsplit(url).path)
                took = round((time.monotonic() - began) * 1000)
                self._log(Exchange("GET", path, outcome, took))


def _redirect_target(url: str, location: str, code: int) -> str:
    # Libraries disagree on which host these lead to, and the token must not go to the other one.
    if any(c in "\\@" or c.isspace() for c in location):
        raise Redirected("the API redirects to an address that is not clear", code=code)
    try:
        target = urljoin(url, location)
        allowed = _origin(target) == _origin(url)
    except ValueError:
        raise Redirected("the API redirects to something that is no URL", code=code) from None
    if not allowed:
        raise Redirected(
            f"the API redirects to another server, {_shown_origin(target)}; "
            "the token was not sent there",
            code=code,
        )
    return target


def _shown_origin(url: str) -> str:
    # Never the path or the query: the token may have been put there.
    scheme, host, port = _origin(url)
    return quoted(f"{scheme}://{host}" + (f":{port}" if port else ""), 200)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or default


def _is_cut_short(body: bytes, exc: ValueError) -> bool:
    """Return whether a body that is no JSON is the beginning of a JSON object, without its end."""
    if not body.lstrip().startswith(b"{"):
        return False
    if not body.rstrip().endswith(b"}"):
        return True
    return isinstance(exc, json.JSONDecodeError) and exc.pos >= len(exc.doc.rstrip())


def _server_says(text: str) -> str:
    """Return what the body of an error says: the API's detail, a page's title, or plain text."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        text = text[:4096].strip()
        return _html_title(text) if _is_html(text) else text
    said = data.get("detail", data.get("message")) if isinstance(data, dict) else None
    if isinstance(said, str):
        return said
    if isinstance(said, list):
        return "; ".join(_validation_message(entry) for entry in said)
    try:
        # Written anew: the original may hide a token behind escapes.
        return json.dumps(data, ensure_ascii=False)
    except RecursionError:
        return ""


def _validation_message(entry: t.Any) -> str:
    """Return one entry of a 422's detail: ``loc`` and ``msg`` (page "Get offer status")."""
    if not isinstance(entry, dict):
        return str(entry)
    loc = entry.get("loc")
    where = ".".join(str(part) for part in loc) if isinstance(loc, list) else ""
    return ": ".join(part for part in (where, str(entry.get("msg", ""))) if part)


def _is_html(text: str) -> bool:
    return text.lstrip("\ufeff")[:200].lower().startswith(("<!doctype html", "<html", "<head"))


def _html_title(text: str) -> str:
    match = re.search(r"<title[^>]{0,100}>([^<]{0,200})", text, re.IGNORECASE)
    return match.group(1).strip() if match else ""

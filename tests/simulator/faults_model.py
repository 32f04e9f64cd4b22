# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a timeline may order instead of the normal answer: the schema of `faults`."""

from __future__ import annotations

import typing as t

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PositiveInt, model_validator

Seconds = t.Annotated[float, Field(ge=0, allow_inf_nan=False)]
HeaderName = t.Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
HeaderValue = t.Annotated[str, Field(pattern=r"^[\x20-\x7e\t]*$")]


class _Fault(BaseModel):
    """When it applies: to numbered requests of its offer, in a stretch of its timeline, or both."""

    model_config = ConfigDict(extra="forbid")

    requests: list[PositiveInt] | t.Literal["all"] | None = None
    between: tuple[Seconds, Seconds | None] | None = None

    @model_validator(mode="after")
    def _is_bounded(self) -> t.Self:
        if self.requests is None and self.between is None:
            raise ValueError("a fault needs `requests` or `between`")
        if self.between and self.between[1] is not None and self.between[1] <= self.between[0]:
            raise ValueError("`between` must end after it begins")
        return self

    def applies(self, number: int, now: float) -> bool:
        """Whether it hits request `number` (1-based), arriving at second `now` of the timeline."""
        if isinstance(self.requests, list) and number not in self.requests:
            return False
        if self.between is None:
            return True
        return self.between[0] <= now and (self.between[1] is None or now < self.between[1])


class _Answer(_Fault):
    """A fault that is a whole HTTP response; these can carry headers."""

    headers: dict[HeaderName, HeaderValue] = {}
    retry_after: int | None = Field(default=None, ge=0)
    retry_after_date: int | None = None

    @model_validator(mode="after")
    def _has_one_retry_after(self) -> t.Self:
        if self.retry_after is not None and self.retry_after_date is not None:
            raise ValueError("give `retry_after` or `retry_after_date`, not both")
        return self


class StatusFault(_Answer):
    """A status code; the body is `body`, or `{"detail": detail}`, or what is usual."""

    kind: t.Literal["status"]
    code: int = Field(ge=200, le=599)
    body: JsonValue = None
    detail: JsonValue = None


class BodyFault(_Answer):
    """Any text as the body, under any content type."""

    kind: t.Literal["body"]
    text: str
    content_type: HeaderValue = "application/json"
    code: int = Field(default=200, ge=200, le=599)


class HtmlFault(_Answer):
    """A page of HTML, as a login portal or a gateway gives it."""

    kind: t.Literal["html"]
    code: int = Field(default=200, ge=200, le=599)


class EmptyFault(_Answer):
    """No body at all, under the content type of JSON."""

    kind: t.Literal["empty"]
    code: int = Field(default=200, ge=200, le=599)


class RedirectFault(_Answer):
    """Sends the client elsewhere."""

    kind: t.Literal["redirect"]
    location: HeaderValue
    code: int = Field(default=302, ge=300, le=399)


class BigFault(_Fault):
    """The normal answer with so much padding that it has `megabytes`; still valid JSON."""

    kind: t.Literal["big"]
    megabytes: int = Field(default=32, ge=1, le=4096)


class TrickleFault(_Fault):
    """The normal answer, one byte each `every` seconds."""

    kind: t.Literal["trickle"]
    every: Seconds = 0.2


class TruncatedFault(_Fault):
    """The first half of the normal answer under the Content-Length of the whole, then the end."""

    kind: t.Literal["truncated"]


class ResetFault(_Fault):
    """The connection is reset (TCP RST) instead of an answer."""

    kind: t.Literal["reset"]


class HangFault(_Fault):
    """No answer for `seconds`, then the connection is closed without one."""

    kind: t.Literal["hang"]
    seconds: Seconds = 3600.0


class LatencyFault(_Fault):
    """The normal answer, `seconds` late."""

    kind: t.Literal["latency"]
    seconds: Seconds


Fault = t.Annotated[
    StatusFault
    | BodyFault
    | HtmlFault
    | EmptyFault
    | RedirectFault
    | BigFault
    | TrickleFault
    | TruncatedFault
    | ResetFault
    | HangFault
    | LatencyFault,
    Field(discriminator="kind"),
]

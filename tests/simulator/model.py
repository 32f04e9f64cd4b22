# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schema of a timeline file. README.md describes it for people, in the same order."""

from __future__ import annotations

import itertools
import re
import typing as t
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    PositiveInt,
    Tag,
    create_model,
    model_validator,
)

from .contract import InstanceDetail
from .faults_model import Fault, Seconds
from .lies import Lie, placeholders, ready_made

DEFAULT_CREATED_AT = "2026-11-24T09:00:00Z"
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


class Strict(BaseModel):
    """A misspelt key is an error, everywhere."""

    model_config = ConfigDict(extra="forbid")

    def named(self, *names: str) -> dict[str, t.Any]:
        """The given fields as far as the file names them: null counts, absence does not."""
        return {name: getattr(self, name) for name in names if name in self.model_fields_set}


class Reply(Strict):
    """What a scripted command does: waits, writes, ends."""

    args: str | None = None
    stdout: str = ""
    stderr: str = ""
    rc: int = Field(default=0, ge=0, le=255)
    sleep: Seconds = 0.0


class Command(Reply):
    """A command on an instance: the first of `answers` whose `args` fit, else its own reply."""

    answers: list[Reply] = []
    script: str | None = None


class Ssh(Strict):
    """How the sshd of an instance behaves. Times count from when the API calls it running."""

    user: str = Field(default="root", pattern=f"^{_USER.pattern}$")
    behaviour: t.Literal["ok", "refuse", "drop", "silent", "deny"] = "ok"
    up_after: Seconds = 0.0
    down_between: list[tuple[Seconds, Seconds]] = []
    drop_first: int = Field(default=0, ge=0)
    key_after: Seconds = 0.0
    host_key: t.Literal["stable", "changes"] = "stable"
    host_key_changes_after: Seconds | None = None

    @model_validator(mode="after")
    def _agrees(self) -> t.Self:
        if (self.host_key == "changes") != (self.host_key_changes_after is not None):
            raise ValueError("`host_key: changes` and `host_key_changes_after` belong together")
        if any(end <= begin for begin, end in self.down_between):
            raise ValueError("a stretch of `down_between` must end after it begins")
        return self


def _form_of_lie(value: t.Any) -> str:
    return "name" if isinstance(value, str) else "lie"


class Machine(Strict):
    """An instance: what the API says of it at first, and the machine behind it (null: none)."""

    instance_id: str
    instance_name: str
    zone: str = "eu-west-1a"
    ssh: Ssh | None = Ssh()
    commands: dict[str, Command] = {}
    personality: t.Literal["honest", "hostile"] = "honest"
    lies: list[
        t.Annotated[
            t.Annotated[str, Tag("name")] | t.Annotated[Lie, Tag("lie")],
            Discriminator(_form_of_lie),
        ]
    ] = []
    lies_with: dict[str, str] = {}

    def all_lies(self) -> list[Lie]:
        """Its lies, in order, with the ready-made ones in place of their names."""
        return [
            lie
            for given in self.lies
            for lie in (ready_made(given, self.lies_with) if isinstance(given, str) else [given])
        ]

    @model_validator(mode="after")
    def _can_lie(self) -> t.Self:
        if self.lies and self.personality == "honest":
            raise ValueError("`lies` are for machines with `personality: hostile`")
        self.all_lies()
        wanted = {name for lie in self.lies if isinstance(lie, str) for name in placeholders(lie)}
        for name in self.lies_with:
            if name not in wanted:
                raise ValueError(
                    f"no ready-made lie of this machine takes the {name!r} of `lies_with`"
                )
        return self

    @model_validator(mode="after")
    def _has_plain_commands(self) -> t.Self:
        for name in self.commands:
            if not _KEY.fullmatch(name):
                raise ValueError(f"{name!r} cannot be the name of a command")
        return self


INSTANCE_FIELDS = tuple(InstanceDetail.model_fields)
_AnyInstance: t.Any = create_model(
    "_AnyInstance", __base__=Strict, **dict.fromkeys(INSTANCE_FIELDS, (JsonValue, None))
)


class InstanceEntry(_AnyInstance):
    """What changes on an instance at some second; any JSON value goes in any field."""

    without: list[str] = Field(default=[])
    extra: dict[str, JsonValue] = Field(default={})
    raw: JsonValue = None


def _form_of_instances(value: t.Any) -> str:
    return "by_key" if isinstance(value, dict) else "literal"


class Entry(Strict):
    """What changes on an offer at second `at`; any JSON value goes in any field."""

    at: Seconds
    offer_id: JsonValue = None
    status: JsonValue = None
    procurement_status: JsonValue = None
    instances: t.Annotated[
        t.Annotated[dict[str, InstanceEntry | None], Tag("by_key")]
        | t.Annotated[JsonValue, Tag("literal")],
        Discriminator(_form_of_instances),
    ] = None
    resources: JsonValue = None
    progress: JsonValue = None
    failure_reason: JsonValue = None
    created_at: JsonValue = None
    procured_at: JsonValue = None
    without: list[str] = []
    extra: dict[str, JsonValue] = {}
    raw: JsonValue = None


OFFER_FIELDS = tuple(
    name
    for name in Entry.model_fields
    if name not in {"at", "instances", "without", "extra", "raw"}
)


class OfferScript(Strict):
    """One offer: its machines, its story, and the faults on the way."""

    offer_id: UUID
    created_at: JsonValue = DEFAULT_CREATED_AT
    starts: t.Literal["first_request", "launch"] = "first_request"
    instances: dict[str, Machine] = {}
    timeline: list[Entry] = []
    faults: list[Fault] = []

    @model_validator(mode="after")
    def _is_in_order(self) -> t.Self:
        times = [entry.at for entry in self.timeline]
        if any(later <= earlier for earlier, later in itertools.pairwise(times)):
            raise ValueError("the entries of `timeline` must have rising `at`")
        return self

    @model_validator(mode="after")
    def _knows_its_instances(self) -> t.Self:
        for key in self.instances:
            if not _KEY.fullmatch(key):
                raise ValueError(f"{key!r} cannot be the key of an instance")
        for entry in self.timeline:
            for key in entry.instances if isinstance(entry.instances, dict) else ():
                if key not in self.instances:
                    raise ValueError(
                        f"the timeline names the instance {key!r}, which `instances` lacks"
                    )
        return self


class ScheduledToken(Strict):
    """A token good for some requests only, by number in each offer, both ends included."""

    token: str = Field(pattern=r"^[!-~]+$")
    from_: PositiveInt = Field(default=1, alias="from")
    until: PositiveInt | None = None

    def good_for(self, number: int) -> bool:
        """Whether it is accepted with request `number` of an offer."""
        return self.from_ <= number and (self.until is None or number <= self.until)


class Timeline(Strict):
    """A whole timeline file."""

    offers: list[OfferScript] = Field(min_length=1)
    tokens: list[ScheduledToken] = []

    @model_validator(mode="after")
    def _has_each_offer_once(self) -> t.Self:
        ids = [offer.offer_id for offer in self.offers]
        for offer_id in ids:
            if ids.count(offer_id) > 1:
                raise ValueError(f"the offer {offer_id} is there more than once")
        return self

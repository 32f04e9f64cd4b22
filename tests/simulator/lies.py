# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a hostile machine answers instead of the truth: the schema of `lies`, and ready-made ones.

The ready-made ones are data, in hostile_lies.yml. hostile_shell.py tells them.
"""

from __future__ import annotations

import difflib
import functools
import re
import typing as t
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    PositiveInt,
    Tag,
    model_validator,
)

READY_MADE = Path(__file__).with_name("hostile_lies.yml")
# Neither the number `{n}`, nor what Ansible's templates are made of, which have two braces.
_PLACEHOLDER = re.compile(r"(?<!\{)\{([a-z]{2,})\}(?!\})")


class Repeated(BaseModel):
    """A text repeated many times; `{n}` in it counts from 1."""

    model_config = ConfigDict(extra="forbid")

    text: str
    repeat: PositiveInt


def _form_of_part(value: t.Any) -> str:
    return "text" if isinstance(value, str) else "repeated"


_Part = t.Annotated[
    t.Annotated[str, Tag("text")] | t.Annotated[Repeated, Tag("repeated")],
    Discriminator(_form_of_part),
]


def _form_of_output(value: t.Any) -> str:
    return "parts" if isinstance(value, list) else "text"


Output = t.Annotated[
    t.Annotated[str, Tag("text")] | t.Annotated[list[_Part], Tag("parts")],
    Discriminator(_form_of_output),
]


class Lie(BaseModel):
    """A lie: the commands it answers, and one kind of answer."""

    model_config = ConfigDict(extra="forbid")

    when: str | None = Field(default=None, min_length=1)
    module: str | None = Field(default=None, pattern=r"^[A-Za-z_]\w*$")
    times: PositiveInt | None = None
    stdout: Output = ""
    stderr: Output = ""
    rc: int = Field(default=0, ge=0, le=255)
    json_: JsonValue = Field(default=None, alias="json")
    merge: dict[str, JsonValue] = {}
    hang: t.Literal[True] | None = None
    flood: t.Literal[True, "stdout", "stderr"] | None = None

    @model_validator(mode="after")
    def _is_one_lie(self) -> t.Self:
        if (self.when is None) == (self.module is None):
            raise ValueError("a lie needs either `when` or `module`")
        given = self.model_fields_set
        kinds = [
            *(["stdout, stderr and rc"] if given & {"stdout", "stderr", "rc"} else []),
            *(name for name in ("json", "merge", "hang", "flood") if given & {name, f"{name}_"}),
        ]
        if not kinds:
            raise ValueError("a lie needs an answer: stdout, stderr, rc, json, merge, hang, flood")
        if len(kinds) > 1:
            raise ValueError(f"a lie has one kind of answer, not {' and '.join(kinds)}")
        return self

    def as_data(self) -> dict[str, t.Any]:
        """The lie as in the file, for the program that tells it."""
        return self.model_dump(by_alias=True, exclude_unset=True)


def ready_made(name: str, values: Mapping[str, str]) -> list[Lie]:
    """The lies called `name`, with `values` in place of `{their names}`; raises ValueError."""
    known = _known()
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        guess = f" (did you mean {close[0]!r}?)" if close else ""
        raise ValueError(f"there is no ready-made lie {name!r}{guess}")
    missing = sorted(placeholders(name) - set(values))
    if missing:
        raise ValueError(f"the lie {name!r} needs `lies_with: {{{missing[0]}: ...}}`")
    return [Lie.model_validate(_filled(lie, values)) for lie in known[name]]


def placeholders(name: str) -> set[str]:
    """The parameters of the ready-made lies called `name`."""
    return set(_PLACEHOLDER.findall(str(_known().get(name))))


def names() -> list[str]:
    """The names of all ready-made lies."""
    return list(_known())


@functools.cache
def _known() -> dict[str, list[t.Any]]:
    return dict(yaml.safe_load(READY_MADE.read_text(encoding="utf-8")))


def _filled(data: t.Any, values: Mapping[str, str]) -> t.Any:
    if isinstance(data, dict):
        return {key: _filled(value, values) for key, value in data.items()}
    if isinstance(data, list):
        return [_filled(value, values) for value in data]
    if isinstance(data, str):
        return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), data)
    return data

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Says in one sentence what is wrong with a timeline, and in which line."""

from __future__ import annotations

import difflib
import functools
import typing as t

import yaml
from pydantic import ValidationError

from .model import Timeline


def line_of(node: yaml.Node) -> int:
    """The line where a YAML node starts, counted from 1."""
    return node.start_mark.line + 1


def mistake(exc: ValidationError, node: yaml.Node | None, name: str) -> str:
    """The first mistake, with its place in the file `name`; the rest is only counted."""
    errors = exc.errors(include_url=False)
    # A misspelled key also makes the right one missing; report the misspelling.
    first = next((error for error in errors if error["type"] == "extra_forbidden"), errors[0])
    steps, line = _locate(node, first["loc"], missing=first["type"] == "missing")
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        message = "unknown key" + _guess(str(first["loc"][-1]))
    others = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{name}, line {line}: {' '.join((_path(steps) + message).split())}{others}"


def _path(steps: list[t.Any]) -> str:
    """The place in Python notation: `offers[0].timeline[1].at: `."""
    parts = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps]
    return "".join(parts).lstrip(".") + ": " if parts else ""


def _locate(
    node: yaml.Node | None, loc: tuple[t.Any, ...], missing: bool
) -> tuple[list[t.Any], int]:
    """The steps of `loc` that exist in the file, and the line where they lead.

    Pydantic also names the branch of a union it took; that is no key of the file, and left out. A
    `missing` key is not in the file either, but the last step, and what the error is about.
    """
    steps: list[t.Any] = []
    line = 1 if node is None else line_of(node)
    for number, step in enumerate(loc, 1):
        found = _child(node, step)
        if found is not None:
            line, node = found
        if found is not None or (missing and number == len(loc)):
            steps.append(step)
    return steps, line


def _child(node: yaml.Node | None, step: t.Any) -> tuple[int, yaml.Node] | None:
    """The line and the node where one step leads, if it leads anywhere."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if getattr(key, "value", None) == step:
                return line_of(key), value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return line_of(node.value[step]), node.value[step]
    return None


@functools.cache
def _known_keys() -> frozenset[str]:
    """Every key that the schema has anywhere."""
    schema = Timeline.model_json_schema()
    definitions = [schema, *schema.get("$defs", {}).values()]
    return frozenset(key for found in definitions for key in found.get("properties", {}))


def _guess(word: str) -> str:
    """The key of the schema that was probably meant."""
    close = difflib.get_close_matches(word, sorted(_known_keys() - {word}), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""

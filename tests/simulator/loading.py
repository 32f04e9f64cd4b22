# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a timeline file: YAML in, `Timeline` out, or one sentence that names the line."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from pydantic import ValidationError

from .errors import UsageError
from .included import include_commands
from .mistakes import line_of, mistake
from .model import Timeline


class _Loader(yaml.SafeLoader):
    """YAML that yields only JSON values: a date stays the text that the API would send."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_timeline(path: Path) -> Timeline:
    """The checked timeline in the file at `path`; raises UsageError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise UsageError(f"cannot read the timeline {path}: {reason}") from exc
    return parse_timeline(text, str(path), path.parent)


def parse_timeline(text: str, name: str = "timeline", folder: Path = Path()) -> Timeline:
    """The checked timeline in `text`; `name` is how errors call it. Raises UsageError.

    Files that it names are relative to `folder`.

    A name that ends in `.json` makes it JSON. That is nearly YAML, but a program that writes JSON
    wants every character to arrive, and half of a surrogate pair or a line separator would not.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        _refuse_twins(node, name, set())
        if name.endswith(".json"):
            data = json.loads(text)
        else:
            data = None if node is None else loader.construct_document(node)
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as exc:
        raise UsageError(_no_document(exc, name)) from exc
    include_commands(data, folder)
    try:
        return Timeline.model_validate(data)
    except ValidationError as exc:
        raise UsageError(mistake(exc, node, name)) from exc


def _refuse_twins(node: yaml.Node | None, name: str, seen: set[int]) -> None:
    """Refuse duplicate keys, of which YAML silently takes the last."""
    if node is None or id(node) in seen or isinstance(node, yaml.ScalarNode):
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_twins(item, name, seen)
    elif isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if key.value in keys:
                    raise UsageError(
                        f"{name}, line {line_of(key)}: the key {key.value!r} is there twice"
                    )
                keys.add(key.value)
            _refuse_twins(value, name, seen)


def _no_document(exc: Exception, name: str) -> str:
    """The message of the YAML or JSON parser, in one line."""
    mark = getattr(exc, "problem_mark", None)
    line = mark.line + 1 if mark else getattr(exc, "lineno", None)
    where = f", line {line}" if line else ""
    what = getattr(exc, "problem", None) or getattr(exc, "msg", None) or str(exc)
    form = "JSON" if name.endswith(".json") else "YAML"
    return f"{name}{where}: this is not {form}: {' '.join(str(what).split())}"

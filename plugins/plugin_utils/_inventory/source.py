# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inventory source files: whether one is ours, and what can be told of its options."""

from __future__ import annotations

import difflib
import os
import typing as t

import yaml

from ...module_utils._options import OptionError
from ...module_utils._text import quoted

# A source of ours has a few lines; a larger file lists hosts.
MAX_BYTES = 1_000_000


def names_plugin(path: str, plugin: str) -> bool:
    """Return whether a file is a YAML mapping whose ``plugin`` is ``plugin``.

    A file that is not valid YAML counts if a line says so, or nobody would report the mistake.
    """
    if not path.endswith((".yml", ".yaml")) or os.path.getsize(path) > MAX_BYTES:
        return False
    try:
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
    except (OSError, ValueError):
        return False
    try:
        # Composed and not loaded, because tags such as !vault have no meaning here.
        top = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return any(line.startswith("plugin:") and plugin in line for line in text.splitlines())
    if not isinstance(top, yaml.MappingNode):
        return False
    return any(key.value == "plugin" and value.value == plugin for key, value in top.value)


def refuse_unknown_options(
    given: t.Iterable[t.Any], known: t.Iterable[str], within: str = ""
) -> None:
    """Raise OptionError for an option that does not exist; Ansible would ignore it silently."""
    known = sorted(known)
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f". Options are: {', '.join(known)}"
            raise OptionError(within + quoted(str(name)), f"there is no such option{hint}")


def check_expressions(option: t.Callable[[str], t.Any], keys: t.Iterable[str]) -> None:
    """Raise OptionError for what is no expression; YAML makes a number of ``8``, true of ``on``.

    ``option`` returns an option, and ``keys`` are those of an entry of keyed_groups. What an
    expression gives is found out host by host, but this needs no host.
    """
    for name in ("hostnames", "filters", "exclude_filters"):
        for text in option(name):
            _check_text(name, text)
    for name in ("compose", "groups"):
        for label, text in (option(name) or {}).items():
            if not isinstance(label, str):
                problem = f"the name {quoted(str(label))} is not a text; put it in quotes"
                raise OptionError(name, problem)
            # For a group of all hosts; every ansible-core takes it.
            if not (name == "groups" and isinstance(text, bool)):
                _check_text(f"{name}: {quoted(label)}", text)
    for entry in option("keyed_groups") or []:
        if not isinstance(entry, dict) or not entry:
            raise OptionError("keyed_groups", f"{quoted(str(entry))} is not a mapping with a key")
        refuse_unknown_options(entry, keys, "keyed_groups: ")
        _check_text("keyed_groups", entry.get("key"))


def _check_text(name: str, value: t.Any) -> None:
    if not isinstance(value, str):
        problem = f"{quoted(str(value))} is not a text; put the expression in quotes"
        raise OptionError(name, problem)

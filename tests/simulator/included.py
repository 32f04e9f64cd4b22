# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scripted commands that a timeline includes from another file."""

from __future__ import annotations

import typing as t
from pathlib import Path

import yaml

from .errors import UsageError


def include_commands(data: t.Any, folder: Path) -> None:
    """Replaces `commands_from` of instances by the `commands` in that file.

    A command that the instance has itself wins. File names are relative to `folder`. What is no
    timeline at all is left for the model to refuse; raises UsageError over the files.
    """
    offers = data.get("offers") if isinstance(data, dict) else None
    for offer in offers if isinstance(offers, list) else []:
        instances = offer.get("instances") if isinstance(offer, dict) else None
        for instance in instances.values() if isinstance(instances, dict) else []:
            if isinstance(instance, dict) and isinstance(instance.get("commands_from"), str):
                commands = _commands_in(folder / instance.pop("commands_from"))
                instance["commands"] = {**commands, **(instance.get("commands") or {})}


def _commands_in(path: Path) -> dict[str, t.Any]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not YAML"
        raise UsageError(f"commands_from: cannot read {path}: {reason}") from exc
    commands = data.get("commands") if isinstance(data, dict) else None
    if not isinstance(commands, dict):
        raise UsageError(f"commands_from: {path} has no commands")
    return commands

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scripted commands that a timeline includes: those of a GPU machine, and of a file."""

from __future__ import annotations

import difflib
import typing as t
from pathlib import Path

import yaml
from gpu_machines import NAMES, commands_of

from .errors import UsageError


def include_commands(data: t.Any, folder: Path) -> None:
    """Replaces `gpu_machine` and `commands_from` of instances by `commands`.

    A command in the file of `commands_from` wins over one of the GPU machine, and one that the
    instance has itself over both. File names are relative to `folder`. What is no timeline at all
    is left for the model to refuse; raises UsageError over names and files.
    """
    offers = data.get("offers") if isinstance(data, dict) else None
    for offer in offers if isinstance(offers, list) else []:
        instances = offer.get("instances") if isinstance(offer, dict) else None
        for instance in instances.values() if isinstance(instances, dict) else []:
            if isinstance(instance, dict):
                _include(instance, folder)


def _include(instance: dict[str, t.Any], folder: Path) -> None:
    commands: dict[str, t.Any] = {}
    if isinstance(instance.get("gpu_machine"), str):
        # Each instance has GPUs of its own, and the same ones in every run.
        commands |= _commands_of(instance.pop("gpu_machine"), str(instance.get("instance_id")))
    if isinstance(instance.get("commands_from"), str):
        commands |= _commands_in(folder / instance.pop("commands_from"))
    own = instance.get("commands") or {}
    if commands and isinstance(own, dict):
        instance["commands"] = commands | own


def _commands_of(name: str, seed: str) -> dict[str, t.Any]:
    try:
        return commands_of(name, seed)
    except KeyError:
        near = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(NAMES)}"
        raise UsageError(f"gpu_machine: there is no {name!r}; {hint}") from None


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

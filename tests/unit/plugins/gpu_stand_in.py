# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines whose tools are scripts: what each prints lies in gpu_machines, with its source."""

from __future__ import annotations

import shlex
import typing as t
from pathlib import Path

import yaml

MACHINES = Path(__file__).resolve().parents[2] / "gpu_machines"

NAMES = sorted(path.stem for path in MACHINES.glob("*.yml"))


def commands_of(name: str) -> dict[str, dict[str, t.Any]]:
    """Return the scripted commands of a machine, as a timeline of the simulator has them."""
    text = (MACHINES / f"{name}.yml").read_text(encoding="utf-8")
    commands = yaml.safe_load(text)["commands"]
    return t.cast("dict[str, dict[str, t.Any]]", commands)


def output_of(name: str, command: str) -> str:
    """Return what a command of a machine prints when it is asked the first thing that it knows."""
    reply = commands_of(name)[command]
    return str(reply.get("answers", [reply])[0].get("stdout", ""))


def install(name: str, folder: Path) -> None:
    """Write the commands of a machine as executables."""
    for command, reply in commands_of(name).items():
        cases = [(shlex.quote(answer["args"]), answer) for answer in reply.get("answers", [])] + [
            ("*", reply)
        ]
        lines = ["#!/bin/sh", 'case "$*" in']
        for pattern, answer in cases:
            out, err = (shlex.quote(str(answer.get(key, ""))) for key in ("stdout", "stderr"))
            code = answer.get("rc", 0)
            lines.append(f"{pattern}) printf %s {out}; printf %s {err} >&2; exit {code};;")
        write_script(folder / command, "\n".join([*lines, "esac"]))


def write_script(path: Path, text: str) -> None:
    """Write an executable."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")
    path.chmod(0o755)

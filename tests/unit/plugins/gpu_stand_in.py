# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Installs the machines of gpu_machines, whose tools are scripts."""

from __future__ import annotations

import shlex
from pathlib import Path

from gpu_machines import NAMES as ALL_NAMES
from gpu_machines import commands_of


def _answers(name: str) -> bool:
    return not any("script" in reply for reply in commands_of(name).values())


# The others have a tool that never does.
NAMES = list(filter(_answers, ALL_NAMES))


def output_of(name: str, command: str) -> str:
    """Return what a command of a machine prints when it is asked the first thing that it knows."""
    reply = commands_of(name)[command]
    return str(reply.get("answers", [reply])[0].get("stdout", ""))


def install(name: str, folder: Path) -> None:
    """Write the commands of a machine as executables."""
    for command, reply in commands_of(name).items():
        if "script" in reply:
            write_script(folder / command, reply["script"])
            continue
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

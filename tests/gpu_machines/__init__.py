# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines whose tools are scripts; README.md describes their files.

>>> commands_of("slow_link")["nvidia-smi"]["answers"]
"""

from __future__ import annotations

import typing as t
from pathlib import Path

import yaml

from . import h100

FOLDER = Path(__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.yml"))


def commands_of(name: str, seed: str = "") -> h100.Commands:
    """Return the scripted commands of a machine, as a timeline of the simulator has them.

    Two machines made with different seeds have different GPUs, except those that a file names by
    UUID; a recorded one is always the same. Raises KeyError if there is no machine of that name.
    """
    if name not in NAMES:
        raise KeyError(name)
    data = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    made = h100.make(seed, **data["h100"]) if "h100" in data else {}
    return t.cast("h100.Commands", {**made, **data.get("commands", {})})

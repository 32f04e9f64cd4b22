# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README as Galaxy shows it: its links, and the playbook that people copy from it."""

from __future__ import annotations

import re

import yaml

_LINK = re.compile(
    r"\]\(\s*<?([^)\s>]+)|(?:href|src|srcset)=\"([^\"]+)\"|^\[[^\]]+\]: +(\S+)", re.M
)
_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PLAY = {"hosts", "import_playbook", "ansible.builtin.import_playbook"}


def problems(text: str) -> list[str]:
    """Return the links that lead nowhere on Galaxy, each with what to do."""
    links = ["".join(match) for match in _LINK.findall(text)]
    return [
        f"the link {link} is dead on Galaxy: begin it with https://"
        for link in links
        if not re.match(r"https://|mailto:|#", link)
    ]


def playbook(text: str) -> str | None:
    """Return the first block of the README that is a whole playbook, if it has one."""
    for block in _BLOCK.findall(text):
        plays = yaml.safe_load(block)
        if isinstance(plays, list) and all(
            isinstance(play, dict) and _PLAY & set(play) for play in plays
        ):
            return str(block)
    return None

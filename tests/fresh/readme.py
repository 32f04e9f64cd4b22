# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds the packages and commands in the README."""

from __future__ import annotations

import re

_PACKAGES = re.compile(r"`sudo apt-get install (.+?)`")
_TYPED = re.compile(r"<!-- make fresh types this. -->\n```shell\n(.*?)```", re.DOTALL)
# How the collection is installed: from Galaxy, which a test cannot reach, or else from the clone.
FROM_GALAXY = re.compile(r"^ansible-galaxy collection install compute_desk\.supply .*\n", re.M)
FROM_CLONE = "ansible-galaxy collection install --force ."


def packages(readme: str) -> list[str]:
    """Return the Debian packages it names."""
    (line,) = _PACKAGES.findall(readme)
    return sorted(line.split())


def typed(readme: str) -> list[str]:
    """Return the blocks of commands in order, with the collection from the clone."""
    return [FROM_GALAXY.sub(f"{FROM_CLONE}\n", block) for block in _TYPED.findall(readme)]

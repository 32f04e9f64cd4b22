# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the README says that a newcomer needs and types."""

from __future__ import annotations

import re

_PACKAGES = re.compile(r"^sudo apt-get install (.+)$", re.MULTILINE)
_TYPED = re.compile(r"<!-- make fresh types this. -->\n```shell\n(.*?)```", re.DOTALL)
_PLAYBOOK = re.compile(r"<!-- A test runs this. -->\n```yaml\n(.*?)```", re.DOTALL)


def packages(readme: str) -> list[str]:
    """Return Debian's packages that it names."""
    (line,) = _PACKAGES.findall(readme)
    return sorted(line.split())


def typed(readme: str) -> list[str]:
    """Return the blocks of commands, in its order."""
    return _TYPED.findall(readme)


def playbook(readme: str) -> str:
    """Return the smallest playbook."""
    (found,) = _PLAYBOOK.findall(readme)
    return str(found)

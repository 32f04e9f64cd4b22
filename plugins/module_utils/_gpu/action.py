# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about a fault, in words for programs, and their order."""

from __future__ import annotations

import typing as t

RETURN_MACHINE = "return_machine"
REBOOT_AND_RETEST = "reboot_and_retest"
RESET_GPU = "reset_gpu"
FIX_SOFTWARE = "fix_software"
WATCH = "watch"

ACTIONS = (RETURN_MACHINE, REBOOT_AND_RETEST, RESET_GPU, FIX_SOFTWARE, WATCH)
"""From the most to the least severe."""


def most_severe(actions: t.Iterable[str | None]) -> str | None:
    """Return the most severe of some actions, or None if there is none."""
    return min((action for action in actions if action), key=ACTIONS.index, default=None)


def is_fault(action: str | None) -> bool:
    """Return whether an action says that the machine is not fit for work."""
    return action not in (None, WATCH)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real machines to test roles on: `from machines import Machines`. See README.md."""

from __future__ import annotations

from .errors import MachineError, NotPossible, NotRoot
from .fleet import Machines
from .light import LightMachine
from .machine import Machine
from .users import User
from .whole import WholeMachine

__all__ = [
    "LightMachine",
    "Machine",
    "MachineError",
    "Machines",
    "NotPossible",
    "NotRoot",
    "User",
    "WholeMachine",
]

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all actions about a rented machine have in common."""

from __future__ import annotations

import math
import typing as t

from ...module_utils._options import OptionError, checked_number
from .facts import refuse_forged_facts
from .options_action import OptionsAction


class HostAction(OptionsAction):
    """An action that refuses a host whose facts are forged."""

    SECONDS: t.ClassVar[t.Mapping[str, float]] = {}
    """Options that are numbers of seconds, and the least of each."""
    TIMES: t.ClassVar[t.Sequence[str]] = ()
    """Options that are points in time, in seconds since 1970, or None."""

    def check(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> None:
        """Refuse numbers out of range, and forged facts."""
        for name, least in self.SECONDS.items():
            checked_number(name, options[name], at_least=least)
        for name in self.TIMES:
            _check_time(name, options[name])
        refuse_forged_facts(task_vars, self._connection)


def _check_time(name: str, value: float | None) -> None:
    if value is not None and not math.isfinite(value):
        raise OptionError(name, "must be a time in seconds since 1970")

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all actions about a rented machine have in common."""

from __future__ import annotations

import abc
import math
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ...module_utils._options import OptionError, checked_number
from .facts import refuse_forged_facts


class HostAction(ActionBase):
    """An action with the options ``ARGUMENTS``. It refuses a host whose facts are forged."""

    ARGUMENTS: t.ClassVar[t.Mapping[str, t.Any]] = {}
    SECONDS: t.ClassVar[t.Mapping[str, float]] = {}
    """Options that are numbers of seconds, and the least of each."""
    TIMES: t.ClassVar[t.Sequence[str]] = ()
    """Options that are points in time, in seconds since 1970, or None."""
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        """Check the options and the host, and return what ``act`` returns."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(self.ARGUMENTS)
        try:
            for name, least in self.SECONDS.items():
                checked_number(name, options[name], at_least=least)
            for name in self.TIMES:
                _check_time(name, options[name])
        except OptionError as exc:
            raise AnsibleActionFail(str(exc)) from None
        task_vars = task_vars or {}
        refuse_forged_facts(task_vars, self._connection)
        return {**result, "changed": False, **self.act(options, task_vars)}

    @abc.abstractmethod
    def act(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Do the work, and return the result of the task."""


def _check_time(name: str, value: float | None) -> None:
    if value is not None and not math.isfinite(value):
        raise OptionError(name, "must be a time in seconds since 1970")

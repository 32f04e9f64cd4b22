# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all actions about a rented machine have in common."""

from __future__ import annotations

import abc
import typing as t

from ansible.plugins.action import ActionBase

from .facts import refuse_forged_facts


class HostAction(ActionBase):
    """An action with the options ``ARGUMENTS``. It refuses a host whose facts are forged."""

    ARGUMENTS: t.ClassVar[t.Mapping[str, t.Any]] = {}
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        """Check the options and the host, and return what ``act`` returns."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(self.ARGUMENTS)
        task_vars = task_vars or {}
        refuse_forged_facts(task_vars, self._connection)
        return {**result, "changed": False, **self.act(options, task_vars)}

    @abc.abstractmethod
    def act(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Do the work, and return the result of the task."""

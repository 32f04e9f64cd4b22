# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the actions that only read variables on the controller have in common."""

from __future__ import annotations

import abc
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ...module_utils._options import OptionError


class ControllerAction(ActionBase):
    """An action with the options ``ARGUMENTS`` that contacts no host."""

    ARGUMENTS: t.ClassVar[t.Mapping[str, t.Any]] = {}
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        """Check the options, and return what ``act`` returns; an OptionError is a failed task."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(self.ARGUMENTS)
        try:
            return {**result, "changed": False, **self.act(options, task_vars or {})}
        except OptionError as exc:
            raise AnsibleActionFail(str(exc)) from None

    @abc.abstractmethod
    def act(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Do the work, and return the result of the task. Raises OptionError."""

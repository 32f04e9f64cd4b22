# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all actions have in common: options that are checked, and a result."""

from __future__ import annotations

import abc
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ...module_utils._options import OptionError


class OptionsAction(ActionBase):
    """An action that checks its options and then acts. An OptionError is a failed task."""

    ARGUMENTS: t.ClassVar[t.Mapping[str, t.Any]] = {}
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        """Check the options, and return what ``act`` returns."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(self.arguments())
        task_vars = task_vars or {}
        try:
            self.check(options, task_vars)
            return {**result, "changed": False, **self.act(options, task_vars)}
        except OptionError as exc:
            raise AnsibleActionFail(str(exc)) from None

    @classmethod
    def arguments(cls) -> t.Mapping[str, t.Any]:
        """Return the argument spec, which is ``ARGUMENTS``."""
        return cls.ARGUMENTS

    def check(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> None:
        """Refuse what an argument spec cannot. Raises OptionError, or AnsibleActionFail."""

    @abc.abstractmethod
    def act(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Do the work, and return the result of the task. Raises OptionError."""

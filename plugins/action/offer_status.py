# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs offer_status where the task runs: on the controller in this very process, with progress.

A module prints nothing before its end, and starting one takes longer than reading an offer. So
only other hosts, ``become`` and ``async`` get the module.
"""

from __future__ import annotations

import contextlib
import time
import typing as t

from ansible import constants as C
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as NormalAction

from ..module_utils._options import OptionError, checked_number
from ..module_utils._phrases import times
from ..plugin_utils._live.screen import Heartbeat, show
from ..plugin_utils._live.task_environment import environment_of_a_module

SECONDS = (
    "wait_timeout",
    "poll_interval",
    "procurement_timeout",
    "progress_interval",
    "request_timeout",
)
"""The options that are numbers of seconds."""


class ActionModule(NormalAction):
    """Calls the function that the module calls, or runs the module."""

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        """Return the result, the same wherever the task runs."""
        task_vars = task_vars or {}
        result: dict[str, t.Any]
        try:
            # The argument spec would refuse it as well, but in words about types.
            for option in SECONDS:
                if self._task.args.get(option) is not None:
                    checked_number(option, self._task.args[option])
        except OptionError as exc:
            result = ActionBase.run(self, tmp, task_vars)
            return {**result, **_refusal(str(exc))}
        if self._runs_here():
            result = ActionBase.run(self, tmp, task_vars)
            result.update(self._run_here(task_vars))
        else:
            with self._heartbeat(task_vars):
                result = super().run(tmp, task_vars)
        return result

    def _runs_here(self) -> bool:
        return (
            self._connection.transport == "local"
            and not self._connection.become
            and not self._task.async_val
        )

    def _run_here(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        with environment_of_a_module(self):
            result: dict[str, t.Any] = _offers().run_here(
                dict(self._task.args),
                self._task.action,
                _host(task_vars),
                check_mode=self._task.check_mode,
                no_log=self._task.no_log,
            )
        if not _shows_invocation(task_vars):
            del result["invocation"]
        return result

    def _heartbeat(self, task_vars: dict[str, t.Any]) -> contextlib.AbstractContextManager[None]:
        """Return a context that says at intervals that a module waits, if it does."""
        args = self._task.args
        waits = boolean(args.get("wait", False), strict=False)
        if not waits or self._task.async_val or self._task.check_mode:
            return contextlib.nullcontext()
        began = time.monotonic()
        defaults = _defaults()
        wait_timeout, interval = (
            float(args.get(name) or defaults[name])
            for name in ("wait_timeout", "progress_interval")
        )

        def beat() -> None:
            elapsed = time.monotonic() - began
            show(_host(task_vars), f"still waiting {times(elapsed, wait_timeout)}")

        return Heartbeat(beat, max(1.0, interval))


def _refusal(message: str) -> dict[str, t.Any]:
    from ..module_utils._offers.result import empty_result

    return empty_result(message)


def _defaults() -> dict[str, t.Any]:
    from ..module_utils._offers.arguments import argument_spec

    return {name: option.get("default") for name, option in argument_spec().items()}


def _offers() -> t.Any:
    """Return the code that asks the API, imported in the process of the task.

    The main process imports this file for every task, skipped ones too, and collections are
    compiled anew in each run.
    """
    from ..plugin_utils._live import own_process

    return own_process


def _host(task_vars: dict[str, t.Any]) -> str:
    return str(task_vars.get("inventory_hostname", "localhost"))


def _shows_invocation(task_vars: dict[str, t.Any]) -> bool:
    """Return whether results hold their arguments; since ansible-core 2.21 only if asked for."""
    name = "INJECT_INVOCATION"
    if name not in C.config.get_configuration_definitions():
        return True
    return bool(C.config.get_config_value(name, variables=task_vars))

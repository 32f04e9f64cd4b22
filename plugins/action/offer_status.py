# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Live progress around the module offer_status.

The module prints nothing while it runs, so it is run once for every piece of news: each run goes
on where the one before left off, and its result reads as one wait. The module does all the work,
wherever the task runs it; nothing is asked from here.
"""

from __future__ import annotations

import math
import time
import typing as t

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.compute_desk.supply.plugins.plugin_utils._live.screen import (
    Heartbeat,
    show,
)

if t.TYPE_CHECKING:
    from ansible_collections.compute_desk.supply.plugins.module_utils._offers.watch import Watch
    from ansible_collections.compute_desk.supply.plugins.plugin_utils._live.offer_lines import (
        Line,
    )

MODULE = "compute_desk.supply.offer_status"

SECONDS = (
    "wait_timeout", "poll_interval", "procurement_timeout", "progress_interval", "request_timeout",
)  # fmt: skip
"""The options that are numbers of seconds."""


class ActionModule(NormalAction):
    """Runs the module in legs when somebody is there to see the progress."""

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        """Return the result of the module, as one wait."""
        result: dict[str, t.Any]
        refusal = _refusal(self._task.args)
        if refusal:
            result = ActionBase.run(self, tmp, task_vars)
            result.update(refusal)
            return result
        if not self._is_live():
            result = super().run(tmp, task_vars)
            return result
        result = ActionBase.run(self, tmp, task_vars)
        result.update(_Wait(self, task_vars or {}).run())
        self._remove_tmp_path(self._connection._shell.tmpdir)
        return result

    def _is_live(self) -> bool:
        """Return whether there is a wait to show. Bad values are left for the module to refuse."""
        wait = boolean(self._task.args.get("wait", False), strict=False)
        return wait and not self._task.async_val and not self._task.check_mode


class _Wait:
    """One wait, in as many runs of the module as there is news.

    What shows progress is imported when there is progress to show: collections are compiled anew in
    every process, which takes longer than reading an offer that is ready.
    """

    def __init__(self, action: ActionModule, task_vars: dict[str, t.Any]) -> None:
        self._action = action
        self._task_vars = task_vars
        self._args = dict(action._task.args)
        self._began = time.monotonic()
        self._known: list[Watch] = []
        self._result: dict[str, t.Any] = {}

    def run(self) -> dict[str, t.Any]:
        with Heartbeat(self._heartbeat, _number(self._args.get("progress_interval")) or 60.0):
            state: dict[str, t.Any] = {"finished": False}
            while not state["finished"]:
                state = self._run_leg(state)
        return self._result

    def _run_leg(self, state: dict[str, t.Any]) -> dict[str, t.Any]:
        """Run the module once, show what is new, and return the state to go on with."""
        args = {**self._args, "wait_state": {**state, "elapsed": self._elapsed()}}
        result = self._action._execute_module(
            module_name=MODULE, module_args=args, task_vars=self._task_vars
        )
        result.get("invocation", {}).get("module_args", {}).pop("wait_state", None)
        news: dict[str, t.Any] | None = result.pop("wait_state", None)
        if news is None:
            # It could not run, or not to its end. What is known from before stays known.
            self._result = {**self._result, **result}
            return {"finished": True}
        self._result = result
        if news["finished"] and not self._known:
            # It was over at the first look; there was no wait to show.
            return news
        from ansible_collections.compute_desk.supply.plugins.module_utils._offers.watch import Watch
        from ansible_collections.compute_desk.supply.plugins.plugin_utils._live.offer_lines import (
            change_lines,
        )

        watches = [Watch.from_state(watch) for watch in news["watches"]]
        if not self._action._task.no_log:
            for line in change_lines(
                self._known,
                watches,
                news["elapsed"],
                self._wait_timeout(),
                is_over=news["finished"],
            ):
                self._show(line)
        self._known = watches
        return news

    def _heartbeat(self) -> None:
        from ansible_collections.compute_desk.supply.plugins.module_utils._text import times
        from ansible_collections.compute_desk.supply.plugins.plugin_utils._live.offer_lines import (
            Line,
            heartbeat_line,
        )

        elapsed, wait_timeout = self._elapsed(), self._wait_timeout()
        if self._action._task.no_log:
            # Only that it goes on, and for how long.
            self._show(Line(f"still waiting {times(elapsed, wait_timeout)}"))
            return
        needed = _number(self._args.get("min_instances"))
        count = int(needed) if needed else None
        self._show(heartbeat_line(self._known, count, elapsed, wait_timeout))

    def _show(self, line: Line) -> None:
        show(self._task_vars.get("inventory_hostname", "localhost"), line.text, line.mood)

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _wait_timeout(self) -> float | None:
        return _number(self._args.get("wait_timeout", 900))


def _refusal(args: dict[str, t.Any]) -> dict[str, t.Any] | None:
    """Return the result for a time that is no number, or None if they all are.

    The module would refuse it as well, but in Ansible's words, which are about types.
    """
    for option in SECONDS:
        if args.get(option) is not None and _number(args[option]) is None:
            from ansible_collections.compute_desk.supply.plugins.module_utils import _options
            from ansible_collections.compute_desk.supply.plugins.module_utils._offers import (
                result as _result,
            )

            try:
                _options.checked_number(option, args[option])
            except _options.OptionError as exc:
                return _result.empty_result(str(exc))
    return None


def _number(value: t.Any) -> float | None:
    """Return a number of seconds, or None if it is none; the module will say so."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None

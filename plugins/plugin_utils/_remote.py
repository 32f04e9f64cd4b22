# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs commands on a host through its connection plugin, with an end in sight.

Private to this collection. What a connection plugin reports as an exception, with ssh's words in
it, becomes a problem; and a command that does not come back is ended here.
"""

from __future__ import annotations

import gc
import subprocess
import threading
import typing as t

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.action import ActionBase
from ansible.plugins.connection import ConnectionBase
from ansible_collections.compute_desk.supply.plugins.module_utils._known_as import known_as
from ansible_collections.compute_desk.supply.plugins.module_utils._problem import Problem
from ansible_collections.compute_desk.supply.plugins.module_utils._ssh_failure import (
    Setting,
    Target,
    judge,
    no_answer,
)

# How long a command may take on top of the time that ssh may take to connect.
_PATIENCE = 20.0


class Lost(Exception):
    """There is no connection, or no answer. ``cut_short`` if it got less than its full time."""

    def __init__(self, problem: Problem, cut_short: bool = False) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.cut_short = cut_short


class Remote:
    """The host of a task, before it is known to have anything but a shell."""

    def __init__(self, action: ActionBase, task_vars: t.Mapping[str, t.Any]) -> None:
        self._action = action
        self._connection = action._connection
        self._task_vars = task_vars
        self.target = self._target()
        self.full_time = self._connect_timeout() + _PATIENCE

    def run(self, command: str, seconds: float | None = None) -> dict[str, t.Any]:
        """Run a command in a shell, and return its ``rc``, ``stdout`` and ``stderr``.

        It may take ``seconds``, or the time that a short command may take at most.
        """
        seconds = self.full_time if seconds is None else seconds
        return self._in_time(
            lambda: self._action._low_level_execute_command(command, sudoable=False), seconds
        )

    def connect_anew(self, command: str, seconds: float) -> dict[str, t.Any]:
        """Run a command over a connection that is made for it.

        A connection that is kept from before may lead nowhere, or hide a host key that changed.
        """

        def run() -> t.Any:
            if type(self._connection).reset is not ConnectionBase.reset:
                self._connection.reset()
            return self._action._low_level_execute_command(command, sudoable=False)

        return self._in_time(run, min(seconds, self.full_time))

    def _in_time(self, work: t.Callable[[], t.Any], seconds: float) -> dict[str, t.Any]:
        """Do it in a thread: a connection plugin that waits for ssh cannot be interrupted."""
        answers: list[t.Any] = []
        failures: list[Exception] = []

        def run() -> None:
            try:
                answers.append(work())
            except Exception as exc:  # noqa: BLE001 - raised again by the thread that waits
                failures.append(exc)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(seconds)
        if thread.is_alive():
            _end_children()
            raise Lost(no_answer(seconds, self.target), cut_short=seconds < self.full_time)
        for failure in failures:
            if not isinstance(failure, AnsibleError):
                raise failure
            raise Lost(judge(to_text(failure), self.target)) from failure
        answer: dict[str, t.Any] = answers[0]
        return answer

    def _connect_timeout(self) -> float:
        try:
            return float(self._connection.get_option("timeout"))
        except (KeyError, TypeError, ValueError):
            return 10.0

    def _target(self) -> Target:
        address, port, user = map(self._setting, ("host", "port", "remote_user"))
        given = map(self._setting, ("ssh_args", "ssh_common_args", "ssh_extra_args"))
        arguments = [setting.value if setting else None for setting in given]
        known = (
            known_as(arguments, address.value, port.value if port else None) if address else None
        )
        return Target(address, port, user, known)

    def _setting(self, option: str) -> Setting | None:
        """Return an option of the connection and where it came from, or None if nowhere."""
        try:
            value = self._connection.get_option(option)
        except KeyError:
            return None
        return None if value is None else Setting(to_text(value), self._origin(option))

    def _origin(self, option: str) -> str:
        try:
            _value, origin = C.config.get_config_value_and_origin(
                option,
                plugin_type="connection",
                plugin_name=self._connection._load_name,
                keys=self._action._task.dump_attrs(),
                variables=self._task_vars,
            )
        except AnsibleError:
            return "as configured"
        return _origin_words(str(origin))


def _origin_words(origin: str) -> str:
    """Return where a value came from, as people call it."""
    kind, _colon, name = origin.partition(": ")
    return {"var": f"from {name}", "env": f"from {name}", "default": "by default"}.get(
        kind, f"from {origin}"
    )


def _end_children() -> None:
    """Kill the commands (of ssh) that this process still waits for, so that none is left over."""
    for thing in gc.get_objects():
        if issubclass(type(thing), subprocess.Popen) and thing.poll() is None:
            thing.kill()

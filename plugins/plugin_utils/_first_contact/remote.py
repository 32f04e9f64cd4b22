# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs commands and modules on a host through its connection plugin, with an end in sight.

An exception of the connection plugin, which carries the output of ssh, becomes a problem; so does a
command that does not return, or that writes too much.
"""

from __future__ import annotations

import typing as t

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.action import ActionBase
from ansible.plugins.connection import ConnectionBase

from .problem import TIMED_OUT, UNREACHABLE, Problem
from .ssh import check_host_key, host_known_as, is_ssh
from .ssh_failure import Setting, Target, is_about_host_key, judge, no_answer
from .time_limit import Flooded, OutOfTime, in_time

# How long a short command may take, not counting the time to connect.
_SHORT_COMMAND = 20.0


class Lost(Exception):
    """No connection or no answer. ``cut_short`` if the machine had less than its full time."""

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
        self._is_ssh = is_ssh(self._connection)
        self.target = Target(
            self._setting("host"),
            self._setting("port"),
            self._setting("remote_user"),
            known_as=host_known_as(self._connection) if self._is_ssh else None,
            is_ssh=self._is_ssh,
        )
        self.full_time = self._connect_timeout() + _SHORT_COMMAND

    def run(
        self, command: str, seconds: float | None = None, *, sudoable: bool = False
    ) -> dict[str, t.Any]:
        """Run a command in a shell, and return its ``rc``, ``stdout`` and ``stderr``. Raises Lost.

        It may take ``seconds``, by default the time for a short command. With ``sudoable``, the
        ``become`` of the task applies.
        """
        seconds = self.full_time if seconds is None else seconds
        return self._in_time(
            lambda: self._action._low_level_execute_command(command, sudoable=sudoable), seconds
        )

    def connect_anew(self, command: str, seconds: float) -> dict[str, t.Any]:
        """Run a command over a new connection. Raises Lost.

        A connection that is still open may be dead, or hide that the host key has changed.
        """

        def run() -> t.Any:
            if type(self._connection).reset is not ConnectionBase.reset:
                self._connection.reset()
            return self._action._low_level_execute_command(command, sudoable=False)

        return self._in_time(run, min(seconds, self.full_time))

    def module(
        self, name: str, arguments: t.Mapping[str, t.Any], seconds: float
    ) -> dict[str, t.Any]:
        """Run a module, and return its answer unchecked. Raises Lost.

        Its temporary folder is removed within the same time, because Ansible would wait for that
        at the end of the task without a limit.
        """
        shell = self._connection._shell

        def run() -> t.Any:
            answer = self._action._execute_module(
                module_name=name, module_args=dict(arguments), task_vars=self._task_vars
            )
            self._action._remove_tmp_path(shell.tmpdir)
            return answer

        try:
            return self._in_time(run, seconds)
        except Lost as lost:
            if lost.problem.kind == TIMED_OUT:
                raise Lost(_endless(name, seconds, str(self.target))) from None
            raise
        except Exception as exc:  # anything that Ansible trips over in the answer
            raise Lost(_unreadable(exc, str(self.target))) from exc
        finally:
            shell.tmpdir = None

    def _in_time(self, work: t.Callable[[], t.Any], seconds: float) -> dict[str, t.Any]:
        try:
            answer: dict[str, t.Any] = in_time(work, seconds)
        except OutOfTime:
            problem = no_answer(seconds, self.target)
            raise Lost(problem, cut_short=seconds < self.full_time) from None
        except Flooded:
            raise Lost(_flooded(str(self.target))) from None
        except AnsibleError as exc:
            raise Lost(self.judged(to_text(exc))) from exc
        return answer

    def judged(self, text: str) -> Problem:
        """Return the problem that this output of ssh describes.

        A machine can print the same, so a problem with the host key has to be confirmed by a
        connection that does not log in.
        """
        if not self._is_ssh or not is_about_host_key(text):
            return judge(text, self.target)
        confirmed = self._check_host_key()
        if is_about_host_key(confirmed):
            return judge(confirmed, self.target)
        return judge(text, self.target, believe_host_key=False)

    def _check_host_key(self) -> str:
        seconds = self._connect_timeout()
        try:
            return in_time(lambda: check_host_key(self._connection, seconds), 2 * seconds)
        except (OutOfTime, Flooded, OSError, ValueError):
            return ""

    def _connect_timeout(self) -> float:
        try:
            return float(self._connection.get_option("timeout"))
        except (KeyError, TypeError, ValueError):
            return 10.0

    def _setting(self, option: str) -> Setting | None:
        """Return an option of the connection and where it came from; None if it is not set."""
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
        return origin_words(str(origin))


def origin_words(origin: str) -> str:
    """Return where a value came from, in words for people."""
    kind, _colon, name = origin.partition(": ")
    return {"var": f"from {name}", "env": f"from {name}", "default": "by default"}.get(
        kind, f"from {origin}"
    )


def _flooded(tried: str) -> Problem:
    return Problem(
        UNREACHABLE,
        "the machine produced too much output",
        "Do not use it until you know why. None of the output was kept.",
        final=True,
        tried=tried,
    )


def _endless(module: str, seconds: float, tried: str) -> Problem:
    return Problem(
        TIMED_OUT,
        f"the module {module} did not finish within {seconds:.0f} s",
        "Log in and find out what keeps the machine busy, or leave it out.",
        tried=tried,
    )


def _unreadable(exc: Exception, tried: str) -> Problem:
    return Problem(
        UNREACHABLE,
        f"Ansible could not read the machine's answer ({type(exc).__name__})",
        "Run with -vvv to see the whole error, or leave this machine out.",
        tried=tried,
    )

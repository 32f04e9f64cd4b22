# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waits until a machine is fit for work, and says what it waits for.

Everything is done with the shell of the machine, over the connection of the host: it may have no
Python yet. The order is that in which a machine gets ready: it answers, finishes its first boot,
frees its package manager; and then there should be a Python for the modules that follow.
"""

from __future__ import annotations

import re
import time
import typing as t

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible.plugins.connection import NetworkConnectionBase
from ansible_collections.compute_desk.supply.plugins.module_utils._text import clock_face, times
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.facts import (
    refuse_forged_facts,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.rented import (
    why_not_rented,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact import (
    cloud_init as _cloud_init,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact import (
    package_lock as _package_lock,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact import (
    python as _target_python,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact import (
    shutdown as _shutdown,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.problem import (
    NOT_ALLOWED,
    PERMISSION_DENIED,
    UNSUPPORTED,
    Problem,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.remote import (
    Lost,
    Remote,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._live.screen import (
    Heartbeat,
    show,
)

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "timeout": {"type": "float", "default": 300},
    "permission_denied_timeout": {"type": "float", "default": 120},
    "began_at": {"type": "float"},
    "cloud_init_timeout": {"type": "float", "default": 900},
    "ignore_cloud_init_errors": {"type": "bool", "default": False},
    "package_lock_timeout": {"type": "float", "default": 600},
    "package_lock_files": {"type": "list", "elements": "str", "default": list(_package_lock.FILES)},
    "interpreter": {"type": "str", "default": "auto"},
    "install_python": {"type": "bool", "default": False},
    "progress_interval": {"type": "float", "default": 60},
}

_HELLO = 'echo "compute-desk uid $(id -u)"'
_UID = re.compile(r"compute-desk uid (\d{0,10})(?!\d)", re.ASCII)
# Between two looks; after a denial it grows, because machines lock out who fails too often.
_PAUSE = 2.0
_LONGEST_PAUSE = 10.0
# One look at cloud-init, and the least that each look gets, however late it is.
_LEG = 30.0
_LEAST = 10.0


class ActionModule(ActionBase):
    """Waits for one host; all hosts of a play wait at the same time."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        """Return the verdict; a machine that is not ready is a failed task."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(ARGUMENTS)
        task_vars = task_vars or {}
        refuse_forged_facts(task_vars, self._connection)
        problem = self._objection(options, task_vars)
        wait = _Wait(self, options, task_vars)
        if problem is None:
            problem = wait.run()
        result.update(
            wait.facts, changed=False, ok=problem is None, elapsed=round(wait.elapsed(), 1)
        )
        result["class"] = problem.kind if problem else None
        result["msg"] = str(problem) if problem else f"Ready after {clock_face(wait.elapsed())}."
        if problem:
            result["failed"] = True
        return result

    def _objection(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Problem | None:
        """Return why this host is not even looked at."""
        shell = self._connection._shell
        if getattr(shell, "_IS_WINDOWS", False) or isinstance(
            self._connection, NetworkConnectionBase
        ):
            return Problem(
                UNSUPPORTED,
                f"the connection {self._connection.transport} leads to no machine with a shell "
                "as on Linux",
                "Leave this host out.",
            )
        reason = why_not_rented(self._connection, task_vars)
        if options["install_python"] and reason:
            return Problem(
                NOT_ALLOWED,
                f"Python is not installed on this host: {reason}",
                "Install it yourself, or ask for it on rented machines only.",
            )
        return None


class _Wait:
    """One wait for one host, in stages with a time limit each."""

    def __init__(
        self, action: ActionModule, options: dict[str, t.Any], task_vars: dict[str, t.Any]
    ) -> None:
        self._options = options
        self._task_vars = task_vars
        self._no_log = bool(action._task.no_log)
        self._display = action._display
        self._remote = Remote(action, task_vars)
        now = time.time()
        began_at = now if options["began_at"] is None else options["began_at"]
        self._began = time.monotonic() - max(0.0, now - began_at)
        self._deadline = self._began
        self._doing = ""
        self._must_connect = True
        self.facts: dict[str, t.Any] = {"connection": action._connection.transport}

    def run(self) -> Problem | None:
        """Return what keeps the machine from being ready, or None."""
        stages = (
            (self._look_at_connection, self._options["timeout"]),
            (self._look_at_cloud_init, self._options["cloud_init_timeout"]),
            (self._look_at_package_lock, self._options["package_lock_timeout"]),
            (self._look_at_python, self._remote.full_time),
        )
        with Heartbeat(self._beat, max(1.0, self._options["progress_interval"])):
            for look, timeout in stages:
                # 0 leaves a stage out; but without a connection there is nothing.
                if timeout > 0 or look == self._look_at_connection:
                    problem = self._until_over(look, timeout)
                    if problem:
                        self._news(str(problem), "bad")
                        return problem
        return None

    def elapsed(self) -> float:
        """Return the seconds since the wait began."""
        return time.monotonic() - self._began

    def _until_over(
        self, look: t.Callable[[float], Problem | None], timeout: float
    ) -> Problem | None:
        """Look until there is no problem, or a final one, or the time is up.

        The stages' limits add up from the beginning of the wait, so a host that had to wait for
        its turn gets no more time than the others; but it is looked at.
        """
        self._deadline = min(time.monotonic(), self._deadline) + timeout
        limit = max(self._deadline - time.monotonic(), min(_LEAST, timeout))
        last: Problem | None = None
        denied_since: float | None = None
        pause = _PAUSE
        while True:
            problem = self._one_look(look, limit, last)
            if problem is None or problem.final:
                return problem
            now = time.monotonic()
            if problem.kind != PERMISSION_DENIED:
                denied_since, pause = None, _PAUSE
            elif denied_since is None:
                denied_since = now
            else:
                pause = min(2 * pause, _LONGEST_PAUSE)
            end = self._deadline
            if denied_since is not None:
                end = min(end, denied_since + self._options["permission_denied_timeout"])
            if end - now < 1.0:
                return problem
            if last is None or problem.kind != last.kind:
                self._news(problem.message, "warning")
            self._doing = problem.message
            last = problem
            time.sleep(min(pause, (end - now) / 2))
            limit = self._deadline - time.monotonic()

    def _one_look(
        self, look: t.Callable[[float], Problem | None], limit: float, last: Problem | None
    ) -> Problem | None:
        try:
            if self._must_connect:
                self._connect(limit)
            return look(limit)
        except Lost as lost:
            self._must_connect = True
            # The end of the time says nothing new about a machine that has been heard of.
            return last if lost.cut_short and last else lost.problem

    def _connect(self, limit: float) -> None:
        answer = self._remote.connect_anew(_HELLO, limit)
        hello = _UID.search(answer["stdout"])
        if not hello:
            # It let us in, but something else than our command answered.
            said = f"{answer['stdout']}\n{answer['stderr']}"
            raise Lost(self._remote.judged(said))
        self.facts["uid"] = int(hello[1]) if hello[1] else None
        self._must_connect = False
        if self._doing:
            self._news("the machine answers", "good")

    def _look_at_connection(self, _limit: float) -> Problem | None:
        return None

    def _look_at_cloud_init(self, limit: float) -> Problem | None:
        self._doing = "cloud-init has not finished"
        leg = min(_LEG, limit)
        answer = self._remote.run(_cloud_init.command(leg), leg + self._remote.full_time)
        state = _cloud_init.judge(answer["rc"], answer["stdout"], answer["stderr"])
        self.facts["cloud_init"] = {"status": state.status, "errors": state.errors}
        if state.status == _cloud_init.RUNNING:
            return _cloud_init.still_running()
        if state.status == _cloud_init.ERROR and not self._options["ignore_cloud_init_errors"]:
            return _cloud_init.failed(state)
        if state.status in (_cloud_init.ERROR, _cloud_init.DEGRADED):
            kind = "recoverable errors" if state.status == _cloud_init.DEGRADED else "errors"
            self._warn(f"cloud-init finished with {kind}: {state.described_errors()}")
        return self._look_at_shutdown(limit)

    def _look_at_shutdown(self, limit: float) -> Problem | None:
        coming = _shutdown.find(self._remote.run(_shutdown.COMMAND)["stdout"])
        if coming is None:
            return None
        if coming.seconds < limit:
            return _shutdown.coming(coming)
        self._warn(coming.message)
        return None

    def _look_at_package_lock(self, _limit: float) -> Problem | None:
        self._doing = "looking for locks of the package manager"
        answer = self._remote.run(_package_lock.command(self._options["package_lock_files"]))
        holders = _package_lock.holders(answer["stdout"])
        return _package_lock.held(holders) if holders else None

    def _look_at_python(self, _limit: float) -> Problem | None:
        self._doing = "looking for Python"
        interpreters = [self._options["interpreter"]]
        if interpreters[0].startswith("auto"):
            interpreters = C.config.get_config_value(
                "INTERPRETER_PYTHON_FALLBACK", variables=self._task_vars
            )
        answer = self._remote.run(_target_python.command(interpreters))
        found = _target_python.find(answer["stdout"])
        usable = [python for python in found if python.version >= _target_python.OLDEST]
        self.facts["python"] = str(usable[0]) if usable else None
        return None if usable else _target_python.missing(found, interpreters)

    def _warn(self, text: str) -> None:
        host = self._task_vars.get("inventory_hostname")
        self._display.warning(f"{host}: {text}")

    def _news(self, text: str, mood: str) -> None:
        self._doing = text
        self._show(text, mood)

    def _beat(self) -> None:
        self._show(f"still waiting: {self._doing or 'no answer yet'}")

    def _show(self, text: str, mood: str = "plain") -> None:
        if self._no_log:
            text = "still waiting"
        left = self._deadline - self._began
        host = self._task_vars.get("inventory_hostname", "localhost")
        show(host, f"{text} {times(self.elapsed(), left)}", mood)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a machine goes through until it is ready, in order, and how each stage is checked."""

from __future__ import annotations

import math
import time
import typing as t
from dataclasses import dataclass

from . import cloud_init, install, package_lock, python, shutdown
from .problem import Problem
from .remote import Remote

# How long one command waits for cloud-init, so that a lost connection is noticed.
_ONE_WAIT = 30.0
# How long it waits at least, although the wait should soon be over.
_SHORT_WAIT = 5.0


@dataclass(frozen=True)
class Stage:
    """``check`` gets the seconds that are left, and returns what is wrong.

    The first stage has none: it is the connection itself.
    """

    timeout: float
    doing: str = ""
    check: t.Callable[[float], Problem | None] | None = None


class Stages:
    """The stages of one machine. ``found`` has what the checks learned, as keys of a result."""

    def __init__(
        self,
        remote: Remote,
        options: t.Mapping[str, t.Any],
        task_vars: dict[str, t.Any],
        warn: t.Callable[[str], None],
    ) -> None:
        self._remote = remote
        self._options = options
        self._task_vars = task_vars
        self._warn = warn
        self.installation = install.Installation(remote)
        self.found: dict[str, t.Any] = {}
        self.interpreter: str | None = None
        """The Python to use in place of what Ansible would discover; None if that is all right."""

    def in_order(self) -> list[Stage]:
        """Return all of them, for which a timeout of 0 means: leave it out."""
        options = self._options
        return [
            Stage(options["timeout"]),
            Stage(options["cloud_init_timeout"], "cloud-init has not finished", self._cloud_init),
            Stage(
                options["package_lock_timeout"],
                "checking the locks of the package manager",
                self._package_lock,
            ),
            self._python_stage(),
        ]

    def with_installation(self, sudoable: bool) -> list[Stage]:
        """Return the stages that install Python and look for it again.

        A connection that breaks meanwhile gets the time for the first one. With ``sudoable``, the
        ``become`` of the task applies to the installation.
        """
        return [
            Stage(
                install.TIME + self._options["timeout"],
                "installing Python",
                lambda _left: self.installation.try_once(sudoable),
            ),
            self._python_stage(),
        ]

    def _python_stage(self) -> Stage:
        return Stage(self._remote.full_time, "looking for Python", self._python)

    def _cloud_init(self, left: float) -> Problem | None:
        seconds = min(_ONE_WAIT, left, max(self._until_not_later(), _SHORT_WAIT))
        answer = self._remote.run(cloud_init.command(seconds), seconds + self._remote.full_time)
        state = cloud_init.read(answer["rc"], answer["stdout"], answer["stderr"])
        self.found["cloud_init"] = {"status": state.status, "errors": state.errors}
        problem = cloud_init.problem(state, self._options["ignore_cloud_init_errors"])
        if problem:
            return problem
        warning = cloud_init.warning(state)
        if warning:
            self._warn(warning)
        return self._shutdown(left)

    def _until_not_later(self) -> float:
        moment = self._options["not_later_than"]
        return math.inf if moment is None else float(moment) - time.time()

    def _shutdown(self, left: float) -> Problem | None:
        coming = shutdown.read(self._remote.run(shutdown.command())["stdout"])
        problem = shutdown.problem(coming, within=left)
        if coming and not problem:
            self._warn(coming.message)
        return problem

    def _package_lock(self, _left: float) -> Problem | None:
        answer = self._remote.run(package_lock.command(self._options["package_lock_files"]))
        return package_lock.problem(package_lock.read(answer["stdout"]))

    def _python(self, _left: float) -> Problem | None:
        interpreters = python.candidates(self._options["interpreter"], self._task_vars)
        found = self._pythons(interpreters)
        usable = python.first_usable(found)
        if python.may_take_a_wrong_one(found):
            places = python.places(interpreters)
            chosen = python.first_usable(self._pythons(places))
            # The machine says it, so it counts only if it is one of ours.
            if chosen and chosen.path in places:
                usable, self.interpreter = chosen, chosen.path
        self.found["python"] = str(usable) if usable else None
        return python.problem(found, interpreters)

    def _pythons(self, interpreters: list[str]) -> list[python.Python]:
        return python.read(self._remote.run(python.command(interpreters))["stdout"])

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task that waits for machines: its inventory, and a desk where it runs in a time of its own."""

from __future__ import annotations

import functools
import types
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.compute_desk.supply.plugins.action import wait_for_machines
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.calls import Calls
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.polling import Polling
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact import ssh_failure
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.problem import (
    REFUSED,
    Problem,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._live import (
    progress as offer_progress,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round import progress, task
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round.address import Route
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round.round import Round
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round.task import Task

from ...fake_api import FakeApi, FakeClock

SILENT = Problem(REFUSED, "nothing listens", "Wait.")
TOKEN = "cd-1234567890"
NEVER = float("inf")


def at(address: str) -> ssh_failure.Target:
    return ssh_failure.Target(ssh_failure.Setting(address, "by default"), None)


class Inventory:
    """An inventory whose hosts have these variables, none of which any machine has set."""

    def __init__(self, **variables: dict[str, t.Any]) -> None:
        self._variables = dict(variables)
        self.added: list[t.Any] = []
        self.taken: set[str] = set()
        self.defaults: dict[str, t.Any] = {}
        """Variables of the hosts that are added."""

    def matching(self, pattern: str) -> list[str]:
        assert pattern
        return list(self._variables) if pattern == "all" else []

    def variables(self, name: str) -> dict[str, t.Any]:
        return self._variables[name]

    def trusted(self, name: str, variable: str) -> t.Any:
        return self._variables[name].get(variable)

    def offer_of(self, name: str) -> t.Any:
        return self.trusted(name, "compute_desk_offer_id")

    def timeout_of(self, name: str) -> float:
        return float(self._variables[name].get("instance_ready_timeout", 300.0))

    def add(self, records: list[t.Any]) -> list[t.Any]:
        self.added += records
        self._variables.update({one["name"]: {**self.defaults, **one} for one in records})
        return records

    def taken_by(self, record: dict[str, t.Any]) -> str | None:
        return "host" if record["name"] in self.taken else None


def named(*names: str, **variables: t.Any) -> Inventory:
    return Inventory(**{name: {"name": name, **variables} for name in names})


def task_of(known: Inventory, *, no_log: bool = False, **options: t.Any) -> Task:
    validated = ArgumentSpecValidator(wait_for_machines.ActionModule.arguments()).validate(options)
    assert not validated.error_messages
    given = validated.validated_parameters
    return Task(given, t.cast("t.Any", known), "localhost", agent="a test", no_log=no_log)


def names(result: dict[str, t.Any]) -> list[str]:
    """Return the names of the machines that can start."""
    return [host["name"] for host in result["hosts"]]


class Beats:
    """A heartbeat that beats as it begins and as it ends."""

    def __init__(self, beat: t.Callable[[], None]) -> None:
        self._beat = beat

    def __enter__(self) -> None:
        self._beat()

    def __exit__(self, *exc_info: object) -> None:
        self._beat()


class Desk:
    """Where a task runs in fake time, with an API that answers by ``script``.

    Each machine answers from its second in ``answers`` on; one that is not in there is not asked.
    """

    def __init__(
        self,
        patch: pytest.MonkeyPatch,
        script: dict[str, list[t.Any]] | None = None,
        **answers: float,
    ) -> None:
        self.clock = FakeClock()
        self.api = FakeApi(script or {}, clock=self.clock)
        self.answers = answers
        self.lines: list[tuple[str, str, str]] = []
        self.clients: list[tuple[str, str]] = []
        self.intervals: list[float] = []
        self.asked: list[tuple[str, float]] = []
        now = types.SimpleNamespace(time=self.clock, monotonic=self.clock)
        for module in (task, offer_progress):
            patch.setattr(module, "time", now)
        for module in (task, offer_progress, progress):
            patch.setattr(module, "show", lambda *line: self.lines.append(line))
        calls = Calls(50, start=lambda run: run())
        in_fake_time: dict[str, t.Any] = {
            "calls": calls,
            "clock": self.clock,
            "sleep": self.clock.sleep,
        }
        patch.setattr(task, "Round", functools.partial(Round, **in_fake_time))
        patch.setattr(task, "Polling", functools.partial(Polling, **self.api.in_fake_time()))
        patch.setattr(task, "SupplyClient", self._client)
        patch.setattr(task, "Heartbeat", self._heartbeat)
        patch.setattr(task, "route_to", self._route)
        patch.setattr(task, "ask_for_greeting", self._ask)
        patch.setattr(task, "second_opinion", lambda route: route.target)

    def _client(self, settings: t.Any, agent: str) -> FakeApi:
        self.clients.append((settings.token.current(), agent))
        return self.api

    def _heartbeat(self, beat: t.Callable[[], None], interval: float) -> Beats:
        self.intervals.append(interval)
        return Beats(beat)

    def _route(self, variables: dict[str, t.Any]) -> Route | None:
        name = variables["name"]
        return Route(at(name), ["ssh"]) if name in self.answers else None

    def _ask(self, target: ssh_failure.Target, seconds: float) -> Problem | None:
        assert seconds == 10.0
        name = target.address.value if target.address else ""
        self.asked.append((name, self.elapsed))
        return None if self.elapsed >= self.answers[name] else SILENT

    @property
    def elapsed(self) -> float:
        return self.clock.now - 1000

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of wait_for_machines, whose machines, API and Ansible are stand-ins."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.terms import WaitReport
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact import ssh_failure
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.problem import (
    Problem,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round import task
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round.address import Route
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round.task import Task

from ...fake_api import A
from .earlier import NOT_READ, entry, previous
from .tasks import SILENT, Inventory, at, named, names, task_of


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Problem | None]]:
    """What each host answers when it is asked, one after the other. Without an entry, it is local.

    A host is asked at an address that is its name.
    """
    given: dict[str, list[Problem | None]] = {}

    def route(variables: dict[str, t.Any]) -> Route | None:
        name = variables["name"]
        return Route(at(name), ["ssh"]) if name in given else None

    def ask(target: ssh_failure.Target, _seconds: float) -> Problem | None:
        return given[target.address.value if target.address else ""].pop(0)

    monkeypatch.setattr(task, "route_to", route)
    monkeypatch.setattr(task, "ask_for_greeting", ask)
    return given


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines about offers."""
    lines: list[str] = []
    monkeypatch.setattr(task, "show", lambda _host, text, _level: lines.append(text))
    return lines


def run(known: Inventory, **options: t.Any) -> dict[str, t.Any]:
    return task_of(known, **options).run(check_mode=True)


def test_a_host_that_is_not_asked_directly_counts_as_one_that_answers(
    answers: dict[str, list[t.Any]],
) -> None:
    answers["b"] = [None]

    result = run(named("a", "b"), hosts="all")

    assert names(result) == ["a", "b"]
    assert [one["address"] for one in result["machines"]] == [None, "b port 22"]


@pytest.mark.parametrize(
    ("where", "second", "problem"),
    [
        # Behind a jump host that only ssh knows of, Ansible has to try.
        (None, [], None),
        # ssh knows no better address.
        ("same", [], SILENT),
        (ssh_failure.Target(ssh_failure.Setting("b", "as configured for ssh"), None), [None], None),
        (
            ssh_failure.Target(ssh_failure.Setting("b", "as configured for ssh"), None),
            [SILENT],
            SILENT,
        ),
    ],
)
def test_ssh_is_asked_where_a_silent_machine_is(
    where: t.Any,
    second: list[Problem | None],
    problem: Problem | None,
    answers: dict[str, list[t.Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers.update({"a": [SILENT], "b": [*second]})
    monkeypatch.setattr(
        task, "second_opinion", lambda route: route.target if where == "same" else where
    )

    result = run(named("a"), hosts="all")

    assert names(result) == ([] if problem else ["a"])
    assert result["machines"][0]["kind"] == (problem.kind if problem else None)


def test_without_requests_offers_cannot_be_waited_for(
    answers: dict[str, list[t.Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task, "HAS_REQUESTS", False)

    with pytest.raises(OptionError, match=r"^offer_ids: Failed to import .*pip install requests"):
        run(named(), offer_ids=[A], api_token="cd-1234567890")
    assert answers == {}


def test_there_has_to_be_something_to_wait_for(answers: dict[str, list[t.Any]]) -> None:
    with pytest.raises(OptionError, match=r"^offer_ids: is empty, and no host matches 'gpus'"):
        run(named(), hosts="gpus")

    assert names(run(named(), hosts="gpus", allow_no_hosts=True)) == []
    assert answers == {}


def test_who_belongs_together_with_one_that_failed_does_not_start(
    answers: dict[str, list[t.Any]],
) -> None:
    told = {"kind": "refused", "message": "Nothing listens.", "hint": "Wait."}
    machines = [entry("a", "failed", answers=False, **told), entry("b", "waiting")]
    earlier = previous(machines=machines)

    alone = run(named("a", "b"), previous=earlier, together="none", last_round=False)
    together = run(named("a", "b"), previous=earlier, together="all", last_round=False)

    assert (alone["failed"], names(alone)) == (False, ["b"])
    assert (together["failed"], names(together), together["waiting"]) == (True, [], False)
    assert [one["kind"] for one in together["machines"]] == ["refused", "prevented"]
    assert answers == {}


@pytest.mark.parametrize(("kind", "started"), [("not_yet", ["a"]), ("refused", []), (None, [])])
def test_a_machine_that_the_user_put_off_starts_again(
    kind: str | None, started: list[str], answers: dict[str, list[t.Any]]
) -> None:
    result = {"instance_ready_result": {"ok": False, "kind": kind}} if kind else {}

    found = run(named("a", **result), previous=previous())

    assert (names(found), found["round"]) == (started, 2)
    assert answers == {}


def test_an_offer_that_is_waited_for_needs_its_id_again(answers: dict[str, list[t.Any]]) -> None:
    offer = {**NOT_READ, "offer_id": A, "transitions": []}

    with pytest.raises(OptionError, match=r"^offer_ids: are needed as long as an offer is waited"):
        run(named("a"), previous=previous(offers=[offer]))
    assert answers == {}


@pytest.mark.parametrize("no_log", [False, True])
def test_with_no_log_nothing_is_said_of_an_offer(no_log: bool, shown: list[str]) -> None:
    task_of(named(), no_log=no_log)._say("Offer x failed.")

    assert shown == ([] if no_log else ["Offer x failed."])


class Over:
    """A wait for offers whose time is up."""

    def turn(self, _longest: float) -> bool:
        return True

    def report(self) -> WaitReport:
        return WaitReport([], 0.0, ready=False, timed_out=True)


class Heartbeat:
    """Beats once, at once."""

    def __init__(self, beat: t.Callable[[], None], _interval: float) -> None:
        self._beat = beat

    def __enter__(self) -> None:
        self._beat()

    def __exit__(self, *exc_info: object) -> None:
        pass


def test_while_it_goes_on_offers_and_machines_are_named(
    answers: dict[str, list[t.Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    beaten: list[str] = []
    answers["a"] = [None]
    monkeypatch.setattr(task, "Heartbeat", Heartbeat)
    monkeypatch.setattr(task.Progress, "beat", lambda _self: beaten.append("offers"))
    monkeypatch.setattr(
        task.RoundProgress,
        "still_waiting",
        lambda _self, silent: beaten.extend(one.name for one in silent),
    )

    run(named("a"), hosts="all")
    assert beaten == ["a"]

    monkeypatch.setattr(Task, "_wait", lambda *_given: Over())
    answers["a"] = [None]
    run(named("a"), hosts="all", offer_ids=[A], api_token="cd-1234567890")
    assert beaten[1:] == ["offers", "a"]

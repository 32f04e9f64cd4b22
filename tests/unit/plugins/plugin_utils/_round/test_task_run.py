# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a whole run of the task comes to, and what it shows meanwhile. It runs in fake time."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import (
    NotFound,
    ServerError,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round import task

from ...fake_api import A, B, C, machine, ready, state
from .earlier import NOT_READ, entry, previous
from .tasks import NEVER, TOKEN, Desk, at, named, names, task_of

# The host of an instance has the end of its ID in its name.
GPU_1 = "gpu-1-igpu1"
PROVISIONING = state("provisioning_in_progress", progress="0/1")
FAILED = state("failed", failure_reason="no room")
TRUST_ON_FIRST_USE = "-o HostKeyAlias=i-gpu-1 -o StrictHostKeyChecking=accept-new"


def asked(**options: t.Any) -> dict[str, t.Any]:
    """Return options of the task, with all that offers need."""
    return {"hosts": "all", "api_token": TOKEN, **options}


def waiting(offer_id: str, **values: t.Any) -> dict[str, t.Any]:
    """Return the entry of an offer that an earlier round has left."""
    return {**NOT_READ, "offer_id": offer_id, "transitions": [], **values}


def test_the_result_says_what_can_start_and_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, {A: [ready()], B: [PROVISIONING]}, **{GPU_1: 0.0, "a": NEVER})
    known = named("a", compute_desk_offer_id=C)

    result = task_of(known, **asked(offer_ids=[A, B], last_round=False)).run(check_mode=False)

    (record,) = known.added
    told = {"kind": "refused", "message": "Nothing listens.", "hint": "Wait."}
    silent = entry("a", "waiting", offer_id=C, answers=False, host_record=None, **told)
    assert [(one["offer_id"], one["state"], one["message"]) for one in result.pop("offers")] == [
        (A, "ready", None),
        (B, "waiting", f'Offer {B} is provisioning, "0/1".'),
    ]
    assert result == {
        "failed": False,
        "msg": "1 machine can start, 1 machine waited for, 1 offer waited for.",
        "round": 1,
        "began_at": 1000.0,
        "ended_at": 1000.0 + desk.elapsed,
        "hosts": [record],
        "waiting": True,
        "machines": [silent, entry(GPU_1, "started", host_record=record)],
        "warnings": [],
    }
    assert (record["name"], record["ansible_ssh_common_args"]) == (GPU_1, TRUST_ON_FIRST_USE)
    assert desk.clients == [(TOKEN, "a test")]


def test_what_is_shown_while_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, {A: [ready()], B: [PROVISIONING]}, **{GPU_1: 0.0, "a": NEVER})
    known = named("a", instance_ready_timeout=20)
    options = asked(offer_ids=[A, B], last_round=False, wait_timeout=60, progress_interval=30)

    task_of(known, **options).run(check_mode=False)

    assert desk.intervals == [30.0]
    assert desk.lines == [
        ("localhost", text, level)
        for text, level in [
            ("still waiting (0:00 elapsed, 1:00 left)", "plain"),
            ("still waiting for a to answer (0:00 elapsed, 0:20 left)", "plain"),
            ("offer aaaaaaaa: ready, 1 of 1 instances usable (0:00 elapsed, 1:00 left)", "good"),
            ('offer bbbbbbbb: provisioning, "0/1" (0:00 elapsed, 1:00 left)', "plain"),
            ("waiting for a to answer (0:00 elapsed, 0:20 left)", "warning"),
            (
                'still waiting for bbbbbbbb provisioning, "0/1" (0:01 elapsed, 0:59 left)',
                "plain",
            ),
            ("still waiting for a to answer (0:01 elapsed, 0:19 left)", "plain"),
        ]
    ]


def test_machines_that_answer_or_are_given_up_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, a=10.0, b=NEVER)

    result = task_of(named("a", "b", instance_ready_timeout=20), hosts="all").run(check_mode=False)

    assert (result["failed"], names(result)) == (True, ["a"])
    assert desk.lines[1:] == [
        ("localhost", "waiting for a, b to answer (0:00 elapsed, 0:20 left)", "warning"),
        ("localhost", "a answers (after 0:10)", "good"),
        ("localhost", "b: refused: Nothing listens. Wait. (after 0:20)", "bad"),
    ]


def test_with_no_log_only_the_time_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    script = {A: [PROVISIONING], B: [FAILED]}
    desk = Desk(monkeypatch, script, a=10.0)
    options = asked(offer_ids=[A, B], wait_timeout=20)

    result = task_of(named("a"), no_log=True, **options).run(check_mode=False)

    assert [one["state"] for one in result["offers"]] == ["failed", "failed"]
    assert desk.lines == [("localhost", "still waiting (0:00 elapsed, 0:20 left)", "plain")]


@pytest.mark.parametrize(
    ("script", "answers", "options", "outcome"),
    [
        ({}, {"a": 0.0}, {}, (False, False, ["a"])),
        ({}, {"a": 0.0, "b": NEVER}, {}, (True, False, ["a"])),
        ({}, {"a": 0.0, "b": 10.0}, {}, (False, False, ["a", "b"])),
        ({}, {"a": 0.0, "b": 10.0}, {"last_round": False}, (False, True, ["a"])),
        ({A: [PROVISIONING]}, {"a": 0.0}, {"last_round": False}, (False, True, ["a"])),
        ({A: [FAILED]}, {"a": 0.0}, {"last_round": False}, (False, False, ["a"])),
        ({A: [FAILED]}, {"a": 0.0}, {}, (True, False, ["a"])),
        (
            {A: [FAILED]},
            {"a": 0.0, "b": NEVER},
            {"last_round": False, "together": "all"},
            (True, False, []),
        ),
        (
            {A: [PROVISIONING, ready()]},
            {"a": 0.0, GPU_1: 0.0},
            {"together": "all"},
            (False, False, ["a", GPU_1]),
        ),
    ],
)
def test_whether_it_failed_and_whether_there_is_more_to_wait_for(
    script: dict[str, list[t.Any]],
    answers: dict[str, float],
    options: dict[str, t.Any],
    outcome: tuple[bool, bool, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Desk(monkeypatch, {offer_id: list(said) for offer_id, said in script.items()}, **answers)
    known = named(*sorted(set(answers) - {GPU_1}), instance_ready_timeout=20)
    given = asked(offer_ids=list(script), together="none")

    result = task_of(known, **{**given, **options}).run(check_mode=False)

    assert (result["failed"], result["waiting"], names(result)) == outcome


def test_why_an_offer_is_not_ready_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = NotFound("not known", code=404)
    script: dict[str, list[t.Any]] = {
        A: [FAILED],
        B: [PROVISIONING, unknown],
        C: [PROVISIONING],
    }
    desk = Desk(monkeypatch, script)
    options = asked(offer_ids=[A, B, C], wait_timeout=40)

    result = task_of(named(), **options).run(check_mode=False)

    late = (
        f'Offer {C} was not ready in time: it is provisioning, "0/1". '
        "Raise wait_timeout if it only needs longer."
    )
    assert [one["message"] for one in result["offers"]][2] == late
    assert [(host, text) for host, text, level in desk.lines if level == "bad"] == [
        ("localhost", "offer aaaaaaaa: failed (no room) (0:00 elapsed, 0:40 left)"),
        ("localhost", 'offer bbbbbbbb: provisioning, "0/1"; not known (0:16 elapsed, 0:24 left)'),
        ("localhost", late),
    ]


def test_the_options_of_the_wait_are_those_of_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, {A: [state(status="none")], B: [PROVISIONING]})
    times = {"wait_timeout": 50, "poll_interval": 5, "procurement_timeout": 20}

    result = task_of(named(), **asked(offer_ids=[A, B], **times)).run(check_mode=False)

    assert 50 <= desk.elapsed < 51
    assert 5.0 <= desk.api.times(B)[1] < 6.0
    assert "20 s" in result["offers"][0]["message"]


def test_an_offer_is_ready_with_the_fewest_machines_that_the_user_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    half = state("ready", instances=[machine("gpu-1"), machine("gpu-2", "stopped", None)])
    desk = Desk(monkeypatch, {A: [half], B: [PROVISIONING]}, **{GPU_1: 0.0})
    options = asked(offer_ids=[A, B], min_instances=1, last_round=False)

    result = task_of(named(), **options, ssh_host_key_policy="unmanaged").run(check_mode=False)

    assert names(result) == [GPU_1]
    assert [one["state"] for one in result["offers"]] == ["ready", "waiting"]
    assert "ansible_ssh_common_args" not in result["hosts"][0]
    assert "still waiting for bbbbbbbb provisioning" in desk.lines[-1][1]


def test_a_new_machine_has_the_time_and_the_address_of_its_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(monkeypatch, {A: [PROVISIONING, ready()]}, **{GPU_1: NEVER})
    known = named()
    known.defaults = {"instance_ready_timeout": 20}

    result = task_of(known, **asked(offer_ids=[A])).run(check_mode=False)

    (one,) = result["machines"]
    assert (one["state"], one["address"]) == ("failed", f"{GPU_1} port 22")
    assert 15 <= one["since"] - 1000 < 17, "when its offer was ready"
    assert 20 <= 1000 + desk.elapsed - one["since"] < 23


def test_a_new_machine_with_the_name_of_another_host_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(monkeypatch, {A: [ready()]}, **{GPU_1: 0.0})
    known = named()
    known.taken = {GPU_1}

    result = task_of(known, **asked(offer_ids=[A])).run(check_mode=False)

    assert [(one["kind"], one["address"]) for one in result["machines"]] == [("name_taken", None)]
    assert (desk.asked, names(result)) == ([], [])


def test_a_wait_goes_on_with_the_time_of_the_rounds_before(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, {A: [PROVISIONING]})
    earlier = previous(began_at=900.0, machines=[], offers=[waiting(A)])
    options = asked(offer_ids=[A], previous=earlier, wait_timeout=60)

    result = task_of(named(), **options).run(check_mode=False)

    assert desk.api.times(A) == [0.0], "asked once more, although its time is up"
    assert (result["round"], result["began_at"], result["failed"]) == (2, 900.0, True)
    assert [(one["polls"], one["state"]) for one in result["offers"]] == [(2, "failed")]
    assert desk.lines[0] == ("localhost", "still waiting (1:40 elapsed, 0:00 left)", "plain")


def test_the_first_round_has_no_more_than_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, {A: [ServerError("the API is unavailable (503)", code=503)]})
    begun = task_of(named(), **asked(offer_ids=[A], wait_timeout=5))
    desk.clock.now += 1

    begun.run(check_mode=False)

    assert desk.api.timeouts[0] == 5.0
    assert desk.elapsed <= 7


def test_machines_of_the_rounds_before_that_are_waited_for_are_added_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Desk(monkeypatch, b=0.0)
    known = named("a", "b", "c")
    machines = [entry("a", "started"), entry("b", "waiting"), entry("c", "waiting")]
    machines[2]["host_record"] = None

    result = task_of(known, previous=previous(machines=machines)).run(check_mode=False)

    assert names(result) == ["b", "c"]
    assert known.added == [{"name": "b"}]


def test_a_machine_is_given_up_if_its_name_is_taken_between_rounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(monkeypatch, a=0.0, b=0.0)
    known = named("a", "b")
    known.taken = {"a", "b"}
    machines = [entry("a", "waiting", answers=False), entry("b", "waiting", answers=False)]
    machines[0]["host_record"] = {
        "name": "a",
        "compute_desk_instance_id": "i-1",
        "compute_desk_offer_id": A,
    }
    machines[1]["host_record"] = None

    result = task_of(known, previous=previous(machines=machines)).run(check_mode=False)

    assert [(one["name"], one["kind"]) for one in result["machines"]] == [
        ("a", "name_taken"),
        ("b", None),
    ]
    assert names(result) == ["b"], "a host of the inventory is itself what has the name"
    assert [name for name, _second in desk.asked] == ["b"]


def test_a_machine_that_was_put_off_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, a=0.0)
    put_off = named("a", instance_ready_result={"ok": False, "kind": "not_yet"})

    assert names(task_of(put_off, previous=previous()).run(check_mode=False)) == ["a"]
    assert desk.asked == []


def test_ssh_is_asked_once_where_a_silent_machine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, a=0.5, b=3.0)
    opinions: list[list[str]] = []

    def ask_ssh(route: t.Any) -> t.Any:
        opinions.append(route.command)
        return at("b")

    monkeypatch.setattr(task, "second_opinion", ask_ssh)

    result = task_of(named("a"), hosts="all").run(check_mode=False)

    assert opinions == [["ssh"]]
    assert [name for name, _second in desk.asked] == ["a", "b", "b", "b", "b"]
    assert names(result) == ["a"]


def test_ssh_is_not_asked_about_a_machine_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    Desk(monkeypatch, a=0.0)
    opinions: list[t.Any] = []
    monkeypatch.setattr(task, "second_opinion", opinions.append)

    assert names(task_of(named("a"), hosts="all").run(check_mode=False)) == ["a"]
    assert opinions == []


@pytest.mark.parametrize(
    ("option", "value", "fault"),
    [
        ("machine_timeout", -1, "must be at least 0"),
        ("machine_timeout", 0, None),
        ("progress_interval", 0.9, "must be at least 1"),
        ("progress_interval", 1, None),
        ("wait_timeout", 0, "must be more than 0"),
        ("min_instances", 0, "must be at least 1"),
    ],
)
def test_a_time_that_makes_no_sense_is_refused(
    option: str, value: t.Any, fault: str | None
) -> None:
    if fault is None:
        task_of(named(), **{option: value})
        return

    with pytest.raises(OptionError) as caught:
        task_of(named(), **{option: value})

    assert caught.value.option == option
    assert str(caught.value).startswith(f"{option}: {fault}")


def test_a_token_is_needed_only_for_offers() -> None:
    assert task_of(named()).settings is None
    with_offers = task_of(named(), **asked(offer_ids=[A]))
    assert with_offers.settings is not None
    assert with_offers.settings.token.current() == TOKEN


def test_without_hosts_and_offers_the_empty_pattern_is_named() -> None:
    with pytest.raises(OptionError, match=r"^offer_ids: is empty, and no host matches ''\. Set "):
        task_of(named("a")).run(check_mode=True)

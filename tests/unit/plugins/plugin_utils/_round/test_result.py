# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of a round, and that the next one goes on from it."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import (
    NotFound,
    ServerError,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.terms import (
    WaitOptions,
    WaitReport,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.watch import Watch
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.problem import (
    REFUSED,
    Problem,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round.machine import (
    FAILED,
    STARTED,
    WAITING,
    Machine,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round.result import (
    Previous,
    message,
    no_previous,
    offer_entries,
    read_previous,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round.round import Offers

from ...fake_api import A, B, C, ready, state
from ...helpers import seen

SILENT = Problem(REFUSED, "nothing listens", "Wait.", tried="203.0.113.7 port 22")
PROVISIONING = state("provisioning_in_progress", progress="0/1")
PAUSED = state("on ice")
FAILED_OFFER = state("failed", failure_reason="no room")


# Machines


def test_a_machine_becomes_an_entry_and_is_read_from_it() -> None:
    machine = Machine("n1", A, {"name": "n1"}, "203.0.113.7", since=1000.5, problem=SILENT)

    entry = machine.as_entry()

    assert entry == {
        "name": "n1",
        "offer_id": A,
        "address": "203.0.113.7",
        "state": "waiting",
        "answers": False,
        "since": 1000.5,
        "kind": "refused",
        "message": "Nothing listens (tried 203.0.113.7 port 22).",
        "hint": "Wait.",
        "host_record": {"name": "n1"},
    }
    again = Machine.from_entry(json.loads(json.dumps(entry)))
    assert again.as_entry() == entry
    assert again.problem == Problem(REFUSED, "Nothing listens (tried 203.0.113.7 port 22)", "Wait.")


def test_only_the_full_stop_of_a_message_goes_when_it_is_read() -> None:
    problem = Problem(REFUSED, "Nothing listens at X", "Wait.")

    again = Machine.from_entry(Machine("n1", problem=problem).as_entry())

    assert again.problem == problem


@pytest.mark.parametrize(
    ("state", "answers", "kind"),
    [
        (WAITING, True, None),
        (STARTED, True, None),
        (FAILED, True, "refused"),
        (FAILED, False, "refused"),
    ],
)
def test_a_machine_that_answers_has_no_problem_unless_it_is_given_up(
    state: str, answers: bool, kind: str | None
) -> None:
    entry = Machine("n1", state=state, answers=answers, problem=SILENT).as_entry()

    assert entry["kind"] == kind
    assert (entry["message"] is None, entry["hint"] is None) == (kind is None, kind is None)
    again = Machine.from_entry(entry)
    assert (again.state, again.answers, again.offer_id, again.record, again.address) == (
        state,
        answers,
        None,
        None,
        None,
    )
    assert (again.problem is None) is (kind is None)


# The rounds before


def a_previous(**fields: t.Any) -> dict[str, t.Any]:
    entry = Machine("n1", since=7.0).as_entry()
    offers = [{"offer_id": A, "state": "ready"}]
    return {"round": 2, "began_at": 1000, "machines": [entry], "offers": offers, **fields}


def test_the_first_round_knows_nothing() -> None:
    assert no_previous(1000.0) == Previous(0, 1000.0, [], [])


def test_a_round_goes_on_from_the_result_of_the_one_before() -> None:
    given = a_previous()

    previous = read_previous(given)

    assert (previous.round, previous.began_at) == (2, 1000.0)
    assert [machine.as_entry() for machine in previous.machines] == given["machines"]
    assert previous.offers == given["offers"]
    assert previous.offers[0] is not given["offers"][0]
    assert previous.watches() == []


@pytest.mark.parametrize(
    "given",
    [
        {},
        a_previous(round="two"),
        a_previous(began_at=None),
        a_previous(machines=None),
        a_previous(machines=[{"name": "n1"}]),
        a_previous(offers=[7]),
        a_previous(offers=None),
    ],
)
def test_another_result_is_refused(given: dict[str, t.Any]) -> None:
    with pytest.raises(OptionError) as caught:
        read_previous(given)

    assert str(caught.value) == "previous: must be the result of wait_for_machines"
    assert caught.value.option == "previous"


def change(phase: str, at: float) -> dict[str, t.Any]:
    return {"phase": phase, "procurement_status": "x", "progress": None, "at": at}


@pytest.mark.parametrize(
    ("transitions", "since"),
    [
        ([], None),
        ([change("provisioning", 1.0)], None),
        ([change("not_procured", 1.0), change("provisioning", 2.0)], None),
        ([change("not_procured", 1.0), change("not_procured", 2.0)], 1.0),
        ([change("not_procured", 1.0), change("unknown", 2.0), change("not_procured", 3.0)], 3.0),
    ],
)
def test_an_offer_that_is_waited_for_goes_on_as_it_was_left(
    transitions: list[dict[str, t.Any]], since: float | None
) -> None:
    entry = {
        "offer_id": B,
        "state": "waiting",
        "polls": 3,
        "transient_errors": 1,
        "transitions": transitions,
    }
    others = [{"offer_id": A, "state": "ready"}, {"offer_id": C, "state": "failed"}]

    (watch,) = read_previous(a_previous(offers=[*others, entry])).watches()

    assert (watch.offer_id, watch.polls, watch.transient_errors) == (B, 3, 1)
    assert watch.transitions == transitions and watch.transitions is not transitions
    assert watch.not_procured_since == since
    assert (watch.offer, watch.answers) == (None, 0)


# Offers


def entries(
    *watches: Watch,
    failed: t.Sequence[str] = (),
    waiting: t.Sequence[str] = (),
    ended: t.Sequence[str] = (),
    clashes: dict[str, str] | None = None,
    before: t.Sequence[dict[str, t.Any]] = (),
) -> tuple[list[dict[str, t.Any]], list[str]]:
    """Return the entries of a round in which these offers ended so."""
    offers = Offers(None, watches, None, lambda _watch: [])
    offers.failed = [watch for watch in watches if watch.offer_id in failed]
    offers.undecided = {watch.offer_id: watch for watch in watches if watch.offer_id in waiting}
    offers.clashes = clashes or {}
    report = WaitReport(list(watches), 60.0, ready=False, ended_by=frozenset(ended))
    previous = Previous(1, 1000.0, [], list(before))
    return offer_entries(previous, report, offers, WaitOptions())


def test_each_offer_has_its_state_and_says_why_it_is_not_ready() -> None:
    found, warnings = entries(
        seen(ready("n1"), offer_id=A),
        seen(PROVISIONING, offer_id=B),
        seen(FAILED_OFFER, offer_id=C),
        waiting=[B],
        failed=[C],
        ended=[C],
    )

    assert [(one["offer_id"], one["state"], one["message"]) for one in found] == [
        (A, "ready", None),
        (B, "waiting", f'Offer {B} is provisioning, "0/1".'),
        (C, "failed", f"Offer {C} failed: no room. Buy another offer."),
    ]
    assert [one["phase"] for one in found] == ["ready", "provisioning", "failed"]
    assert warnings == []


def test_an_offer_that_is_late_says_what_to_raise() -> None:
    ((one,), _warnings) = entries(seen(PROVISIONING, offer_id=A), failed=[A])

    assert one["message"] == (
        f'Offer {A} was not ready in time: it is provisioning, "0/1". '
        "Raise wait_timeout if it only needs longer."
    )


def test_a_clash_of_names_is_the_reason_that_counts() -> None:
    ((one,), _warnings) = entries(
        seen(ready("n1"), offer_id=A), failed=[A], clashes={A: "Two are called n1."}
    )

    assert (one["state"], one["message"]) == ("failed", "Two are called n1.")


def test_warnings_about_offers_are_passed_on() -> None:
    _found, warnings = entries(seen(PAUSED, offer_id=A), waiting=[A])

    assert len(warnings) == 1
    assert "procurement_status 'on ice' is not known" in warnings[0]


def test_what_was_known_of_an_offer_stays_until_it_answers_again() -> None:
    (known,), _warnings = entries(seen(PROVISIONING, offer_id=A), waiting=[A])
    ended = {"offer_id": C, "state": "ready", "message": None}
    busy = seen(ServerError("the API is unavailable (503)", code=503), offer_id=A)

    found, _warnings = entries(
        busy, seen(ready("n1"), offer_id=B), waiting=[A], before=[{**known, "polls": 7}, ended]
    )

    assert [one["offer_id"] for one in found] == [A, C, B]
    again, kept, _new = found
    assert kept is ended
    assert (again["phase"], again["progress"]) == ("provisioning", "0/1")
    assert (again["polls"], again["transient_errors"], again["transitions"]) == (1, 1, [])
    assert again["error"]["kind"] == "server_error"
    assert "the API is unavailable (503)" in again["message"]


def test_a_new_answer_replaces_all_that_was_known() -> None:
    (known,), _warnings = entries(seen(PROVISIONING, offer_id=A), waiting=[A])

    (again,), _warnings = entries(seen(ready("n1"), offer_id=A), before=[known])

    assert (again["phase"], again["progress"], again["state"]) == ("ready", None, "ready")


def test_an_offer_that_the_api_does_not_know_was_never_another() -> None:
    (one,), _warnings = entries(
        seen(NotFound("not known", code=404), offer_id=A), failed=[A], ended=[A]
    )

    assert (one["phase"], one["state"]) == ("unknown", "failed")
    assert one["message"] == f"Offer {A}: not known. {NotFound.hint}"


# The sentence


def machines(*states: str) -> list[Machine]:
    return [Machine(f"n{number}", state=state) for number, state in enumerate(states)]


@pytest.mark.parametrize(
    ("chosen", "fleet", "offers", "sentence"),
    [
        (0, [], [], "0 machines can start."),
        (1, [STARTED], ["ready"], "1 machine can start."),
        (2, [STARTED, STARTED, WAITING], [], "2 machines can start, 1 machine waited for."),
        (0, [FAILED, FAILED], [], "0 machines can start, 2 machines given up."),
        (
            0,
            [],
            ["waiting", "failed"],
            "0 machines can start, 1 offer waited for, 1 offer not ready.",
        ),
        (
            1,
            [STARTED, WAITING, WAITING, FAILED],
            ["waiting", "waiting", "failed", "failed", "ready"],
            (
                "1 machine can start, 2 machines waited for, 2 offers waited for, "
                "1 machine given up, 2 offers not ready."
            ),
        ),
    ],
)
def test_the_sentence_about_a_round_counts(
    chosen: int, fleet: list[str], offers: list[str], sentence: str
) -> None:
    all_machines = machines(*fleet)

    said = message(all_machines[:chosen], all_machines, [{"state": state} for state in offers])

    assert said == sentence

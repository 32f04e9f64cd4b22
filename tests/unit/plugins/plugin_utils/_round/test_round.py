# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a round is over, and which machines it hands out. No time passes."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.calls import Calls
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.hosts import HostNameClash
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.offer import parse_offer
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.polling import Polling
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.terms import (
    WaitOptions,
    WaitReport,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.watch import Watch
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
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round.round import (
    Offers,
    Round,
    Rules,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round.together import (
    give_up_silent,
    prevent_all,
)
from hypothesis import given
from hypothesis import strategies as st

from ...fake_api import A, B, FakeApi, FakeClock, ready, state

NEVER = float("inf")
SILENT = Problem(REFUSED, "nothing listens", "Wait.")
PROVISIONING = state("provisioning_in_progress")
# More than the first looks of others are waited for.
SETTLED = 3.1


class Fleet:
    """Machines that answer at their seconds, and the round that looks at them."""

    def __init__(
        self, answers: dict[str, float], offer_id: str | None = A, **fields: t.Any
    ) -> None:
        self.clock = FakeClock()
        self.answers = answers
        self.machines = [
            Machine(name, offer_id, since=self.clock.now, **fields) for name in answers
        ]
        self.looks: list[str] = []

    def look(self, machine: Machine) -> Problem | None:
        self.looks.append(machine.name)
        return None if self.clock.now - 1000 >= self.answers[machine.name] else SILENT

    def round(
        self, offers: Offers | None = None, calls: Calls | None = None, **rules: t.Any
    ) -> Round:
        return Round(
            self.machines,
            offers or Offers(None, [], None, lambda _watch: []),
            Rules(**rules),
            self.look,
            calls=calls or Calls(50, start=lambda run: run()),
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    def started(self, **rules: t.Any) -> list[str]:
        """Return the names that one round hands out."""
        return [machine.name for machine in self.round(**rules).run()]

    @property
    def elapsed(self) -> float:
        return self.clock.now - 1000


def offers_of(fleet: Fleet, script: dict[str, list[t.Any]], **options: t.Any) -> Offers:
    """Return offers whose machines are named after the instances of the script."""
    api = FakeApi(script, clock=fleet.clock)
    watches = [Watch(offer_id) for offer_id in script]
    wait = Polling(api, watches, WaitOptions(**options), independent=True, **api.in_fake_time())

    def machines(watch: Watch) -> list[Machine]:
        names = (
            [instance.instance_name for instance in watch.offer.instances] if watch.offer else []
        )
        return [Machine(name, watch.offer_id, since=fleet.clock.now) for name in names]

    return Offers(wait, watches, None, machines)


def test_machines_that_answer_are_handed_out_at_once() -> None:
    fleet = Fleet({"a": 0, "b": 0})

    assert fleet.started() == ["a", "b"]
    assert fleet.elapsed < 0.1
    assert fleet.looks == ["a", "b"]


def test_an_offer_waits_for_its_late_machine() -> None:
    fleet = Fleet({"a": 0, "b": 0, "c": 0, "d": 20})

    assert fleet.started() == ["a", "b", "c", "d"]
    assert 20 <= fleet.elapsed <= 25
    assert fleet.looks.count("a") == 1


def test_an_offer_begins_without_the_machine_whose_time_is_up() -> None:
    fleet = Fleet({"a": 0, "b": NEVER}, timeout=60)

    assert fleet.started() == ["a"]
    assert 60 <= fleet.elapsed <= 66
    assert [machine.state for machine in fleet.machines] == [STARTED, FAILED]
    assert fleet.machines[1].problem == SILENT


def test_with_none_nobody_waits_for_a_silent_machine() -> None:
    fleet = Fleet({"a": 0, "b": 30, "c": 0}, timeout=60)

    assert fleet.started(together="none") == ["a", "c"]
    assert fleet.elapsed < SETTLED
    assert fleet.started(together="none") == ["b"]
    assert 30 <= fleet.elapsed <= 36


def test_the_listener_hears_once_of_each_that_answers_or_is_given_up() -> None:
    fleet = Fleet({"a": 0, "b": 5, "c": NEVER}, timeout=20)
    heard: list[tuple[list[str], list[str]]] = []
    one_round = fleet.round(is_last=True)

    def listen(changed: list[Machine], now: Round) -> None:
        assert now is one_round
        if changed:
            heard.append(([one.name for one in changed], [one.name for one in now.silent]))

    one_round._on_news = listen
    one_round.run()

    assert heard == [(["a"], ["b", "c"]), (["b"], ["c"]), (["c"], [])]


def test_machines_without_an_offer_stand_for_themselves() -> None:
    fleet = Fleet({"a": 0, "b": NEVER}, offer_id=None)

    assert fleet.started() == ["a"]
    assert fleet.elapsed < SETTLED


def test_the_last_round_waits_for_everybody() -> None:
    fleet = Fleet({"a": 0, "b": 50, "c": NEVER}, timeout=100)

    assert fleet.started(together="none", is_last=True) == ["a", "b"]
    assert 100 <= fleet.elapsed <= 106


def test_offers_do_not_wait_for_each_other() -> None:
    fleet = Fleet({})
    fleet.answers = {"gpu-1": 0.0}
    offers = offers_of(fleet, {A: [ready()], B: [PROVISIONING, state("failed")]})

    assert [one.name for one in fleet.round(offers).run()] == ["gpu-1"]
    assert fleet.elapsed < SETTLED
    assert list(offers.undecided) == [B] and not offers.failed


def test_a_machine_that_is_in_the_inventory_already_counts_once() -> None:
    fleet = Fleet({"gpu-1": 0})
    offers = offers_of(fleet, {A: [ready()]})

    assert fleet.round(offers).run() == fleet.machines


def test_the_last_round_names_the_offer_that_fails() -> None:
    fleet = Fleet({})
    fleet.answers = {"gpu-1": 0.0}
    offers = offers_of(fleet, {A: [ready()], B: [PROVISIONING, state("failed")]})

    assert [one.name for one in fleet.round(offers, is_last=True).run()] == ["gpu-1"]
    assert [watch.offer_id for watch in offers.failed] == [B]


def test_with_all_a_failed_offer_ends_the_round_and_nothing_begins() -> None:
    fleet = Fleet({})
    fleet.answers = {"gpu-1": 0.0}
    offers = offers_of(
        fleet, {A: [ready()], B: [PROVISIONING] * 2 + [state("failed")]}, poll_interval=10
    )

    assert fleet.round(offers, together="all").run() == []
    assert 20 <= fleet.elapsed <= 25
    assert [watch.offer_id for watch in offers.failed] == [B]


def test_with_all_everybody_begins_when_the_last_one_answers() -> None:
    fleet = Fleet({})
    fleet.answers = {"a": 0.0, "b": 40.0}
    offers = offers_of(fleet, {A: [ready("a")], B: [PROVISIONING, ready("b")]}, poll_interval=10)

    assert [one.name for one in fleet.round(offers, together="all").run()] == ["a", "b"]
    assert 40 <= fleet.elapsed <= 46


def test_with_all_a_silent_machine_ends_it_when_its_time_is_up() -> None:
    fleet = Fleet({"a": 0, "b": NEVER}, timeout=30)

    assert fleet.started(together="all") == []
    assert 30 <= fleet.elapsed <= 36
    assert [machine.state for machine in fleet.machines] == [WAITING, FAILED]


def test_check_mode_looks_once() -> None:
    fleet = Fleet({"a": 0, "b": 5})
    offers = offers_of(fleet, {B: [PROVISIONING]})

    assert [one.name for one in fleet.round(offers, together="none", looks_once=True).run()] == [
        "a"
    ]
    assert fleet.elapsed < 0.2
    assert fleet.looks == ["a", "b"]


def test_a_machine_whose_time_was_up_before_the_round_is_tried_once_more() -> None:
    fleet = Fleet({"a": 0, "b": NEVER}, timeout=30)
    fleet.clock.now += 500

    assert fleet.started() == ["a"]
    assert sorted(fleet.looks) == ["a", "b"]


def test_without_a_clock_of_its_own_a_round_takes_real_time() -> None:
    machines = [Machine("a", A), Machine("b", A)]
    looked: list[str] = []

    def look(machine: Machine) -> Problem | None:
        looked.append(machine.name)
        return None

    chosen = Round(machines, Offers(None, [], None, lambda _watch: []), Rules(), look).run()

    assert [one.name for one in chosen] == ["a", "b"]
    assert sorted(looked) == ["a", "b"]


def test_a_slow_first_look_is_not_waited_for() -> None:
    fleet = Fleet({"a": 0, "b": NEVER}, offer_id=None)

    class OneNeverEnds(Calls):
        def next_outcome(self, timeout: float) -> tuple[str, t.Any] | None:
            outcome = super().next_outcome(0)
            if outcome is None:
                fleet.clock.sleep(timeout)
            return outcome

    # The second look does not return.
    calls = OneNeverEnds(50, start=lambda run: None if fleet.looks else run())

    assert [machine.name for machine in fleet.round(calls=calls).run()] == ["a"]
    assert 3 <= fleet.elapsed < SETTLED


def test_silent_machines_are_asked_less_and_less_often() -> None:
    fleet = Fleet({"a": 200})

    fleet.started()

    assert 40 <= len(fleet.looks) <= 70


def test_a_machine_is_asked_again_as_soon_as_its_pause_is_over() -> None:
    fleet = Fleet({"a": 12.05})

    fleet.started()

    # After 11 seconds of silence the pause is 1.1 seconds.
    assert 12.05 <= fleet.elapsed < 12.2


@given(
    st.dictionaries(
        st.text("abcdef", min_size=1, max_size=3), st.sampled_from([0, 7, 45, NEVER]), max_size=6
    ),
    st.sampled_from(["offer", "none"]),
    st.booleans(),
)
def test_three_rounds_decide_about_every_machine(
    answers: dict[str, float], together: str, has_offer: bool
) -> None:
    fleet = Fleet(answers, offer_id=A if has_offer else None, timeout=60)

    started = [
        *fleet.started(together=together),
        *fleet.started(together=together),
        *fleet.started(together=together, is_last=True),
    ]

    assert sorted(started) == sorted(name for name, second in answers.items() if second < NEVER)
    assert len(set(started)) == len(started)
    assert {machine.state for machine in fleet.machines} <= {STARTED, FAILED}
    assert fleet.elapsed <= 70


def test_an_offer_whose_machines_cannot_all_be_hosts_has_failed() -> None:
    fleet = Fleet({"a": 0})
    offers = offers_of(fleet, {A: [ready()]})

    def clash(_watch: Watch) -> list[Machine]:
        raise HostNameClash("two instances would be the host gpu-1")

    offers._machines_of = clash

    assert [one.name for one in fleet.round(offers).run()] == ["a"]
    assert [watch.offer_id for watch in offers.failed] == [A]
    assert offers.clashes == {A: "two instances would be the host gpu-1"}


def test_a_mistake_of_ours_is_not_taken_for_silence() -> None:
    fleet = Fleet({"a": 0})
    del fleet.answers["a"]

    with pytest.raises(KeyError):
        fleet.round().run()


def test_a_round_without_offers_has_nothing_to_read() -> None:
    assert Offers(None, [], None, lambda _watch: []).turn(60) == []


def test_offers_without_a_wait_bring_no_machines() -> None:
    assert Offers(None, [Watch(A)], None, lambda _watch: []).turn(60) == []


def test_the_machines_of_all_offers_that_are_ready_now_come_together() -> None:
    fleet = Fleet({})
    offers = offers_of(fleet, {A: [ready("a", "b")], B: [ready("c")]})

    found = offers.turn(1) + offers.turn(1)

    assert [one.name for one in found] == ["a", "b", "c"]
    assert offers.undecided == {} and offers.failed == []


def test_the_last_news_of_offers_is_told() -> None:
    api = FakeApi({A: [PROVISIONING, ready()]})
    watches = [Watch(A)]
    phases: list[str] = []
    wait = Polling(
        t.cast("t.Any", api),
        watches,
        WaitOptions(),
        independent=True,
        on_news=lambda news: phases.extend(one.phase for one in news.changed),
        **api.in_fake_time(),
    )
    offers = Offers(wait, watches, None, lambda _watch: [])

    while offers.undecided:
        offers.turn(10)

    assert phases == ["provisioning", "ready"]


def test_who_is_silent_is_given_up_when_the_time_is_up() -> None:
    times = [(1000.0, 1), (1000.1, 1), (1000.0, 0)]
    machines = [
        Machine(f"n{number}", since=since, timeout=60.0, looks=looks)
        for number, (since, looks) in enumerate(times)
    ]

    assert give_up_silent(machines, 1060.0) == machines[:1]
    assert [machine.state for machine in machines] == [FAILED, WAITING, WAITING]


def test_who_is_prevented_is_told_how_to_go_on() -> None:
    fleet = Fleet({"a": 0, "b": 0})
    fleet.machines[0].fail(SILENT)

    prevent_all(fleet.machines)

    assert [machine.state for machine in fleet.machines] == [FAILED, FAILED]
    assert fleet.machines[0].problem == SILENT
    entry = fleet.machines[1].as_entry()
    assert entry["kind"] == "prevented"
    assert entry["message"] == "It does not start without the others."
    assert "set compute_desk_together to offer or none" in entry["hint"]


class Turns:
    """A wait that notes its turns, and is over after some of them."""

    def __init__(self, over_after: int) -> None:
        self.over_after = over_after
        self.longest: list[float] = []

    def turn(self, longest: float) -> bool:
        self.longest.append(longest)
        return len(self.longest) >= self.over_after

    @staticmethod
    def report() -> WaitReport:
        return WaitReport([], 0.0, ready=False)


@pytest.mark.parametrize(
    ("answers", "over_after", "turns"),
    [
        # The last one turns ready: another turn tells of it.
        ([ready()], 9, [5.0, 0]),
        ([ready()], 1, [5.0]),
        ([ready(), PROVISIONING], 9, [5.0]),
    ],
)
def test_the_last_news_of_offers_goes_out(
    answers: list[t.Any], over_after: int, turns: list[float]
) -> None:
    watches = [Watch(offer_id) for offer_id in (A, B)[: len(answers)]]
    for watch, answer in zip(watches, answers):
        watch.note_answer(parse_offer({"offer_id": watch.offer_id, **answer}, watch.offer_id), 0)
    wait = Turns(over_after)
    offers = Offers(t.cast("Polling", wait), watches, None, lambda _watch: [])

    assert offers.turn(5.0) == []

    assert wait.longest == turns
    assert len(offers.undecided) == len(answers) - 1


def test_a_machine_whose_time_is_up_is_waited_for_no_more_when_others_answer() -> None:
    fleet = Fleet({"late": NEVER, "good": 0}, timeout=30)
    fleet.clock.now += 500
    heard: list[tuple[list[str], list[str]]] = []
    one_round = fleet.round()

    def listen(changed: list[Machine], now: Round) -> None:
        if changed:
            heard.append(([one.name for one in changed], [one.name for one in now.silent]))

    one_round._on_news = listen
    one_round.run()

    assert heard == [(["late"], ["good"]), (["good"], [])]

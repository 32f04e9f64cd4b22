# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wait: what it asks and when, how it ends, and what it knows then. No real time passes."""

from __future__ import annotations

import itertools
import threading
import time
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import (
    ConnectionFailed,
    Forbidden,
    InvalidResponse,
    NameNotResolved,
    NotFound,
    RateLimited,
    RequestRefused,
    ServerError,
    Unauthorized,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.calls import Calls
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.news import (
    News,
    NewsDesk,
    OnNews,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.offer import parse_offer
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.polling import Polling
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.terms import Time
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.wait import (
    WaitOptions,
    WaitReport,
    read_offers,
    wait_for_offers,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.watch import Watch
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError

from ...fake_api import A, B, C, FakeApi, FakeSettings, machine, ready, state

PROVISIONING = state("provisioning_in_progress", progress="1/2 instances running")


def waited(
    api: FakeApi,
    *offer_ids: str,
    on_news: OnNews | None = None,
    independent: bool = False,
    **options: t.Any,
) -> WaitReport:
    return wait_for_offers(
        api,
        offer_ids or (A,),
        WaitOptions(**options),
        independent=independent,
        on_news=on_news,
        **api.in_fake_time(),
    )


def test_an_offer_that_is_ready_takes_one_request_and_no_time() -> None:
    api = FakeApi({A: [ready()]})

    report = waited(api)

    assert (report.ready, report.elapsed) == (True, 0.0)
    assert api.requests == [(A, 0.0)]


def test_offers_come_back_in_the_order_asked_and_ready_ones_are_left_alone() -> None:
    api = FakeApi({C: [PROVISIONING, ready()], A: [ready()], B: [PROVISIONING] * 3 + [ready()]})

    report = waited(api, C, A, B)

    assert report.ready
    assert [watch.offer_id for watch in report.watches] == [C, A, B]
    assert [watch.polls for watch in report.watches] == [2, 1, 4]


def test_no_offer_is_asked_more_often_than_the_interval() -> None:
    api = FakeApi({A: [PROVISIONING] * 9 + [ready()], B: [state()] * 3 + [ready()]})

    waited(api, A, B, poll_interval=15)

    for offer_id in (A, B):
        times = api.times(offer_id)
        gaps = [later - earlier for earlier, later in zip(times, times[1:])]
        assert gaps, "there was only one request"
        assert all(15 <= gap <= 16.5 for gap in gaps)


@pytest.mark.parametrize(
    "states",
    [
        ["available", "provisioning_started", "provisioning_in_progress", "ready"],
        ["pending", "provisioning", "READY"],
        [None, "Provisioning", "Ready"],
    ],
)
def test_both_vocabularies_of_the_api_lead_to_ready(states: list[str | None]) -> None:
    *before, last = states
    api = FakeApi({A: [*map(state, before), {**ready(), "procurement_status": last}]})

    report = waited(api)

    assert report.ready
    assert [entry["procurement_status"] for entry in report.watches[0].transitions] == states


def test_transitions_say_when_and_repeat_nothing() -> None:
    api = FakeApi({A: [state(), PROVISIONING, PROVISIONING, ready()]})

    (watch,) = waited(api, poll_interval=10).watches

    assert [entry["phase"] for entry in watch.transitions] == [
        "provisioning",
        "provisioning",
        "ready",
    ]
    assert [entry["at"] for entry in watch.transitions] == [0.0, 10.6, 31.7]
    assert watch.transitions[1]["progress"] == "1/2 instances running"


# How a wait ends early


@pytest.mark.parametrize(
    "end",
    [
        state("failed", failure_reason="no capacity"),
        state(None, status="FAILED"),
        state(None, status="expired"),
        state("ready", instances=[machine("a", "preempted"), machine("b", "terminated")]),
        NotFound("unknown", code=404),
        Forbidden("no", code=403),
        RequestRefused("bad", code=422),
        InvalidResponse("HTML", code=200),
    ],
    ids=str,
)
def test_what_cannot_become_ready_ends_the_wait_at_once_with_all_data(end: t.Any) -> None:
    api = FakeApi({A: [ready()], B: [PROVISIONING, end], C: [PROVISIONING]})

    report = waited(api, A, B, C, poll_interval=15)

    assert (report.ready, report.timed_out) == (False, False)
    assert report.ended_by == {B}
    assert report.elapsed < 17
    assert [watch.offer is not None for watch in report.watches] == [True, True, True]


def test_a_first_answer_that_ends_the_wait_does_not_keep_the_others_from_being_read() -> None:
    others = [f"{n:08x}-0000-4000-8000-000000000000" for n in range(20)]
    script = {A: [NotFound("unknown", code=404)], **{o: [PROVISIONING] for o in others}}
    api = FakeApi(script, settings=FakeSettings(concurrency=2))

    report = waited(api, A, *others)

    assert [watch.polls for watch in report.watches] == [1] * 21
    assert all(watch.offer for watch in report.watches[1:])


def test_a_slow_api_is_read_to_the_end() -> None:
    others = [f"{n:08x}-0000-4000-8000-000000000000" for n in range(20)]
    script = {A: [NotFound("unknown", code=404)], **{o: [PROVISIONING] for o in others}}
    api = FakeApi(script, settings=FakeSettings(concurrency=1), seconds_per_request=1.0)

    report = waited(api, A, *others, wait_timeout=100)

    assert report.elapsed < 30
    assert all(watch.offer for watch in report.watches[1:])


def test_a_rejected_token_is_not_tried_on_every_other_offer() -> None:
    api = FakeApi(
        {A: [Unauthorized("no", code=401)], B: [ready()]}, settings=FakeSettings(concurrency=1)
    )

    report = waited(api, A, B)

    assert [offer_id for offer_id, _at in api.requests] == [A]
    assert report.ended_by == {A}


def test_an_offer_may_stay_unprocured_for_a_while_only() -> None:
    unprocured = state("available", status="available")
    api = FakeApi({A: [unprocured]})

    report = waited(api, procurement_timeout=40, poll_interval=15)

    assert report.ended_by == {A}
    assert not report.timed_out
    assert 40 <= report.elapsed <= 40 + 16.5, "it ends with the first answer after that"


def test_an_offer_that_is_procured_in_time_is_waited_for() -> None:
    unprocured = state("available", status="available")
    # The last of the unprocured answers comes before 40 s, the next one after them.
    api = FakeApi({A: [unprocured] * 3 + [PROVISIONING] * 6 + [ready()]})

    report = waited(api, procurement_timeout=40, poll_interval=15)

    assert report.ready


# A host name that nobody knows

LOST = NameNotResolved("the host name in api_url, x.invalid, cannot be resolved: unknown")


@pytest.mark.parametrize("poll_interval", [1, 15, 600])
def test_a_name_that_is_never_resolved_ends_the_wait_after_a_minute(poll_interval: float) -> None:
    api = FakeApi({A: [LOST], B: [LOST]})

    report = waited(api, A, B, poll_interval=poll_interval)

    assert (report.ready, report.timed_out) == (False, False)
    assert report.ended_by == {A}, "one stands for all"
    assert report.elapsed == 60.0
    assert api.times(A)[-1] == 60.0, "the last look comes when the minute is over"


def test_a_shorter_wait_ends_at_its_deadline_whatever_the_name() -> None:
    report = waited(FakeApi({A: [LOST]}), wait_timeout=40)

    assert (report.timed_out, report.elapsed) == (True, 40.0)


@pytest.mark.parametrize(
    "script",
    [
        {A: [LOST, LOST, LOST, ready()]},
        {A: [PROVISIONING, *[LOST] * 9, ready()]},
        {A: [ready()], B: [*[LOST] * 9, ready()]},
        {A: [LOST, LOST, LOST, ServerError("down", code=503), LOST, LOST, ready()]},
    ],
    ids=["late", "after an answer", "after an answer for another offer", "with another error"],
)
def test_a_name_that_is_resolved_now_and_then_is_waited_for(script: dict[str, t.Any]) -> None:
    asked = {offer_id: len(answers) for offer_id, answers in script.items()}
    api = FakeApi(script)

    report = waited(api, *script, poll_interval=15)

    assert report.ready
    assert {watch.offer_id: watch.polls for watch in report.watches} == asked


# Time


def test_the_deadline_is_met_exactly_and_keeps_the_last_state() -> None:
    api = FakeApi({A: [state(), PROVISIONING]})

    report = waited(api, wait_timeout=100)

    assert (report.timed_out, report.elapsed) == (True, 100.0)
    assert report.watches[0].offer is not None
    assert report.watches[0].offer.progress == "1/2 instances running"


def test_no_request_may_take_longer_than_what_is_left() -> None:
    api = FakeApi({A: [PROVISIONING]}, settings=FakeSettings(request_timeout=30))

    waited(api, wait_timeout=70)

    assert api.timeouts[0] == 30
    assert all(
        timeout <= 70 - at for timeout, (_offer_id, at) in zip(api.timeouts, api.requests)
    ), "a request could have outlived the wait"
    assert api.timeouts[-1] < 30


@pytest.mark.parametrize("pause", [3.0, 40.0])
def test_a_pause_that_the_api_asks_for_is_kept_but_never_shortens_the_interval(
    pause: float,
) -> None:
    api = FakeApi({A: [RateLimited("slow down", code=429, retry_after=pause), ready()]})

    report = waited(api, poll_interval=15)

    assert report.ready
    assert api.times(A)[1] >= max(pause, 15)
    assert report.watches[0].transient_errors == 1


def test_a_pause_beyond_the_deadline_ends_at_the_deadline() -> None:
    api = FakeApi({A: [RateLimited("slow down", code=429, retry_after=9999.0), ready()]})

    report = waited(api, wait_timeout=60)

    assert (report.timed_out, report.elapsed) == (True, 60.0)
    assert len(api.requests) == 1


def test_transient_errors_are_outlived_counted_and_spread_out() -> None:
    burst: list[t.Any] = [ServerError("down", code=503) for _number in range(5)]
    api = FakeApi({A: [PROVISIONING, *burst, ConnectionFailed("reset"), ready()]})

    report = waited(api, poll_interval=10)

    (watch,) = report.watches
    assert report.ready
    assert (watch.polls, watch.transient_errors, watch.error) == (8, 6, None)
    times = api.times(A)
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    assert gaps[1] < gaps[2] < gaps[3], "the pause grows"
    assert gaps[3] == pytest.approx(gaps[5]), "and stops growing"


def test_an_error_that_passes_starts_the_next_one_from_a_short_pause() -> None:
    down = ServerError("down", code=503)
    api = FakeApi({A: [down, down, down, PROVISIONING, down, ready()]})

    waited(api, poll_interval=10)

    times = api.times(A)
    assert times[5] - times[4] < times[3] - times[2]


def test_the_last_transient_error_is_kept_when_time_runs_out() -> None:
    api = FakeApi({A: [PROVISIONING, ServerError("down", code=503)]})

    report = waited(api, wait_timeout=40)

    (watch,) = report.watches
    assert report.timed_out
    assert watch.offer is not None
    assert watch.error is not None
    assert watch.error.code == 503


class NoAnswers(Calls):
    """Requests that never end, in the time of a clock that does not move by itself."""

    def __init__(self, api: FakeApi) -> None:
        super().__init__(1, start=lambda _run: None)
        self._sleep = api.clock.sleep

    def next_outcome(self, timeout: float) -> None:
        self._sleep(timeout)


class OneNeverEnds(Calls):
    """All requests but one end at once, in the time of a clock that does not move by itself."""

    def __init__(self, api: FakeApi, number: int) -> None:
        numbers = itertools.count(1)
        super().__init__(8, start=lambda run: None if next(numbers) == number else run())
        self._sleep = api.clock.sleep

    def next_outcome(self, timeout: float) -> tuple[str, t.Any] | None:
        outcome = super().next_outcome(0)
        if outcome is None:
            self._sleep(timeout)
        return outcome


def test_a_request_that_never_ends_is_abandoned_a_second_after_its_time_limit() -> None:
    api = FakeApi({A: []}, settings=FakeSettings(request_timeout=30))
    timing = {**api.in_fake_time(), "calls": NoAnswers(api)}
    watch = Watch(A)
    wait = Polling(api, [watch], WaitOptions(wait_timeout=100), **timing)

    wait.turn()
    assert (watch.error, api.clock.now) == (None, 1031.0)
    wait.turn()

    assert watch.error is not None and watch.error.kind == "request_timed_out"
    wait.turn(0.0)
    assert watch.transient_errors == 1


# Readiness


def test_ready_without_an_address_is_waited_for() -> None:
    naked = state("ready", instances=[machine("a"), machine("b", ip=None)])
    api = FakeApi({A: [naked, naked, ready("a", "b")]})

    report = waited(api)

    assert report.ready
    assert report.watches[0].polls == 3


def test_fewer_instances_are_enough_when_asked_for() -> None:
    api = FakeApi({A: [state("ready", instances=[machine("a"), machine("b", ip=None)])]})

    assert waited(api, min_instances=1).ready


def test_an_offer_with_enough_instances_is_left_alone() -> None:
    half = state("ready", instances=[machine("a"), machine("b", ip=None)])
    api = FakeApi({A: [half], B: [PROVISIONING, ready()]})

    assert waited(api, A, B, min_instances=1).ready
    assert len(api.times(A)) == 1


def test_an_unknown_state_is_waited_for() -> None:
    api = FakeApi({A: [state("queued"), ready()]})

    report = waited(api)

    assert report.ready
    assert report.watches[0].transitions[0]["phase"] == "unknown"


# Reading once


def test_reading_asks_each_offer_once_whatever_it_says() -> None:
    api = FakeApi({A: [PROVISIONING], B: [ServerError("down", code=503)], C: [state("failed")]})

    report = read_offers(api, [A, B, C], **api.in_fake_time())

    assert [offer_id for offer_id, _at in api.requests] == [A, B, C]
    assert not report.ready
    assert api.clock.now == 1000.0, "nothing was waited for"


@pytest.mark.parametrize(("least", "is_ready"), [(1, True), (2, False), (None, False)])
def test_reading_knows_how_many_instances_are_enough(least: int | None, is_ready: bool) -> None:
    instances = [machine("gpu-1"), machine("gpu-2", status="starting")]
    api = FakeApi({A: [state("ready", instances=instances)]})

    assert read_offers(api, [A], least, **api.in_fake_time()).ready is is_ready


@pytest.mark.parametrize("reads", [False, True])
def test_requests_are_started_as_the_caller_says(reads: bool) -> None:
    started: list[t.Any] = []

    def start(run: t.Callable[[], None]) -> None:
        started.append(run)
        run()

    api = FakeApi({A: [ready()]})
    timing = Time(api.clock, api.clock.sleep, random=lambda: 0.5)
    if reads:
        read_offers(api, [A], timing=timing, calls=Calls(1, start))
    else:
        wait_for_offers(api, [A], WaitOptions(), timing=timing, calls=Calls(1, start))

    assert len(started) == 1


@pytest.mark.parametrize("error", [ServerError("busy", code=503), ConnectionFailed("reset")])
def test_a_wait_that_has_failed_reads_the_others_once_and_not_again(error: t.Any) -> None:
    api = FakeApi({A: [state("failed")], B: [error]})

    report = waited(api, A, B, poll_interval=5)

    assert [watch.polls for watch in report.watches] == [1, 1]
    assert report.elapsed == 0.0


def test_a_wait_that_has_failed_asks_nobody_again_while_another_offer_is_read() -> None:
    api = FakeApi({A: [state("failed")], B: [ServerError("down", code=503)], C: []})
    timing = {**api.in_fake_time(), "calls": OneNeverEnds(api, 3)}

    report = wait_for_offers(api, (A, B, C), WaitOptions(), **timing)

    assert [watch.polls for watch in report.watches] == [1, 1, 1]
    assert report.elapsed == 31.0


@pytest.mark.parametrize(("seconds", "elapsed"), [(0.26, 0.3), (10.0, 10.0)])
def test_an_offer_that_becomes_ready_with_the_last_second_is_ready(
    seconds: float, elapsed: float
) -> None:
    api = FakeApi({A: [ready()]}, seconds_per_request=seconds)

    report = waited(api, wait_timeout=10)

    assert (report.ready, report.timed_out, report.elapsed) == (True, False, elapsed)


def test_an_offer_that_fails_with_the_last_second_has_failed() -> None:
    api = FakeApi({A: [state("failed")]}, seconds_per_request=10)

    report = waited(api, wait_timeout=10)

    assert (report.ready, report.timed_out, report.elapsed) == (False, False, 10.0)
    assert report.ended_by == {A}


def test_what_an_abandoned_call_returns_is_not_taken_for_the_next_one() -> None:
    started: list[t.Callable[[], None]] = []
    calls = Calls(1, started.append)
    calls.begin(A, lambda: "late")
    calls.abandon(A)
    calls.begin(A, lambda: "right")

    started[0]()
    assert calls.next_outcome(0) is None
    assert calls.running == {A}
    started[1]()
    assert calls.next_outcome(0) == (A, "right")
    assert calls.running == frozenset()


# What a watch knows


def test_every_answer_counts_whatever_it_says() -> None:
    watch = Watch(A)
    watch.note_answer(parse_offer({"offer_id": A, **PROVISIONING}, A), 1.0)
    watch.note_error(ServerError("busy", code=503), 2.0, 15.0, 0.5)
    watch.note_error(NotFound("gone", code=404), 3.0, 15.0, 0.5)

    assert (watch.answers, watch.transient_errors, watch.failures_in_a_row) == (3, 1, 1)


def test_an_answer_shows_that_the_name_of_the_host_is_right() -> None:
    watch = Watch(A)
    watch.note_error(NameNotResolved("unknown host"), 1.0, 15.0, 0.5)
    assert (watch.unresolved_since, watch.unresolved_for) == (1.0, 0.0)

    watch.note_answer(parse_offer({"offer_id": A, **PROVISIONING}, A), 4.0)

    assert (watch.unresolved_since, watch.unresolved_for) == (None, None)


@pytest.mark.parametrize(("now", "next_at"), [(59.9, 60.0), (60.0, 76.0), (61.0, 77.0)])
def test_the_last_try_of_a_name_is_neither_late_nor_made_twice(now: float, next_at: float) -> None:
    watch = Watch(A, unresolved_since=0.0, next_at=now + 16)

    watch.note_error(NameNotResolved("unknown host"), now, 15.0, 0.5)

    assert watch.next_at == next_at


# News


class Listener:
    """Notes what it is told: offers, and when."""

    def __init__(self) -> None:
        self.news: list[News] = []
        self.told: list[tuple[str, str, float]] = []

    def __call__(self, news: News) -> None:
        self.news.append(news)
        for watch in news.changed:
            progress = watch.offer.progress or watch.phase if watch.offer else "unread"
            self.told.append((watch.offer_id, progress, round(news.elapsed)))


def test_every_change_is_told_once_and_when_it_is_seen() -> None:
    texts = [str(number) for number in range(9)]
    script = [state("provisioning", progress=text) for text in texts for _twice in range(2)]
    api, listener = FakeApi({A: [*script, ready()]}), Listener()

    waited(api, on_news=listener, poll_interval=1)

    assert [progress for _offer, progress, _at in listener.told] == [*texts, "ready"]
    for (_offer, _progress, at), asked_at in zip(listener.told, api.times(A)[::2]):
        assert at == round(asked_at)


def test_changes_of_many_offers_within_a_second_are_all_told() -> None:
    script = {
        offer_id: [state("provisioning", progress=f"{offer_id[0]}{n}") for n in range(10)]
        for offer_id in (A, B, C)
    }
    for answers in script.values():
        answers.append(ready())
    api, listener = FakeApi(script), Listener()

    waited(api, A, B, C, on_news=listener, poll_interval=1)

    assert sorted(progress for _offer, progress, _at in listener.told) == sorted(
        [*(f"{letter}{n}" for letter in "abc" for n in range(10)), *["ready"] * 3]
    )
    assert all([watch.offer_id for watch in news.watches] == [A, B, C] for news in listener.news)


@pytest.mark.parametrize(
    "script",
    [{A: [ready()], B: [ready()]}, {A: [state("failed")], B: [PROVISIONING]}],
    ids=["ready", "failed"],
)
def test_a_wait_that_the_first_answers_end_has_no_news(script: dict[str, t.Any]) -> None:
    listener = Listener()

    waited(FakeApi(script, seconds_per_request=0.3), *script, on_news=listener)

    assert listener.told == []


def test_a_slow_offer_does_not_hold_back_the_news_of_the_others() -> None:
    class Slow(FakeApi):
        def offer_status(self, offer_id: str, timeout: float | None = None) -> dict[str, t.Any]:
            self.seconds_per_request = 10.0 if offer_id == B else 0.0
            return super().offer_status(offer_id, timeout)

    settings = FakeSettings(concurrency=1)
    api, listener = Slow({A: [PROVISIONING, ready()], B: [ready()]}, settings=settings), Listener()

    waited(api, A, B, on_news=listener)

    assert listener.told[0][:2] == (A, "1/2 instances running")


def test_changes_during_the_wait_for_a_slow_first_answer_are_told_when_it_is_over() -> None:
    listener = Listener()
    desk, quick, slow = NewsDesk(listener), Watch(A), Watch(B)
    for second in range(3):
        document = {"offer_id": A, **state("provisioning", progress=str(second))}
        quick.note_answer(parse_offer(document, A), second)
        desk.note(quick, second)
        desk.publish([quick, slow], second, is_over=False)

    assert [progress for _offer, progress, _at in listener.told] == ["0", "1", "2"]
    assert not any(news.is_over for news in listener.news)


def test_an_error_that_ends_the_wait_is_told_as_the_last_news() -> None:
    lost, listener = ServerError("down", code=503), Listener()

    waited(FakeApi({A: [PROVISIONING, lost]}), on_news=listener, wait_timeout=20)

    assert [news.is_over for news in listener.news] == [False, False]

    listener = Listener()
    waited(
        FakeApi({A: [PROVISIONING, state("failed")], B: [PROVISIONING, lost]}),
        A,
        B,
        on_news=listener,
    )

    assert [news.is_over for news in listener.news] == [False, True]
    assert [watch.offer_id for watch in listener.news[-1].changed] == [A, B]


def test_where_an_offer_has_failed_the_news_is_the_last_although_another_is_still_read() -> None:
    api, listener = FakeApi({A: [PROVISIONING, state("failed")]}), Listener()
    # The second request is the first one for B.
    timing = {**api.in_fake_time(), "calls": OneNeverEnds(api, 2)}

    wait_for_offers(api, (A, B), WaitOptions(), on_news=listener, **timing)

    assert [news.changed[0].offer_id for news in listener.news] == [A, A, B]
    assert [news.is_over for news in listener.news] == [False, True, True]


def test_the_news_that_all_are_ready_is_the_last() -> None:
    listener = Listener()

    waited(FakeApi({A: [PROVISIONING, ready()]}), on_news=listener)

    assert [news.is_over for news in listener.news] == [False, True]


# Real threads


class StuckApi(FakeApi):
    """Never answers; only being left behind ends a request."""

    def __init__(self, script: dict[str, list[t.Any]], settings: FakeSettings) -> None:
        super().__init__(script, settings=settings)
        self.released = threading.Event()

    def offer_status(self, offer_id: str, timeout: float | None = None) -> dict[str, t.Any]:
        if offer_id == B:
            self.released.wait(60)
        return super().offer_status(offer_id, timeout)


def test_a_request_that_never_ends_is_left_behind_at_the_deadline() -> None:
    api = StuckApi({A: [ready()], B: [ready()]}, FakeSettings(request_timeout=60))
    began = time.monotonic()

    try:
        report = wait_for_offers(api, [A, B], WaitOptions(wait_timeout=0.5))
    finally:
        api.released.set()

    assert report.timed_out
    assert report.watches[0].is_ready(None)
    assert report.watches[1].error is not None
    assert report.watches[1].error.kind == "request_timed_out"
    assert report.watches[1].error.message == "the answer was not complete in time"
    assert report.watches[1].error.offer_id == B
    assert time.monotonic() - began < 30, "it waited for the request"


# Options


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("wait_timeout", 0),
        ("wait_timeout", float("nan")),
        ("wait_timeout", float("inf")),
        ("poll_interval", 0.9),
        ("poll_interval", -1),
        ("procurement_timeout", -1),
        ("min_instances", 0),
    ],
)
def test_a_bad_option_is_refused_by_name(option: str, value: float) -> None:
    with pytest.raises(OptionError, match=f"^{option}: "):
        WaitOptions(**{option: value})


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("wait_timeout", 0.1),
        ("poll_interval", 1),
        ("procurement_timeout", 0),
        ("min_instances", 1),
    ],
)
def test_the_least_that_an_option_may_be(option: str, value: float) -> None:
    assert getattr(WaitOptions(**{option: value}), option) == value


# Reading with more than one attempt


def test_reading_tries_again_what_may_pass() -> None:
    api = FakeApi(
        {
            A: [ServerError("down", code=503), ConnectionFailed("reset"), ready()],
            B: [NotFound("unknown", code=404), ready()],
            C: [RateLimited("slow down", code=429, retry_after=7.0), ready()],
        }
    )

    report = read_offers(api, [A, B, C], attempts=3, **api.in_fake_time())

    assert [watch.polls for watch in report.watches] == [3, 1, 2]
    assert [watch.offer is not None for watch in report.watches] == [True, False, True]
    first, second = api.times(C)
    assert second - first >= 7
    first, second, third = api.times(A)
    assert 1 <= second - first < 2 < third - second


@pytest.mark.parametrize(("retry_after", "polls"), [(0.0, 3), (31.0, 1), (1e9, 1)])
def test_reading_ends(retry_after: float, polls: int) -> None:
    error = RateLimited("slow down", code=429, retry_after=retry_after)
    api = FakeApi({A: [error] * 9})

    report = read_offers(api, [A], attempts=3, **api.in_fake_time())

    assert report.watches[0].polls == polls
    assert report.watches[0].error is error
    assert api.clock.now < 1000.0 + 30


# Each offer by itself


def test_an_independent_offer_that_fails_is_asked_no_more_and_the_others_go_on() -> None:
    failed = state("failed", failure_reason="No capacity")
    api = FakeApi({A: [PROVISIONING, failed], B: [PROVISIONING] * 3 + [ready()]})

    report = waited(api, A, B, independent=True, poll_interval=10)

    assert [watch.phase for watch in report.watches] == ["failed", "ready"]
    assert [watch.polls for watch in report.watches] == [2, 4]
    assert (report.ready, report.timed_out, report.ended_by) == (False, False, {A})


def test_independent_offers_end_when_time_is_up() -> None:
    api = FakeApi({A: [state("failed")], B: [PROVISIONING], C: [ready()]})

    report = waited(api, A, B, C, independent=True, wait_timeout=40)

    assert (report.timed_out, report.elapsed) == (True, 40.0)
    assert len(api.times(A)) == len(api.times(C)) == 1


def test_a_name_that_is_never_resolved_ends_the_wait_for_an_independent_offer_too() -> None:
    report = waited(FakeApi({A: [LOST]}), independent=True)

    assert (report.ready, report.timed_out, report.elapsed) == (False, False, 60.0)


def test_a_rejected_token_ends_the_wait_for_independent_offers_too() -> None:
    rejected = Unauthorized("no")
    api = FakeApi(
        {A: [rejected], B: [PROVISIONING], C: [rejected]}, settings=FakeSettings(concurrency=1)
    )

    report = waited(api, A, B, C, independent=True)

    assert report.elapsed == 0.0
    assert len(api.requests) == 1


def test_a_wait_that_goes_on_counts_from_its_beginning() -> None:
    api = FakeApi({A: [PROVISIONING] * 2 + [ready()]})
    watch = Watch(A, polls=7)
    began = api.clock() - 100

    report = Polling(
        api, [watch], WaitOptions(wait_timeout=120), began=began, **api.in_fake_time()
    ).run()

    assert (report.ready, watch.polls) == (False, 9)
    assert report.timed_out and report.elapsed == 120.0


def test_a_wait_that_goes_on_has_no_news_if_its_first_answers_end_it() -> None:
    listener = Listener()
    api = FakeApi({A: [ready()]})

    Polling(
        api,
        [Watch(A, answers=1)],
        WaitOptions(),
        began=api.clock() - 100,
        on_news=listener,
        **api.in_fake_time(),
    ).run()

    assert listener.told == []


def test_a_wait_that_goes_on_after_its_time_asks_once() -> None:
    late, slow = FakeApi({A: [ready()], B: [PROVISIONING]}), FakeApi({A: [ready()]})
    slow.seconds_per_request = 5

    for api, offers in ((late, (A, B)), (slow, (A,))):
        watches = [Watch(offer_id) for offer_id in offers]
        began = api.clock() - 1000
        options = WaitOptions(wait_timeout=120)
        report = Polling(
            api, watches, options, independent=True, began=began, **api.in_fake_time()
        ).run()

        assert [len(api.times(offer_id)) for offer_id in offers] == [1] * len(offers)
        assert watches[0].is_ready(None)
        assert report.ready is (offers == (A,))


def test_a_turn_returns_in_time() -> None:
    api = FakeApi({A: [PROVISIONING]})
    wait = Polling(api, [Watch(A)], WaitOptions(), **api.in_fake_time())

    assert not wait.turn(0.0)
    before = api.clock()
    assert not wait.turn(0.5)

    assert api.clock() == before + 0.5
    assert not wait.report().timed_out


def test_offers_belong_together_unless_it_is_said() -> None:
    for wait in (
        lambda api: Polling(api, [Watch(A), Watch(B)], WaitOptions(), **api.in_fake_time()).run(),
        lambda api: wait_for_offers(api, (A, B), WaitOptions(), **api.in_fake_time()),
    ):
        report = wait(FakeApi({A: [state("failed")], B: [PROVISIONING]}))

        assert (report.ended_by, report.elapsed) == ({A}, 0.0)


def test_how_long_an_offer_is_not_procured_counts_from_the_first_time() -> None:
    watch = Watch(A)
    for now in (10.0, 30.0):
        watch.note_answer(parse_offer({"offer_id": A, **state("available")}, A), now)

    assert (watch.answers, watch.not_procured_for) == (2, None)
    for now in (40.0, 60.0):
        unprocured = state("available", status="available")
        watch.note_answer(parse_offer({"offer_id": A, **unprocured}, A), now)
    assert (watch.answers, watch.not_procured_for) == (4, 20.0)
    assert watch.cannot_become_ready(20.0) and not watch.cannot_become_ready(20.1)

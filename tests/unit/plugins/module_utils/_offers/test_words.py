# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sentences about an offer that are not part of a result."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import RateLimited
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.hosts import HostOptions
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.offer import parse_offer
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.terms import (
    WaitOptions,
    WaitReport,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.watch import Watch
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.words import (
    message,
    offer_line,
    why_not_ready,
    why_too_late,
)

from ...fake_api import A, C, machine, ready, state
from ...helpers import seen


def test_the_line_about_an_offer_counts_what_it_does_not_name() -> None:
    machines = [machine(f"n{number}", status="stopped") for number in range(7)]
    document = {"offer_id": C, **state("failed", instances=machines, failure_reason="no\nroom")}

    line = offer_line(parse_offer(document, C), HostOptions(), stale=True)

    assert line.startswith(
        f"Offer {C} is failed (no room), 0 of 7 instances usable, by an old answer. Not usable: "
        "'n0' (i-n0): status is stopped, not running; "
    )
    assert line.endswith("; and 2 more")


def test_the_line_about_an_offer_that_is_ready_says_no_more_than_that() -> None:
    document = {"offer_id": C, **ready("n1"), "progress": "1/1 instances running"}

    line = offer_line(parse_offer(document, C), HostOptions(), stale=False)

    assert line == f"Offer {C} is ready, 1 of 1 instances usable"


def test_the_line_about_an_offer_shows_the_beginning_of_a_long_id() -> None:
    stopped = {**machine("n1", status="stopped"), "instance_id": "i" * 61}
    document = {"offer_id": C, **state("ready", instances=[stopped])}

    line = offer_line(parse_offer(document, C), HostOptions(), stale=False)

    assert f"Not usable: 'n1' ({'i' * 57}...): status is stopped" in line


def test_sentences_stand_in_a_row_and_the_rest_is_counted() -> None:
    ids = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(6)]
    watches = [seen(state(status="expired"), offer_id=offer_id) for offer_id in ids]
    report = WaitReport(watches, 60.0, ready=False, ended_by=frozenset(ids))

    said = message(report, WaitOptions(), waited=True)

    sentence = "Offer {} has expired; it can no longer be procured. Search for new offers."
    assert said == " ".join(
        [
            *map(sentence.format, ids[:5]),
            "(And 1 more; see offers.)",
            "Gave up after 60 s with 0 of 6 offers ready.",
        ]
    )


def test_an_offer_with_too_few_instances_names_the_limit() -> None:
    watch = seen(ready(), offer_id=C)
    report = WaitReport([watch], 60.0, ready=False, timed_out=True)

    assert why_not_ready(watch, report, WaitOptions(min_instances=3)) == (
        f"Offer {C} is ready, 1 of 1 instances usable (min_instances is 3)."
    )


def test_an_offer_that_is_not_procured_names_the_limit() -> None:
    watch = seen(state("available", status="available"), offer_id=C)
    report = WaitReport([watch], 60.0, ready=False, ended_by=frozenset([C]))

    assert why_not_ready(watch, report, WaitOptions(procurement_timeout=90)) == (
        f"Offer {C} is still not procured after 90 s. Procure it, or raise procurement_timeout."
    )


def test_progress_and_names_are_shown_up_to_a_length() -> None:
    watch = seen(
        state("ready", instances=[machine("n" * 61, status="stopped")], progress="p" * 121),
        offer_id=C,
    )
    report = WaitReport([watch], 60.0, ready=False, timed_out=True)

    said = why_not_ready(watch, report, WaitOptions())

    assert f'"{"p" * 117}..."' in said
    assert f"({'n' * 57}...: status is stopped" in said


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (state("provisioning", progress="0/2"), 'it is provisioning, "0/2".'),
        (None, "it was never read."),
        (RateLimited("the API is busy", code=429), "the API is busy."),
    ],
)
def test_an_offer_that_comes_too_late(answer: t.Any, found: str) -> None:
    watch = Watch(C)
    if isinstance(answer, Exception):
        watch.note_error(answer, 0, 15, 0.5)
    elif answer:
        watch.note_answer(parse_offer({"offer_id": C, **answer}, C), 0)

    assert why_too_late(watch, WaitOptions()) == (
        f"Offer {C} was not ready in time: {found} Raise wait_timeout if it only needs longer."
    )


def test_the_line_about_an_offer_that_comes_up_shows_its_progress() -> None:
    document = {"offer_id": C, **state("provisioning", progress="0/2")}

    line = offer_line(parse_offer(document, C), HostOptions(), stale=False)

    assert line == f"Offer {C} is provisioning (0/2), 0 of 0 instances usable"


def test_why_an_offer_failed_is_told_with_one_full_stop() -> None:
    watch = seen(state("failed", failure_reason="no room for X."), offer_id=C)
    report = WaitReport([watch], 60.0, ready=False, ended_by=frozenset([C]))

    assert why_not_ready(watch, report, WaitOptions()) == (
        f"Offer {C} failed: no room for X. Buy another offer."
    )


def test_offers_are_counted_by_the_instances_that_are_enough() -> None:
    half = state("ready", instances=[machine("a"), machine("b", status="starting")])
    watches = [seen(half, offer_id=A), seen(state("provisioning"), offer_id=C)]
    report = WaitReport(watches, 60.0, ready=False, timed_out=True)

    said = message(report, WaitOptions(min_instances=1), waited=True)

    assert said.startswith("Timed out after 60 s with 1 of 2 offers ready. ")

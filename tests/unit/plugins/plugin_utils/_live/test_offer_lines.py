# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Progress lines: one for each piece of news, none without, and a sign of life."""

from __future__ import annotations

import unicodedata

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import (
    NameNotResolved,
    NotFound,
    ServerError,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.watch import Watch
from ansible_collections.compute_desk.supply.plugins.module_utils._text import times
from ansible_collections.compute_desk.supply.plugins.plugin_utils._live.offer_lines import (
    Line,
    change_lines,
    heartbeat_line,
)
from hypothesis import given
from hypothesis import strategies as st

from ...helpers import ANY_TEXT, OFFER_ID, OTHER_ID, a_document, an_instance, seen

NAME, OTHER_NAME = OFFER_ID[:8], OTHER_ID[:8]

STARTED = a_document(procurement_status="provisioning_started", progress=None, instances=[])
ONE_OF_TWO = a_document(
    procurement_status="provisioning_in_progress",
    progress="1/2 instances running",
    instances=[an_instance(), an_instance(status="starting", external_ip=None)],
)
READY = a_document(progress=None)


def test_every_offer_that_changed_has_one_line() -> None:
    before = [seen(STARTED), seen(STARTED, offer_id=OTHER_ID)]
    after = [seen(STARTED, ONE_OF_TWO), seen(STARTED, READY, offer_id=OTHER_ID)]

    assert change_lines(before, after, 45, 900) == [
        Line(
            f"offer {NAME}: provisioning, 1 of 2 instances usable, "
            '"1/2 instances running" (0:45 elapsed, 14:15 left)'
        ),
        Line(
            f"offer {OTHER_NAME}: ready, 1 of 1 instances usable (0:45 elapsed, 14:15 left)", "good"
        ),
    ]


def test_what_is_no_news_has_no_line() -> None:
    assert change_lines([], [Watch(OFFER_ID)], 1, 900) == []
    assert change_lines([], [], 1, 900) == []
    # More requests, and details that nobody waits for.
    again = {**ONE_OF_TWO, "created_at": "2026-11-24T10:00:00Z", "resources": None}
    assert change_lines([seen(ONE_OF_TWO)], [seen(ONE_OF_TWO, again, again)], 45, 900) == []


def test_only_what_changed_has_a_line() -> None:
    before = [seen(STARTED), seen(STARTED, offer_id=OTHER_ID)]
    after = [seen(STARTED), seen(STARTED, ONE_OF_TWO, offer_id=OTHER_ID)]

    (line,) = change_lines(before, after, 45, 900)

    assert line.text.startswith(f"offer {OTHER_NAME}: ")


@pytest.mark.parametrize(
    "fields",
    [
        {"procurement_status": "provisioning"},
        {"progress": "2/2 instances running"},
        {"instances": [an_instance(), an_instance()]},
        {"status": "failed"},
    ],
)
def test_each_of_these_is_news(fields: dict[str, object]) -> None:
    after = seen(ONE_OF_TWO, {**ONE_OF_TWO, **fields})

    assert len(change_lines([seen(ONE_OF_TWO)], [after], 45, 900)) == 1


def test_the_first_answer_is_news() -> None:
    (line,) = change_lines([], [seen(STARTED)], 0.4, 900)

    assert line == Line(f"offer {NAME}: provisioning (0:00 elapsed, 15:00 left)")


@pytest.mark.parametrize(
    ("document", "state", "mood"),
    [
        (READY, "ready", "good"),
        (a_document(status="failed"), "failed (the API gives no reason), 1 of", "bad"),
        (
            a_document(status="failed", failure_reason=" no\x1b[2J\u202e\ncapacity."),
            "failed (no capacity), 1 of",
            "bad",
        ),
        (a_document(status="expired", procurement_status=None), "expired", "bad"),
        (STARTED, "provisioning", "plain"),
        (a_document(status="x", procurement_status=None), "not_procured", "plain"),
        (a_document(procurement_status="x"), "unknown (procurement_status 'x')", "plain"),
    ],
)
def test_the_mood_of_a_phase(document: dict[str, object], state: str, mood: str) -> None:
    (line,) = change_lines([], [seen(document)], 1, 900)

    assert line.text.startswith(f"offer {NAME}: {state}")
    assert line.mood == mood


def test_an_error_that_passes_says_that_it_is_asked_again() -> None:
    unavailable = ServerError("the API is unavailable (503)", code=503)

    (line,) = change_lines([seen(STARTED)], [seen(STARTED, unavailable)], 15, 900)

    assert line == Line(
        f"offer {NAME}: provisioning; the API is unavailable (503), asking again "
        "(0:15 elapsed, 14:45 left)",
        "warning",
    )


def test_an_error_that_passes_is_not_asked_about_again_when_the_wait_is_over() -> None:
    lost = NameNotResolved("the host name in api_url, x.invalid, cannot be resolved: unknown")

    (line,) = change_lines([Watch(OFFER_ID)], [seen(lost)], 60, 900, is_over=True)

    assert line == Line(
        f"offer {NAME}: not read yet; the host name in api_url, x.invalid, cannot be resolved: "
        "unknown (1:00 elapsed, 14:00 left)",
        "bad",
    )


def test_each_error_that_passes_is_news_and_so_is_its_end() -> None:
    unavailable = ServerError("the API is unavailable (503)", code=503)
    once = [seen(STARTED, unavailable)]
    twice = [seen(STARTED, unavailable, unavailable)]

    assert len(change_lines(once, twice, 30, 900)) == 1
    (line,) = change_lines(twice, [seen(STARTED, unavailable, unavailable, STARTED)], 45, 900)
    assert line.mood == "plain"
    assert "503" not in line.text


def test_an_error_that_stays_is_bad() -> None:
    unknown = NotFound("the API does not know this offer (404)", code=404)

    (line,) = change_lines([], [seen(unknown)], 0, 900)

    assert line == Line(
        f"offer {NAME}: not read yet; the API does not know this offer (404) "
        "(0:00 elapsed, 15:00 left)",
        "bad",
    )


def test_news_survive_the_way_to_another_process() -> None:
    watch = seen(STARTED, ServerError("the API is unavailable (503)", code=503))

    assert change_lines([Watch.from_state(watch.to_state())], [watch], 15, 900) == []


def test_the_heartbeat_names_three_offers_and_counts_the_rest() -> None:
    watches = [seen(ONE_OF_TWO, offer_id=f"{n}" + OFFER_ID[1:]) for n in range(5)]

    assert heartbeat_line(watches, None, 60, 900).text == (
        "still waiting for "
        + "".join(
            f'{n}{NAME[1:]} provisioning, 1 of 2 instances usable, "1/2 instances running"; '
            for n in range(3)
        )
        + "and 2 more (1:00 elapsed, 14:00 left)"
    )
    assert "more" not in heartbeat_line(watches[:3], None, 60, 900).text


def test_the_heartbeat_leaves_out_what_is_ready() -> None:
    half = {**ONE_OF_TWO, "procurement_status": "ready"}
    watches = [seen(READY), seen(half, offer_id=OTHER_ID)]

    assert f"waiting for {OTHER_NAME} ready, 1 of 2" in heartbeat_line(watches, None, 9, 99).text
    assert heartbeat_line(watches, 1, 9, 99).text.startswith("still waiting (")


def test_ids_that_begin_alike_are_shown_whole() -> None:
    like_it, other = OFFER_ID[:-1] + "5", OTHER_ID
    watches = [seen(STARTED, offer_id=offer_id) for offer_id in (OFFER_ID, like_it, other)]

    names = [line.text.split(":")[0] for line in change_lines([], watches, 1, 900)]
    beat = heartbeat_line(watches, None, 1, 900).text

    assert names == [f"offer {OFFER_ID}", f"offer {like_it}", f"offer {OTHER_NAME}"]
    assert f"{like_it} provisioning; {OTHER_NAME} provisioning" in beat
    # What is known of the whole task counts, not only what has changed.
    assert f"offer {like_it}: " in change_lines(watches[:1], watches[:2], 1, 900)[0].text


def test_the_heartbeat_before_anything_is_known() -> None:
    assert heartbeat_line([], None, 60, 900) == Line("still waiting (1:00 elapsed, 14:00 left)")
    assert heartbeat_line([Watch(OFFER_ID)], None, 60, None) == Line(
        f"still waiting for {NAME} not read yet (1:00 elapsed)"
    )


@pytest.mark.parametrize(
    ("elapsed", "wait_timeout", "text"),
    [
        (0, 900, "(0:00 elapsed, 15:00 left)"),
        (3700, 7200, "(1:01:40 elapsed, 58:20 left)"),
        (905, 900, "(15:05 elapsed, 0:00 left)"),
        (45, None, "(0:45 elapsed)"),
    ],
)
def test_times(elapsed: float, wait_timeout: float | None, text: str) -> None:
    assert times(elapsed, wait_timeout) == text


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, st.sampled_from(["procured", "failed"]))
def test_a_line_stays_one_line(
    progress: str, procurement_status: str, failure_reason: str, status: str
) -> None:
    watch = seen(
        a_document(
            status=status,
            progress=progress,
            procurement_status=procurement_status,
            failure_reason=failure_reason,
        )
    )

    for line in (*change_lines([], [watch], 1, 900), heartbeat_line([watch], None, 1, 900)):
        assert not [c for c in line.text if unicodedata.category(c)[0] == "C"]

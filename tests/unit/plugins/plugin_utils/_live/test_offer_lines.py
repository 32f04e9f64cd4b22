# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Progress lines: one for each piece of news, none without, and a sign of life."""

from __future__ import annotations

import typing as t
import unicodedata

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import (
    NameNotResolved,
    NotFound,
    ServerError,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.news import News
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.watch import Watch
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


def lines_of(
    *watches: Watch, elapsed: float = 45, among: t.Sequence[Watch] = (), is_over: bool = False
) -> list[Line]:
    """Return the lines for these offers; ``among`` are all that the wait has."""
    news = News(list(watches), [*watches, *among], elapsed, is_over)
    return change_lines(news, 900)


def test_every_offer_that_changed_has_one_line() -> None:
    lines = lines_of(seen(STARTED, ONE_OF_TWO), seen(STARTED, READY, offer_id=OTHER_ID))

    assert lines == [
        Line(
            f"offer {NAME}: provisioning, 1 of 2 instances usable, "
            '"1/2 instances running" (0:45 elapsed, 14:15 left)'
        ),
        Line(
            f"offer {OTHER_NAME}: ready, 1 of 1 instances usable (0:45 elapsed, 14:15 left)", "good"
        ),
    ]


def test_what_is_no_news_does_not_change_the_signature() -> None:
    # More requests, and details that nobody waits for.
    again = {**ONE_OF_TWO, "created_at": "2026-11-24T10:00:00Z", "resources": None}

    assert seen(ONE_OF_TWO, again, again).signature() == seen(ONE_OF_TWO).signature()


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

    assert after.signature() != seen(ONE_OF_TWO).signature()


def test_a_line_begins_with_the_offer() -> None:
    (line,) = lines_of(seen(STARTED), elapsed=0.4)

    assert line == Line(f"offer {NAME}: provisioning (0:00 elapsed, 15:00 left)")


@pytest.mark.parametrize(
    ("document", "state", "level"),
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
def test_the_level_of_a_phase(document: dict[str, object], state: str, level: str) -> None:
    (line,) = lines_of(seen(document))

    assert line.text.startswith(f"offer {NAME}: {state}")
    assert line.level == level


def test_an_error_that_passes_says_that_it_is_asked_again() -> None:
    unavailable = ServerError("the API is unavailable (503)", code=503)

    (line,) = lines_of(seen(STARTED, unavailable), elapsed=15)

    assert line == Line(
        f"offer {NAME}: provisioning; the API is unavailable (503), asking again "
        "(0:15 elapsed, 14:45 left)",
        "warning",
    )


def test_an_error_that_passes_is_not_asked_about_again_when_the_wait_is_over() -> None:
    lost = NameNotResolved("the host name in api_url, x.invalid, cannot be resolved: unknown")

    (line,) = lines_of(seen(lost), elapsed=60, is_over=True)

    assert line == Line(
        f"offer {NAME}: not read yet; the host name in api_url, x.invalid, cannot be resolved: "
        "unknown (1:00 elapsed, 14:00 left)",
        "bad",
    )


def test_each_error_that_passes_is_news_and_so_is_its_end() -> None:
    unavailable = ServerError("the API is unavailable (503)", code=503)
    once, twice = seen(STARTED, unavailable), seen(STARTED, unavailable, unavailable)
    over = seen(STARTED, unavailable, unavailable, STARTED)

    assert len({once.signature(), twice.signature(), over.signature()}) == 3
    (line,) = lines_of(over)
    assert line.level == "plain"
    assert "503" not in line.text


def test_an_error_that_stays_is_bad() -> None:
    unknown = NotFound("the API does not know this offer (404)", code=404)

    (line,) = lines_of(seen(unknown), elapsed=0)

    assert line == Line(
        f"offer {NAME}: not read yet; the API does not know this offer (404) "
        "(0:00 elapsed, 15:00 left)",
        "bad",
    )


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

    names = [line.text.split(":")[0] for line in lines_of(*watches)]
    beat = heartbeat_line(watches, None, 1, 900).text

    assert names == [f"offer {OFFER_ID}", f"offer {like_it}", f"offer {OTHER_NAME}"]
    assert f"{like_it} provisioning; {OTHER_NAME} provisioning" in beat
    # What is known of the whole task counts, not only what has changed.
    assert f"offer {like_it}: " in lines_of(watches[1], among=watches[:1])[0].text


def test_the_heartbeat_before_anything_is_known() -> None:
    assert heartbeat_line([], None, 60, 900) == Line("still waiting (1:00 elapsed, 14:00 left)")
    assert heartbeat_line([Watch(OFFER_ID)], None, 60, None) == Line(
        f"still waiting for {NAME} not read yet (1:00 elapsed)"
    )


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

    for line in (*lines_of(watch), heartbeat_line([watch], None, 1, 900)):
        assert not [c for c in line.text if unicodedata.category(c)[0] == "C"]

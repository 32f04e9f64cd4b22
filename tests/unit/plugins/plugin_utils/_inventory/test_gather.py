# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The offers of a source: fresh, stored or stale, and an error when they are not all there."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import (
    NotFound,
    ServerError,
    Unauthorized,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.hosts import HostOptions
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.offer import parse_offer
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory.gather import (
    Gathered,
    GatherOptions,
    SourceUnreadable,
    gather,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory.stored import (
    StoredOffer,
)

from ...fake_api import A, B, FakeApi, machine, ready, state

NOW = 1795516178.0
GONE = NotFound("the API does not know this offer (404)", code=404)


def stored(offer_id: str, document: dict[str, t.Any], age: float) -> dict[str, StoredOffer]:
    offer = parse_offer({"offer_id": offer_id, **document}, offer_id)
    return {offer_id: StoredOffer(offer, NOW - age)}


def gathered(
    api: FakeApi, known: dict[str, StoredOffer] | None = None, **options: t.Any
) -> Gathered:
    is_settled = HostOptions().is_settled
    return gather(api, [A, B], GatherOptions(**options), is_settled, known or {}, NOW)


def test_offers_come_in_the_order_asked_for_and_are_kept() -> None:
    api = FakeApi({B: [ready()], A: [state("pending")]})

    result = gathered(api)

    assert [offer.offer_id for offer in result.offers] == [A, B]
    assert [(one.offer.offer_id, one.fetched_at) for one in result.stored] == [(A, NOW), (B, NOW)]
    assert result.stale == set() and result.warnings == []


def test_what_is_settled_and_young_is_not_asked_for() -> None:
    api = FakeApi({B: [ready()]})

    result = gathered(api, stored(A, ready("old"), 30), fresh_for=60)

    assert [offer_id for offer_id, _at in api.requests] == [B]
    assert result.offers[0].instances[0].instance_name == "old"
    # Its age is that of its answer, and not of this run.
    assert result.stored[0].fetched_at == NOW - 30


@pytest.mark.parametrize(
    ("document", "age", "fresh_for"),
    [
        (ready(), 61, 60),
        (ready(), -5, 60),
        (ready(), 0, None),
        (state("pending"), 0, 60),
        (state("ready", instances=[machine("a"), machine("b", ip=None)]), 0, 60),
        (state("ready", instances=[]), 0, 60),
    ],
)
def test_everything_else_is_asked_for(
    document: dict[str, t.Any], age: float, fresh_for: float | None
) -> None:
    api = FakeApi({A: [ready("new")], B: [ready()]})

    result = gathered(api, stored(A, document, age), fresh_for=fresh_for)

    assert [i.instance_name for i in result.offers[0].instances] == ["new"]


def test_all_failures_are_told_in_one_line() -> None:
    unknown = "the API does not know this offer (404). Check the offer ID"
    api = FakeApi({A: [GONE], B: [GONE]})

    with pytest.raises(SourceUnreadable) as caught:
        gathered(api)

    said = str(caught.value)
    assert said.startswith(
        "no host is taken from this source, because 2 of its 2 offers could not be read. "
        f"Offer {A}: {unknown}"
    )
    assert f". Offer {B}: {unknown}" in said


def test_a_source_of_one_offer_does_not_count() -> None:
    is_settled = HostOptions().is_settled

    with pytest.raises(SourceUnreadable, match=r"because its offer could not be read\. Offer"):
        gather(FakeApi({A: [GONE]}), [A], GatherOptions(), is_settled, {}, NOW)


def test_all_or_nothing() -> None:
    api = FakeApi({A: [ready()], B: [GONE]})

    with pytest.raises(SourceUnreadable) as caught:
        gathered(api, stored(B, ready(), 10))

    said = str(caught.value)
    assert "because 1 of its 2 offers could not be read" in said
    assert f"Offer {B}: the API does not know this offer (404). Check the offer ID" in said


def test_a_dead_token_is_told_for_every_offer() -> None:
    api = FakeApi({A: [Unauthorized("the API rejected the token (401)", code=401)], B: [ready()]})
    api.settings.concurrency = 1

    with pytest.raises(SourceUnreadable) as caught:
        gathered(api)

    said = str(caught.value)
    assert "2 of its 2 offers" in said
    assert f" Offer {B}: not asked, because the API rejected the token. {Unauthorized.hint}" in said


def test_skipping_leaves_an_offer_out_and_keeps_its_old_answer() -> None:
    api = FakeApi({A: [GONE], B: [ready()]})
    known = stored(A, ready("old"), 10)

    result = gathered(api, known, on_error="skip")

    assert [offer.offer_id for offer in result.offers] == [B]
    assert result.warnings[0].endswith("Its machines are left out.")
    assert result.stored[0] == known[A]


def test_an_old_answer_instead_of_an_error() -> None:
    api = FakeApi({A: [GONE], B: [ready()]})

    result = gathered(api, stored(A, ready("old"), 90), on_error="stale", stale_max_age=100)

    assert result.stale == {A}
    assert result.offers[0].instances[0].instance_name == "old"
    assert "an answer that is 1:30 old" in result.warnings[0]


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({}, f"{A}: the API does not.* There is no stored answer to use instead[.]$"),
        (
            stored(A, ready(), 101),
            f"{A}: the API does not.* The stored answer is older than stale_max_age[.]$",
        ),
        (
            stored(A, ready(), -1),
            f"{A}: the API does not.* The stored answer is from the future by this machine's clock",
        ),
    ],
)
def test_no_old_answer_is_an_error(known: dict[str, StoredOffer], why: str) -> None:
    api = FakeApi({A: [GONE], B: [ready()]})

    with pytest.raises(SourceUnreadable, match=why):
        gathered(api, known, on_error="stale", stale_max_age=100)


def test_an_offer_that_was_asked_for_several_times_says_so() -> None:
    busy = ServerError("the API is busy (503)", code=503)
    api = FakeApi({A: [busy], B: [GONE]})

    first, second = gathered(api, on_error="skip").warnings

    assert first.endswith(
        f"{busy.hint} Asked {len(api.times(A))} times. Its machines are left out."
    )
    assert len(api.times(A)) > 1
    assert "Asked" not in second
    (twice,) = gathered(FakeApi({A: [busy, GONE], B: [ready()]}), on_error="skip").warnings
    assert twice.endswith(f"{GONE.hint} Asked 2 times. Its machines are left out.")

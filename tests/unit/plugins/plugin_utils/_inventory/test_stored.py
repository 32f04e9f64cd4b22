# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stored answers: what goes into an entry comes out again, and nothing else does."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.offer import parse_offer
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory.stored import (
    SCHEMA,
    ForeignEntry,
    StoredOffer,
    entry_key,
    from_entry,
    to_entry,
)
from hypothesis import given

from ...helpers import ANY_JSON, ANY_TEXT, OFFER_ID, OTHER_ID, a_document, an_instance

URL = "https://api.example.com"


@given(ANY_TEXT, ANY_TEXT)
def test_what_is_stored_comes_back_the_same(zone: str, progress: str) -> None:
    document = a_document(instances=[an_instance(zone=zone)], progress=progress)
    stored = StoredOffer(parse_offer(document, OFFER_ID), 1795516178.25)

    entry = json.loads(json.dumps(to_entry([stored])))

    assert from_entry(entry) == {OFFER_ID: stored}


def test_only_what_is_known_of_the_api_is_stored() -> None:
    document = a_document(secret="x", instances=[an_instance(password="y")])

    text = json.dumps(to_entry([StoredOffer(parse_offer(document, OFFER_ID), 1.0)]))

    assert "secret" not in text and "password" not in text


@given(ANY_JSON)
def test_anything_else_is_a_foreign_entry(entry: t.Any) -> None:
    with pytest.raises(ForeignEntry):
        from_entry(entry)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": SCHEMA + 1},
        {"offers": {OTHER_ID: {"fetched_at": 1, "document": a_document()}}},
        {"offers": {OFFER_ID: {"fetched_at": "yesterday", "document": a_document()}}},
        {"offers": {OFFER_ID: {"fetched_at": 1, "document": a_document(status=7)}}},
        {"offers": [OFFER_ID]},
    ],
)
def test_an_entry_that_is_nearly_right_is_foreign(change: dict[str, t.Any]) -> None:
    stored = StoredOffer(parse_offer(a_document(), OFFER_ID), 1.0)

    with pytest.raises(ForeignEntry):
        from_entry({**to_entry([stored]), **change})


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"schema": SCHEMA + 1, "offers": {}}, "^it has another schema$"),
        ({"schema": SCHEMA, "offers": {OFFER_ID: {"document": []}}}, "the answer is an array"),
    ],
)
def test_it_is_said_why_an_entry_is_foreign(entry: dict[str, t.Any], said: str) -> None:
    with pytest.raises(ForeignEntry, match=said):
        from_entry(entry)


def test_the_key_is_the_same_for_the_same_source_only() -> None:
    key = entry_key(URL, [OFFER_ID, OTHER_ID], "token")

    assert key == entry_key(URL, [OTHER_ID, OFFER_ID], "token")
    assert key.replace("_", "").isalnum() and "token" not in key
    others = [
        entry_key(URL, [OFFER_ID], "token"),
        entry_key(URL, [OFFER_ID, OTHER_ID], "another"),
        entry_key(URL + "/v2", [OFFER_ID, OTHER_ID], "token"),
    ]
    assert len({key, *others}) == 4


def test_the_key_stays_the_same_from_release_to_release_as_the_schema_does() -> None:
    assert SCHEMA == 1
    assert entry_key(URL, [OFFER_ID, OTHER_ID], "token") == (
        "compute_desk_supply_instances_26dbeebdf4d218f48d41d32258c7d361"
    )


@pytest.mark.parametrize(
    ("age", "limit", "young"),
    [(0, 0, True), (60, 60, True), (61, 60, False), (-1, 60, False), (1e9, float("inf"), True)],
)
def test_age(age: float, limit: float, young: bool) -> None:
    stored = StoredOffer(parse_offer(a_document(), OFFER_ID), 1e9)

    assert stored.is_younger_than(limit, 1e9 + age) is young

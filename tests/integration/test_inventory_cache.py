# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the inventory plugin keeps, for whom, and when it asks again."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from simulator import Simulator
from support.workspace import Workspace

from .offers import A, B
from .paper_machines import NAME_A, NAME_B, OFFER_A, one_machine
from .sources import FILE_CACHE, Case, batch, listing

Simulate = t.Callable[..., Simulator]


def entries(workspace: Workspace) -> list[Path]:
    return sorted((workspace.folder / "cache").iterdir())


def asked(simulator: Simulator) -> int:
    return len(simulator.requests())


def two_steps(offer_id: str, first: dict[str, t.Any], **then: t.Any) -> dict[str, t.Any]:
    """Return an offer that begins with this entry, and is ready at second 60."""
    ready = one_machine(offer_id, **then)["timeline"][0]
    return {**one_machine(offer_id), "timeline": [{"at": 0, **first}, {**ready, "at": 60}]}


def test_a_hit_asks_nobody_and_reads_the_same(workspace: Workspace, simulate: Simulate) -> None:
    odd = one_machine(B, zone="{{ 6 * 7 }}", instance_name="ü\ud800\n")
    simulator = simulate(one_machine(A), odd)

    fresh = listing(workspace, simulator, FILE_CACHE)
    again = listing(workspace, simulator, FILE_CACHE)

    assert asked(simulator) == 2
    assert fresh.code == 0 and fresh.text == again.text
    (entry,) = entries(workspace)
    stored = entry.read_text()
    assert simulator.token not in stored and simulator.token not in entry.name
    # Nothing but what is known of the API.
    document = next(iter(_parsed(stored)["offers"].values()))["document"]
    assert set(document) == {
        "offer_id",
        "status",
        "created_at",
        "procurement_status",
        "progress",
        "failure_reason",
        "procured_at",
        "instances",
        "resources",
    }


def _parsed(stored: str) -> dict[str, t.Any]:
    """Return an entry; from ansible-core 2.19 on it is wrapped in what Ansible has to know."""
    data: dict[str, t.Any] = json.loads(stored)
    return (data.get("__payload__") and json.loads(data["__payload__"])) or data


@pytest.mark.slow
def test_flushing_asks_again_and_keeps_what_it_learned(
    workspace: Workspace, simulate: Simulate
) -> None:
    first = one_machine(A, zone="old")["timeline"][0]
    simulator = simulate(two_steps(A, first, zone="new"), speed=1e-6)
    old, new = "compute_desk_zone_old", "compute_desk_zone_new"

    assert listing(workspace, simulator, FILE_CACHE).group(old) == [NAME_A]
    simulator.jump(60)
    assert listing(workspace, simulator, FILE_CACHE).group(old) == [NAME_A]
    # Not with ansible-inventory, which has no --flush-cache on every ansible-core.
    (flushed,) = batch(workspace, simulator, [Case(FILE_CACHE, flush=True)])
    assert flushed.groups[new] == [NAME_A]
    assert asked(simulator) == 2
    assert listing(workspace, simulator, FILE_CACHE).group(new) == [NAME_A]
    assert asked(simulator) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "first",
    [
        {"status": "procured", "procurement_status": "provisioning_in_progress"},
        {
            "status": "procured",
            "procurement_status": "ready",
            "instances": {"m0": {"status": "running", "external_ip": None}},
        },
    ],
)
def test_what_will_change_is_asked_again(
    workspace: Workspace, simulate: Simulate, first: dict[str, t.Any]
) -> None:
    simulator = simulate(two_steps(A, first), one_machine(B), speed=1e-6)

    before = listing(workspace, simulator, FILE_CACHE)
    simulator.jump(60)
    after = listing(workspace, simulator, FILE_CACHE)

    assert list(before.hosts) == [NAME_B]
    assert list(after.hosts) == [NAME_A, NAME_B]
    # The offer that was ready is served from the cache.
    assert [r["offer_id"] for r in simulator.requests()].count(B) == 1


@pytest.mark.slow
def test_entries_do_not_mix(workspace: Workspace, simulate: Simulate) -> None:
    tokens = [{"token": "first"}, {"token": "second"}]
    simulator = simulate(one_machine(A), one_machine(B), tokens=tokens)
    other = simulate(one_machine(A, name="other"), tokens=tokens)
    cases = [
        Case(FILE_CACHE),
        Case(FILE_CACHE, {"COMPUTE_DESK_API_TOKEN": "second"}),
        Case(FILE_CACHE, {"COMPUTE_DESK_OFFER_IDS": A}),
        Case(FILE_CACHE, {"COMPUTE_DESK_API_URL": other.url, "COMPUTE_DESK_OFFER_IDS": A}),
    ]

    loaded = [set(one.hosts) for one in batch(workspace, simulator, cases)]

    assert loaded == [{NAME_A, NAME_B}, {NAME_A, NAME_B}, {NAME_A}, {"other-aaaaaaaa"}]
    assert len(entries(workspace)) == 4 and asked(simulator) == 5
    # In another order they are the same offers.
    config = {**FILE_CACHE, "offer_ids": [B, A]}
    assert listing(workspace, simulator, config).group("compute_desk")
    assert len(entries(workspace)) == 4 and asked(simulator) == 5


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage",
    ["{", "[]", '{"schema": 99, "offers": {}}', '{"schema": 1, "offers": {"x": 1}}', "", "\0"],
)
def test_a_damaged_entry_is_replaced(workspace: Workspace, simulate: Simulate, damage: str) -> None:
    simulator = simulate(one_machine(A))
    listing(workspace, simulator, FILE_CACHE)
    (entry,) = entries(workspace)
    if "schema" in damage and "__payload__" in entry.read_text():
        damage = json.dumps({"__payload__": damage})
    entry.write_text(damage)

    listed = listing(workspace, simulator, FILE_CACHE)

    assert list(listed.hosts) == [NAME_A] and listed.group(OFFER_A)
    assert listed.says("stored answers are damaged and will be replaced")
    assert "Traceback" not in listed.output
    again = listing(workspace, simulator, FILE_CACHE)
    assert again.text == listed.text and "WARNING" not in again.output
    assert asked(simulator) == 2


@pytest.mark.slow
def test_an_old_answer_is_not_served_for_ever(workspace: Workspace, simulate: Simulate) -> None:
    fault = {"kind": "status", "code": 404, "requests": list(range(2, 9))}
    simulator = simulate({**one_machine(A), "faults": [fault]})
    listing(workspace, simulator, FILE_CACHE)
    (entry,) = entries(workspace)
    text = entry.read_text()
    stored = _parsed(text)["offers"][A]["fetched_at"]
    stale = {**FILE_CACHE, "on_error": "stale", "cache_timeout": 60, "stale_max_age": 3600}

    def served(age: float) -> t.Any:
        entry.write_text(text.replace(str(stored), str(stored - age)))
        return listing(workspace, simulator, stale)

    assert served(0).hosts[NAME_A]["compute_desk_stale"] is False
    assert served(1800).hosts[NAME_A]["compute_desk_stale"] is True
    # One from the future is of no known age.
    for age, problem in ((7200, "is older than stale_max_age"), (-7200, "is from the future")):
        refused = served(age)
        assert refused.code != 0
        assert refused.says(f"The stored answer {problem}")

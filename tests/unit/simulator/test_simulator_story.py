# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the API says at a second, and when a machine listens."""

from __future__ import annotations

import typing as t

from hypothesis import given
from hypothesis import strategies as st
from simulator.contract import OfferStatusResponse
from simulator.model import OfferScript, Ssh
from simulator.story import (
    GONE,
    Address,
    Stretch,
    body_at,
    listening_stretches,
    machine_events,
    running_stretches,
    state_at,
)

OFFER = "11111111-1111-4111-8111-111111111111"
ADDRESS = Address("127.1.2.3", 40123, "root")


def script(*timeline: dict[str, t.Any], **machine: t.Any) -> OfferScript:
    identity = {"instance_id": "i-1", "instance_name": "n-1"} | machine
    data = {"offer_id": OFFER, "instances": {"a": identity}, "timeline": list(timeline)}
    return OfferScript.model_validate(data)


def body(offer: OfferScript, now: float = 0.0) -> t.Any:
    return body_at(offer, now, {"a": ADDRESS})


def test_before_the_first_entry() -> None:
    assert body(script()) == {
        "offer_id": OFFER,
        "status": "available",
        "procurement_status": None,
        "instances": [],
        "resources": [],
        "progress": None,
        "failure_reason": None,
        "created_at": "2026-11-24T09:00:00Z",
        "procured_at": None,
    }


def test_each_entry_overrides_what_it_names() -> None:
    offer = script(
        {"at": 0, "status": "procured", "progress": "0/1"},
        {"at": 4, "progress": None, "instances": {"a": {"status": "starting", "zone": "z"}}},
        {"at": 8, "procurement_status": "ready", "instances": {"a": {"status": "RUNNING"}}},
    )
    assert body(offer, 3.9)["progress"] == "0/1" and body(offer, 3.9)["instances"] == []
    assert body(offer, 4)["progress"] is None and body(offer, 4)["status"] == "procured"
    assert body(offer, 7)["instances"][0] == {
        "instance_id": "i-1",
        "instance_name": "n-1",
        "zone": "z",
        "external_ip": None,
        "internal_ip": None,
        "status": "starting",
        "ssh_command": None,
    }
    instance = body(offer, 99)["instances"][0]
    assert (instance["zone"], instance["external_ip"]) == ("z", "127.1.2.3")
    assert instance["ssh_command"] == "ssh -p 40123 root@127.1.2.3"


def test_procured_at_is_when_it_was_procured() -> None:
    offer = script({"at": 0}, {"at": 61, "status": "procured"}, {"at": 70, "status": "failed"})
    assert body(offer, 60)["procured_at"] is None
    assert body(offer, 99)["procured_at"] == "2026-11-24T09:01:01Z"


def test_an_address_goes_with_the_machine_unless_the_timeline_lies() -> None:
    gone = script(
        {"at": 0, "instances": {"a": {"status": "running"}}},
        {"at": 1, "instances": {"a": {"status": "Preempted"}}},
    )
    assert body(gone, 1)["instances"][0]["external_ip"] is None
    lie = script({"at": 0, "instances": {"a": {"status": "running", "external_ip": "-oX=1"}}})
    assert body(lie)["instances"][0]["external_ip"] == "-oX=1"
    null = script({"at": 0, "instances": {"a": {"status": "running", "ssh_command": None}}})
    assert body(null)["instances"][0]["ssh_command"] is None


def test_hostile_bodies() -> None:
    offer = script(
        {"at": 0, "status": 7, "offer_id": "other", "without": ["created_at"], "extra": {"x": [1]}},
        {"at": 1, "raw": None},
        {"at": 2, "instances": "many"},
        {"at": 3, "instances": {"a": {"raw": [1, "two"]}}, "without": [], "extra": {}},
        {"at": 4, "instances": {"a": {"status": {"deep": None}, "without": ["zone"]}}},
        {"at": 5, "instances": {"a": None}},
    )
    assert body(offer)["status"] == 7 and body(offer)["offer_id"] == "other"
    assert "created_at" not in body(offer) and body(offer)["x"] == [1]
    assert body(offer, 1) is None
    assert body(offer, 2)["instances"] == "many" and body(offer, 2)["x"] == [1]
    assert body(offer, 3)["instances"] == [[1, "two"]] and "x" not in body(offer, 3)
    instance = body(offer, 4)["instances"][0]
    assert instance["status"] == {"deep": None} and "zone" not in instance
    assert body(offer, 5)["instances"] == []


def test_no_machine_no_address() -> None:
    offer = script({"at": 0, "instances": {"a": {"status": "running"}}}, ssh=None)
    assert body_at(offer, 0, {})["instances"][0]["external_ip"] is None


FIELDS = st.sampled_from(["status", "procurement_status", "progress", "failure_reason"])
CHANGES = st.dictionaries(FIELDS, st.none() | st.text(max_size=5), max_size=4)
STATUSES = st.sampled_from(["starting", "running", "RUNNING", "updating", *GONE])


@given(st.lists(CHANGES, max_size=6), st.floats(0, 7))
def test_the_state_is_the_last_word_on_each_field(
    changes: list[dict[str, t.Any]], now: float
) -> None:
    offer = script(*({"at": second} | change for second, change in enumerate(changes)))
    expected: dict[str, t.Any] = {}
    for second, change in enumerate(changes):
        if second <= now:
            expected |= change
    assert state_at(offer, now).fields == expected


@given(st.lists(STATUSES, max_size=8), st.floats(0, 9))
def test_what_the_timeline_does_not_break_keeps_the_contract(
    statuses: list[str], now: float
) -> None:
    offer = script(
        *({"at": s, "instances": {"a": {"status": status}}} for s, status in enumerate(statuses))
    )
    OfferStatusResponse.model_validate(body(offer, now))


@given(st.lists(STATUSES, max_size=8), st.floats(0, 9))
def test_a_machine_runs_exactly_while_the_api_gives_its_address(
    statuses: list[str], now: float
) -> None:
    offer = script(
        *({"at": s, "instances": {"a": {"status": status}}} for s, status in enumerate(statuses))
    )
    runs = any(
        s.begin <= now and (s.end is None or now < s.end) for s in running_stretches(offer, "a")
    )
    instances = body(offer, now)["instances"]
    assert runs == bool(instances and instances[0]["external_ip"])


SECONDS = st.integers(0, 20)
PAIRS = st.tuples(SECONDS, SECONDS).filter(lambda pair: pair[0] < pair[1])


@given(SECONDS, st.lists(PAIRS, max_size=4), st.none() | st.integers(1, 30), st.integers(0, 40))
def test_sshd_listens_late_not_in_outages_and_not_longer_than_the_machine(
    up_after: int, outages: list[tuple[int, int]], length: int | None, second: int
) -> None:
    ssh = Ssh(up_after=up_after, down_between=outages)
    begin = 5
    running = Stretch(begin, None if length is None else begin + length)
    listens = [
        s
        for s in listening_stretches(running, ssh)
        if s.begin <= second and (s.end is None or second < s.end)
    ]
    age = second - begin
    out = any(off <= age < on for off, on in outages)
    expected = age >= up_after and not out and (length is None or age < length)
    assert len(listens) == expected


def test_events_in_order() -> None:
    offer = script(
        {"at": 2, "instances": {"a": {"status": "running"}}},
        {"at": 9, "instances": {"a": {"status": "stopped"}}},
    )
    ssh = Ssh(up_after=1, down_between=[(3, 4)], host_key="changes", host_key_changes_after=4)
    assert [(e.at, e.action) for e in machine_events(offer, "a", ssh)] == [
        (2, "boot"),
        (3, "listen"),
        (5, "silence"),
        (6, "rekey"),
        (6, "listen"),
        (9, "silence"),
        (9, "power_off"),
    ]
    assert listening_stretches(Stretch(0, None), Ssh(behaviour="refuse")) == []

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module and its action plugin in real playbooks: how a wait goes, and how it ends."""

from __future__ import annotations

import itertools
import json
import threading
import time
import typing as t

import pytest
from simulator import Simulator
from support.workspace import Workspace, last_lines

from .conftest import Played, offer_status
from .offers import A, B, C, D, offer, provisioning, ready

Play = t.Callable[..., Played]
Simulate = t.Callable[..., Simulator]


def request_times(simulator: Simulator, offer_id: str) -> list[float]:
    return [entry["at"] for entry in simulator.requests() if entry["offer_id"] == offer_id]


def test_three_offers_with_different_timelines_are_one_wait(play: Play, simulate: Simulate) -> None:
    simulator = simulate(
        offer(A, provisioning(), ready(5)),
        offer(
            B,
            {"at": 0, "status": "procured", "procurement_status": None},
            {"at": 2, "procurement_status": "provisioning"},
            ready(4, procurement_status="READY"),
        ),
        offer(C, ready()),
    )

    played = play(
        offer_status(C, A, B, wait=True, wait_timeout=60, poll_interval=2), simulator=simulator
    )

    result = played.result
    assert played.code == 0, last_lines(played.output)
    assert (result["ready"], result["timed_out"], result["changed"]) == (True, False, False)
    assert [entry["offer_id"] for entry in result["offers"]] == [C, A, B]
    assert [host["compute_desk_offer_id"] for host in result["hosts"]] == [C, A, B]
    assert [host["ansible_host"] for host in result["hosts"]] == ["203.0.113.7"] * 3
    for entry in result["offers"]:
        times = request_times(simulator, entry["offer_id"])
        assert len(times) == entry["polls"]
        # On a busy machine the API sees two requests closer together than they were sent.
        assert all(b - a > 1.0 for a, b in itertools.pairwise(times)), times
    assert len(request_times(simulator, C)) == 1
    phases = [entry["phase"] for entry in result["offers"][2]["transitions"]]
    assert phases == ["provisioning"] * (len(phases) - 1) + ["ready"]


def test_without_wait_an_offer_that_failed_or_expired_is_data(
    play: Play, simulate: Simulate
) -> None:
    simulator = simulate(
        offer(A, {"at": 0, "status": "failed", "failure_reason": "no capacity"}),
        offer(B, {"at": 0, "status": "expired", "procurement_status": "available"}),
        offer(C, {"at": 0, "status": "available", "procurement_status": None}),
        offer(D, ready()),
    )

    result = play(offer_status(A, B, C, D), simulator=simulator).result

    assert not result["failed"]
    assert [entry["phase"] for entry in result["offers"]] == [
        "failed",
        "expired",
        "not_procured",
        "ready",
    ]
    assert result["offers"][0]["failure_reason"] == "no capacity"
    assert not result["ready"]
    assert [host["compute_desk_offer_id"] for host in result["hosts"]] == [D]
    assert len(simulator.requests()) == 4


ENDS: dict[str, tuple[dict[str, t.Any], str]] = {
    "failed": (
        offer(
            A,
            provisioning(),
            {"at": 2, "procurement_status": "failed", "failure_reason": "GPU host lost power"},
        ),
        "GPU host lost power",
    ),
    "expired": (
        offer(A, {"at": 0, "status": "available"}, {"at": 2, "status": "expired"}),
        "has expired",
    ),
    "preempted": (
        offer(
            A,
            ready(),
            {"at": 0.5, "instances": {"m": {"status": "PREEMPTED"}}},
            faults=[{"requests": [1], "kind": "status", "code": 503}],
        ),
        "all its instances are gone",
    ),
    "forbidden": (
        offer(
            A,
            provisioning(),
            faults=[{"requests": [2], "kind": "status", "code": 403, "detail": "not your offer"}],
        ),
        "not your offer",
    ),
    "refused": (
        offer(A, provisioning(), faults=[{"requests": [2], "kind": "status", "code": 422}]),
        "refused the request (422)",
    ),
    "rejected": (
        offer(A, provisioning(), faults=[{"requests": [2], "kind": "status", "code": 401}]),
        "rejected the token (401)",
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_cannot_become_ready_ends_at_once_with_the_data_of_all(
    play: Play, simulate: Simulate, end: str
) -> None:
    script, reason = ENDS[end]
    simulator = simulate(script, offer(B, ready()), offer(C, provisioning()))

    result = play(
        offer_status(B, A, C, wait=True, wait_timeout=300, poll_interval=2), simulator=simulator
    ).result

    assert result["failed"]
    assert not result["timed_out"]
    assert result["elapsed"] < 60
    assert A in result["msg"]
    assert reason in result["msg"]
    assert [entry["offer_id"] for entry in result["offers"]] == [B, A, C]
    assert [entry["phase"] for entry in result["offers"]][::2] == ["ready", "provisioning"]
    assert result["offers"][1]["status"], "what was known before is gone"
    assert result["hosts"][0]["compute_desk_offer_id"] == B


def test_an_unknown_offer_ends_it_too(play: Play, simulate: Simulate) -> None:
    simulator = simulate(offer(A, ready()))

    result = play(offer_status(B, A, wait=True), simulator=simulator).result

    assert result["failed"]
    assert result["offers"][0]["error"]["code"] == 404
    assert result["offers"][1]["ready"]


def test_a_timeout_keeps_what_is_known(play: Play, simulate: Simulate) -> None:
    half = {"m": {"status": "running", "external_ip": None}}
    simulator = simulate(
        offer(A, ready()),
        offer(B, provisioning()),
        offer(C, ready(instances=half)),
    )

    played = play(
        offer_status(A, B, C, wait=True, wait_timeout=5, poll_interval=1),
        offer_status(C, wait=True, min_instances=1, wait_timeout=1, register="unready"),
        simulator=simulator,
    )

    result = played.result
    assert (result["failed"], result["timed_out"]) == (True, True)
    assert 5 <= result["elapsed"] < 60
    assert [entry["phase"] for entry in result["offers"]] == ["ready", "provisioning", "ready"]
    assert [entry["ready"] for entry in result["offers"]] == [True, False, False]
    assert "Timed out after " in result["msg"]
    assert "it has no external_ip" in result["msg"]
    assert [host["compute_desk_offer_id"] for host in result["hosts"]] == [A]


def test_fewer_usable_instances_are_enough_if_asked(play: Play, simulate: Simulate) -> None:
    two = {
        "m": {"status": "running", "external_ip": "203.0.113.7", "ssh_command": None},
        "n": {"status": "starting"},
    }
    machines = {key: {"instance_id": f"i-{key}", "instance_name": key, "ssh": None} for key in two}
    simulator = simulate(offer(A, ready(instances=two), instances=machines))

    result = play(offer_status(A, wait=True, min_instances=1), simulator=simulator).result

    assert result["ready"]
    assert [host["name"] for host in result["hosts"]] == ["m-im"]


def test_a_renewed_token_is_read_while_it_waits(
    play: Play, simulate: Simulate, workspace: Workspace
) -> None:
    simulator = simulate(
        offer(A, provisioning(), ready(3)),
        tokens=[{"token": "old-token-1", "until": 2}, {"token": "new-token-2", "from": 3}],
    )
    token_file = workspace.folder / "token"
    token_file.write_text("old-token-1\n")

    def renew() -> None:
        while len(simulator.requests()) < 2:
            time.sleep(0.1)
        token_file.write_text("new-token-2\n")

    renewal = threading.Thread(target=renew, daemon=True)
    renewal.start()

    played = play(
        offer_status(A, wait=True, poll_interval=2, api_token_file=str(token_file)),
        simulator=simulator,
        COMPUTE_DESK_API_TOKEN="never-used-3",
    )

    assert played.result["ready"], played.result["msg"]
    codes = [entry["code"] for entry in simulator.requests()]
    assert codes.count(401) <= 1
    for token in ("old-token-1", "new-token-2", "never-used-3"):
        assert token not in json.dumps(played.result)

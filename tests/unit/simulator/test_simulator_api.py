# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authentication, wrong requests, the request log, and the control endpoints."""

from __future__ import annotations

import socket

import pytest
import requests
from simulator.server import bind_api

OFFER = "11111111-1111-4111-8111-111111111111"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "Basic abc", "Bearer é"])
def test_without_the_token(session_client, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    answer = requests.get(
        f"{session_client.simulator.url}/offers/{OFFER}/status", headers=headers, timeout=30
    )
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert isinstance(answer.json()["detail"], str)
    assert not session_client.simulator.requests()[-1]["authorized"]


def test_wrong_requests(session_client) -> None:
    assert session_client.get("22222222-2222-4222-8222-222222222222").status_code == 404
    answer = session_client.get("abc-123")
    assert answer.status_code == 422
    detail = answer.json()["detail"][0]
    assert detail["loc"] == ["path", "offer_id"] and detail["type"] == "uuid_parsing"
    assert session_client.get("abc-123", token="wrong").status_code == 401  # the token comes first
    url = f"{session_client.simulator.url}/offers/{OFFER}"
    assert requests.get(url, timeout=30).status_code == 404
    assert requests.post(f"{url}/status", timeout=30).status_code == 405


def test_an_offer_id_in_another_spelling(session_client) -> None:
    assert session_client.get(OFFER.upper()).json()["offer_id"] == OFFER
    assert session_client.simulator.requests()[-1]["offer_id"] == OFFER


def test_tokens_that_come_and_go(simulate) -> None:
    tokens = [{"token": "t1", "until": 3}, {"token": "t2", "from": 3}]
    client = simulate({}, tokens=tokens)
    assert client.simulator.token == "t1"
    order = ["t1", "t2", "t1", "t1", "t2", "t1"]
    assert [client.get(token=t).status_code for t in order] == [200, 401, 200, 401, 200, 401]
    # Control takes any of them, at any time.
    assert [r["authorized"] for r in client.simulator.requests()][:3] == [True, False, True]


def test_the_request_log(simulate) -> None:
    other = "22222222-2222-4222-8222-222222222222"
    client = simulate([{}, {"offer_id": other}], token="secret-token")
    client.get()
    client.get(other)
    client.get(token="wrong")
    requests.get(f"{client.simulator.url}/nothing", headers={"User-Agent": "me/1"}, timeout=30)
    log = client.simulator.requests()
    assert [(r["offer_id"], r["number"], r["code"], r["authorized"]) for r in log] == [
        (OFFER, 1, 200, True),
        (other, 1, 200, True),
        (OFFER, 2, 401, False),
        (None, None, 404, False),
    ]
    assert log[0]["method"] == "GET" and log[0]["path"] == f"/offers/{OFFER}/status"
    assert log[0]["user_agent"].startswith("python-requests/") and log[3]["user_agent"] == "me/1"
    assert [r["at"] for r in log] == sorted(r["at"] for r in log)
    assert "secret-token" not in str(log)


def test_control_needs_the_token_and_leaves_no_trace(simulate) -> None:
    client = simulate({})
    url = f"{client.simulator.url}/_simulator/requests"
    assert requests.get(url, timeout=30).status_code == 401
    assert client.simulator.requests() == []
    assert "_simulator" not in requests.get(f"{client.simulator.url}/openapi.json", timeout=30).text


def test_env_and_attributes(simulate, tmp_path) -> None:
    client = simulate({}, token="my-token", state_dir=tmp_path / "state")
    simulator = client.simulator
    assert simulator.env() == {
        "COMPUTE_DESK_API_URL": simulator.url,
        "COMPUTE_DESK_API_TOKEN": "my-token",
        "ANSIBLE_PRIVATE_KEY_FILE": str(tmp_path / "state" / "id_ed25519"),
    }
    assert simulator.offer_ids == [OFFER]
    assert (tmp_path / "state" / "id_ed25519").stat().st_mode & 0o777 == 0o600
    simulator.stop()
    assert (tmp_path / "state" / "id_ed25519").exists()  # a folder of the user's stays


def test_answers_are_not_held_back() -> None:
    # asyncio switches TCP_NODELAY on only where the protocol is named; else the second answer on a
    # connection comes 40 ms late.
    with bind_api("127.0.0.1", 0) as sock:
        assert sock.proto == socket.IPPROTO_TCP

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each kind of fault as a real HTTP client meets it."""

from __future__ import annotations

import http.client
import json
import socket
import time
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import pytest
import requests

OFFER = "11111111-1111-4111-8111-111111111111"


def with_faults(*faults: dict, **offer: object) -> dict:
    timeline = [{"at": 0, "status": "procured", "procurement_status": "ready"}]
    return {"timeline": timeline, "faults": list(faults)} | offer


def test_answers_with_a_status(simulate) -> None:
    client = simulate(
        with_faults(
            {"requests": [1], "kind": "status", "code": 503},
            {"requests": [2], "kind": "status", "code": 429, "headers": {"Retry-After": "2"}},
            {"requests": [3], "kind": "status", "code": 429, "retry_after": 3},
            {"requests": [4], "kind": "status", "code": 429, "retry_after_date": 3},
            {"requests": [5], "kind": "status", "code": 422},
            {"requests": [6], "kind": "status", "code": 422, "detail": "no"},
            {"requests": [7], "kind": "status", "code": 500, "body": "Internal Server Error"},
            {"requests": [8], "kind": "status", "code": 400, "body": {"error": None}},
            {"requests": [9], "kind": "status", "code": 204},
            {"requests": [10], "kind": "status", "code": 599},
            {"requests": [11], "kind": "html", "code": 502},
            {"requests": [12], "kind": "empty"},
            {"requests": [13], "kind": "redirect", "location": "http://127.0.0.1:9/elsewhere"},
            {"requests": [14], "kind": "body", "text": "{not json", "content_type": "text/plain"},
        )
    )
    answers = [None] + [client.get() for _number in range(15)]
    codes = [answer.status_code for answer in answers[1:]]
    assert codes == [503, 429, 429, 429, 422, 422, 500, 400, 204, 599, 502, 200, 302, 200, 200]
    assert answers[1].json() == {"detail": "Service Unavailable"}
    assert [answers[n].headers["Retry-After"] for n in (2, 3)] == ["2", "3"]
    away = parsedate_to_datetime(answers[4].headers["Retry-After"]).timestamp() - time.time()
    assert answers[4].headers["Retry-After"].endswith(" GMT") and away <= 4
    assert set(answers[5].json()["detail"][0]) == {"loc", "msg", "type"}
    assert answers[6].json() == {"detail": "no"}
    assert answers[7].text == "Internal Server Error"
    assert answers[8].json() == {"error": None}
    assert answers[11].headers["Content-Type"].startswith("text/html")
    assert (answers[12].content, answers[12].headers["Content-Type"]) == (b"", "application/json")
    assert answers[13].headers["Location"] == "http://127.0.0.1:9/elsewhere"
    assert (answers[14].text, answers[14].headers["Content-Type"]) == ("{not json", "text/plain")
    assert answers[15].json()["procurement_status"] == "ready"
    log = client.simulator.requests()
    assert [request["code"] for request in log] == codes
    assert [request["fault"] for request in log[9:]] == [
        "status",
        "html",
        "empty",
        "redirect",
        "body",
        None,
    ]


def test_broken_connections(simulate) -> None:
    client = simulate(
        with_faults(
            {"requests": [1], "kind": "reset"},
            {"requests": [2], "kind": "truncated"},
            {"requests": [3], "kind": "hang", "seconds": 0.1},
            {"requests": [4], "kind": "hang"},
        )
    )
    with pytest.raises(requests.ConnectionError, match="Connection reset by peer"):
        client.get()
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        client.get()
    with pytest.raises(requests.ConnectionError, match="closed connection without response"):
        client.get()
    with pytest.raises(requests.ReadTimeout):
        client.get(timeout=0.5)
    assert client.get().status_code == 200
    log = client.simulator.requests()
    assert [request["code"] for request in log] == [None, 200, None, None, 200]
    assert [request["fault"] for request in log] == ["reset", "truncated", "hang", "hang", None]
    assert client.simulator.stderr() == ""


def test_a_reset_is_a_reset(simulate) -> None:
    """Not just an early end: the client's socket reports ECONNRESET, without a byte before it."""
    client = simulate(with_faults({"requests": [1], "kind": "reset"}))
    place = urlsplit(client.simulator.url)
    with socket.create_connection((place.hostname, place.port), timeout=30) as sock:
        head = f"GET /offers/{OFFER}/status HTTP/1.1\r\nHost: x\r\n"
        sock.sendall(f"{head}Authorization: Bearer {client.simulator.token}\r\n\r\n".encode())
        with pytest.raises(ConnectionResetError):
            sock.recv(1)


def test_slow_and_big_answers_are_right_in_the_end(simulate) -> None:
    client = simulate(
        with_faults(
            {"requests": [1], "kind": "latency", "seconds": 0.2},
            {"requests": [2], "kind": "trickle", "every": 0.002},
            {"requests": [3], "kind": "big", "megabytes": 3},
        )
    )
    late, slow, big, normal = (client.get() for _number in range(4))
    assert late.elapsed.total_seconds() >= 0.2
    assert late.json() == slow.json() == normal.json()
    assert len(big.content) > 3_000_000
    assert {k: v for k, v in big.json().items() if k != "padding"} == normal.json()


def test_a_client_may_leave_in_the_middle(simulate) -> None:
    client = simulate(
        with_faults(
            {"requests": [1], "kind": "trickle"}, {"requests": [2], "kind": "big", "megabytes": 99}
        )
    )
    for _number in range(2):
        answer = client.get(stream=True)
        assert len(next(answer.iter_content(5))) > 0
        answer.close()
    assert client.get().status_code == 200
    assert client.simulator.stderr() == ""


def test_faults_by_time_and_both(simulate) -> None:
    client = simulate(
        with_faults(
            {"between": [0, 1000], "requests": [1, 3], "kind": "status", "code": 500},
            {"between": [0, 1000], "kind": "status", "code": 502},
            {"between": [2000, None], "requests": "all", "kind": "status", "code": 504},
        )
    )
    assert [client.get().status_code for _number in range(4)] == [500, 502, 500, 502]


def test_speed_moves_the_timeline(simulate) -> None:
    offer = {"timeline": [{"at": 0, "progress": "a"}, {"at": 3600, "progress": "b"}]}
    client = simulate(offer, speed=7200)
    assert client.get().json()["progress"] == "a"
    client.simulator.wait_for(lambda: client.get().json()["progress"] == "b")


def test_the_clock_waits_for_the_first_good_request(simulate) -> None:
    other = "22222222-2222-4222-8222-222222222222"
    timeline = [{"at": 0, "progress": "a"}, {"at": 500, "progress": "b"}]
    client = simulate(
        [{"timeline": timeline}, {"offer_id": other, "timeline": timeline, "starts": "launch"}],
        speed=10_000,
    )
    client.simulator.wait_for(lambda: client.get(other).json()["progress"] == "b")
    assert client.get(token="wrong").status_code == 401
    assert client.get().json()["progress"] == "a"


def test_any_text_goes_over_the_wire(simulate) -> None:
    hostile = "\U0001f600 {{ 7*7 }} \x00 \u2028 \ud800"
    client = simulate({"timeline": [{"at": 0, "progress": hostile}]})
    assert client.get().json()["progress"] == hostile


def test_keeps_connections_alive_between_polls(simulate) -> None:
    client = simulate(with_faults())
    place = urlsplit(client.simulator.url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    for _number in range(3):
        path = f"/offers/{OFFER}/status"
        headers = {"Authorization": f"Bearer {client.simulator.token}"}
        connection.request("GET", path, headers=headers)
        assert json.load(connection.getresponse())["offer_id"] == OFFER
    connection.close()

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a bad API, network or configuration does to the module, and what the user reads then."""

from __future__ import annotations

import json
import typing as t
import venv

import pytest
from simulator import Simulator
from support.workspace import Workspace, last_lines

from .conftest import Played, offer_status
from .offers import A, B, offer, ready

Play = t.Callable[..., Played]
Simulate = t.Callable[..., Simulator]

TOKEN = "s3cret-t0ken-Zx81"


def on(requests: list[int], kind: str, **keys: t.Any) -> dict[str, t.Any]:
    return {"requests": requests, "kind": kind, **keys}


SURVIVED: dict[str, list[dict[str, t.Any]]] = {
    "429 with seconds": [on([1], "status", code=429, retry_after=2)],
    "429 with a date": [on([1], "status", code=429, retry_after_date=2)],
    "429 with a past date": [on([1], "status", code=429, retry_after_date=-60)],
    "429 with rubbish": [on([1], "status", code=429, headers={"Retry-After": "soon, maybe"})],
    "a burst of 5xx": [on([n], "status", code=c) for n, c in enumerate((500, 502, 503, 504), 1)],
    "503 as a page": [on([1], "html", code=503)],
    "resets": [on([1, 2], "reset")],
    "truncated": [on([1], "truncated")],
    "a JSON body that stops": [on([1], "body", text='{"offer_id": "aaaaaaaa-00')],
    "a short hang": [on([1], "latency", seconds=1)],
    "a hang longer than a request may take": [on([1], "hang", seconds=600)],
    "a trickle": [on([1], "trickle", every=1)],
}


def numbered(cases: t.Iterable[str]) -> dict[str, str]:
    """Return an offer id for each case."""
    return {case: f"{n:08x}-0000-4000-8000-000000000000" for n, case in enumerate(cases)}


def test_what_passes_is_survived_and_counted(play: Play, simulate: Simulate) -> None:
    ids = numbered(SURVIVED)
    offers = [offer(ids[case], ready(), faults=faults) for case, faults in SURVIVED.items()]
    simulator = simulate(*offers, token=TOKEN)
    task = offer_status(
        *ids.values(), wait=True, wait_timeout=240, poll_interval=1, request_timeout=3
    )

    played = play(task, simulator=simulator, options=["-vvvv"])

    result = played.result
    assert result["ready"], result["msg"]
    for (case, faults), entry in zip(SURVIVED.items(), result["offers"], strict=True):
        passed = 0 if case == "a short hang" else sum(len(fault["requests"]) for fault in faults)
        assert (case, entry["transient_errors"]) == (case, passed)
        assert (case, entry["polls"], entry["error"]) == (case, passed + 1, None)
    assert_clean(played)


STATED = {"offer_id": f"{9:08x}-0000-4000-8000-000000000000", "status": "", "created_at": ""}

FINAL: dict[str, tuple[dict[str, t.Any], str]] = {
    "HTML": ({"faults": [on([1], "html")]}, "is an HTML page"),
    "empty": ({"faults": [on([1], "empty")]}, "is empty, not JSON"),
    "array": ({"timeline": [{"at": 0, "raw": []}]}, "is an array, not a JSON object"),
    "null": ({"faults": [on([1], "body", text="null")]}, "is null, not a JSON object"),
    "60 MB": ({"faults": [on([1], "big", megabytes=60)]}, "is too large"),
    "another offer": ({"timeline": [ready(offer_id=B)]}, "which is another offer"),
    "no status": ({"timeline": [ready(without=["status"])]}, "status is missing"),
    "all nulls": ({"timeline": [ready(raw=dict.fromkeys(("offer_id", "status")))]}, "is null"),
    "status a number": ({"timeline": [ready(status=7)]}, "status is a number, not a string"),
    "instances an object": (
        {"timeline": [ready(raw={**STATED, "instances": {}})]},
        "instances is an object, not an array",
    ),
    "an address that is a list": (
        {"timeline": [ready(instances={"m": {"status": "running", "external_ip": ["x"]}})]},
        "instances[0].external_ip is an array, not a string",
    ),
    "nested without end": (
        {"faults": [on([1], "body", text='{"a":' * 20000)]},
        "nested too deeply",
    ),
    "elsewhere": ({"faults": [on([1], "redirect", location="http://127.0.0.2/x")]}, "127.0.0.2"),
    "418": ({"faults": [on([1], "status", code=418)]}, "does not document (418)"),
}


def test_what_stays_ends_the_wait_with_one_sentence(play: Play, simulate: Simulate) -> None:
    ids = numbered(FINAL)
    offers = [{**offer(ids[case], ready()), **keys} for case, (keys, _sentence) in FINAL.items()]
    simulator = simulate(*offers, token=TOKEN)
    task = offer_status("{{ item }}", wait=True, wait_timeout=300, __loop=list(ids.values()))

    played = play(task, simulator=simulator, options=["-vvvv"])

    results = played.result["results"]
    for (case, (_keys, sentence)), result in zip(FINAL.items(), results, strict=True):
        assert (case, result["failed"], result["timed_out"]) == (case, True, False)
        assert sentence in result["msg"], case
        assert result["offers"][0]["error"]["message"] in result["msg"]
    assert len(simulator.requests()) == len(FINAL), "something was asked again"
    assert_clean(played)


def test_unknown_keys_do_not_matter(play: Play, simulate: Simulate) -> None:
    entry = ready(extra={"new_field": {"deep": [1, 2, {"x": None}]}})
    simulator = simulate(offer(A, entry))

    assert play(offer_status(A, wait=True), simulator=simulator).result["ready"]


def test_a_pause_beyond_the_deadline_does_not_hold_the_job(play: Play, simulate: Simulate) -> None:
    faults = [on([1], "status", code=429, retry_after=9999)]
    simulator = simulate(offer(A, ready(), faults=faults))

    result = play(
        offer_status(A, wait=True, wait_timeout=4, poll_interval=1), simulator=simulator
    ).result

    assert result["timed_out"]
    assert result["elapsed"] < 60
    assert "too many requests (429)" in result["msg"]


def test_an_api_that_never_answers_does_not_hold_the_job(play: Play, simulate: Simulate) -> None:
    simulator = simulate(offer(A, ready(), faults=[on([1], "hang"), on([2], "hang")]))

    result = play(offer_status(A, wait=True, wait_timeout=4), simulator=simulator).result

    assert result["timed_out"]
    assert result["elapsed"] < 60
    assert result["offers"][0]["transient_errors"] == 1


REFUSED: list[tuple[dict[str, t.Any], str]] = [
    ({"offer_ids": ["not-a-uuid"]}, "offer_ids: 'not-a-uuid' is not the UUID of an offer"),
    ({"offer_ids": ["../../x"]}, "offer_ids: '../../x' is not the UUID of an offer"),
    ({"offer_ids": [A, ""]}, "offer_ids: '' is not the UUID of an offer"),
    ({"offer_ids": []}, "offer_ids: is empty"),
    ({"api_url": "http://supply-api.example.com"}, "api_url: 'http://supply-api.example.com' is"),
    ({"api_token": "two words"}, "api_token: the token has a space"),
    ({"api_token_file": "/nowhere/token"}, "api_token_file: cannot read '/nowhere/token'"),
    ({"ca_path": "/nowhere/ca.pem"}, "ca_path: '/nowhere/ca.pem' does not exist"),
    ({"poll_interval": 0.5}, "poll_interval: must be at least 1 seconds"),
    ({"wait_timeout": 0}, "wait_timeout: must be more than 0 seconds"),
    ({"wait_timeout": "15m"}, "wait_timeout: '15m' is not a number of seconds, such as 900"),
    ({"request_timeout": ["1"]}, "request_timeout: '['1']' is not a number of seconds"),
    ({"wait_timeout": "nan"}, "wait_timeout: must be a number of seconds"),
    ({"min_instances": 0}, "min_instances: must be at least 1"),
    ({"concurrency": 0}, "concurrency: must be from 1 to 64"),
    ({"progress_interval": 0}, "progress_interval: must be at least 1 seconds"),
]


def test_bad_input_is_refused_by_name_before_anything_is_sent(
    play: Play, simulate: Simulate
) -> None:
    simulator = simulate(offer(A, ready()), token=TOKEN)
    tasks = []
    for number, (arguments, _sentence) in enumerate(REFUSED):
        task = offer_status(A, wait=True, register=f"refused{number}")
        task["compute_desk.supply.offer_status"].update(arguments)
        tasks.append(task)

    played = play(*tasks, simulator=simulator)

    for number, (_arguments, sentence) in enumerate(REFUSED):
        result = played.results[f"refused{number}"]
        assert result["failed"]
        assert result["msg"].startswith(sentence)
        assert (result["offers"], result["hosts"]) == ([], [])
    assert simulator.requests() == []


def test_without_a_token_it_says_where_to_put_one(play: Play) -> None:
    result = play(offer_status(A)).result

    for name in ("api_token", "api_token_file", "COMPUTE_DESK_API_TOKEN"):
        assert name in result["msg"]


@pytest.mark.slow
def test_a_host_name_that_nobody_knows_ends_the_wait_after_a_minute(play: Play) -> None:
    task = offer_status(A, B, wait=True, api_url="https://supply.invalid", api_token=TOKEN)

    played = play(task)

    result = played.result
    assert (result["failed"], result["timed_out"]) == (True, False)
    assert 60 <= result["elapsed"] < 300
    assert (
        result["msg"].count("the host name in api_url, supply.invalid, cannot be resolved: ") == 1
    )
    assert [entry["error"]["kind"] for entry in result["offers"]] == ["name_not_resolved"] * 2
    assert "asking again" in played.output
    assert_clean(played)


def test_without_requests_it_says_what_to_type(play: Play, workspace: Workspace) -> None:
    python = workspace.folder / "bare" / "bin" / "python"
    venv.create(workspace.folder / "bare", symlinks=True)

    # Under async a module runs, with the Python that the host is given.
    keywords = {"__vars": {"ansible_python_interpreter": str(python)}, "__async": 30, "__poll": 1}
    played = play(offer_status(A, **keywords, api_token=TOKEN))

    assert (played.result["offers"], played.result["hosts"]) == ([], [])
    assert "(requests)" in played.result["msg"]
    assert f" {python} -m pip install requests" in played.result["msg"]
    assert_clean(played)


def assert_clean(played: Played) -> None:
    """Fail if a user could see a traceback or the token."""
    for text in (played.output, json.dumps(played.results)):
        assert "Traceback" not in text, last_lines(text)
        assert TOKEN not in text

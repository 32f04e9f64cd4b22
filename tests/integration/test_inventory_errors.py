# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The truth table of the inventory plugin: the second of two offers cannot be read."""

from __future__ import annotations

import re
import sys
import typing as t
from pathlib import Path

from simulator import Simulator
from support.workspace import Workspace

from .offers import ready_offer
from .sources import FILE_CACHE, Case, batch, listing

Simulate = t.Callable[..., Simulator]

GOOD = "aaaaaaaa-0000-4000-8000-000000000000"

# What happens from the second request on, and what is said about it.
FAULTS: dict[str, tuple[dict[str, t.Any], str]] = {
    "401": ({"kind": "status", "code": 401}, "the API rejected the token (401)"),
    "403": ({"kind": "status", "code": 403}, "the token may not read this offer (403)"),
    "404": ({"kind": "status", "code": 404}, "the API does not know this offer (404)"),
    "422": ({"kind": "status", "code": 422}, "the API refused the request (422)"),
    "429": ({"kind": "status", "code": 429, "retry_after": 0}, "too many requests (429)"),
    "429 for ever": ({"kind": "status", "code": 429, "retry_after": 9999}, "requests (429)"),
    "500": ({"kind": "status", "code": 500}, "the API has an internal error (500)"),
    "503": ({"kind": "status", "code": 503}, "the API is unavailable (503)"),
    "html": ({"kind": "html"}, "not JSON"),
    "truncated": ({"kind": "truncated"}, "the connection broke in the middle of the answer"),
    "hang": ({"kind": "hang", "seconds": 60}, "did not answer within 5 seconds"),
    "another offer": ({"kind": "body", "text": ""}, "which is another offer"),
}

OFFERS = {name: f"bbbbbbbb-0000-4000-8000-{number:012d}" for number, name in enumerate(FAULTS)}


def tail(offer_id: str) -> str:
    """Return the end of the id of an offer's machine, and of its host's name."""
    return offer_id[:2] + offer_id[-6:]


def patience(name: str) -> int:
    """Return the seconds that a source waits for: few only where nothing ever comes."""
    return 5 if name == "hang" else 120


def an_offer(offer_id: str, fault: dict[str, t.Any] | None) -> dict[str, t.Any]:
    """Return an offer that is ready, and answers well to its first request only."""
    machine = {"instance_id": f"i-{tail(offer_id)}", "instance_name": "node", "ssh": None}
    state = {"external_ip": "203.0.113.7", "ssh_command": None}
    if fault is not None and fault["kind"] == "body":
        # All of it is right but the id, which is the other offer's.
        answer = {"offer_id": GOOD, "status": "procured", "created_at": "2026-11-24T09:00:00Z"}
        fault = {"kind": "status", "code": 200, "body": answer}
    faults = [] if fault is None else [{**fault, "requests": list(range(2, 40))}]
    return {**ready_offer(offer_id, {"m": machine}, {"m": state}), "faults": faults}


def test_all_or_nothing_skip_and_stale(workspace: Workspace, simulate: Simulate) -> None:
    faults = [an_offer(OFFERS[name], fault) for name, (fault, _said) in FAULTS.items()]
    simulator = simulate(an_offer(GOOD, None), *faults)
    good, *bad = [f"node-{tail(offer_id)}" for offer_id in (GOOD, *OFFERS.values())]

    def cases(flush: bool = False, **config: t.Any) -> list[Case]:
        return [
            Case(
                {"offer_ids": [GOOD, offer_id], "request_timeout": patience(name), **config},
                flush=flush,
            )
            for name, offer_id in OFFERS.items()
        ]

    stale = cases(flush=True, **FILE_CACHE, on_error="stale")
    # The first answers are good ones, and all of them have to arrive however busy the machine is.
    first = batch(workspace, simulator, cases(**FILE_CACHE, request_timeout=120))
    outcomes = batch(workspace, simulator, [*cases(), *cases(on_error="skip"), *stale])

    for one, host in zip(first, bad, strict=True):
        assert set(one.hosts) == {good, host}, (one.error, one.output)
    count = len(FAULTS)
    table = zip(
        FAULTS,
        bad,
        outcomes[:count],
        outcomes[count : 2 * count],
        outcomes[2 * count :],
        strict=True,
    )
    for name, host, failed, skipped, served in table:
        said = FAULTS[name][1]
        assert failed.error and not failed.hosts, name
        assert failed.says("no host is taken from this source, because 1 of its 2 offers could")
        assert failed.says(f"Offer {OFFERS[name]}: ") and failed.says(said), failed.output
        assert skipped.error is None and set(skipped.hosts) == {good}, name
        assert skipped.says(f"Offer {OFFERS[name]}: ") and skipped.says("left out")
        assert set(served.hosts) == {good, host}, (name, served)
        assert served.hosts[host]["compute_desk_stale"] is True
        assert served.hosts[good]["compute_desk_stale"] is False
        assert served.says(said) and served.says("an answer that is 0:")
        for one in (failed, skipped, served):
            assert simulator.token not in one.output and "Traceback" not in one.output


def test_the_command_fails(workspace: Workspace, simulate: Simulate) -> None:
    fault = {"kind": "status", "code": 404, "requests": "all"}
    simulator = simulate(an_offer(GOOD, None), {**an_offer(OFFERS["404"], None), "faults": [fault]})

    alone = listing(workspace, simulator, {})
    (workspace.folder / "more.ini").write_text("other\n")
    beside = listing(workspace, simulator, {}, "-i", "more.ini")
    quiet = listing(
        workspace, simulator, {}, "-i", "more.ini", ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="false"
    )

    assert alone.code != 0 and beside.code != 0
    assert alone.says(OFFERS["404"])
    # What Ansible does by default, and why the documentation names the setting.
    assert quiet.code == 0 and quiet.group("ungrouped") == ["other"]


def test_everything_is_skipped(workspace: Workspace, simulate: Simulate) -> None:
    fault = {"kind": "status", "code": 401, "requests": "all"}
    simulator = simulate({**an_offer(GOOD, None), "faults": [fault]})
    skip = {"on_error": "skip"}

    loose, guarded = batch(workspace, simulator, [Case(skip), Case({**skip, "min_hosts": 1})])

    assert loose.error is None and loose.hosts == {}
    assert guarded.error and guarded.says("min_hosts: found 0 of 1 required")


def test_without_requests_it_says_what_to_type(workspace: Workspace) -> None:
    hidden = workspace.folder / "hidden"
    hidden.mkdir()
    (hidden / "requests.py").write_text("raise ImportError('not here')\n")
    (workspace.folder / "offers.yml").write_text("plugin: compute_desk.supply.instances\n")

    done = workspace.run("ansible-inventory", "-i", "offers.yml", "--list", PYTHONPATH=str(hidden))

    # Where the lines of a warning end is Ansible's choice.
    said = "".join(done.stdout.split())
    assert "(requests)" in said
    folder = re.escape("".join(str(Path(sys.executable).parent).split()))
    assert re.search(rf"{folder}/python[0-9.]*-mpipinstallrequests", said)
    assert "Traceback" not in done.stdout

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Supply API and a clock for tests of the wait: scripted answers, and no real time."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.compute_desk.supply.plugins.module_utils._offers.calls import Calls
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.terms import Time

A = "aaaaaaaa-0000-4000-8000-000000000001"
B = "bbbbbbbb-0000-4000-8000-000000000002"
C = "cccccccc-0000-4000-8000-000000000003"


class FakeClock:
    """Moves only when somebody sleeps, or a request takes its time."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert 0 <= seconds < 1e6, f"a sleep of {seconds} s"
        self.now += seconds


@dataclass
class FakeSettings:
    request_timeout: float = 30.0
    concurrency: int = 8


def state(procurement_status: str | None = None, **fields: t.Any) -> dict[str, t.Any]:
    """Return the body of an answer, less the offer's id."""
    known = {"status": "procured", "created_at": "2026-11-24T09:00:00Z"}
    return {**known, "procurement_status": procurement_status, **fields}


def machine(name: str, status: str = "running", ip: str | None = "203.0.113.7") -> dict[str, t.Any]:
    """Return an instance as the API describes it."""
    return {
        "instance_id": f"i-{name}",
        "instance_name": name,
        "zone": "z1",
        "status": status,
        "external_ip": ip,
    }


def ready(*names: str) -> dict[str, t.Any]:
    """Return the state of an offer with running machines of these names."""
    return state("ready", instances=[machine(name) for name in names or ("gpu-1",)])


Answer = t.Union[dict, Exception]


@dataclass
class FakeApi:
    """Answers each offer's requests in the order of its script; the last answer stays."""

    script: dict[str, list[Answer]]
    clock: FakeClock = field(default_factory=FakeClock)
    settings: FakeSettings = field(default_factory=FakeSettings)
    seconds_per_request: float = 0.0
    requests: list[tuple[str, float]] = field(default_factory=list)
    """Offer and time of every request, in seconds since the start."""
    timeouts: list[float] = field(default_factory=list)

    def offer_status(self, offer_id: str, timeout: float | None = None) -> dict[str, t.Any]:
        self.requests.append((offer_id, round(self.clock.now - 1000.0, 3)))
        self.timeouts.append(timeout or 0.0)
        self.clock.now += min(self.seconds_per_request, timeout or 0.0)
        answers = self.script[offer_id]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return {"offer_id": offer_id, **answer}

    def times(self, offer_id: str) -> list[float]:
        """Return when this offer was asked."""
        return [at for asked, at in self.requests if asked == offer_id]

    def in_fake_time(self) -> dict[str, t.Any]:
        """Return the arguments that make a wait run in this clock, one call after the other."""
        timing = Time(self.clock, self.clock.sleep, random=lambda: 0.5)
        return {
            "timing": timing,
            "calls": Calls(self.settings.concurrency, start=lambda run: run()),
        }

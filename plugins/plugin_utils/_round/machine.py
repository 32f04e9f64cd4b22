# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machine: what a round knows about one machine, and the entry of a result that it becomes."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._first_contact.problem import Problem

WAITING = "waiting"
STARTED = "started"
FAILED = "failed"

PREVENTED = "prevented"
"""The kind of a machine that could be worked on, but must not start without another one."""


@dataclass
class Machine:
    """One machine. All times are in seconds since 1970."""

    name: str
    offer_id: str | None = None
    record: dict[str, t.Any] | None = None
    """Its host record, if it comes from an offer and not from the inventory."""
    address: str | None = None
    """Where it is asked; None if it is not asked directly."""
    timeout: float = 300.0
    """How long it may take to answer."""
    since: float = 0.0
    """When it was first looked at."""
    state: str = WAITING
    answers: bool = False
    problem: Problem | None = None
    """What the newest look came to, if not to an answer."""
    looks: int = 0
    """Looks in this round."""
    next_look: float = 0.0

    @property
    def is_silent(self) -> bool:
        """Whether it is waited for, and has not answered yet."""
        return self.state == WAITING and not self.answers

    def fail(self, problem: Problem) -> None:
        """Give it up."""
        self.state, self.problem = FAILED, problem

    def as_entry(self) -> dict[str, t.Any]:
        """Return its entry in ``machines`` of the result."""
        problem = None if self.answers and self.state != FAILED else self.problem
        return {
            "name": self.name,
            "offer_id": self.offer_id,
            "address": self.address,
            "state": self.state,
            "answers": self.answers,
            "since": self.since,
            "kind": problem.kind if problem else None,
            "message": problem.sentence if problem else None,
            "hint": problem.hint if problem else None,
            "host_record": self.record,
        }

    @classmethod
    def from_entry(cls, entry: t.Mapping[str, t.Any]) -> Machine:
        """Return the machine of an entry of an earlier round."""
        problem = None
        if entry["kind"]:
            message = str(entry["message"]).rstrip(".")
            problem = Problem(str(entry["kind"]), message, str(entry["hint"]))
        return cls(
            name=str(entry["name"]),
            offer_id=entry["offer_id"],
            record=entry["host_record"],
            address=entry["address"],
            since=float(entry["since"]),
            state=str(entry["state"]),
            answers=bool(entry["answers"]),
            problem=problem,
        )

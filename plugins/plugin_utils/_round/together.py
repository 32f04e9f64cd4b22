# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which machines belong together, and which of them can start."""

from __future__ import annotations

import typing as t

from .._first_contact.problem import Problem
from .machine import FAILED, PREVENTED, WAITING, Machine

OFFER = "offer"
ALL = "all"
NONE = "none"
CHOICES = (OFFER, ALL, NONE)


def can_start(machines: t.Sequence[Machine], together: str) -> list[Machine]:
    """Return those that answer and need not wait for any other machine.

    With ``all`` that is for the caller to know: offers may have machines that are not here yet.
    """
    held_up = {_group(one, together) for one in machines if one.is_silent}
    return [
        one
        for one in machines
        if one.state == WAITING and one.answers and _group(one, together) not in held_up
    ]


def _group(machine: Machine, together: str) -> str:
    if together == ALL:
        return ""
    if together == OFFER and machine.offer_id:
        return f"offer {machine.offer_id}"
    return f"machine {machine.name}"


def give_up_silent(machines: t.Iterable[Machine], now: float) -> list[Machine]:
    """Fail the machines whose time is up, and return them. Each was looked at in this round."""
    late = [
        one for one in machines if one.is_silent and one.looks and now - one.since >= one.timeout
    ]
    for one in late:
        one.state = FAILED
    return late


def prevent_all(machines: t.Iterable[Machine]) -> None:
    """Fail every machine that could start, because all were to start together."""
    for one in machines:
        if one.state == WAITING:
            one.fail(Problem(PREVENTED, "it does not start without the others", _HOW_TO_GO_ON))


_HOW_TO_GO_ON = "To start without the missing machines, set compute_desk_together to offer or none."

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of a round, and what the next round takes over from it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ...module_utils._offers.offer import NOT_PROCURED
from ...module_utils._offers.result import build_result
from ...module_utils._offers.terms import WaitOptions, WaitReport
from ...module_utils._offers.watch import Watch
from ...module_utils._offers.words import why_not_ready, why_too_late
from ...module_utils._options import OptionError
from ...module_utils._phrases import count_of
from .machine import FAILED, WAITING, Machine
from .round import Offers

READY = "ready"
"""The state of an offer whose machines are known."""


@dataclass
class Previous:
    """What is known from the rounds before."""

    round: int
    began_at: float
    machines: list[Machine]
    offers: list[dict[str, t.Any]]

    def watches(self) -> list[Watch]:
        """Return the offers that are still waited for, as they were left."""
        return [_watch(entry) for entry in self.offers if entry["state"] == WAITING]


def no_previous(now: float) -> Previous:
    """Return what the first round knows."""
    return Previous(0, now, [], [])


def read_previous(result: t.Mapping[str, t.Any]) -> Previous:
    """Return what an earlier result says. Raises OptionError if it is none."""
    try:
        return Previous(
            round=int(result["round"]),
            began_at=float(result["began_at"]),
            machines=[Machine.from_entry(entry) for entry in result["machines"]],
            offers=[dict(entry) for entry in result["offers"]],
        )
    except (KeyError, TypeError, ValueError):
        raise OptionError("previous", "must be the result of wait_for_machines") from None


def _watch(entry: t.Mapping[str, t.Any]) -> Watch:
    watch = Watch(
        entry["offer_id"],
        polls=entry["polls"],
        transient_errors=entry["transient_errors"],
        transitions=list(entry["transitions"]),
    )
    for transition in reversed(watch.transitions):
        if transition["phase"] != NOT_PROCURED:
            break
        watch.not_procured_since = transition["at"]
    return watch


def offer_entries(
    previous: Previous, report: WaitReport, offers: Offers, options: WaitOptions
) -> tuple[list[dict[str, t.Any]], list[str]]:
    """Return all offers of the run, as offer_status describes them, each with its ``state``.

    And sentences to warn with, about the offers of this round.
    """
    failed = {watch.offer_id for watch in offers.failed}
    built = build_result(report, options, waited=True)
    before = {entry["offer_id"]: entry for entry in previous.offers}
    now: dict[str, dict[str, t.Any]] = {}
    for watch, entry in zip(report.watches, built["offers"]):
        kept = before.get(watch.offer_id, {}) if watch.offer is None else {}
        changing = ("polls", "transient_errors", "transitions", "error")
        known = {**entry, **{key: value for key, value in kept.items() if key not in changing}}
        offer_id = watch.offer_id
        state = FAILED if offer_id in failed else WAITING if offer_id in offers.undecided else READY
        reason = None if state == READY else why_not_ready(watch, report, options)
        if state == FAILED and offer_id not in report.ended_by:
            reason = why_too_late(watch, options)
        reason = offers.clashes.get(offer_id, reason)
        now[offer_id] = {**known, "state": state, "message": reason}
    merged = {**before, **now}
    return list(merged.values()), built["warnings"]


def message(
    chosen: t.Sequence[Machine],
    machines: t.Sequence[Machine],
    offers: t.Sequence[t.Mapping[str, t.Any]],
) -> str:
    """Return how the round went, in one sentence."""
    given_up = sum(machine.state == FAILED for machine in machines)
    failed = sum(offer["state"] == FAILED for offer in offers)
    left = sum(machine.state == WAITING for machine in machines)
    left_offers = sum(offer["state"] == WAITING for offer in offers)
    parts = [f"{count_of(len(chosen), 'machine')} can start"]
    parts += [f"{count_of(left, 'machine')} waited for"] if left else []
    parts += [f"{count_of(left_offers, 'offer')} waited for"] if left_offers else []
    parts += [f"{count_of(given_up, 'machine')} given up"] if given_up else []
    parts += [f"{count_of(failed, 'offer')} not ready"] if failed else []
    return ", ".join(parts) + "."

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sentences about offers, for people: in results, progress lines and the inventory's log."""

from __future__ import annotations

import typing as t
from collections import Counter

from .._text import listed, printable, quoted
from .hosts import HostOptions
from .offer import EXPIRED, FAILED, NOT_PROCURED, READY, UNKNOWN, Instance, Offer
from .terms import WaitOptions, WaitReport
from .watch import Watch

# A message names this many offers or instances, and counts the rest. The result has them all.
_NAMED = 5

# How much of an offer's ID a line shows, if that is enough to tell it from the others.
_SHORT = 8


def message(report: WaitReport, options: WaitOptions, waited: bool) -> str:
    """Return how a wait went, or without ``waited`` a reading; on failure what to do next."""
    total = len(report.watches)
    ready = sum(bool(w.offer and w.offer.is_ready(options.min_instances)) for w in report.watches)
    count = f"{ready} of {total} offer{'s' * (total > 1)} ready"
    if not waited:
        return _joined([str(watch.error) for watch in report.watches if watch.error], f"{count}.")
    if report.ready:
        return f"{count} after {report.elapsed:g} s."
    if report.timed_out:
        rest = [w for w in report.watches if not w.is_ready(options.min_instances)]
        states = [why_not_ready(watch, report, options) for watch in rest]
        begin = f"Timed out after {report.elapsed:g} s with {count}."
        return _joined(states, begin, "Raise wait_timeout if they only need longer.")
    ended = [watch for watch in report.watches if watch.offer_id in report.ended_by]
    reasons = [_end_sentence(watch, options) for watch in ended]
    return _joined(reasons, end=f"Gave up after {report.elapsed:g} s with {count}.")


def why_not_ready(watch: Watch, report: WaitReport, options: WaitOptions) -> str:
    """Return why an offer cannot become ready, or the state in which the wait left it."""
    if watch.offer_id in report.ended_by:
        return _end_sentence(watch, options)
    return _state_sentence(watch, options)


def why_too_late(watch: Watch, options: WaitOptions) -> str:
    """Return in which state the end of the time found an offer, and what to do next."""
    subject = f"Offer {watch.offer_id}"
    if watch.offer is None and watch.error:
        state = f"{watch.error.message}."
    else:
        state = f"it{_state_sentence(watch, options)[len(subject) :]}"
    more = "Raise wait_timeout if it only needs longer."
    return f"{subject} was not ready in time: {state} {more}"


def _joined(sentences: t.Sequence[str], begin: str = "", end: str = "") -> str:
    row = listed(sentences, _NAMED, " ", rest="(And {} more; see offers.)")
    return " ".join(part for part in (begin, row, end) if part)


def _end_sentence(watch: Watch, options: WaitOptions) -> str:
    """Return why this offer ended the wait, and what to do about it."""
    if watch.has_final_error or not watch.offer:
        seen = f" It was last seen {watch.phase}." if watch.offer else ""
        return f"{watch.error}{seen}"
    offer, subject = watch.offer, f"Offer {watch.offer_id}"
    if offer.phase == FAILED:
        return f"{subject} failed: {_failure(offer)}. Buy another offer."
    if offer.phase == EXPIRED:
        return f"{subject} has expired; it can no longer be procured. Search for new offers."
    if offer.phase == NOT_PROCURED and not offer.is_gone:
        return (
            f"{subject} is still not procured after {options.procurement_timeout:g} s. "
            "Procure it, or raise procurement_timeout."
        )
    gone = [f"{_name_of(i)} {printable(i.status)}" for i in offer.instances]
    return f"{subject}: all its instances are gone ({listed(gone, _NAMED)}). Buy another offer."


def _state_sentence(watch: Watch, options: WaitOptions) -> str:
    """Return the last known state of an offer that is not ready."""
    subject = f"Offer {watch.offer_id}"
    if watch.offer is None:
        return str(watch.error) if watch.error else f"{subject} was never read."
    sentence = f"{subject} is {describe(watch.offer)}"
    missing = [i for i in watch.offer.instances if not i.usable]
    if watch.offer.phase == READY and missing:
        reasons = [f"{_name_of(i)}: {i.unusable_reason}" for i in missing]
        sentence += f" ({listed(reasons, _NAMED, '; ')})"
    elif watch.offer.phase == READY and not watch.offer.instances:
        sentence += " (no instance is listed)"
    elif watch.offer.phase == READY:
        sentence += f" (min_instances is {options.min_instances})"
    return f"{sentence}." + (
        f" The last request failed: {watch.error.message}." if watch.error else ""
    )


def describe(offer: Offer) -> str:
    """Return an offer's phase, usable instances and progress text; for a failed one, the reason."""
    words = [offer.phase]
    if offer.phase == FAILED:
        words[0] += f" ({_failure(offer)})"
    if offer.phase == UNKNOWN:
        words[0] += f" (procurement_status {quoted(offer.procurement_status or '')})"
    if offer.instances:
        words.append(f"{offer.usable_count} of {len(offer.instances)} instances usable")
    if offer.progress:
        words.append(f'"{printable(offer.progress, 120)}"')
    return ", ".join(words)


def _failure(offer: Offer) -> str:
    """Return why an offer failed, in the API's words without their full stop."""
    return printable(offer.failure_reason or "").rstrip(".") or "the API gives no reason"


def _name_of(instance: Instance) -> str:
    return printable(instance.instance_name, 60) or quoted(instance.instance_id)


def offer_line(offer: Offer, options: HostOptions, stale: bool) -> str:
    """Return an offer's phase and usable instances, and why the others are left out."""
    usable, total = options.usable_count(offer), len(offer.instances)
    line = f"Offer {offer.offer_id} is {offer.phase}"
    if offer.phase != READY and (offer.failure_reason or offer.progress):
        line += f" ({printable(offer.failure_reason or offer.progress or '')})"
    line += f", {usable} of {total} instances usable"
    if stale:
        line += ", by an old answer"
    unusable = [
        f"{quoted(instance.instance_name)} ({printable(instance.instance_id, 60)}): {reason}"
        for instance in offer.instances
        for reason in [options.unusable_reason(instance)]
        if reason is not None
    ]
    return line + (f". Not usable: {listed(unusable, _NAMED, '; ')}" if unusable else "")


def short_ids(offer_ids: t.Iterable[str]) -> dict[str, str]:
    """Return a short name for each offer: the beginning of its ID, or all of it if need be."""
    ids = set(offer_ids)
    begins = Counter(offer_id[:_SHORT] for offer_id in ids)
    return {one: one[:_SHORT] if begins[one[:_SHORT]] == 1 else one for one in ids}

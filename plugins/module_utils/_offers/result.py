# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module offer_status returns: a wait report as plain data, and a sentence for people.

>>> build_result(wait_for_offers(client, ids, options), options)["msg"]
"""

from __future__ import annotations

import typing as t

from .._api.errors import HostNameClash
from .._text import printable, quoted
from .hosts import ACCEPT_NEW, HostOptions, host_records
from .offer import EXPIRED, FAILED, NOT_PROCURED, READY, UNKNOWN, Instance, Offer
from .wait import WaitOptions, WaitReport
from .watch import Watch

# A message names this many offers or instances, and counts the rest. The result has them all.
_NAMED = 5


def empty_result(message: str) -> dict[str, t.Any]:
    """Return the result of a wait that could not begin: every key, nothing in it."""
    return {
        "msg": message,
        "failed": True,
        "ready": False,
        "timed_out": False,
        "elapsed": 0.0,
        "offers": [],
        "hosts": [],
    }


def build_result(
    report: WaitReport, options: WaitOptions, *, waited: bool, ssh_host_key_policy: str = ACCEPT_NEW
) -> dict[str, t.Any]:
    """Return the result of the module for a report, the same keys whatever it came to.

    Without ``waited`` only an offer that could not be read is a failure. ``warnings`` holds
    sentences to warn with.
    """
    offers = [watch.offer for watch in report.watches if watch.offer]
    records: list[dict[str, t.Any]] = []
    warnings = _unknown_states(report.watches)
    clash = ""
    try:
        hosts = host_records(offers, HostOptions(ssh_host_key_policy))
        records, warnings = hosts.records, warnings + hosts.warnings
    except HostNameClash as exc:
        clash = str(exc)
    unread = [watch for watch in report.watches if watch.error]
    failed = bool(clash) or (not report.ready if waited else bool(unread))
    return {
        "msg": clash or _message(report, options, waited),
        "failed": failed,
        "ready": report.ready and not clash,
        "timed_out": report.timed_out,
        "elapsed": report.elapsed,
        "offers": [_offer_entry(watch, options.min_instances) for watch in report.watches],
        "hosts": records,
        "warnings": warnings,
    }


def _offer_entry(watch: Watch, min_instances: int | None) -> dict[str, t.Any]:
    document = watch.offer.as_document() if watch.offer else {}
    instances = watch.offer.instances if watch.offer else ()
    names = ("status", "procurement_status", "progress", "failure_reason")
    dates = ("created_at", "procured_at")
    return {
        "offer_id": watch.offer_id,
        "phase": watch.phase,
        "ready": watch.offer is not None and watch.offer.is_ready(min_instances),
        **{name: document.get(name) for name in (*names, *dates)},
        "instances": [
            {
                **instance.as_dict(),
                "usable": instance.usable,
                "unusable_reason": instance.unusable_reason,
            }
            for instance in instances
        ],
        "resources": document.get("resources", []),
        "polls": watch.polls,
        "transient_errors": watch.transient_errors,
        "transitions": watch.transitions,
        "error": watch.error.as_dict() if watch.error else None,
    }


def _unknown_states(watches: list[Watch]) -> list[str]:
    """Return one warning for each state that is in neither list of the API's documentation."""
    found = {
        (watch.offer_id, transition["procurement_status"]): None
        for watch in watches
        for transition in watch.transitions
        if transition["phase"] == UNKNOWN
    }
    return [
        f"Offer {offer_id}: procurement_status {quoted(state)} is not known; "
        "it is taken for one that is still to change."
        for offer_id, state in found
    ]


def _message(report: WaitReport, options: WaitOptions, waited: bool) -> str:
    total = len(report.watches)
    ready = sum(bool(w.offer and w.offer.is_ready(options.min_instances)) for w in report.watches)
    count = f"{ready} of {total} offer{'s' * (total > 1)} ready"
    if not waited:
        culprits = [watch for watch in report.watches if watch.error]
        return " ".join([f"{count}.", *_limited([str(watch.error) for watch in culprits])])
    if report.ready:
        return f"{count} after {report.elapsed:g} s."
    if report.timed_out:
        rest = [w for w in report.watches if not w.is_ready(options.min_instances)]
        states = _limited([_state_sentence(watch, options) for watch in rest])
        advice = "Raise wait_timeout if they only need longer."
        return " ".join([f"Timed out after {report.elapsed:g} s with {count}.", *states, advice])
    culprits = [watch for watch in report.watches if watch.offer_id in report.hopeless]
    reasons = _limited([_end_sentence(watch, options) for watch in culprits])
    return " ".join([*reasons, f"Gave up after {report.elapsed:g} s with {count}."])


def _limited(sentences: list[str]) -> list[str]:
    more = len(sentences) - _NAMED
    return sentences if more <= 0 else [*sentences[:_NAMED], f"(And {more} more; see offers.)"]


def _named(words: list[str], separator: str) -> str:
    more = len(words) - _NAMED
    return separator.join(words[:_NAMED]) + (f" and {more} more" if more > 0 else "")


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
    gone = [f"{_called(i)} {printable(i.status, 40)}" for i in offer.instances]
    return f"{subject}: all its instances are gone ({_named(gone, ', ')}). Buy another offer."


def _state_sentence(watch: Watch, options: WaitOptions) -> str:
    """Return the last known state of an offer that is not ready."""
    subject = f"Offer {watch.offer_id}"
    if watch.offer is None:
        return str(watch.error) if watch.error else f"{subject} was never read."
    sentence = f"{subject} is {describe(watch.offer)}"
    missing = [i for i in watch.offer.instances if not i.usable]
    if watch.offer.phase == READY and missing:
        reasons = [f"{_called(i)}: {i.unusable_reason}" for i in missing]
        sentence += f" ({_named(reasons, '; ')})"
    elif watch.offer.phase == READY and not watch.offer.instances:
        sentence += " (no instance is listed)"
    elif watch.offer.phase == READY:
        sentence += f" (min_instances is {options.min_instances})"
    return f"{sentence}." + (
        f" The last request failed: {watch.error.message}." if watch.error else ""
    )


def describe(offer: Offer) -> str:
    """Return phase, usable instances and the API's progress text of an offer in one phrase.

    Of an offer that failed there is the reason as well.
    """
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


def _called(instance: Instance) -> str:
    return printable(instance.instance_name, 60) or quoted(instance.instance_id)

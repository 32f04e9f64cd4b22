# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of offer_status: a wait report as plain data, with a sentence for people.

>>> build_result(wait_for_offers(client, ids, options), options)["msg"]
"""

from __future__ import annotations

import typing as t

from .._text import quoted
from .hosts import ACCEPT_NEW, HostNameClash, HostOptions, host_records
from .offer import UNKNOWN
from .terms import WaitOptions, WaitReport
from .watch import Watch
from .words import message


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
        "msg": clash or message(report, options, waited),
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

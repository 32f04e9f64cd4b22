# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""gather(): the offers of an inventory source, fresh, stored or stale; all of them, or an error."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ...module_utils._api.errors import SupplyError, Unauthorized
from ...module_utils._offers.offer import Offer
from ...module_utils._offers.wait import StatusReader, read_offers
from ...module_utils._offers.watch import Watch
from ...module_utils._text import clock_face
from .stored import StoredOffer

FAIL = "fail"
SKIP = "skip"
STALE = "stale"
ON_ERROR = (FAIL, SKIP, STALE)

ATTEMPTS = 3
"""How often an offer is asked for, as long as the errors are of the kind that passes."""


class SourceUnreadable(Exception):
    """Not every offer of a source could be read. The text says which, and why."""

    def __init__(self, failures: t.Sequence[str], asked: int) -> None:
        count = f"{len(failures)} of its {asked} offers" if asked > 1 else "its offer"
        super().__init__(
            f"no host is taken from this source, because {count} could not be read. "
            + " ".join(failures)
        )


@dataclass(frozen=True)
class GatherOptions:
    """What an old answer is good for."""

    on_error: str = FAIL
    stale_max_age: float = 86400.0
    """Seconds; an older answer is not served instead of an error."""
    fresh_for: float | None = None
    """Seconds for which an answer is served without asking; None to ask always."""


@dataclass
class Gathered:
    """The offers of a source, in the order asked for, without those that are skipped."""

    offers: list[Offer] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)
    """The ids of the offers whose answer is an old one."""
    stored: list[StoredOffer] = field(default_factory=list)
    """What is worth keeping."""
    warnings: list[str] = field(default_factory=list)


def gather(
    client: StatusReader,
    offer_ids: t.Sequence[str],
    options: GatherOptions,
    is_settled: t.Callable[[Offer], bool],
    stored: t.Mapping[str, StoredOffer],
    now: float,
) -> Gathered:
    """Return the offers, from ``stored`` answers where those are still good.

    Only settled offers are served without asking: any other one is expected to change. ``now`` is
    in seconds since the epoch. Raises SourceUnreadable.
    """
    fresh = {
        offer_id: stored[offer_id]
        for offer_id in offer_ids
        if options.fresh_for is not None
        and offer_id in stored
        and is_settled(stored[offer_id].offer)
        and stored[offer_id].is_younger_than(options.fresh_for, now)
    }
    to_ask = [offer_id for offer_id in offer_ids if offer_id not in fresh]
    watches = read_offers(client, to_ask, attempts=ATTEMPTS).watches if to_ask else []
    good = dict(fresh)
    for watch in watches:
        if watch.offer is not None and watch.error is None:
            good[watch.offer_id] = StoredOffer(watch.offer, now)
    unread = [watch for watch in watches if watch.offer_id not in good]
    result = Gathered()
    old = _instead(unread, options, stored, now, result)
    if len(old) < len(unread) and options.on_error != SKIP:
        failures = [_failure(w, options, stored) for w in unread if w.offer_id not in old]
        raise SourceUnreadable(failures, len(offer_ids))
    served = {**good, **old}
    result.offers = [served[offer_id].offer for offer_id in offer_ids if offer_id in served]
    kept = {**stored, **good}
    result.stored = [kept[offer_id] for offer_id in offer_ids if offer_id in kept]
    return result


def _instead(
    unread: t.Iterable[Watch],
    options: GatherOptions,
    stored: t.Mapping[str, StoredOffer],
    now: float,
    result: Gathered,
) -> dict[str, StoredOffer]:
    """Return the old answers that are served for offers that could not be read."""
    served: dict[str, StoredOffer] = {}
    for watch in unread:
        old = stored.get(watch.offer_id)
        if options.on_error == SKIP:
            result.warnings.append(f"{_problem(watch)} Its machines are left out.")
        elif options.on_error == STALE and old and old.is_younger_than(options.stale_max_age, now):
            age = clock_face(now - old.fetched_at)
            result.warnings.append(
                f"{_problem(watch)} Its machines are those of an answer that is {age} old."
            )
            served[watch.offer_id] = old
    result.stale = set(served)
    return served


def _failure(watch: Watch, options: GatherOptions, stored: t.Mapping[str, StoredOffer]) -> str:
    problem = _problem(watch)
    if options.on_error == STALE:
        why = "is older than stale_max_age" if watch.offer_id in stored else "is not there"
        problem += f" An old answer that could be served instead {why}."
    return problem


def _problem(watch: Watch) -> str:
    error = watch.error or Unauthorized("it was not asked, because the API rejected the token")
    text = SupplyError(error.message, offer_id=watch.offer_id, code=error.code, hint=error.hint)
    attempts = f" It was asked for {watch.polls} times." if watch.polls > 1 else ""
    return f"{text}{attempts}"

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""gather(): the offers of an inventory source, new, stored or stale; all of them, or an error."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ...module_utils._api.errors import SupplyError, Unauthorized
from ...module_utils._offers.offer import Offer
from ...module_utils._offers.polling import StatusReader
from ...module_utils._offers.wait import read_offers
from ...module_utils._offers.watch import Watch
from ...module_utils._phrases import clock_face
from .stored import StoredOffer

FAIL = "fail"
SKIP = "skip"
STALE = "stale"

ATTEMPTS = 3
"""How many times to ask for an offer while the errors are transient."""


class SourceUnreadable(Exception):
    """Some offer of a source could not be read. The text says which, and why."""

    def __init__(self, failures: t.Sequence[str], asked: int) -> None:
        count = f"{len(failures)} of its {asked} offers" if asked > 1 else "its offer"
        super().__init__(
            f"no host is taken from this source, because {count} could not be read. "
            + " ".join(failures)
        )


@dataclass(frozen=True)
class GatherOptions:
    """When a stored answer may be used."""

    on_error: str = FAIL
    stale_max_age: float = 86400.0
    """Seconds; an older answer never replaces an error."""
    fresh_for: float | None = None
    """Seconds for which an answer is used without asking; None to ask always."""

    def is_fresh(self, answer: StoredOffer, now: float) -> bool:
        """Return whether an answer is young enough to be used without asking."""
        return self.fresh_for is not None and answer.is_younger_than(self.fresh_for, now)


@dataclass
class Gathered:
    """The offers of a source, in the order asked for, without those that are skipped."""

    offers: list[Offer] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)
    """The ids of the offers for which an old answer stands in."""
    stored: list[StoredOffer] = field(default_factory=list)
    """The answers to store."""
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

    Only settled offers are used without asking: any other one is expected to change. ``now`` is
    in seconds since the epoch. Raises SourceUnreadable.
    """
    good = {
        offer_id: stored[offer_id]
        for offer_id in offer_ids
        if offer_id in stored
        and options.is_fresh(stored[offer_id], now)
        and is_settled(stored[offer_id].offer)
    }
    to_ask = [offer_id for offer_id in offer_ids if offer_id not in good]
    watches = read_offers(client, to_ask, attempts=ATTEMPTS).watches if to_ask else []
    for watch in watches:
        if watch.offer is not None and watch.error is None:
            good[watch.offer_id] = StoredOffer(watch.offer, now)
    unread = [watch for watch in watches if watch.offer_id not in good]
    result = Gathered()
    old = _instead(unread, options, stored, now, result)
    if len(old) < len(unread) and options.on_error != SKIP:
        failures = [_failure(w, options, stored, now) for w in unread if w.offer_id not in old]
        raise SourceUnreadable(failures, len(offer_ids))
    served, kept = {**good, **old}, {**stored, **good}
    result.offers = [served[offer_id].offer for offer_id in offer_ids if offer_id in served]
    result.stored = [kept[offer_id] for offer_id in offer_ids if offer_id in kept]
    return result


def _instead(
    unread: t.Iterable[Watch],
    options: GatherOptions,
    stored: t.Mapping[str, StoredOffer],
    now: float,
    result: Gathered,
) -> dict[str, StoredOffer]:
    """Return the old answers that stand in for offers that could not be read."""
    served: dict[str, StoredOffer] = {}
    for watch in unread:
        old = stored.get(watch.offer_id)
        if options.on_error == SKIP:
            result.warnings.append(f"{_problem(watch)} Its machines are left out.")
        elif options.on_error == STALE and old and old.is_younger_than(options.stale_max_age, now):
            age = clock_face(now - old.fetched_at)
            result.warnings.append(
                f"{_problem(watch)} Its machines come from an answer that is {age} old."
            )
            served[watch.offer_id] = old
    result.stale = set(served)
    return served


def _failure(
    watch: Watch, options: GatherOptions, stored: t.Mapping[str, StoredOffer], now: float
) -> str:
    problem, old = _problem(watch), stored.get(watch.offer_id)
    if options.on_error != STALE:
        return problem
    if old is None:
        return f"{problem} There is no stored answer to use instead."
    if old.fetched_at > now:
        return f"{problem} The stored answer is from the future by this machine's clock."
    return f"{problem} The stored answer is older than stale_max_age."


def _problem(watch: Watch) -> str:
    error = watch.error or Unauthorized("not asked, because the API rejected the token")
    text = SupplyError(error.message, offer_id=watch.offer_id, code=error.code, hint=error.hint)
    attempts = f" Asked {watch.polls} times." if watch.polls > 1 else ""
    return f"{text}{attempts}"

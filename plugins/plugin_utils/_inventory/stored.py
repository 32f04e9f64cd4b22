# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stored answers: the cache entry of an inventory source, and its age.

Everybody on the machine can read a file cache, so an entry holds only the API fields that are known
here, and never the token.
"""

from __future__ import annotations

import hashlib
import typing as t
from dataclasses import dataclass

from ...module_utils._api.errors import InvalidResponse
from ...module_utils._offers.offer import Offer, parse_offer

SCHEMA = 1
"""The version of an entry. As part of the key, it keeps other versions' entries apart."""


class ForeignEntry(ValueError):
    """The cache entry under our key is not one of ours."""


@dataclass(frozen=True)
class StoredOffer:
    """An answer and its time."""

    offer: Offer
    fetched_at: float
    """Seconds since the epoch."""

    def is_younger_than(self, seconds: float, now: float) -> bool:
        """Return whether it is at most that old. An answer from the future has no known age."""
        return 0 <= now - self.fetched_at <= seconds


def entry_key(api_url: str, offer_ids: t.Iterable[str], token: str) -> str:
    """Return the key of a source's entry, which is also the name of a file.

    Different APIs, offers or tokens never share an entry.
    """
    parts = [str(SCHEMA), api_url, token, *sorted(offer_ids)]
    digest = hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()
    return f"compute_desk_supply_instances_{digest[:32]}"


def to_entry(stored: t.Iterable[StoredOffer]) -> dict[str, t.Any]:
    """Return the cache entry for these answers."""
    return {
        "schema": SCHEMA,
        "offers": {
            one.offer.offer_id: {"fetched_at": one.fetched_at, "document": one.offer.as_document()}
            for one in stored
        },
    }


def from_entry(entry: t.Any) -> dict[str, StoredOffer]:
    """Return the answers in an entry by offer id. Raises ForeignEntry."""
    try:
        if entry["schema"] != SCHEMA:
            raise ForeignEntry("it has another schema")
        return {
            offer_id: StoredOffer(parse_offer(one["document"], offer_id), float(one["fetched_at"]))
            for offer_id, one in entry["offers"].items()
        }
    except (InvalidResponse, KeyError, TypeError, AttributeError, ValueError) as exc:
        raise ForeignEntry(str(exc)) from None

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The running offers: their clocks, answers and due faults."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from functools import partial
from uuid import UUID

from .clock import OfferClock
from .model import OfferScript, Timeline
from .story import Address, body_at

AddressBook = Callable[[UUID], dict[str, Address]]


class Offer:
    """One offer with its clock. `addresses()` tells where its machines really are."""

    def __init__(
        self, script: OfferScript, speed: float, addresses: Callable[[], dict[str, Address]]
    ) -> None:
        self.script = script
        self.clock = OfferClock(speed)
        self._addresses = addresses

    def body(self) -> t.Any:
        """The JSON value to answer right now."""
        return body_at(self.script, self.clock.now(), self._addresses())

    def due_fault(self, number: int) -> t.Any:
        """The first ordered fault that hits request `number` now, or None."""
        now = self.clock.now()
        return next((fault for fault in self.script.faults if fault.applies(number, now)), None)


class Offers:
    """All offers of a timeline, by id."""

    def __init__(self, timeline: Timeline, speed: float, addresses: AddressBook) -> None:
        self._offers = {
            script.offer_id: Offer(script, speed, partial(addresses, script.offer_id))
            for script in timeline.offers
        }

    def __iter__(self) -> t.Iterator[Offer]:
        return iter(self._offers.values())

    def get(self, offer_id: UUID) -> Offer | None:
        """The offer, or None."""
        return self._offers.get(offer_id)

    def launch(self) -> None:
        """Starts the clocks that do not wait for a request."""
        for offer in self:
            if offer.script.starts == "launch":
                offer.clock.start()

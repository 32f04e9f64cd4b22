# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Watch: what a wait knows about one offer, and whether to go on. Times count from its start."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._api.errors import NameNotResolved, SupplyError
from .._api.retry import jittered, pause_after_failure
from .offer import EXPIRED, FAILED, NOT_PROCURED, UNKNOWN, Offer

RESOLVE_TIMEOUT = 60.0
"""Seconds to keep retrying a host name that has never resolved."""


@dataclass
class Watch:
    """One offer during a wait."""

    offer_id: str
    offer: Offer | None = None
    """The newest answer."""
    error: SupplyError | None = None
    """What the newest request ended with, if not with an answer."""
    polls: int = 0
    """Requests sent."""
    answers: int = 0
    """Requests that ended, in an answer or an error."""
    transient_errors: int = 0
    failures_in_a_row: int = 0
    transitions: list[dict[str, t.Any]] = field(default_factory=list)
    next_at: float = 0.0
    """When the next request is due."""
    not_procured_for: float | None = None
    """Seconds from the first to the newest answer that says so; None if that says otherwise."""
    not_procured_since: float | None = None
    unresolved_for: float | None = None
    """Seconds from the first to the newest of the requests in a row that found no host."""
    unresolved_since: float | None = None

    @property
    def phase(self) -> str:
        """The phase of the newest answer; ``unknown`` before there is one."""
        return self.offer.phase if self.offer else UNKNOWN

    @property
    def has_final_error(self) -> bool:
        """Whether the newest request ended in an error that the next one would meet again."""
        return self.error is not None and self.error.final

    def note_request(self, now: float, poll_interval: float, random: float) -> None:
        """Remember that a request is sent now."""
        self.polls += 1
        self.next_at = now + jittered(poll_interval, random)

    def note_answer(self, offer: Offer, now: float) -> None:
        """Take in an answer."""
        before = self.transitions[-1] if self.transitions else {}
        state = {
            "phase": offer.phase,
            "procurement_status": offer.procurement_status,
            "progress": offer.progress,
        }
        if state != {name: before.get(name) for name in state}:
            self.transitions.append({**state, "at": round(now, 1)})
        self.answers += 1
        self.offer, self.error, self.failures_in_a_row = offer, None, 0
        self._note_resolution(True, now)
        if offer.phase != NOT_PROCURED:
            self.not_procured_since = None
        elif self.not_procured_since is None:
            self.not_procured_since = now
        since = self.not_procured_since
        self.not_procured_for = None if since is None else now - since

    def note_error(
        self, error: SupplyError, now: float, poll_interval: float, random: float
    ) -> None:
        """Take in that a request failed, and put the next one off if the failure may pass."""
        self.answers += 1
        self.error = error
        self._note_resolution(not isinstance(error, NameNotResolved), now)
        if error.final:
            return
        self.transient_errors += 1
        if self.unresolved_since is not None:
            # The API was not asked, so it is owed no growing pause; and the last try is not late.
            last_try = self.unresolved_since + RESOLVE_TIMEOUT
            if now < last_try:
                self.next_at = min(self.next_at, last_try)
            return
        self.failures_in_a_row += 1
        pause = pause_after_failure(
            self.failures_in_a_row, poll_interval, error.retry_after, random
        )
        self.next_at = max(self.next_at, now + pause)

    def _note_resolution(self, succeeded: bool, now: float) -> None:
        if succeeded:
            self.unresolved_for = self.unresolved_since = None
            return
        if self.unresolved_since is None:
            self.unresolved_since = now
        self.unresolved_for = now - self.unresolved_since

    def is_ready(self, min_instances: int | None) -> bool:
        """Return whether this offer needs no further request."""
        return self.offer is not None and self.error is None and self.offer.is_ready(min_instances)

    def cannot_become_ready(self, procurement_timeout: float) -> bool:
        """Return whether waiting longer is pointless.

        Only an answer can tell, never the clock: it may have been procured since the last one.
        """
        if self.has_final_error:
            return True
        if self.offer is None:
            return False
        if self.offer.phase in (FAILED, EXPIRED) or self.offer.is_gone:
            return True
        return self.not_procured_for is not None and self.not_procured_for >= procurement_timeout

    def is_unresolvable(self) -> bool:
        """Return whether the host name has not resolved for ``RESOLVE_TIMEOUT``."""
        return self.unresolved_for is not None and self.unresolved_for >= RESOLVE_TIMEOUT

    def signature(self) -> tuple[t.Any, ...]:
        """Return everything whose change is worth a progress line."""
        offer = self.offer
        return (
            self.phase,
            offer and (offer.procurement_status, offer.progress, offer.usable_count),
            self.transient_errors,
            self.error and self.error.message,
        )

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""wait_for_offers(): polls offers in parallel under one deadline until all are ready.

Clock, sleep and randomness can be handed in, so that a test needs no time.

    >>> client = SupplyClient(Settings.from_options({"api_token_file": "~/.compute-desk-token"}))
    >>> report = wait_for_offers(client, ["4f9d2c1e-8a37-4b65-9d0e-2c7f81a6b3d4"], WaitOptions())
    >>> report.ready, report.elapsed
"""

from __future__ import annotations

import typing as t

from .calls import Calls
from .news import OnNews
from .polling import Polling, StatusReader
from .terms import Time, WaitOptions, WaitReport
from .watch import Watch


def read_offers(
    client: StatusReader,
    offer_ids: t.Sequence[str],
    min_instances: int | None = None,
    *,
    attempts: int = 1,
    timing: Time | None = None,
    calls: Calls | None = None,
) -> WaitReport:
    """Read each offer once. Never raises a SupplyError.

    After a transient error it is asked again, up to ``attempts`` times in all, with growing pauses
    that begin at a second and a Retry-After that is kept. None begins later than one request
    timeout after the first.
    """
    options = WaitOptions(min_instances=min_instances, poll_interval=1)
    watches = [Watch(offer_id) for offer_id in offer_ids]
    return Polling(client, watches, options, timing, calls, attempts=attempts).run()


def wait_for_offers(
    client: StatusReader,
    offer_ids: t.Sequence[str],
    options: WaitOptions,
    *,
    independent: bool = False,
    on_news: OnNews | None = None,
    timing: Time | None = None,
    calls: Calls | None = None,
) -> WaitReport:
    """Poll until every offer is ready, one of them cannot become ready, or time is up.

    With ``independent``, an offer that cannot become ready does not end the wait for the others.

    Each offer is asked no more often than the poll interval, and not again once it is ready.
    Transient errors are counted and outlived; nothing outlives the deadline. ``on_news`` is called
    for every change, unless the first answers already end the wait. Never raises a SupplyError.
    """
    watches = [Watch(offer_id) for offer_id in offer_ids]
    return Polling(
        client, watches, options, timing, calls, on_news=on_news, independent=independent
    ).run()

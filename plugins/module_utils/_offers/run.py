# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""run(): all of offer_status, from options to result, in either process.

>>> run({"offer_ids": [offer_id], "wait": True, ...})["ready"]
"""

from __future__ import annotations

import typing as t

from .._api.client import SupplyClient
from .._api.settings import Settings
from .._api.transport import HAS_REQUESTS, how_to_get_requests
from .._options import OptionError, checked_number
from .news import OnNews
from .offer import checked_offer_ids
from .result import build_result, empty_result
from .terms import WaitOptions
from .wait import read_offers, wait_for_offers

# Ansible's word, so that both ways to run show the same.
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def run(
    options: t.Mapping[str, t.Any],
    check_mode: bool = False,
    on_news: OnNews | None = None,
    *,
    ansible_core: str = "unknown",
) -> dict[str, t.Any]:
    """Return the result for options that have the types of the argument spec.

    Every token that was used is taken out of it. ``invocation`` holds the options, and
    ``warnings`` sentences to warn with.
    """
    redact: t.Callable[[dict[str, t.Any]], dict[str, t.Any]] = dict
    result: dict[str, t.Any]
    try:
        # Before all others: what they say is searched for the token.
        settings = Settings.from_options(options)
        redact = settings.token.redact_all
        result = (
            _ask(options, settings, check_mode, on_news, ansible_core)
            if HAS_REQUESTS
            else empty_result(how_to_get_requests())
        )
    except OptionError as exc:
        result = empty_result(str(exc))
    hidden = {} if options["api_token"] is None else {"api_token": HIDDEN}
    result["invocation"] = {"module_args": {**options, **hidden}}
    return redact(result)


def _ask(
    options: t.Mapping[str, t.Any],
    settings: Settings,
    check_mode: bool,
    on_news: OnNews | None,
    ansible_core: str,
) -> dict[str, t.Any]:
    """Check the rest of the options, then read or wait."""
    names = [name for name in WaitOptions.names() if options[name] is not None]
    wait_options = WaitOptions(**{name: options[name] for name in names})
    checked_number("progress_interval", options["progress_interval"], at_least=1)
    offer_ids = checked_offer_ids(options["offer_ids"])
    client = SupplyClient(settings, f"offer_status; ansible-core/{ansible_core}")
    waits = bool(options["wait"]) and not check_mode
    report = (
        wait_for_offers(
            client,
            offer_ids,
            wait_options,
            on_news=on_news,
            independent=bool(options["independent"]),
        )
        if waits
        else read_offers(client, offer_ids, wait_options.min_instances)
    )
    return build_result(
        report, wait_options, waited=waits, ssh_host_key_policy=options["ssh_host_key_policy"]
    )

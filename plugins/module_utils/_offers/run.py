# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""run(): all that offer_status does, in whichever process: from its options to its result.

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
from .wait import WaitOptions, WaitReport, read_offers, wait_for_offers

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
    module_args = shown_options(options)
    if not HAS_REQUESTS:
        return {**empty_result(how_to_get_requests()), "invocation": {"module_args": module_args}}
    try:
        wait_options, offer_ids, settings = _checked(options)
    except OptionError as exc:
        return {**empty_result(str(exc)), "invocation": {"module_args": module_args}}
    client = SupplyClient(settings, f"offer_status; ansible-core/{ansible_core}")
    waits = bool(options["wait"]) and not check_mode
    report: WaitReport
    if waits:
        report = wait_for_offers(client, offer_ids, wait_options, on_news=on_news)
    else:
        report = read_offers(client, offer_ids, wait_options.min_instances)
    result = build_result(
        report,
        wait_options,
        waited=waits,
        ssh_host_key_policy=options["ssh_host_key_policy"],
    )
    result["invocation"] = {"module_args": module_args}
    redacted: dict[str, t.Any] = _redacted(result, settings.token.redact)
    return redacted


def shown_options(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the options with the token hidden."""
    hidden = {} if options.get("api_token") is None else {"api_token": HIDDEN}
    return {**options, **hidden}


def _checked(options: t.Mapping[str, t.Any]) -> tuple[WaitOptions, list[str], Settings]:
    """Return everything that a wait or a reading needs, or raise OptionError."""
    names = [name for name in WaitOptions.names() if options[name] is not None]
    wait_options = WaitOptions(**{name: options[name] for name in names})
    checked_number("progress_interval", options["progress_interval"], at_least=1)
    settings = Settings.from_options(options)
    return wait_options, checked_offer_ids(options["offer_ids"]), settings


def _redacted(value: t.Any, redact: t.Callable[[str], str]) -> t.Any:
    """Return ``value`` with every string redacted. Keys are ours: none comes from the API."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _redacted(entry, redact) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_redacted(entry, redact) for entry in value]
    return value

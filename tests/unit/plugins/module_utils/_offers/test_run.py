# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All of offer_status, from its options to its result, against a server on loopback."""

from __future__ import annotations

import shlex
import sys
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._offers import run as module
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.arguments import (
    argument_spec,
)

from ...helpers import OFFER_ID, OTHER_ID, Server, a_document, an_instance, http_answer

TOKEN = "cd-live-0123456789abcdef"
PROVISIONING = a_document(procurement_status="provisioning_in_progress", instances=[])
EMPTY = {"ready": False, "timed_out": False, "elapsed": 0.0, "offers": [], "hosts": []}

pytestmark = pytest.mark.usefixtures("clean_environment")


def options(server: Server | None = None, **given: t.Any) -> dict[str, t.Any]:
    """Return the options of a task as Ansible hands them over."""
    return {
        **{name: argument.get("default") for name, argument in argument_spec().items()},
        "api_url": server.url if server else "http://127.0.0.1:1",
        "api_token": TOKEN,
        "offer_ids": [OFFER_ID],
        **given,
    }


def test_a_look_at_an_offer_that_is_ready() -> None:
    with Server() as server:
        given = options(server)
        result = module.run(given, ansible_core="2.19.4")

    assert result["msg"] == "1 of 1 offer ready."
    assert (result["failed"], result["ready"]) == (False, True)
    assert [host["name"] for host in result["hosts"]] == ["h100-node-1-2c3d4e5f"]
    assert result["hosts"][0]["ansible_ssh_common_args"]
    assert result["invocation"] == {
        "module_args": {**given, "api_token": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"}
    }
    (agent,) = server.header("user-agent")
    assert "offer_status; ansible-core/2.19.4" in str(agent)
    assert server.header("authorization") == [f"Bearer {TOKEN}"]


def test_the_version_of_ansible_may_be_unknown() -> None:
    with Server() as server:
        module.run(options(server))

    assert "offer_status; ansible-core/unknown" in str(server.header("user-agent")[0])


@pytest.mark.parametrize(
    ("wait", "check_mode", "message"),
    [
        (True, False, "1 of 1 offer ready after "),
        (True, True, "1 of 1 offer ready."),
        (False, False, "1 of 1 offer ready."),
    ],
)
def test_only_wait_waits_and_not_in_check_mode(wait: bool, check_mode: bool, message: str) -> None:
    with Server() as server:
        result = module.run(options(server, wait=wait), check_mode)

    assert result["msg"].startswith(message)


@pytest.mark.parametrize("independent", [False, True])
def test_an_independent_offer_does_not_end_the_wait_for_others(independent: bool) -> None:
    answers = (http_answer(404), http_answer(200, {**PROVISIONING, "offer_id": OTHER_ID}))
    news: list[t.Any] = []
    with Server(*answers) as server:
        result = module.run(
            options(
                server,
                offer_ids=[OFFER_ID, OTHER_ID],
                wait=True,
                independent=independent,
                concurrency=1,
                # Long enough for two requests on a busy machine; all of it is waited.
                wait_timeout=1.0 if independent else 60.0,
            ),
            on_news=news.append,
        )

    assert result["failed"]
    assert result["timed_out"] is independent
    assert [watch.offer_id for one in news for watch in one.changed] == (
        [OFFER_ID, OTHER_ID] if independent else []
    )


def test_a_token_from_a_variable_is_taken_out_and_not_called_an_option(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COMPUTE_DESK_API_TOKEN", TOKEN)
    document = a_document(progress=f"asked with {TOKEN}")
    with Server(http_answer(200, document)) as server:
        result = module.run(options(server, api_token=None))

    assert result["offers"][0]["progress"] == "asked with ********"
    assert result["invocation"]["module_args"]["api_token"] is None


@pytest.mark.parametrize(("least", "is_ready"), [(1, True), (2, False), (None, False)])
def test_how_many_instances_are_enough(least: int | None, is_ready: bool) -> None:
    document = a_document(instances=[an_instance(), an_instance(status="starting")])
    with Server(http_answer(200, document)) as server:
        result = module.run(options(server, min_instances=least))

    assert result["ready"] is is_ready


def test_the_policy_for_host_keys_reaches_the_hosts() -> None:
    with Server() as server:
        result = module.run(options(server, ssh_host_key_policy="unmanaged"))

    assert "ansible_ssh_common_args" not in result["hosts"][0]


@pytest.mark.parametrize(
    ("given", "begin"),
    [
        ({"api_token": None}, "api_token: no API token."),
        ({"api_url": "ftp://x"}, "api_url: "),
        ({"poll_interval": 0.5}, "poll_interval: must be at least 1 seconds, not 0.5"),
        ({"progress_interval": 0.5}, "progress_interval: must be at least 1 seconds, not 0.5"),
        ({"progress_interval": None}, "progress_interval: 'None' is not a number"),
        ({"offer_ids": ["no-uuid"]}, "offer_ids: "),
    ],
)
def test_an_option_that_cannot_be_used_is_an_empty_result(
    given: dict[str, t.Any], begin: str
) -> None:
    result = module.run(options(**given))

    assert result.pop("msg").startswith(begin)
    assert result.pop("failed") is True
    assert result.pop("invocation")["module_args"]["offer_ids"]
    assert result == EMPTY


def test_a_line_a_second_may_be_printed_and_what_is_null_is_left_to_the_default() -> None:
    with Server() as server:
        result = module.run(
            options(server, progress_interval=1, wait=True, wait_timeout=None, poll_interval=None)
        )

    assert result["ready"]


def test_without_requests_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HAS_REQUESTS", False)
    monkeypatch.setattr(sys, "executable", "/opt/my python/bin/python")

    result = module.run(options())

    assert result["msg"] == (
        "Failed to import the required Python library (requests). Install it for the Python that "
        f"needs it: {shlex.quote(sys.executable)} -m pip install requests"
    )
    assert result["failed"] and result["offers"] == []

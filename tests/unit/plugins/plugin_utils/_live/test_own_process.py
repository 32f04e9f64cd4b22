# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task that asks the API in its own process returns what the module would return."""

from __future__ import annotations

import contextlib
import types
import typing as t

import pytest
from ansible.release import __version__
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.arguments import (
    argument_spec,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._live import own_process

from ...helpers import OFFER_ID, Server, a_document, http_answer

NAME = "compute_desk.supply.offer_status"
TOKEN = "cd-live-0123456789abcdef"
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
DEFAULTS = {name: option.get("default") for name, option in argument_spec().items()}

pytestmark = pytest.mark.usefixtures("clean_environment")


class Screen:
    """Stands for the lines of a wait: what it was made with, and what became of it."""

    made: t.ClassVar[list[Screen]] = []

    def __init__(self, *given: t.Any, **named: t.Any) -> None:
        self.given = (given, named)
        self.beats = 0
        self.made.append(self)

    @contextlib.contextmanager
    def heartbeat(self) -> t.Iterator[None]:
        self.beats += 1
        yield


@pytest.fixture
def screens(monkeypatch: pytest.MonkeyPatch) -> list[Screen]:
    monkeypatch.setattr(Screen, "made", [])
    monkeypatch.setattr(own_process, "Progress", Screen)
    return Screen.made


class Secret:
    """As an inline !vault is before ansible-core 2.19: no text, but one as soon as it is read."""

    def __str__(self) -> str:
        return TOKEN


def returned(
    server: Server | None = None, *, check_mode: bool = False, no_log: bool = False, **args: t.Any
) -> dict[str, t.Any]:
    """Return the result of a task with these arguments."""
    given = {"api_url": server.url if server else "http://127.0.0.1:1", **args}
    return own_process.run_here(given, NAME, "gpu-1", check_mode=check_mode, no_log=no_log)


def test_a_look_returns_what_is_there_and_hides_the_token(screens: list[Screen]) -> None:
    with Server() as server:
        result = returned(server, offer_ids=OFFER_ID, api_token=Secret())

    assert {name: result[name] for name in ("changed", "ready", "msg")} == {
        "changed": False,
        "ready": True,
        "msg": "1 of 1 offer ready.",
    }
    assert "failed" not in result and "warnings" not in result
    assert result["invocation"]["module_args"] == {
        **DEFAULTS,
        "api_url": server.url,
        "api_token": HIDDEN,
        "offer_ids": [OFFER_ID],
    }
    assert TOKEN not in str(result)
    assert server.header("authorization") == [f"Bearer {TOKEN}"]
    assert f"ansible-core/{__version__}" in str(server.header("user-agent")[0])


@pytest.mark.parametrize(
    ("wait", "check_mode", "waits"),
    [(True, False, True), (True, True, False), (False, False, False)],
)
def test_a_wait_beats_and_a_look_does_not(
    screens: list[Screen], wait: bool, check_mode: bool, waits: bool
) -> None:
    with Server() as server:
        result = returned(
            server, offer_ids=[OFFER_ID], api_token=TOKEN, wait=wait, check_mode=check_mode
        )

    (screen,) = screens
    assert screen.beats == int(waits)
    assert ("ready after" in result["msg"]) is waits


def test_news_of_the_wait_go_to_the_screen(
    screens: list[Screen], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[t.Any] = []

    def run(*given: t.Any, **named: t.Any) -> dict[str, t.Any]:
        calls.append((given, named))
        return {"failed": False}

    monkeypatch.setattr(own_process, "run", run)

    result = returned(offer_ids=[OFFER_ID], api_token=TOKEN, check_mode=True)

    (((options, check_mode, on_news), named),) = calls
    assert result == {"changed": False}
    assert options == {
        **DEFAULTS,
        "api_url": "http://127.0.0.1:1",
        "api_token": TOKEN,
        "offer_ids": [OFFER_ID],
    }
    assert (check_mode, on_news, named) == (True, screens[0], {"ansible_core": __version__})


@pytest.mark.parametrize("no_log", [True, False])
def test_what_is_shown_goes_by_the_options(screens: list[Screen], no_log: bool) -> None:
    numbers: dict[str, t.Any] = {
        "wait_timeout": "90",
        "progress_interval": "7",
        "min_instances": "2",
    }
    with Server() as server:
        returned(server, offer_ids=[OFFER_ID], api_token=TOKEN, no_log=no_log, **numbers)

    assert screens[0].given == (("gpu-1", 90.0, 7.0, 2), {"hides_offers": no_log})


def test_a_wrong_option_is_refused_in_the_words_of_a_module(screens: list[Screen]) -> None:
    result = returned(offer_ids=[OFFER_ID], api_token=TOKEN, wait="perhaps")

    assert result["failed"] is True
    assert result["msg"].startswith("argument 'wait' is of type")
    assert "perhaps" in result["msg"]
    assert result["invocation"]["module_args"]["wait"] == "perhaps"
    assert set(result) == {"failed", "msg", "invocation"}
    assert screens == []


def test_two_tokens_are_refused(screens: list[Screen]) -> None:
    result = returned(offer_ids=[OFFER_ID], api_token=TOKEN, api_token_file="/x")

    assert result["msg"] == "parameters are mutually exclusive: api_token|api_token_file"


def test_an_unknown_option_is_named_with_the_module(screens: list[Screen]) -> None:
    result = returned(offer_ids=[OFFER_ID], polls=3)

    assert result["msg"].startswith(f"Unsupported parameters for ({NAME}) module: polls. ")
    assert result["invocation"]["module_args"]["polls"] == 3


def test_an_offer_that_failed_is_a_failed_task(screens: list[Screen]) -> None:
    document = a_document(status="failed", failure_reason="quota")
    with Server(http_answer(200, document)) as server:
        result = returned(server, offer_ids=[OFFER_ID], api_token=TOKEN, wait=True)

    assert result["failed"] is True
    assert "changed" not in result
    assert "quota" in result["msg"]


# What AnsibleModule does


def as_from_a_module(result: dict[str, t.Any], *doubles: dict[str, str]) -> dict[str, t.Any]:
    validation = types.SimpleNamespace(_warnings=list(doubles), _no_log_values={"s3cr3t"})
    return own_process._as_from_a_module(result, validation)


DOUBLE = {"option": "offer_ids", "alias": "offer_id"}
SET_TWICE = "Both option offer_ids and its alias offer_id are set."


@pytest.mark.parametrize(
    ("result", "doubles", "returned"),
    [
        ({"failed": False, "a": 1}, [], {"changed": False, "a": 1}),
        ({"failed": True, "a": (1,)}, [], {"failed": True, "a": [1]}),
        (
            {"failed": False, "warnings": ["Late."]},
            [],
            {"changed": False, "warnings": ["Late."]},
        ),
        ({"failed": True}, [DOUBLE], {"failed": True, "warnings": [SET_TWICE]}),
        (
            {"failed": True, "warnings": ["Late."]},
            [DOUBLE],
            {"failed": True, "warnings": [SET_TWICE, "Late."]},
        ),
        ({"failed": True, "msg": "not s3cr3t"}, [], {"failed": True, "msg": "not ********"}),
    ],
)
def test_a_result_is_finished_as_a_module_does(
    result: dict[str, t.Any], doubles: list[dict[str, str]], returned: dict[str, t.Any]
) -> None:
    assert as_from_a_module(dict(result), *doubles) == returned

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action plugin and the argument spec have to agree on, and macOS."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.action import offer_status
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.arguments import (
    argument_spec,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._live import task_environment


def test_every_option_in_seconds_is_refused_in_our_words() -> None:
    spec = argument_spec()

    assert set(offer_status.SECONDS) == {name for name in spec if spec[name]["type"] == "float"}


@pytest.mark.parametrize(
    ("platform", "proxy", "asks_nobody"),
    [("darwin", None, True), ("darwin", "http://proxy:3128", False), ("linux", None, False)],
)
def test_on_macos_the_system_is_not_asked_for_proxies(
    monkeypatch: pytest.MonkeyPatch, platform: str, proxy: str | None, asks_nobody: bool
) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    # Loaded before, as it loads what only macOS has.
    importlib.import_module("urllib.request")
    monkeypatch.setattr(sys, "platform", platform)
    variables = {"HTTPS_PROXY": proxy} if proxy else {}

    with task_environment._environment(variables):
        assert (os.environ.get("no_proxy") == "*") is asks_nobody

    assert "no_proxy" not in os.environ
    assert "HTTPS_PROXY" not in os.environ


@pytest.mark.parametrize(
    ("definitions", "value", "is_shown"),
    [
        ({}, False, True),
        ({"INJECT_INVOCATION": {}}, False, False),
        ({"INJECT_INVOCATION": {}}, True, True),
    ],
)
def test_arguments_are_in_the_result_where_ansible_shows_them(
    definitions: dict[str, t.Any], value: bool, is_shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OwnProcess:
        @staticmethod
        def run_here(*_given: t.Any, **_more: t.Any) -> dict[str, t.Any]:
            return {"changed": False, "invocation": {"module_args": {}}}

    class Task:
        args: t.ClassVar[dict[str, t.Any]] = {}
        action, check_mode, no_log = "offer_status", False, False

    config = offer_status.C.config
    monkeypatch.setattr(config, "get_configuration_definitions", lambda: definitions)
    monkeypatch.setattr(config, "get_config_value", lambda *_given, **_more: value)
    monkeypatch.setattr(offer_status, "_offers", lambda: OwnProcess)
    monkeypatch.setattr(
        offer_status, "environment_of_a_module", lambda _action: contextlib.nullcontext()
    )
    action = offer_status.ActionModule.__new__(offer_status.ActionModule)
    action._task = Task()

    assert ("invocation" in action._run_here({})) is is_shown

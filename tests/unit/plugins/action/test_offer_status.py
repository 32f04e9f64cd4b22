# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action plugin and the argument spec have to agree on, and macOS."""

from __future__ import annotations

import importlib
import os
import sys

import pytest
from ansible_collections.compute_desk.supply.plugins.action import offer_status
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.arguments import (
    argument_spec,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._live import surroundings


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

    with surroundings._environment(variables):
        assert (os.environ.get("no_proxy") == "*") is asks_nobody

    assert "no_proxy" not in os.environ
    assert "HTTPS_PROXY" not in os.environ

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a Python without requests is told."""

from __future__ import annotations

import importlib.util
import shlex
import sys
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api import transport


def loaded_again() -> t.Any:
    """Return the module as another Python would load it; everybody else keeps theirs."""
    spec = importlib.util.find_spec(transport.__name__)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_without_requests_it_can_be_imported_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "requests", None)
    monkeypatch.setattr(sys, "executable", "/opt/my python/bin/python3")

    without = loaded_again()

    assert not without.HAS_REQUESTS
    command = without.how_to_get_requests().split("Install it for the Python that needs it: ")[1]
    assert shlex.split(command) == [
        "/opt/my python/bin/python3",
        "-m",
        "pip",
        "install",
        "requests",
    ]


def test_with_requests_it_is_used() -> None:
    assert loaded_again().HAS_REQUESTS

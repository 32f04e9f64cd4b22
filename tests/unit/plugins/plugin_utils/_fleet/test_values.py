# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of reports, which may be anything."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.values import (
    number_of,
    text_of,
)


@pytest.mark.parametrize(
    ("value", "number"), [(0, 0), (-3, -3), (True, None), (1.5, None), ("1", None), (None, None)]
)
def test_only_a_whole_number_is_one(value: t.Any, number: int | None) -> None:
    assert number_of({"key": value}, "key") == number


@pytest.mark.parametrize(
    ("value", "text"), [("a\nb", "a b"), ("x" * 201, "x" * 197 + "..."), (1, ""), (None, "")]
)
def test_only_a_text_is_one_and_it_is_cut(value: t.Any, text: str) -> None:
    assert text_of({"key": value}, "key") == text

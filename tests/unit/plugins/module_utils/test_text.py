# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text from somewhere else: always storable, always one harmless line."""

from __future__ import annotations

import unicodedata

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._text import (
    clock_face,
    json_type,
    printable,
    quoted,
    storable,
)
from hypothesis import given
from hypothesis import strategies as st

from .helpers import ANY_TEXT


@given(ANY_TEXT)
def test_any_text_can_be_encoded_once_it_is_storable(text: str) -> None:
    assert storable(text).encode("utf-8").decode("utf-8") == storable(text)


@given(st.text())
def test_text_that_can_be_encoded_is_stored_as_it_is(text: str) -> None:
    # st.text() knows no surrogates.
    assert storable(text) == text


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("\ud800", "\ufffd"),
        ("a\udfffb", "a\ufffdb"),
        ("\udc00\ud800", "\ufffd\ufffd"),
        ("\ud83d\ude00", "\U0001f600"),
        ("\ufeffx", "\ufeffx"),
        ("", ""),
    ],
)
def test_only_lone_surrogates_are_replaced(text: str, stored: str) -> None:
    assert storable(text) == stored


@given(ANY_TEXT, st.integers(min_value=10, max_value=80))
def test_printable_is_one_short_line_without_control_characters(text: str, limit: int) -> None:
    line = printable(text, limit)

    assert len(line) <= limit
    assert not [c for c in line if unicodedata.category(c)[0] == "C"]
    assert not [c for c in line if c != " " and unicodedata.category(c)[0] == "Z"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2/4 instances running", "2/4 instances running"),
        ("  a \t b\r\nc\u2028d  ", "a b c d"),
        ("\x1b[2Jgone\x07", "gone"),
        ("a\x1b[1;31mred\x1b[0m b", "ared b"),
        ("\x1b]0;title\x07after\x1b]8;;http://x\x1b\\link", "afterlink"),
        ("\x1bcafter \x1b", "cafter"),
        ("a\u202eb\u200bc\ufeffd\ue000e\ud800f", "abcdef"),
        ("Zürich 東京", "Zürich 東京"),
        ("", ""),
        ("\x00" * 2000, "..."),
    ],
)
def test_printable_keeps_what_people_read(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_printable_says_that_it_was_cut() -> None:
    assert printable("x" * 200) == "x" * 200
    assert printable("x" * 201) == "x" * 197 + "..."
    assert printable("word " * 100, 10) == "word wo..."


def test_quoted_names_a_bad_value() -> None:
    assert quoted("a\nb") == "'a b'"
    assert quoted("x" * 100) == "'" + "x" * 57 + "...'"
    assert quoted("x" * 100, 10) == "'xxxxxxx...'"


@pytest.mark.parametrize(
    ("seconds", "face"),
    [
        (0, "0:00"),
        (45, "0:45"),
        (59.6, "1:00"),
        (855, "14:15"),
        (3600, "1:00:00"),
        (3723, "1:02:03"),
        (90000, "25:00:00"),
        (-3, "0:00"),
    ],
)
def test_clock_face(seconds: float, face: str) -> None:
    assert clock_face(seconds) == face


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "null"),
        (True, "a boolean"),
        (0, "a number"),
        (1.5, "a number"),
        ("", "a string"),
        ([], "an array"),
        ({}, "an object"),
    ],
)
def test_values_are_called_as_json_calls_them(value: object, name: str) -> None:
    assert json_type(value) == name

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text from somewhere else: always storable, always one harmless line."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._text import (
    head,
    listed,
    printable,
    quoted,
    storable,
    tail,
)
from hypothesis import given
from hypothesis import strategies as st

from ..helpers import ANY_TEXT
from ..hostile import least_time

LINES = st.lists(st.text("ab"), min_size=1).map("\n".join)


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


@given(LINES, st.integers(1, 40))
def test_what_is_cut_off_are_whole_lines(text: str, limit: int) -> None:
    for kept, whole in ((head(text, limit), text.startswith), (tail(text, limit), text.endswith)):
        assert len(kept) <= limit
        assert whole(kept)
        assert kept or not text
        # One that is longer than all that is kept cannot be whole.
        if max(map(len, text.split("\n"))) < limit:
            assert set(kept.split("\n")) <= {*text.split("\n"), ""}


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("", "", ""),
        ("12345", "12345", "12345"),
        ("123456", "12345", "23456"),
        ("12\n345", "12\n", "345"),
        ("123\n45\n", "123\n", "45\n"),
        ("1234\n5678\n", "1234\n", "5678\n"),
        ("\n23456", "\n2345", "23456"),
        ("123456\n", "12345", "3456\n"),
    ],
)
def test_the_first_and_the_last_lines(text: str, first: str, last: str) -> None:
    assert (head(text, 5), tail(text, 5)) == (first, last)


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
        ("a\x9b1;31mred\x9b0m b", "ared b"),
        ("a\x85b\x0bc\x0cd\x1ee\u2029f", "a b c d e f"),
        ("a\u202ab\u2069c\u200dd\u00ade\U000e0041f", "abcdef"),
        ("a\u034fb\ufe0fc\u3164d\U000e0100e", "abcde"),
        ("a\u202eb\u200bc\ufeffd\ue000e\ud800f", "abcdef"),
        ("Zürich 東京", "Zürich 東京"),
        ("", ""),
        ("\x00" * 2000, "..."),
    ],
)
def test_printable_keeps_what_people_read(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_of_all_characters_only_those_that_are_seen_are_left() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))

    line = printable(everything, len(everything))

    # All that is neither a control, a format, a surrogate, private, unknown nor a separator.
    assert line.isprintable()
    assert not set(line) & set("\u034f\u115f\u1160\u180b\u3164\ufe0f\uffa0\U000e01ef")
    assert set(map(chr, range(33, 127))) | set("äß東\u0301\U0001f600") <= set(line)


@given(ANY_TEXT, st.integers(min_value=10, max_value=80))
def test_what_is_printable_stays_so(text: str, limit: int) -> None:
    line = printable(text, limit)

    assert printable(line, limit) == line


def test_plain_text_is_not_looked_at_twice() -> None:
    plain = "all is well, " * 10_000
    strange = plain + "é"

    fast = least_time(lambda text: printable(text, len(strange)), plain)

    assert 3 * fast < least_time(lambda text: printable(text, len(strange)), strange)


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a; b"),
        (["a", "b", "c"], "a; b; and 1 more"),
        (["a"] * 9, "a; a; and 7 more"),
    ],
)
def test_of_many_the_first_are_listed(parts: list[str], shown: str) -> None:
    assert listed(parts, 2, "; ") == shown


def test_those_that_are_only_counted_are_more() -> None:
    assert listed(["a"], 2, unlisted=3) == "a, and 3 more"
    assert listed(["a"] * 6, unlisted=3) == "a, a, a, a, and 5 more"


def test_printable_says_that_it_was_cut() -> None:
    assert printable("x" * 200) == "x" * 200
    assert printable("x" * 201) == "x" * 197 + "..."
    assert printable("word " * 100, 10) == "word wo..."


def test_quoted_names_a_bad_value() -> None:
    assert quoted("a\nb") == "'a b'"
    assert quoted("x" * 100) == "'" + "x" * 57 + "...'"
    assert quoted("x" * 100, 10) == "'xxxxxxx...'"

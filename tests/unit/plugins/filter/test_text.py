# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters for text from outside."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.compute_desk.supply.plugins.filter.text import FilterModule
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory.trust import (
    is_harmless,
)
from hypothesis import example, given
from hypothesis import strategies as st

FILTERS = FilterModule().filters()
EVIL = "a\x1b[31mb\r\n{{ lookup('pipe', 'id') }}\u202e\x9bc"


def test_printable_makes_one_line_of_a_length() -> None:
    assert FILTERS["printable"](EVIL) == "ab {{ lookup('pipe', 'id') }}"
    assert FILTERS["printable"]("x" * 50, 10) == "xxxxxxx..."
    assert FILTERS["printable"](12) == "12"


@given(text=st.text(), replacement=st.sampled_from([" ", "-", ""]) | st.text(max_size=4))
@example(text="a{b", replacement="{{")
@example(text="a%b", replacement="\\g<0>")
def test_nothing_that_harmless_leaves_can_be_a_template(text: str, replacement: str) -> None:
    if not is_harmless(replacement):
        with pytest.raises(AnsibleFilterError, match=r"^harmless: replacement "):
            FILTERS["harmless"](text, replacement)
        return

    line = FILTERS["harmless"](text, replacement)

    assert is_harmless(line)
    assert is_harmless(text) is False or " ".join(text.split()) == line


def test_every_other_character_is_replaced_by_the_same_text() -> None:
    assert FILTERS["harmless"]("a{b}c", "(=)") == "a(=)b(=)c"
    assert FILTERS["harmless"]("a{b", 0) == "a0b"


@pytest.mark.parametrize("name", ["printable", "harmless"])
@pytest.mark.parametrize("length", ["long", None, [], float("inf"), float("nan")])
def test_a_length_that_is_none_is_refused(name: str, length: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match=f"^{name}: length is not a number of characters$"):
        FILTERS[name]("text", length=length)


def test_harmless_keeps_what_people_need() -> None:
    assert FILTERS["harmless"]("Offer 4f9d: 2/3 ready (429), see a@b=c") == (
        "Offer 4f9d: 2/3 ready (429), see a@b=c"
    )
    assert (
        "{" not in FILTERS["harmless"](EVIL)
        and len(FILTERS["harmless"]("y" * 999, length=40)) == 40
    )

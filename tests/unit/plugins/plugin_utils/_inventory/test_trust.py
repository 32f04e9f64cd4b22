# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No text from the API is a template, whatever it is and whichever ansible-core runs."""

from __future__ import annotations

import ansible.template
import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory import trust
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory.trust import (
    Inert,
    inert,
    is_harmless,
    plain_if_harmless,
)
from hypothesis import example, given
from hypothesis import strategies as st

HEADER = "#jinja2: variable_start_string:'[%', variable_end_string:'%]'\n[% 6 * 7 %]"

# Markers of templates turn up often.
PIECES = st.sampled_from(["{{", "}}", "{%", "%}", "{#", "#jinja2:", "\n", "6*7", "'", " ", "x"])
TEXTS = st.lists(PIECES | st.characters(exclude_categories=["Cs"])).map("".join)


@given(TEXTS)
@example("{{ 6 * 7 }}")
@example(HEADER)
def test_a_text_stays_what_it_is(text: str) -> None:
    variables = Inert().variables({"zone": text})
    templar = Templar(DataLoader(), variables=variables)

    assert str(templar.template(variables["zone"])) == text


@pytest.mark.parametrize("text", ["eu-west-1a", "203.0.113.7", "a b_c.d:e/f@g+h,(i)=j-k", ""])
def test_harmless_texts_are_plain(text: str) -> None:
    assert is_harmless(text) and inert(text) == text
    assert "nsafe" not in type(inert(text)).__name__


@pytest.mark.parametrize("text", ["a{b", "a\n", "it's", 'a"', "#jinja2", "ä", "a%b", "a[0]", "a\\"])
def test_all_others_are_not(text: str) -> None:
    assert not is_harmless(text)


@pytest.mark.skipif(
    not hasattr(ansible.template, "is_trusted_as_template"), reason="since ansible-core 2.19"
)
def test_only_what_is_harmless_is_trusted() -> None:
    # Otherwise every variable would be marked, and a play could not build an expression of them.
    assert ansible.template.is_trusted_as_template(inert("eu-west-1a"))
    assert not ansible.template.is_trusted_as_template(inert("{{ x }}"))


def test_what_is_no_text_stays() -> None:
    assert Inert().variables({"a": 1, "b": None, "c": True}) == {"a": 1, "b": None, "c": True}


def test_a_wrapped_text_that_is_harmless_becomes_plain() -> None:
    wrapped = inert("{{ x }}")

    assert plain_if_harmless(wrapped) is wrapped
    assert plain_if_harmless([{"k": inert("EU")}]) == [{"k": "EU"}]


def test_before_core_2_19_only_what_is_harmless_is_not_wrapped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrapped: list[str] = []
    monkeypatch.setattr(trust, "_trusted", None)
    monkeypatch.setattr(trust, "wrap_var", lambda value: wrapped.append(value) or "wrapped")

    assert inert("EU-west 1") == "EU-west 1"
    assert inert("{{ x }}") == "wrapped"
    assert wrapped == ["{{ x }}"]


def test_of_what_an_expression_gives_only_the_harmless_is_made_plain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trust, "_trusted", lambda text: f"trusted {text}")

    assert plain_if_harmless({"a": ["EU", "{{ x }}"], "{{ y }}": 1}) == {
        "trusted a": ["trusted EU", "{{ x }}"],
        "{{ y }}": 1,
    }


def test_before_core_2_19_a_template_of_the_users_own_stays_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trust, "_trusted", None)
    monkeypatch.setattr(trust, "wrap_var", lambda _value: pytest.fail("is wrapped"))

    assert plain_if_harmless("{{ x }}") == "{{ x }}"


@pytest.mark.parametrize("value", [None, True, 7, 1.5])
def test_an_expression_may_give_what_is_no_text(value: object) -> None:
    assert inert(value) is value
    assert plain_if_harmless([value]) == [value]


def test_a_text_that_recurs_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr(trust, "inert", lambda text: looked.append(text) or text)
    variables = Inert()

    assert [variables.variables({"zone": "z", "again": "z"}) for _host in range(2)] == (
        [{"zone": "z", "again": "z"}] * 2
    )
    assert looked == ["z"]

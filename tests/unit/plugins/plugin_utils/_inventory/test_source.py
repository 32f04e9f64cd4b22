# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of sources: which are ours, what is in their options, and what is stored for them."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.offer import parse_offer
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory import cache, source
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory.stored import (
    StoredOffer,
    to_entry,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory.templated import (
    templated,
)

from ...helpers import OFFER_ID, a_document
from .a_source import theirs

NAME = "compute_desk.supply.instances"


@pytest.mark.parametrize(
    ("name", "text", "is_ours"),
    [
        ("offers.yml", f"plugin: {NAME}\n", True),
        ("offers.yaml", f"---\n'plugin': '{NAME}'\n", True),
        ("offers.yml", f"a: 1\nplugin: {NAME}\n", True),
        ("offers.yml", f"key: !vault |\n  abc\nplugin: {NAME}\n", True),
        ("offers.yaml", f"offer_ids: [x]\nplugin: {NAME}\nkey: !vault x\n", True),
        ("offers.txt", f"plugin: {NAME}\n", False),
        ("offers.ini", f"plugin: {NAME}\n", False),
        ("offers.yml", "plugin: other.one\noffer_ids: [\n", False),
        ("offers.yml", f"plugin: {NAME}s\n", False),
        ("offers.yml", f"plugins: {NAME}\n", False),
        ("offers.yml", f"a:\n  plugin: {NAME}\n", False),
        ("offers.yml", f"- plugin: {NAME}\n", False),
        ("offers.yml", "", False),
        # Not valid: whoever wrote it has to be told.
        ("offers.yml", f"a: [\nplugin: {NAME}\n", True),
        ("offers.yml", f"plugin: '{NAME}\n", True),
        ("offers.yml", "a: [\nplugin: other\n", False),
        ("offers.yml", f"a: [\nx: 1 # plugin: {NAME}\n", False),
        ("offers.yml", b"plugin: \xff" + NAME.encode(), False),
    ],
)
def test_a_file_is_ours_if_it_says_so(
    tmp_path: Path, name: str, text: str | bytes, is_ours: bool
) -> None:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())

    assert source.names_plugin(str(path), NAME) is is_ours


@pytest.mark.parametrize(("more", "is_ours"), [(0, True), (1, False)])
def test_a_large_file_lists_hosts(tmp_path: Path, more: int, is_ours: bool) -> None:
    path = tmp_path / "hosts.yml"
    line = f"plugin: {NAME}\n"
    path.write_text(line + "#" * (source.MAX_BYTES - len(line) + more))

    assert source.names_plugin(str(path), NAME) is is_ours


@pytest.mark.parametrize(("text", "is_ours"), [(f"plugin: {NAME}", True), ("plugin: x", False)])
def test_yaml_may_lack_its_fast_parser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, is_ours: bool
) -> None:
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    path = tmp_path / "offers.yml"
    path.write_text(text)

    assert source.names_plugin(str(path), NAME) is is_ours


def test_a_file_that_cannot_be_read_is_not_ours(tmp_path: Path) -> None:
    folder = tmp_path / "offers.yml"
    folder.mkdir()

    assert source.names_plugin(str(folder), NAME) is False


def test_an_option_that_does_not_exist_is_refused_with_a_better_one() -> None:
    known = ["offer_ids", "cache", "strict"]
    source.refuse_unknown_options(["cache", "strict"], known)
    source.refuse_unknown_options([], known)

    for given, said in (
        ("offer_id", "'offer_id': there is no such option; did you mean offer_ids?"),
        ("zzz", "'zzz': there is no such option. Options are: cache, offer_ids, strict"),
        (7, "'7': there is no such option. Options are: cache, offer_ids, strict"),
    ):
        with pytest.raises(OptionError) as caught:
            source.refuse_unknown_options(["cache", given], known)
        assert str(caught.value) == said


# Templates


def evaluated(config: dict[str, t.Any]) -> dict[str, t.Any]:
    variables = {"name": "x", "several": ["a", "b"]}
    templar = Templar(DataLoader(), variables=variables)
    return templated(theirs(config), ["compose", "hostnames"], templar)


def test_templates_of_options_are_evaluated() -> None:
    assert evaluated(
        {
            "text": "is {{ name }}",
            "elements": ["{{ name }}", "{{ several }}", 7, ["{{ name }}"], "c"],
            "number": 1.5,
            "nothing": None,
        }
    ) == {
        "text": "is x",
        "elements": ["x", "a", "b", 7, "{{ name }}", "c"],
        "number": 1.5,
        "nothing": None,
    }


def test_expressions_are_left_for_later() -> None:
    config = {"compose": {"a": "{{ name }}"}, "hostnames": ["{{ name }}"]}

    assert evaluated(config) == config


@pytest.mark.parametrize("value", ["{{ missing }}", ["{{ missing }}"]])
def test_a_template_that_fails_names_its_option(value: t.Any) -> None:
    with pytest.raises(OptionError) as caught:
        evaluated({"api_url": value})

    assert caught.value.option == "api_url"
    assert "'missing' is undefined" in str(caught.value)


class Failing:
    def template(self, text: str) -> t.Any:
        raise RuntimeError("x" * 500)


def test_the_reason_of_a_template_that_fails_is_cut() -> None:
    with pytest.raises(OptionError) as caught:
        templated({"api_url": "a"}, [], Failing())

    assert str(caught.value) == "api_url: " + "x" * 397 + "..."


# The cache


class Plugin:
    def __init__(self, **options: t.Any) -> None:
        self._options = {"cache_connection": None, "cache_prefix": None, **options}

    def get_option(self, name: str) -> t.Any:
        return self._options[name]


@pytest.mark.parametrize(
    ("options", "passed"),
    [
        ({}, {}),
        ({"cache_connection": "/var/cache"}, {"_uri": "/var/cache"}),
        ({"cache_prefix": "p_"}, {"_prefix": "p_"}),
        ({"cache_connection": "", "cache_prefix": ""}, {"_uri": "", "_prefix": ""}),
    ],
)
def test_a_cache_never_forgets_by_itself(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, t.Any], passed: dict[str, t.Any]
) -> None:
    opened: list[t.Any] = []
    monkeypatch.setattr(
        cache, "get_cache_plugin", lambda name, **given: opened.append((name, given)) or "opened"
    )

    assert cache.open_cache(Plugin(cache_plugin="jsonfile", **options)) == "opened"
    assert opened == [("jsonfile", {"_timeout": 0, **passed})]


def test_stored_answers_come_back() -> None:
    warned: list[str] = []
    stored = [StoredOffer(parse_offer(a_document(), OFFER_ID), 1000.0)]

    assert cache.stored_offers({"k": to_entry(stored)}, "k", warned.append).keys() == {OFFER_ID}
    assert cache.stored_offers({}, "k", warned.append) == {}
    assert warned == []


def test_a_damaged_entry_is_dropped_with_a_warning() -> None:
    warned: list[str] = []
    entries = {"k": "rubbish", "other": 1}

    assert cache.stored_offers(entries, "k", warned.append) == {}
    assert entries == {"other": 1}
    (warning,) = warned
    assert warning.startswith("The stored answers are damaged and will be replaced: ")


class Broken(t.Dict[str, t.Any]):
    def __getitem__(self, key: str) -> t.Any:
        raise RuntimeError("y" * 400)


def test_the_reason_why_an_entry_cannot_be_read_is_cut() -> None:
    warned: list[str] = []

    assert cache.stored_offers(Broken(), "k", warned.append) == {}
    assert warned[0].endswith(": " + "y" * 297 + "...")


OPTIONS = ("hostnames", "filters", "exclude_filters", "compose", "groups", "keyed_groups")
KEYS = ("key", "prefix", "separator")


def check(**options: t.Any) -> None:
    source.check_expressions({name: options.get(name, []) for name in OPTIONS}.__getitem__, KEYS)


def test_expressions_are_texts() -> None:
    check(
        hostnames=["a"],
        filters=["b"],
        exclude_filters=["c"],
        compose={"d": "e"},
        # The usual way to have a group of all hosts.
        groups={"f": "g", "everything": True, "nothing": False},
        keyed_groups=[{"key": "h", "separator": ""}],
    )
    check(hostnames=[], filters=[], exclude_filters=[], keyed_groups=[])


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"hostnames": [5]}, "hostnames: '5' is not a text; put the expression in quotes"),
        ({"filters": ["a", True]}, "filters: 'True' is not a text; put the expression in quotes"),
        ({"exclude_filters": [None]}, "exclude_filters: 'None' is not a text; "),
        ({"compose": {"n": 8}}, "compose: 'n': '8' is not a text; put the expression in quotes"),
        ({"compose": {True: "x"}}, "compose: the name 'True' is not a text; put it in quotes"),
        ({"groups": {"g": None}}, "groups: 'g': 'None' is not a text; "),
        ({"groups": {1: "x"}}, "groups: the name '1' is not a text; put it in quotes"),
        ({"keyed_groups": ["zone"]}, "keyed_groups: 'zone' is not a mapping with a key"),
        ({"keyed_groups": [{}]}, "keyed_groups: '{}' is not a mapping with a key"),
        ({"keyed_groups": [{"key": 5}]}, "keyed_groups: '5' is not a text; "),
        (
            {"keyed_groups": [{"key": "x", "seperator": ""}]},
            "keyed_groups: 'seperator': there is no such option; did you mean separator?",
        ),
    ],
)
def test_what_is_no_expression_is_named(options: dict[str, t.Any], problem: str) -> None:
    with pytest.raises(OptionError) as caught:
        check(**options)

    assert str(caught.value).startswith(problem)

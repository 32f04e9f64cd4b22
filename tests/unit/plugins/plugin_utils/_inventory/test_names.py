# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stored answers that cannot be read, and names that two sources want."""

from __future__ import annotations

import copy
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory import cache
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory.cache import (
    open_cache,
    stored_offers,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory.hosts import _groups
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory.names import (
    add_host,
    refuse_taken,
    take_back,
)

RECORD = {
    "name": "gpu-1",
    "compute_desk_instance_id": "i-1",
    "compute_desk_offer_id": "4f9d2c1e",
}


class Broken(dict[str, t.Any]):
    """A cache whose plugin raises what it likes."""

    def __getitem__(self, key: str) -> t.Any:
        raise RuntimeError(f"{key}: bad\x1b[2J block")


@pytest.mark.parametrize("stored", [Broken(key=1), {"key": {"schema": 0}}, {"key": "text"}])
def test_a_damaged_entry_is_dropped_with_a_warning(stored: dict[str, t.Any]) -> None:
    stored = copy.copy(stored)
    warnings: list[str] = []

    assert stored_offers(stored, "key", warnings.append) == {}

    assert list(stored) == []
    (warning,) = warnings
    assert warning.startswith("The stored answers are damaged and will be replaced: ")
    assert warning.isprintable()


def test_a_missing_entry_is_nothing_to_warn_of() -> None:
    assert stored_offers({}, "key", pytest.fail) == {}


class Plugin:
    def __init__(self, **options: t.Any) -> None:
        self._options = options

    def get_option(self, name: str) -> t.Any:
        return self._options.get(name)


@pytest.mark.parametrize(
    ("options", "handed"),
    [
        ({}, {}),
        (
            {"cache_connection": "/var/cache", "cache_prefix": ""},
            {"_uri": "/var/cache", "_prefix": ""},
        ),
    ],
)
def test_a_cache_returns_answers_of_any_age(
    options: dict[str, t.Any], handed: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "get_cache_plugin", lambda name, **given: (name, given))

    opened = open_cache(Plugin(cache_plugin="jsonfile", **options))

    assert opened == ("jsonfile", {"_timeout": 0, **handed})


@pytest.fixture
def inventory() -> InventoryData:
    """An inventory in which gpu-1 is ours."""
    data = InventoryData()
    data.current_source = "ours.yml"
    add_host(data, RECORD)
    data.set_variable("gpu-1", "compute_desk_instance_id", "i-1")
    return data


def test_a_later_source_with_one_of_our_names_is_refused_and_neither_host_is_kept(
    inventory: InventoryData,
) -> None:
    inventory.current_source = "theirs.ini"

    for _twice in range(2):
        with pytest.raises(AnsibleParserError, match=r"would both be 'gpu-1'.*Neither is used"):
            inventory.add_host("gpu-1", "all")
        assert "gpu-1" not in inventory.hosts

    inventory.add_host("gpu-2")
    assert "gpu-2" in inventory.hosts


def test_our_own_source_may_add_it_again(inventory: InventoryData) -> None:
    inventory.add_host("gpu-1")
    refuse_taken(inventory, [RECORD])

    with pytest.raises(AnsibleParserError, match="No host is taken from this source"):
        refuse_taken(inventory, [{**RECORD, "compute_desk_instance_id": "i-2"}])


def test_a_host_that_was_taken_back_leaves_its_name(inventory: InventoryData) -> None:
    for name in ("gpu-1", "never-added"):
        take_back(inventory, name)

    assert not inventory.hosts
    inventory.current_source = "theirs.ini"
    assert inventory.add_host("gpu-1") == "gpu-1"


@pytest.mark.parametrize("name", ["constructed", "ansible.builtin.constructed"])
def test_a_constructed_source_may_put_it_into_groups(
    inventory: InventoryData, tmp_path: Path, name: str
) -> None:
    source = tmp_path / "groups.yml"
    source.write_text(f"plugin: {name}\n")
    inventory.current_source = str(source)

    for _twice in range(2):
        inventory.add_host("gpu-1")

    assert "gpu-1" in inventory.hosts


@pytest.mark.parametrize(
    ("usable", "zone", "groups"),
    [
        (True, "eu-1", ["compute_desk", "compute_desk_offer_4f9d2c1e", "compute_desk_zone_eu_1"]),
        (True, "", ["compute_desk", "compute_desk_offer_4f9d2c1e"]),
        (False, "eu-1", ["compute_desk_unusable"]),
    ],
)
def test_in_which_groups_a_host_is(usable: bool, zone: str, groups: list[str]) -> None:
    record = {**RECORD, "compute_desk_usable": usable, "compute_desk_zone": zone}

    assert _groups(record) == groups


def test_a_long_name_that_a_group_has_is_shown_whole(inventory: InventoryData) -> None:
    name = "g" * 120
    inventory.add_group(name)

    with pytest.raises(AnsibleParserError, match=f"would be the host '{name}', but the inventory"):
        refuse_taken(inventory, [{**RECORD, "name": name}])

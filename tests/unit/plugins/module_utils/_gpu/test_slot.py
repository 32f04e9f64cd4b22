# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The slots of GPUs, by the files of the kernel."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.slot import (
    Slot,
    slots_of,
    within_slot,
)
from hypothesis import given

from ...helpers import ANY_TEXT
from .machines import changed

ADDRESS = "0000:18:00.0"
GPU = changed(passthrough=False, pcie_width=8, pcie_width_max=16)


def plug(tmp_path: Path, lanes: str | bytes | None, port: str = "0000:15:01.0") -> str:
    """Make a tree like that of the kernel; return the folder of its links."""
    folder = tmp_path / "devices" / "pci0000:15" / port / ADDRESS
    folder.mkdir(parents=True)
    (folder / "max_link_width").write_text("16\n")
    if lanes is not None:
        file = folder.parent / "max_link_width"
        file.write_bytes(lanes if isinstance(lanes, bytes) else lanes.encode())
    bus = tmp_path / "bus"
    bus.mkdir()
    (bus / ADDRESS).symlink_to(folder)
    return str(bus)


@pytest.mark.parametrize("lanes", [8, 16])
def test_the_port_above_a_gpu_is_its_slot(tmp_path: Path, lanes: int) -> None:
    slots = slots_of([GPU], plug(tmp_path, f"{lanes}\n"))

    assert slots == {ADDRESS: Slot(lanes, gpu_lanes=16)}
    assert within_slot(GPU, slots).pcie_width_max == lanes


@pytest.mark.parametrize("lanes", [None, "", "255\n", "0\n", "x8", "8 8", b"\xff\xfe", "-8", "4\n"])
def test_a_slot_that_does_not_tell_is_unknown(tmp_path: Path, lanes: str | bytes | None) -> None:
    slots = slots_of([GPU], plug(tmp_path, lanes))

    assert slots == {}
    assert within_slot(GPU, slots) == GPU


@pytest.mark.parametrize(
    "values",
    [
        # A virtual machine has a virtual port.
        {"passthrough": True},
        {"passthrough": None},
        {"pci_bus_id": None},
        {"pci_bus_id": "0000:19:00.0"},
        {"pci_bus_id": "../bus/0000:18:00.0"},
    ],
)
def test_whose_slot_is_not_asked_for(tmp_path: Path, values: dict[str, t.Any]) -> None:
    gpu = changed(**{"passthrough": False, **values})

    assert slots_of([gpu], plug(tmp_path, "8")) == {}


def test_a_gpu_whose_lanes_nobody_tells_has_a_slot_all_the_same(tmp_path: Path) -> None:
    silent = changed(passthrough=False)
    slots = slots_of([silent], plug(tmp_path, "8"))

    assert slots == {ADDRESS: Slot(8)}
    assert within_slot(silent, slots) == silent


@given(ANY_TEXT)
def test_any_address_is_no_slot(text: str) -> None:
    assert slots_of([changed(passthrough=False, pci_bus_id=text)], "/nonexistent") == {}

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The slots of GPUs: the PCIe ports above them, by the files of the kernel.

The tools tell how many lanes a GPU can use, not how many its slot has: on a board that shares 16
lanes between two slots, each healthy GPU uses 8 of 16.
"""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass, replace

from .gpu import Gpu
from .pci import SYSFS

_ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]", re.ASCII)
_LANES = re.compile(r"[0-9]{1,2}\s*", re.ASCII)


@dataclass(frozen=True)
class Slot:
    """The lanes that it has, and those that its GPU alone can use; None if that is unknown."""

    lanes: int
    gpu_lanes: int | None = None


def slots_of(gpus: t.Iterable[Gpu], folder: str = SYSFS) -> dict[str, Slot]:
    """Return the slots by the addresses of their GPUs; those that are not known are left out.

    Only for GPUs that are known not to be passed on: the port that a virtual machine shows is made
    up, and often has one lane.
    """
    found: dict[str, Slot] = {}
    for gpu in gpus:
        address = gpu.pci_bus_id or ""
        lanes = None
        if gpu.passthrough is False and _ADDRESS.fullmatch(address):
            lanes = _lanes_above(os.path.join(folder, address))
        # A port with fewer lanes than are in use tells something else.
        if lanes and lanes >= (gpu.pcie_width or 0):
            found[address] = Slot(lanes, gpu.pcie_width_max)
    return found


def within_slot(gpu: Gpu, slots: t.Mapping[str, Slot]) -> Gpu:
    """Return a GPU that can use no more lanes than its slot has."""
    slot = slots.get(gpu.pci_bus_id or "")
    if slot is None or gpu.pcie_width_max is None:
        return gpu
    return replace(gpu, pcie_width_max=min(gpu.pcie_width_max, slot.lanes))


def _lanes_above(device: str) -> int | None:
    """Return the lanes of the port above a device: its folder is in the folder of that port."""
    port = os.path.dirname(os.path.realpath(device))
    try:
        with open(os.path.join(port, "max_link_width"), encoding="ascii") as file:
            text = file.read(32)
    except (OSError, ValueError):
        return None
    # The kernel writes 255 for unknown.
    return int(text) if _LANES.fullmatch(text) else None

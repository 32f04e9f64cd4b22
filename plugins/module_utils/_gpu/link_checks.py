# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks of what a GPU is connected with: its PCIe link, and its NVLinks."""

from __future__ import annotations

from .._phrases import are, count_of
from .._text import listed
from .action import REBOOT_AND_RETEST, RESET_GPU
from .check import NOT_LISTED, Outcome, failed_with_advice, passed, skipped
from .expectations import Expectations
from .facts import Facts
from .gpu import Gpu
from .kernel_log import PcieLimit

MANY_REPLAYS = 80
"""DCGM 4.6.0 allows so many during one of its tests (nvvs/plugin_src). Here they are counted since
the driver was loaded, maybe for weeks, so more of them are to be watched, and no fault."""


def pcie(facts: Facts, _expected: Expectations) -> Outcome:
    """Has each GPU all the lanes, and at work the speed, that it and its slot can have?

    At rest, links are slow to save power.
    """
    known = [gpu for gpu in facts.gpus if gpu.pcie_width is not None]
    narrow = narrow_at_start(facts)
    if not known and not narrow:
        if not facts.gpus:
            return skipped(NOT_LISTED)
        return skipped("the GPUs do not report their PCIe links, as in a virtual machine")
    bad = [_narrow(gpu) for gpu in known if is_narrow(gpu, facts)]
    bad += [
        f"{gpu.label} is at work with PCIe generation {gpu.pcie_generation} of "
        f"{gpu.pcie_generation_max}"
        for gpu in known
        if gpu.at_work and (gpu.pcie_generation or 99) < (gpu.pcie_generation_max or 0)
    ]
    bad += [str(limit) for limit in narrow]
    if bad:
        return failed_with_advice(listed(bad), REBOOT_AND_RETEST)
    links = dict.fromkeys(
        f"x{gpu.pcie_width}, generation {gpu.pcie_generation or 'unknown'}" for gpu in known
    )
    watched = pcie_notes(facts)
    also = f"; {listed(watched)}" if watched else ""
    return passed(listed(list(links)) + also, watch=bool(watched))


def _narrow(gpu: Gpu) -> str:
    return f"{gpu.label} has {gpu.pcie_width} of {gpu.pcie_width_max} PCIe lanes"


def is_narrow(gpu: Gpu, facts: Facts) -> bool:
    """Return whether it lacks lanes that it should have.

    Vendors wire some GPUs with half of their lanes (a T4 has 8 of 16 in several clouds), and some
    boards share them between two slots. Where the slot is not known, as in a virtual machine, a GPU
    is compared with the others of its kind.
    """
    width = gpu.pcie_width
    if width is None or width >= (gpu.pcie_width_max or 0):
        return False
    siblings = [other.pcie_width or 0 for other in facts.gpus if other.name == gpu.name]
    return gpu.pci_bus_id in facts.slots or width < max(siblings)


def _gpus_limits(facts: Facts) -> list[PcieLimit]:
    """Return the links that the kernel called slow, as far as they are those of GPUs."""
    plugged = {one.address for one in facts.nvidia_functions + facts.amd_functions}
    plugged |= {gpu.pci_bus_id or "" for gpu in facts.gpus}
    limits = facts.kernel_log.limits if facts.kernel_log else ()
    return [limit for limit in limits if limit.address in plugged]


def narrow_at_start(facts: Facts) -> list[PcieLimit]:
    """Return the links that lacked lanes at the start, of GPUs that do not tell of them now.

    Only on bare metal: the port that a virtual machine shows is made up, and often has one lane.
    """
    bare = {
        gpu.pci_bus_id for gpu in facts.gpus if gpu.passthrough is False and gpu.pcie_width is None
    }
    return [
        limit
        for limit in _gpus_limits(facts)
        if limit.is_narrow and limit.address in bare and not _is_all_of_slot(limit, facts)
    ]


def _is_all_of_slot(limit: PcieLimit, facts: Facts) -> bool:
    slot = facts.slots.get(limit.address)
    return slot is not None and limit.width >= slot.lanes


def pcie_notes(facts: Facts) -> list[str]:
    """Return what is to be watched about PCIe links, though it is no fault."""
    gpus = facts.gpus
    found = [
        f"{_narrow(gpu)}, as all of its kind here; its slot is not known, and may have no more"
        for gpu in gpus
        if gpu.pcie_width is not None
        and gpu.pcie_width < (gpu.pcie_width_max or 0)
        and not is_narrow(gpu, facts)
    ]
    found += [
        f"{gpu.label} can use {slot.gpu_lanes} PCIe lanes, but its slot has only {slot.lanes}"
        for gpu, slot in ((gpu, facts.slots.get(gpu.pci_bus_id or "")) for gpu in gpus)
        if slot is not None and slot.lanes < (slot.gpu_lanes or 0)
    ]
    found += [
        f"{gpu.label} can do PCIe generation {gpu.pcie_generation_gpu}, but its slot only "
        f"{gpu.pcie_generation_slot}"
        for gpu in gpus
        if (gpu.pcie_generation_slot or 99) < (gpu.pcie_generation_gpu or 0) and not gpu.passthrough
    ]
    narrow = narrow_at_start(facts)
    found += [
        f"when the kernel started, {limit}"
        for limit in _gpus_limits(facts)
        if not limit.is_at_rest and limit not in narrow
    ]
    found += [
        f"{gpu.label} has had {gpu.pcie_replays} PCIe replays since the driver was loaded"
        for gpu in gpus
        if (gpu.pcie_replays or 0) > MANY_REPLAYS
    ]
    return found


def nvlink(facts: Facts, _expected: Expectations) -> Outcome:
    """Are the NVLinks up, and without errors?"""
    if not facts.nvidia.gpus:
        return skipped("only NVIDIA GPUs have NVLinks" if facts.gpus else NOT_LISTED)
    if not facts.nvlinks:
        return skipped("nvidia-smi reports no NVLinks")
    bad = _inactive(facts)
    recovered = [
        f"GPU {index} had to recover NVLinks {count_of(links.recoveries, 'time')}"
        for index, links in sorted(facts.nvlinks.items())
        if links.recoveries
    ]
    if bad or recovered:
        action = REBOOT_AND_RETEST if bad else RESET_GPU
        return failed_with_advice(listed(bad + recovered), action)
    up = sum(links.active for links in facts.nvlinks.values())
    down = sum(len(links.inactive) for links in facts.nvlinks.values())
    said = f"{count_of(up, 'link')} up" + (f", {down} not in use" if down else "")
    if not up and not down:
        said = "no NVLink is up, as where nothing is connected, or with MIG"
    watched = nvlink_notes(facts)
    also = f"; {listed(watched)}" if watched else ""
    return passed(said + also, watch=bool(watched))


def _inactive(facts: Facts) -> list[str]:
    """Return the links that should be up. MIG switches them off, and without a switch there may be
    nothing at their other end.
    """
    if not facts.has_nvswitch or facts.has_mig:
        return []
    silent = [f"GPU {index}" for index, links in sorted(facts.nvlinks.items()) if links.all_down]
    found = [f"all NVLinks of {listed(silent)} are inactive"] if silent else []
    inactive = {index: links.inactive for index, links in facts.nvlinks.items() if links.inactive}
    if inactive:
        number = sum(map(len, inactive.values()))
        gpu, links = min(inactive.items())
        found.append(
            f"{count_of(number, 'NVLink')} {are(number)} inactive, such as link {links[0]} of "
            f"GPU {gpu}"
        )
    return found


def nvlink_notes(facts: Facts) -> list[str]:
    """Return what is to be watched about NVLinks, though it is no fault."""
    found = [
        f"GPU {index} has had {count_of(links.corrected, 'corrected NVLink error')}"
        for index, links in sorted(facts.nvlinks.items())
        if links.corrected
    ]
    counts = {links.active for links in facts.nvlinks.values()}
    if len(counts) > 1 and not facts.has_nvswitch and not facts.has_mig:
        each = ", ".join(f"GPU {i}: {links.active}" for i, links in sorted(facts.nvlinks.items()))
        found.append(f"not all GPUs have as many NVLinks up ({each})")
    return found

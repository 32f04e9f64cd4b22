# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the XML of ``nvidia-smi``, and the version of the kernel module.

XML, because new drivers only add to it; columns of ``--query-gpu`` were renamed several times, and
an unknown one fails the whole query.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from xml.etree import ElementTree

from .._text import printable
from .gpu import SPARE_ROWS, Gpu, number_value, switch_value, text_value
from .pci import normal_address
from .tool import UnreadableOutput

_BEGIN, _END = "<nvidia_smi_log>", "</nvidia_smi_log>"

# A GPU that does not respond has this in place of any value.
_TROUBLE = re.compile(r"GPU is lost|requires reset|unknown error|\bERR!", re.IGNORECASE)

_UNCORRECTED_SRAM = (
    "sram_uncorrectable",
    "sram_uncorrectable_parity",
    "sram_uncorrectable_secded",
)
# Old drivers count double-bit and single-bit errors instead.
_UNCORRECTED = (*_UNCORRECTED_SRAM, "dram_uncorrectable", "double_bit/total")
_CORRECTED = ("sram_correctable", "dram_correctable", "single_bit/total")
# What a board without a serial number has in its place.
_NO_SERIAL = re.compile(r"0*", re.ASCII)

_VERSION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){1,5}", re.ASCII)


@dataclass(frozen=True)
class SmiLog:
    """The document of ``nvidia-smi -q -x``; ``remarks`` is the text around it."""

    driver_version: str | None
    cuda_version: str | None
    gpus: tuple[Gpu, ...]
    remarks: str = ""


def parse_smi_xml(text: str) -> SmiLog:
    """Read the output of ``nvidia-smi -q -x`` of any version. Raises UnreadableOutput.

    Some versions print warnings before or after the document.
    """
    begin, end = text.find(_BEGIN), text.rfind(_END)
    if not 0 <= begin < end:
        raise UnreadableOutput("nvidia-smi", "its output is not the XML that -q -x prints")
    end += len(_END)
    try:
        root = ElementTree.fromstring(text[begin:end])  # noqa: S314 - no prolog, so no entities
    except (ElementTree.ParseError, ValueError) as exc:
        problem = f"its XML cannot be read: {printable(str(exc))}"
        raise UnreadableOutput("nvidia-smi", problem) from None
    driver_version = text_value(root.findtext("driver_version"))
    gpus = [
        _parse_gpu(index, element, driver_version)
        for index, element in enumerate(root.findall("gpu"))
    ]
    return SmiLog(
        driver_version,
        text_value(root.findtext("cuda_version")),
        tuple(gpus),
        f"{text[:begin]} {text[end:]}",
    )


def _parse_gpu(index: int, gpu: ElementTree.Element, driver_version: str | None) -> Gpu:
    bus_id = text_value(gpu.findtext("pci/pci_bus_id")) or text_value(gpu.get("id"))
    return Gpu(
        index=index,
        vendor="nvidia",
        uuid=text_value(gpu.findtext("uuid")),
        name=text_value(gpu.findtext("product_name")),
        pci_bus_id=normal_address(bus_id) if bus_id else None,
        driver_version=driver_version,
        memory_total_mib=number_value(gpu.findtext("fb_memory_usage/total")),
        persistence_mode=switch_value(gpu.findtext("persistence_mode")),
        mig_mode=switch_value(gpu.findtext("mig_mode/current_mig")),
        throttle_reasons=_active_reasons(gpu),
        recovery_action=_recovery_action(gpu),
        fabric_state=text_value(gpu.findtext("fabric/state")),
        fabric_status=text_value(gpu.findtext("fabric/status")),
        trouble=_trouble(gpu),
        serial=_serial(gpu),
        vbios_version=text_value(gpu.findtext("vbios_version")),
        **_memory_errors(gpu),
        **_pcie(gpu),
        **_temperatures(gpu),
    )


def _serial(gpu: ElementTree.Element) -> str | None:
    serial = text_value(gpu.findtext("serial"))
    return None if serial is None or _NO_SERIAL.fullmatch(serial) else serial


def _memory_errors(gpu: ElementTree.Element) -> dict[str, t.Any]:
    volatile, aggregate = gpu.find("ecc_errors/volatile"), gpu.find("ecc_errors/aggregate")
    exceeded = gpu.findtext("ecc_errors/aggregate/sram_threshold_exceeded")
    return {
        "ecc_mode": switch_value(gpu.findtext("ecc_mode/current_ecc")),
        "ecc_uncorrected_volatile": _sum(volatile, _UNCORRECTED),
        "ecc_uncorrected_aggregate": _sum(aggregate, _UNCORRECTED),
        "ecc_sram_uncorrected_aggregate": _sum(aggregate, _UNCORRECTED_SRAM),
        "ecc_corrected_aggregate": _sum(aggregate, _CORRECTED),
        "ecc_threshold_exceeded": switch_value(exceeded),
        "pages_pending": switch_value(gpu.findtext("retired_pages/pending_retirement")),
        "rows_remapped": number_value(gpu.findtext("remapped_rows/remapped_row_unc")),
        "rows_remapped_corrected": number_value(gpu.findtext("remapped_rows/remapped_row_corr")),
        "rows_pending": switch_value(gpu.findtext("remapped_rows/remapped_row_pending")),
        "rows_failure": switch_value(gpu.findtext("remapped_rows/remapped_row_failure")),
        "spare_rows": _spare_rows(gpu),
    }


def _sum(counts: ElementTree.Element | None, names: t.Sequence[str]) -> int | None:
    """Return the sum of the numbers that are there."""
    if counts is None:
        return None
    numbers = [number_value(counts.findtext(name)) for name in names]
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _spare_rows(gpu: ElementTree.Element) -> dict[str, int] | None:
    """Return the numbers of banks (``640 bank(s)``) by the spare rows that they have left."""
    place = "remapped_rows/row_remapper_histogram/row_remapper_histogram_"
    found = {name: number_value(gpu.findtext(place + name)) for name in SPARE_ROWS}
    known = {name: number for name, number in found.items() if number is not None}
    return known if len(known) == len(SPARE_ROWS) else None


def _pcie(gpu: ElementTree.Element) -> dict[str, t.Any]:
    """Return the link of a GPU. A virtual machine hides the slot, so no slot has generation 0."""
    link = "pci/pci_gpu_link_info/"
    generations = {
        "pcie_generation": "current_link_gen",
        "pcie_generation_max": "max_link_gen",
        "pcie_generation_gpu": "max_device_link_gen",
        "pcie_generation_slot": "max_host_link_gen",
    }
    found: dict[str, t.Any] = {
        name: number_value(gpu.findtext(f"{link}pcie_gen/{tag}")) or None
        for name, tag in generations.items()
    }
    for name, tag in (("pcie_width", "current"), ("pcie_width_max", "max")):
        found[name] = number_value(gpu.findtext(f"{link}link_widths/{tag}_link_width")) or None
    mode = (gpu.findtext("gpu_virtualization_mode/virtualization_mode") or "N/A").strip().lower()
    return {
        **found,
        "pcie_replays": number_value(gpu.findtext("pci/replay_counter")),
        # Here None is an answer.
        "passthrough": None if mode == "n/a" else mode != "none",
        "at_work": _at_work(gpu),
    }


def _at_work(gpu: ElementTree.Element) -> bool | None:
    """Return whether a program uses it, so that its link has no reason to be slow.

    Idle GPUs too may report a few percent, for instance those with a screen; they have low clocks.
    """
    busy = number_value(gpu.findtext("utilization/gpu_util"))
    if busy is None:
        return None
    slow = re.fullmatch(r"P([3-9]|1[0-5])", (gpu.findtext("performance_state") or "").strip())
    return busy > 0 and not slow and "gpu_idle" not in _active_reasons(gpu)


def _temperatures(gpu: ElementTree.Element) -> dict[str, t.Any]:
    """Return degrees. Up to Ampere limits are absolute, from Ada on they are margins."""
    found = {
        "temperature_c": "gpu_temp",
        "temperature_slowdown_c": "gpu_temp_slow_threshold",
        "temperature_margin_c": "gpu_temp_tlimit",
        "temperature_margin_slowdown_c": "gpu_temp_slow_tlimit_threshold",
    }
    return {name: number_value(gpu.findtext(f"temperature/{tag}")) for name, tag in found.items()}


def _active_reasons(gpu: ElementTree.Element) -> tuple[str, ...]:
    """Return the reasons for low clocks; 2023 renamed the element from throttle to event."""
    reasons = [*gpu.iterfind("clocks_event_reasons/*"), *gpu.iterfind("clocks_throttle_reasons/*")]
    active = [str(reason.tag) for reason in reasons if switch_value(reason.text)]
    return tuple(printable(re.sub(r"^clocks_[a-z]+_reason_", "", tag), 60) for tag in active)


def _recovery_action(gpu: ElementTree.Element) -> str | None:
    action = text_value(gpu.findtext("gpu_recovery_action"))
    if action is None and switch_value(gpu.findtext("gpu_reset_status/reset_required")):
        return "Reset"
    return action


def _trouble(gpu: ElementTree.Element) -> str | None:
    """Return the first value that shows that the GPU does not respond."""
    # Users choose the names of their processes.
    for part in (child for child in gpu if child.tag != "processes"):
        for element in part.iter():
            if element.text and _TROUBLE.search(element.text):
                return f"{printable(str(element.tag), 40)}: {printable(element.text, 60)}"
    return None


def module_version(text: str) -> str | None:
    """Return the version in a file of the loaded kernel module, in /proc or /sys."""
    match = _VERSION.search(text)
    return match[0] if match else None

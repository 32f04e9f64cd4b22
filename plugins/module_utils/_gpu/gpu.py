# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One GPU of any maker, as the maker's tool describes it."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from dataclasses import dataclass, field

from .._text import printable

SPARE_ROWS = ("max", "high", "partial", "low", "none")
"""The keys of ``spare_rows``: how many spare rows a bank has left."""

# Longer than any name, version or identifier seen so far.
_TEXT_LENGTH = 96


@dataclass(frozen=True)
class Gpu:
    """None means that the tool does not report a value, or that it does not apply."""

    index: int
    vendor: str
    uuid: str | None = None
    name: str | None = None
    pci_bus_id: str | None = None
    driver_version: str | None = None
    memory_total_mib: int | None = None
    persistence_mode: bool | None = None
    mig_mode: bool | None = None
    ecc_mode: bool | None = None
    ecc_uncorrected_volatile: int | None = None
    ecc_uncorrected_aggregate: int | None = None
    ecc_threshold_exceeded: bool | None = None
    pages_pending: bool | None = None
    rows_remapped: int | None = None
    rows_pending: bool | None = None
    rows_failure: bool | None = None
    temperature_c: int | None = None
    temperature_slowdown_c: int | None = None
    temperature_margin_c: int | None = None
    temperature_margin_slowdown_c: int | None = None
    throttle_reasons: tuple[str, ...] = field(default=())
    recovery_action: str | None = None
    fabric_state: str | None = None
    fabric_status: str | None = None
    trouble: str | None = None
    serial: str | None = None
    vbios_version: str | None = None
    passthrough: bool | None = None
    at_work: bool | None = None
    pcie_width: int | None = None
    pcie_width_max: int | None = None
    pcie_generation: int | None = None
    pcie_generation_max: int | None = None
    pcie_generation_gpu: int | None = None
    pcie_generation_slot: int | None = None
    pcie_replays: int | None = None
    nvlinks_active: int | None = None
    nvlinks_inactive: int | None = None
    nvlink_errors: int | None = None
    rows_remapped_corrected: int | None = None
    spare_rows: dict[str, int] | None = None
    ecc_sram_uncorrected_aggregate: int | None = None
    ecc_corrected_aggregate: int | None = None

    def as_dict(self) -> dict[str, t.Any]:
        """Return it as plain data."""
        return {**dataclasses.asdict(self), "throttle_reasons": list(self.throttle_reasons)}

    @property
    def label(self) -> str:
        """Its name in a sentence."""
        where = f" ({self.pci_bus_id})" if self.pci_bus_id else ""
        return f"GPU {self.index}{where}"

    @property
    def hardware_throttles(self) -> list[str]:
        """The reasons of hardware, not of software, for low clocks."""
        return [reason for reason in self.throttle_reasons if reason.startswith("hw_")]

    @property
    def fabric_is_ready(self) -> bool:
        """Whether it has joined the NVLink fabric without an error."""
        joined = (self.fabric_state or "").lower() == "completed"
        return joined and (self.fabric_status or "success").lower() == "success"


def text_value(text: str | None) -> str | None:
    """Return a tool's value as one printable line; None for ``N/A`` and its like."""
    if text is None:
        return None
    line = printable(text, _TEXT_LENGTH)
    if line.strip("[]").lower() in ("", "n/a", "none", "not supported", "unknown"):
        return None
    return line


def number_value(text: str | None) -> int | None:
    """Return the whole number at the start of a value such as ``81559 MiB`` or ``-2 C``."""
    match = re.match(r"\s*(-?[0-9]{1,18})(?![0-9])", text or "", re.ASCII)
    return int(match[1]) if match else None


def switch_value(text: str | None) -> bool | None:
    """Return True for a yes, False for a no, None for anything else."""
    word = (text or "").strip().lower()
    if word in ("enabled", "yes", "active", "pending"):
        return True
    return False if word in ("disabled", "no", "not active") else None

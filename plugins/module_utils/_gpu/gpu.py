# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One GPU, whoever made it, as its maker's tool describes it."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from dataclasses import dataclass, field

from .._text import printable

# Longer than any name, version or identifier that a tool has ever shown.
_TEXT_LENGTH = 96


@dataclass(frozen=True)
class Gpu:
    """What is known of a GPU. None means that the tool does not say, or that it does not apply."""

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

    def as_dict(self) -> dict[str, t.Any]:
        """Return it as plain data."""
        return {**dataclasses.asdict(self), "throttle_reasons": list(self.throttle_reasons)}

    @property
    def label(self) -> str:
        """What a sentence calls it."""
        where = f" ({self.pci_bus_id})" if self.pci_bus_id else ""
        return f"GPU {self.index}{where}"


def text_value(text: str | None) -> str | None:
    """Return a value of a tool as one printable line; None for all the ways to say nothing."""
    if text is None:
        return None
    line = printable(text, _TEXT_LENGTH)
    if line.strip("[]").lower() in ("", "n/a", "none", "not supported", "unknown"):
        return None
    return line


def number_value(text: str | None) -> int | None:
    """Return the whole number that a value like ``81559 MiB`` or ``-2 C`` begins with."""
    match = re.match(r"\s*(-?[0-9]{1,18})(?![0-9])", text or "", re.ASCII)
    return int(match[1]) if match else None


def switch_value(text: str | None) -> bool | None:
    """Return whether a value says yes; None if it says neither yes nor no."""
    word = (text or "").strip().lower()
    if word in ("enabled", "yes", "active", "pending"):
        return True
    return False if word in ("disabled", "no", "not active") else None

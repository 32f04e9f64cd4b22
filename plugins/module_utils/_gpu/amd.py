# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the JSON of AMD's tools: ``amd-smi``, and its predecessor ``rocm-smi``.

Its shape depends on the version: a list of GPUs, or an object that holds the list.
"""

from __future__ import annotations

import json
import typing as t

from .gpu import Gpu, number_value, text_value
from .pci import normal_address
from .tool import UnreadableOutput

AMD_SMI = ("amd-smi", "static", "--asic", "--bus", "--vram", "--driver", "--json")
AMD_SMI_ECC = ("amd-smi", "metric", "--ecc", "--json")
ROCM_SMI = (
    "rocm-smi",
    "--showproductname",
    "--showbus",
    "--showuniqueid",
    "--showdriverversion",
    "--showmeminfo",
    "vram",
    "--json",
)

_MIB = 1024 * 1024

# Numbers stay text: some tools quote them, and they may have any number of digits.
_JSON = json.JSONDecoder(parse_int=str, parse_float=str)


def parse_amd_smi(text: str, ecc_text: str = "") -> list[Gpu]:
    """Return the GPUs in the output of AMD_SMI and AMD_SMI_ECC. Raises UnreadableOutput."""
    entries = _entries(text)
    errors = {
        _text(entry, "gpu"): number_value(_text(entry, "ecc", "total_uncorrectable_count"))
        for entry in (_entries(ecc_text) if entries and ecc_text.strip() else [])
    }
    return [
        Gpu(
            index=index,
            vendor="amd",
            uuid=text_value(_text(entry, "asic", "asic_serial")),
            name=text_value(_text(entry, "asic", "market_name")),
            pci_bus_id=_address(_text(entry, "bus", "bdf")),
            driver_version=text_value(_text(entry, "driver", "version")),
            memory_total_mib=number_value(_text(entry, "vram", "size", "value")),
            ecc_uncorrected_volatile=errors.get(_text(entry, "gpu")),
        )
        for index, entry in enumerate(entries)
    ]


def parse_rocm_smi(text: str) -> list[Gpu]:
    """Return the GPUs in the output of ROCM_SMI. Raises UnreadableOutput."""
    document = _document("rocm-smi", text)
    if not isinstance(document, dict):
        raise UnreadableOutput("rocm-smi", "its JSON is not an object")
    driver = text_value(_text(document, "system", "Driver version"))
    cards = [
        document[name]
        for name in document
        if str(name).startswith("card") and isinstance(document[name], dict)
    ]
    return [
        Gpu(
            index=index,
            vendor="amd",
            uuid=text_value(_text(card, "Unique ID")),
            name=text_value(_text(card, "Card Series") or _text(card, "Card series")),
            pci_bus_id=_address(_text(card, "PCI Bus")),
            driver_version=driver,
            memory_total_mib=_mib(_text(card, "VRAM Total Memory (B)")),
        )
        for index, card in enumerate(cards)
    ]


def _document(tool: str, text: str) -> t.Any:
    """Return the JSON in an output; warnings may come first."""
    begin = min((text.find(c) for c in "[{" if c in text), default=-1)
    try:
        return _JSON.raw_decode(text, begin)[0] if begin >= 0 else None
    except (ValueError, RecursionError):
        raise UnreadableOutput(tool, "its output is not JSON") from None


def _entries(text: str) -> list[dict[str, t.Any]]:
    document = _document("amd-smi", text)
    if isinstance(document, dict):
        document = document.get("gpu_data")
    if not isinstance(document, list):
        raise UnreadableOutput("amd-smi", "its JSON is not a list of GPUs")
    return [entry for entry in document if isinstance(entry, dict)]


def _text(data: t.Any, *path: str) -> str | None:
    """Return the text or number at a path of keys, as text."""
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    if isinstance(data, (str, int, float)) and not isinstance(data, bool):
        return str(data)
    return None


def _address(text: str | None) -> str | None:
    value = text_value(text)
    return normal_address(value) if value else None


def _mib(text: str | None) -> int | None:
    number = number_value(text)
    return None if number is None else number // _MIB

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of machines as gpu_facts gives them, for the tests beside this."""

from __future__ import annotations

import typing as t

UUID = "GPU-{:08d}-0000-4000-8000-{:012d}"


def a_gpu(machine: int, index: int, **values: t.Any) -> dict[str, t.Any]:
    """Return a sound GPU."""
    return {
        "index": index,
        "vendor": "nvidia",
        "uuid": UUID.format(machine, index),
        "serial": f"16523{machine:05d}{index}",
        "name": "NVIDIA H100 80GB HBM3",
        "vbios_version": "96.00.30.00.01",
        "pci_bus_id": f"0000:{16 + index:02x}:00.0",
        "driver_version": "565.57.01",
        "memory_total_mib": 81559,
        "pcie_width": 16,
        "pcie_width_max": 16,
        "pcie_generation_max": 5,
        "pcie_replays": 0,
        "nvlinks_active": 18,
        "nvlinks_inactive": 0,
        "nvlink_errors": 0,
        "rows_remapped": 0,
        "rows_remapped_corrected": 0,
        "rows_pending": False,
        "rows_failure": False,
        "spare_rows": {"max": 640, "high": 0, "partial": 0, "low": 0, "none": 0},
        "ecc_threshold_exceeded": False,
        "ecc_uncorrected_aggregate": 0,
        "ecc_sram_uncorrected_aggregate": 0,
        "ecc_corrected_aggregate": 0,
        "temperature_c": 30 + index,
        **values,
    }


def a_report(machine: int = 1, count: int = 8, **values: t.Any) -> dict[str, t.Any]:
    """Return the report of a sound machine with so many GPUs."""
    return {
        "version": 1,
        "host": f"node-{machine}",
        "verdict": "pass",
        "reasons": [],
        "action": None,
        "notes": [],
        "gpus": [a_gpu(machine, index) for index in range(count)],
        "checks": [
            {"name": "tool", "verdict": "pass", "detail": "it answers", "action": None},
            {"name": "mig", "verdict": "skip", "detail": "it cannot be", "action": None},
        ],
        "xids": [],
        "booted_at": 1_790_000_000.0,
        **values,
    }


def changed(report: dict[str, t.Any], index: int, **values: t.Any) -> dict[str, t.Any]:
    """Return a report in which one GPU has other values."""
    gpus = [{**gpu, **values} if gpu["index"] == index else gpu for gpu in report["gpus"]]
    return {**report, "gpus": gpus}


def an_xid(code: int, action: str | None, **values: t.Any) -> dict[str, t.Any]:
    """Return an entry of ``xids``."""
    return {
        "code": code,
        "switch": False,
        "pci_bus_id": "0000:10:00.0",
        "kind": "hardware",
        "action": action,
        "text": "GPU has fallen off the bus",
        "count": 1,
        **values,
    }

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of a machine: in which state its GPUs were when it was handed over.

The form of each version stays, because a record is read when the collection has long gone on. Its
schema is ``record-1.schema.json`` in the files of the role gpu_verify.
"""

from __future__ import annotations

import hashlib
import json
import typing as t

from ...module_utils._gpu.iso_time import is_iso_time, iso_time
from ...module_utils._phrases import json_type
from ...module_utils._text import printable
from .values import Mapping, gpus_of, mappings, text_of

FORM = "compute_desk.supply/gpu-record"
VERSION = 1

GPU_TEXTS = ("uuid", "serial", "name", "vbios_version", "pci_bus_id", "driver_version")
GPU_NUMBERS = (
    "index",
    "memory_total_mib",
    "pcie_width",
    "pcie_width_max",
    "pcie_generation_max",
    "pcie_replays",
    "nvlinks_active",
    "nvlinks_inactive",
    "nvlink_errors",
    "rows_remapped",
    "rows_remapped_corrected",
    "ecc_uncorrected_aggregate",
    "ecc_sram_uncorrected_aggregate",
    "ecc_corrected_aggregate",
)
GPU_SWITCHES = ("rows_pending", "rows_failure", "ecc_threshold_exceeded")
# What changes in a GPU although it stays as it is.
_PASSING = (
    "index",
    "pci_bus_id",
    "pcie_replays",
    "nvlink_errors",
    "ecc_corrected_aggregate",
)
_KEYS = {
    "form",
    "version",
    "time",
    "host",
    "offer_id",
    "instance_id",
    "verdict",
    "reasons",
    "action",
    "booted_at",
    "gpus",
    "xids",
    "digest",
}
_XID_TEXTS = ("pci_bus_id", "kind", "action", "text")


class BadRecord(ValueError):
    """A file is not a record, or no longer the one that was written. The text says why."""


def make_record(report: Mapping, rented: Mapping, now: float) -> dict[str, t.Any]:
    """Return the record of a machine.

    ``report`` is that of ``gpu_facts``, ``rented`` has the machine's ``offer_id`` and
    ``instance_id`` where they are known.
    """
    xids = mappings(report, "xids") if isinstance(report.get("xids"), list) else None
    reasons = report.get("reasons")
    record = {
        "form": FORM,
        "version": VERSION,
        "time": as_time(now),
        "host": text_of(report, "host"),
        "offer_id": text_of(rented, "offer_id") or None,
        "instance_id": text_of(rented, "instance_id") or None,
        "verdict": text_of(report, "verdict", 20),
        "reasons": [printable(str(one), 400) for one in reasons or ()],
        "action": text_of(report, "action", 40) or None,
        "booted_at": as_time(report.get("booted_at")),
        # In an order of their own: the tools' can be another after each start.
        "gpus": sorted((_gpu(gpu) for gpu in gpus_of(report)), key=_identity),
        "xids": None if xids is None else [_xid(one) for one in xids],
    }
    return {**record, "digest": digest_of(record)}


def as_time(when: t.Any) -> str | None:
    """Return seconds since 1970, or what is one already, as ``2026-11-26T10:12:29Z``; else None."""
    if isinstance(when, str):
        return str(when) if is_iso_time(when) else None
    return iso_time(when)


def digest_of(record: Mapping) -> str:
    """Return the digest of all of a record but its digest."""
    content = {key: value for key, value in record.items() if key != "digest"}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def as_text(record: Mapping) -> str:
    """Return the content of the file of a record."""
    return json.dumps(record, indent=2, sort_keys=True) + "\n"


def read_record(text: str) -> dict[str, t.Any]:
    """Return the record in a file. Raises BadRecord."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        raise BadRecord("it is not JSON") from None
    if not isinstance(record, dict):
        raise BadRecord(f"it is {json_type(record)}, not a record")
    if record.get("form") != FORM:
        raise BadRecord("it is not a record of GPUs")
    reader = _READERS.get(str(record.get("version")))
    if reader is None:
        raise BadRecord(
            f"its version is {printable(str(record.get('version')), 20)}, and this collection "
            f"reads {', '.join(_READERS)}. Update the collection"
        )
    if record.get("digest") != digest_of(record):
        raise BadRecord("it has been changed since it was written: its digest is another")
    return reader(record)


def state_of(record: Mapping) -> dict[str, t.Any]:
    """Return what two records have in common if nothing has changed between them.

    When the machine was started is left out, as it is calculated and varies by a second. So are
    the counters that tick on a sound machine, and the reasons, which name them.
    """
    gpus = [
        {key: value for key, value in gpu.items() if key not in _PASSING} for gpu in gpus_of(record)
    ]
    kept = ("host", "offer_id", "instance_id", "verdict", "action")
    return {**{key: record.get(key) for key in kept}, "gpus": gpus, "xids": record.get("xids")}


def _read_1(record: dict[str, t.Any]) -> dict[str, t.Any]:
    missing = sorted(_KEYS - set(record))
    if missing:
        raise BadRecord(f"it has no {missing[0]}")
    for key, kinds in (
        ("time", str),
        ("host", str),
        ("verdict", str),
        ("gpus", list),
        ("xids", (list, type(None))),
        ("reasons", list),
    ):
        if not isinstance(record[key], kinds):
            raise BadRecord(f"{key} is {json_type(record[key])}")
    for key in ("gpus", "xids"):
        if not all(isinstance(one, dict) for one in record[key] or ()):
            raise BadRecord(f"an entry of {key} is not an object")
    return record


_READERS: dict[str, t.Callable[[dict[str, t.Any]], dict[str, t.Any]]] = {"1": _read_1}
"""A function for each version that there has been. It returns the form of the newest."""


def _gpu(gpu: Mapping) -> dict[str, t.Any]:
    spare = gpu.get("spare_rows")
    return {
        **{key: text_of(gpu, key, 96) or None for key in GPU_TEXTS},
        **{key: _plain(gpu.get(key), int) for key in GPU_NUMBERS},
        **{key: _plain(gpu.get(key), bool) for key in GPU_SWITCHES},
        "spare_rows": (
            {printable(str(key), 40): _plain(value, int) for key, value in spare.items()}
            if isinstance(spare, t.Mapping)
            else None
        ),
    }


def _xid(one: Mapping) -> dict[str, t.Any]:
    return {
        "code": _plain(one.get("code"), int),
        "count": _plain(one.get("count"), int),
        "switch": _plain(one.get("switch"), bool),
        **{key: text_of(one, key, 300) or None for key in _XID_TEXTS},
    }


def _plain(value: t.Any, kind: type) -> t.Any:
    """Return a number or switch as plain data; None in place of anything else."""
    if kind is int and isinstance(value, bool):
        return None
    return kind(value) if isinstance(value, kind) else None


def _identity(gpu: Mapping) -> tuple[str, ...]:
    return tuple(str(gpu[key] or "") for key in ("uuid", "serial", "pci_bus_id"))

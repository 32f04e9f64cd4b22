# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has changed on a machine since its record: by UUID and serial number, never by index.

A GPU that the tools list in another order, or at another address, has not changed.
"""

from __future__ import annotations

import typing as t
from dataclasses import asdict

from ...module_utils._gpu.action import is_fault
from ...module_utils._gpu.iso_time import seconds_of
from .compare_gpus import NEW, WAS_SO, Finding, compare_gpu, describe
from .values import Mapping, gpus_of, mappings, number_of, text_of

__all__ = ["NEW", "WAS_SO", "Finding", "compare"]

# The time of a start is calculated from how long ago it is, and clocks are set now and then.
_SAME_START = 5 * 60


def compare(then: Mapping, now: Mapping) -> list[dict[str, t.Any]]:
    """Return what is new since a record, and what was so at handover, each worth knowing.

    Both are records. Each finding has ``since`` (``new`` or ``handover``), ``kind``, ``uuid``,
    ``handover``, ``now``, ``worse`` and ``text``. What is sound and has not changed is not named.
    """
    pairs, gone, come = _paired(gpus_of(then), gpus_of(now))
    found = _replaced(gone, come)
    for before, after in pairs:
        found += compare_gpu(before, after)
    found += _xids(then, now)
    # The worst first: what is new and worse, what else is new, what was so.
    found.sort(key=lambda one: (one.since != NEW, not one.worse))
    return [asdict(one) for one in found]


def _paired(
    then: list[Mapping], now: list[Mapping]
) -> tuple[list[tuple[Mapping, Mapping]], list[Mapping], list[Mapping]]:
    """Return the GPUs that are still there, with how they are now, those gone, and those new.

    By UUID, then by serial number: what has the same one is the same GPU with another UUID. The
    address counts only for GPUs that have neither.
    """
    gone, come = list(then), list(now)
    pairs = []
    for key in ("uuid", "serial", "pci_bus_id"):
        by_key: dict[str, list[Mapping]] = {}
        for gpu in come:
            if key != "pci_bus_id" or _is_anonymous(gpu):
                by_key.setdefault(text_of(gpu, key).lower(), []).append(gpu)
        for gpu in list(gone):
            if key == "pci_bus_id" and not _is_anonymous(gpu):
                continue
            known = text_of(gpu, key).lower()
            # Boards with two GPUs have one serial number for both, and then it tells nothing.
            if not known or len(by_key.get(known, ())) != 1:
                continue
            (after,) = by_key.pop(known)
            pairs.append((gpu, after))
            gone.remove(gpu)
            come.remove(after)
    return pairs, gone, come


def _is_anonymous(gpu: Mapping) -> bool:
    return not text_of(gpu, "uuid") and not text_of(gpu, "serial")


def _replaced(gone: list[Mapping], come: list[Mapping]) -> list[Finding]:
    """Name the GPUs that are gone and those that are new, together where one took a place."""
    left = list(come)
    found = []
    for before in gone:
        address = text_of(before, "pci_bus_id")
        after = next(
            (gpu for gpu in left if address and text_of(gpu, "pci_bus_id") == address),
            None,
        )
        if after is None:
            text = f"{describe(before)} is no longer listed"
            found.append(_machine("gpu_gone", _name(before), None, text, uuid=_uuid(before)))
            continue
        left.remove(after)
        text = f"{describe(before)} was replaced by {describe(after)}"
        found.append(
            _machine("gpu_replaced", _name(before), _name(after), text, uuid=_uuid(before))
        )
    for after in left:
        # What took the place of another is told as that. This one makes the machine no worse.
        text = f"{describe(after)} was not there"
        found.append(_machine("gpu_new", None, _name(after), text, uuid=_uuid(after), worse=False))
    return found


def _xids(then: Mapping, now: Mapping) -> list[Finding]:
    if not isinstance(now.get("xids"), list):
        if not isinstance(then.get("xids"), list):
            return []
        text = "the kernel log, which could be read at handover, cannot be read now"
        return [_machine("kernel_log", "read", "not read", text, worse=False)]
    # A log that began after the record has nothing of before it.
    restarted = _restarted_since(then, now)
    before = {} if restarted else _counts(then)
    found = []
    for key, (one, count) in _counts(now).items():
        was = before.get(key, (one, 0))[1]
        what = "SXid" if one.get("switch") else "Xid"
        where = f" of {key[2]}" if key[2] else ""
        # Of the machine, not of a program.
        fault = is_fault(text_of(one, "action") or None)
        said = text_of(one, "text", 120)
        label = f"{what} {key[0]}{where}" + (f" ({said})" if said else "")
        if count > was:
            text = f"{label}: {count} in the kernel log, {was} at handover"
            if restarted:
                text = f"{label}: {count} in the kernel log since the start of {now['booted_at']}"
            known = restarted or isinstance(then.get("xids"), list)
            if not known:
                text = f"{label}: {count} in the kernel log, which could not be read at handover"
            found.append(_machine("xid", was, count, text, worse=fault and known))
        elif fault:
            found.append(_machine("xid", was, count, label, worse=False, since=WAS_SO))
    return found


def _restarted_since(then: Mapping, now: Mapping) -> bool:
    """Return whether the machine was started after a record, by its own clock if that is known."""
    booted, booted_then = _seconds(now, "booted_at"), _seconds(then, "booted_at")
    if booted is None:
        return False
    if booted_then is not None:
        return abs(booted - booted_then) > _SAME_START
    recorded = _seconds(then, "time")
    return recorded is not None and booted > recorded


def _seconds(record: Mapping, key: str) -> int | None:
    return seconds_of(text_of(record, key))


def _counts(record: Mapping) -> dict[tuple[int | None, bool, str], tuple[Mapping, int]]:
    """Return the Xids by code and GPU. Addresses can be other ones after a start, UUIDs not."""
    uuids = {text_of(gpu, "pci_bus_id"): text_of(gpu, "uuid") for gpu in gpus_of(record)}
    found: dict[tuple[int | None, bool, str], tuple[Mapping, int]] = {}
    for one in mappings(record, "xids"):
        address = text_of(one, "pci_bus_id")
        key = (number_of(one, "code"), bool(one.get("switch")), uuids.get(address) or address)
        count = found[key][1] if key in found else 0
        found[key] = (one, count + (number_of(one, "count") or 1))
    return found


def _machine(
    kind: str,
    handover: t.Any,
    now: t.Any,
    text: str,
    *,
    uuid: str | None = None,
    worse: bool = True,
    since: str = NEW,
) -> Finding:
    return Finding(since, kind, uuid, handover, now, worse, text)


def _name(gpu: Mapping) -> str:
    return text_of(gpu, "uuid") or text_of(gpu, "serial") or "without a UUID"


def _uuid(gpu: Mapping) -> str | None:
    return text_of(gpu, "uuid") or None

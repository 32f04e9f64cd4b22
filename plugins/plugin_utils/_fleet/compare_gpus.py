# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has changed in one GPU since a record."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .values import Mapping, number_of, text_of

NEW = "new"
WAS_SO = "handover"


@dataclass(frozen=True)
class Finding:
    """Something worth knowing: whether it is new, and whether the machine is the worse for it."""

    since: str
    kind: str
    uuid: str | None
    handover: t.Any
    now: t.Any
    worse: bool
    text: str


@dataclass(frozen=True)
class _Counter:
    """A number that only grows as long as all is well with the GPU's memory of it."""

    key: str
    kind: str
    what: str
    worse: bool = False
    lifetime: bool = True


_COUNTERS = (
    _Counter("rows_remapped", "remap", "rows remapped after uncorrected errors", worse=True),
    _Counter("rows_remapped_corrected", "remap", "rows remapped after corrected errors"),
    _Counter("ecc_uncorrected_aggregate", "ecc", "uncorrected memory errors", worse=True),
    _Counter("ecc_sram_uncorrected_aggregate", "ecc", "uncorrected SRAM errors", worse=True),
    _Counter("ecc_corrected_aggregate", "ecc", "corrected memory errors"),
    # These begin anew when the driver is loaded, so there being fewer says nothing.
    _Counter("nvlink_errors", "nvlink", "NVLink errors", lifetime=False),
    _Counter("pcie_replays", "pcie", "PCIe replays", lifetime=False),
)
# What is in order if it is zero, and hence worth knowing if it was not so at handover.
_NOTABLE = ("remap", "ecc")
_SWITCHES = (
    ("rows_pending", "remap", "a row remap waits for a reset"),
    ("rows_failure", "remap", "a row could not be remapped"),
    ("ecc_threshold_exceeded", "ecc", "more SRAM errors than its maker allows"),
)
_TEXTS = (
    ("name", "gpu_other", "name", True),
    ("uuid", "gpu_other", "UUID", True),
    ("serial", "gpu_other", "serial number", True),
    ("vbios_version", "vbios", "VBIOS", False),
    ("driver_version", "driver", "driver", False),
)


def compare_gpu(then: Mapping, now: Mapping) -> list[Finding]:
    """Return what is new in a GPU, and what was so at handover. What is not known is not named."""
    return [*_texts(then, now), *_links(then, now), *_counters(then, now), *_switches(then, now)]


def describe(gpu: Mapping) -> str:
    """Return a GPU in a sentence, by what moves with it."""
    uuid = text_of(gpu, "uuid", 96) or "without a UUID"
    serial = text_of(gpu, "serial", 96)
    return f"{text_of(gpu, 'name', 60) or 'GPU'} {uuid}" + (f", serial {serial}" if serial else "")


def _texts(then: Mapping, now: Mapping) -> t.Iterator[Finding]:
    for key, kind, what, worse in _TEXTS:
        before, after = text_of(then, key), text_of(now, key)
        if before and after and before.lower() != after.lower():
            yield _finding(now, kind, before, after, f"{what} {after}, {before} at handover", worse)
    before_mib, after_mib = (number_of(gpu, "memory_total_mib") for gpu in (then, now))
    if before_mib and after_mib and before_mib != after_mib:
        text = f"{after_mib} MiB of memory, {before_mib} MiB at handover"
        yield _finding(now, "gpu_other", before_mib, after_mib, text, True)


def _links(then: Mapping, now: Mapping) -> t.Iterator[Finding]:
    for key, form, can_do in (
        ("pcie_width", "PCIe x{}", number_of(now, "pcie_width_max")),
        ("pcie_width_max", "PCIe up to x{}", None),
        # The generation of now says nothing: it is lower when the GPU has nothing to do.
        ("pcie_generation_max", "PCIe up to generation {}", None),
        ("nvlinks_active", "{} NVLinks active", None),
    ):
        before, after = number_of(then, key), number_of(now, key)
        if after is None or before is None:
            continue
        text = form.format(after)
        if after != before:
            text = f"{text}, {before} at handover"
            yield _finding(now, "link", before, after, text, worse=after < before)
        elif can_do and after < can_do:
            yield _was_so(now, "link", after, f"{text} of x{can_do}")
    down = number_of(now, "nvlinks_inactive")
    if down and down == number_of(then, "nvlinks_inactive"):
        yield _was_so(now, "link", down, f"{down} NVLinks inactive")


def _counters(then: Mapping, now: Mapping) -> t.Iterator[Finding]:
    for one in _COUNTERS:
        before, after = number_of(then, one.key), number_of(now, one.key)
        if before is None or after is None:
            continue
        text = f"{after} {one.what}, {before} at handover"
        if after > before:
            yield _finding(now, one.kind, before, after, text, one.worse)
        elif after < before and one.lifetime:
            yield _finding(now, one.kind, before, after, f"{text}: a lifetime count fell", False)
        elif after == before and after and one.kind in _NOTABLE and one.worse:
            yield _was_so(now, one.kind, after, f"{after} {one.what}")


def _switches(then: Mapping, now: Mapping) -> t.Iterator[Finding]:
    for key, kind, what in _SWITCHES:
        if now.get(key) is True:
            if then.get(key) is True:
                yield _was_so(now, kind, True, what)
            else:
                yield _finding(now, kind, then.get(key), True, what, worse=True)
        elif now.get(key) is False and then.get(key) is True:
            yield _finding(now, kind, True, False, f"no longer: {what}", worse=False)


def _finding(
    gpu: Mapping, kind: str, before: t.Any, after: t.Any, text: str, worse: bool
) -> Finding:
    uuid = text_of(gpu, "uuid", 96) or None
    return Finding(NEW, kind, uuid, before, after, worse, f"{_short(gpu)}: {text}")


def _was_so(gpu: Mapping, kind: str, value: t.Any, text: str) -> Finding:
    uuid = text_of(gpu, "uuid", 96) or None
    return Finding(WAS_SO, kind, uuid, value, value, False, f"{_short(gpu)}: {text}")


def _short(gpu: Mapping) -> str:
    return text_of(gpu, "uuid", 96) or text_of(gpu, "serial", 96) or "a GPU without a UUID"

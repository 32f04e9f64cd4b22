# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What does not fail a machine but should be known about it."""

from __future__ import annotations

import typing as t

from .._phrases import count_of
from .._text import listed, printable
from .facts import Facts
from .gpu import Gpu
from .link_checks import nvlink_notes, pcie_notes
from .xid import Xid
from .xid_table import SOURCE, UNKNOWN

MOST_NOTES = 32
NOTE_LENGTH = 400

# More unique SRAM errors than this usually mean that the GPU goes back (ml-engineering, debug.md);
# the flag of the driver decides.
_SRAM_LIMIT = 4


def notes_of(facts: Facts) -> list[str]:
    """Return the notes as sentences."""
    found = [*_of_the_log(facts), *_of_memory(facts), *pcie_notes(facts), *nvlink_notes(facts)]
    if len(found) > MOST_NOTES:
        left = len(found) - MOST_NOTES + 1
        found = [*found[: MOST_NOTES - 1], f"{left} more notes are left out"]
    return [_sentence(note) for note in found]


def _sentence(note: str) -> str:
    text = printable(note, NOTE_LENGTH)
    text = text[:1].upper() + text[1:]
    return text if text.endswith(".") else text + "."


def _of_the_log(facts: Facts) -> t.Iterator[str]:
    log = facts.kernel_log
    if log is None:
        yield (
            "the kernel log could not be read, so errors since the boot are unknown; on most "
            "systems only root may read it"
        )
        return
    xids = [xid for xid in log.xids if not xid.is_fault]
    unknown = [xid for xid in xids if xid.kind == UNKNOWN]
    if unknown:
        yield (
            f"unknown to this version, so not judged: {_shown(unknown)}. Look them up in {SOURCE}"
        )
    known = [xid for xid in xids if xid.kind != UNKNOWN]
    if known:
        yield f"in the kernel log, but no fault of the machine: {_shown(known)}"
    if log.tells_of_a_gpu:
        yield _age(facts)


def _shown(xids: t.Sequence[Xid]) -> str:
    return listed(
        [
            f"{'SXid' if xid.switch else 'Xid'} {xid.code} on {xid.address} "
            f"({xid.kind}, {count_of(xid.count, 'time')})"
            for xid in xids
        ]
    )


def _age(facts: Facts) -> str:
    since = "the boot"
    if facts.booted_at is not None and facts.looked_at >= facts.booted_at:
        hours = (facts.looked_at - facts.booted_at) / 3600
        since += f" {hours:.0f} hours ago" if hours >= 2 else f" {hours * 60:.0f} minutes ago"
    return f"the kernel log goes back to {since}, so its entries may be a previous tenant's"


def _of_memory(facts: Facts) -> t.Iterator[str]:
    for gpu in facts.gpus:
        if gpu.ecc_sram_uncorrected_aggregate:
            many = gpu.ecc_sram_uncorrected_aggregate > _SRAM_LIMIT
            yield (
                f"{gpu.label} has had "
                f"{count_of(gpu.ecc_sram_uncorrected_aggregate, 'uncorrected SRAM error')} in its "
                "lifetime" + ("; so many usually mean that it has to be replaced" if many else "")
            )
        if gpu.rows_remapped:
            yield f"{gpu.label} has had {count_of(gpu.rows_remapped, 'memory row')} remapped"
        spare = _spare(gpu)
        if spare:
            yield f"{gpu.label} has {spare}"


def _spare(gpu: Gpu) -> str:
    """Return the banks that run short of spare rows."""
    rows = gpu.spare_rows or {}
    short = [
        f"{count_of(rows[name], 'bank')} {words}"
        for name, words in (("none", "without spare rows"), ("low", "with few spare rows"))
        if rows.get(name)
    ]
    return " and ".join(short)

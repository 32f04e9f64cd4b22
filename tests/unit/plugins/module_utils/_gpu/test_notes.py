# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said beside the verdict: whose kernel log it may be, and the history of the memory."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.kernel_log import (
    parse_kernel_log,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.notes import _sentence
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.nvidia import parse_smi_xml

from .machines import HEALTHY, changed, facts, report_of

XID_31 = "NVRM: Xid (PCI:0000:18:00): 31, pid=7, MMU Fault"
ROWS = {"max": 640, "high": 0, "partial": 0, "low": 0, "none": 0}


def notes(*gpus: t.Any, **more: t.Any) -> list[str]:
    report = report_of(facts(*(gpus or (HEALTHY,)), **more))
    assert report["verdict"] == "pass"
    found: list[str] = report["notes"]
    return found


def test_a_healthy_machine_has_no_notes() -> None:
    assert notes(changed(spare_rows=ROWS, ecc_sram_uncorrected_aggregate=0), booted_at=1.0) == []


@pytest.mark.parametrize(
    ("booted_at", "since"),
    [
        (1_800_000_000.0 - 63 * 3600, "the boot 63 hours ago"),
        (1_800_000_000.0 - 2 * 3600, "the boot 2 hours ago"),
        (1_800_000_000.0 - 95 * 60, "the boot 95 minutes ago"),
        (1_800_000_000.0, "the boot 0 minutes ago"),
        (None, "the boot"),
        # A clock that was set back.
        (1_800_000_500.0, "the boot"),
    ],
)
def test_a_kernel_log_may_be_the_tenants_before(booted_at: float | None, since: str) -> None:
    found = notes(
        kernel_log=parse_kernel_log(XID_31), booted_at=booted_at, looked_at=1_800_000_000.0
    )

    assert found == [
        (
            "In the kernel log, but no fault of the machine: Xid 31 on 0000:18:00.0 (restart_app, "
            "1 time)."
        ),
        f"The kernel log goes back to {since}, so its entries may be a previous tenant's.",
    ]


def test_some_errors_are_named_and_the_others_counted() -> None:
    lines = [XID_31.replace(":18:", f":{number}:") for number in range(10, 15)]

    found = notes(kernel_log=parse_kernel_log("\n".join(lines)))

    named = ", ".join(
        f"Xid 31 on 0000:{number}:00.0 (restart_app, 1 time)" for number in range(10, 14)
    )
    assert found[0] == f"In the kernel log, but no fault of the machine: {named}, and 1 more."


def test_a_kernel_log_that_cannot_be_read_is_named_and_fails_nobody() -> None:
    (note,) = notes(kernel_log=None)

    assert note == (
        "The kernel log could not be read, so errors since the boot are unknown; on most systems "
        "only root may read it."
    )
    assert report_of(facts(HEALTHY, kernel_log=None))["xids"] is None


def test_the_boot_is_told_in_utc() -> None:
    report = report_of(facts(HEALTHY, booted_at=1_795_000_000.0))

    assert report["booted_at"] == "2026-11-18T11:06:40Z"
    assert report_of(facts(HEALTHY))["booted_at"] is None


@pytest.mark.parametrize(
    ("values", "note"),
    [
        (
            {"ecc_sram_uncorrected_aggregate": 1},
            "GPU 0 (0000:18:00.0) has had 1 uncorrected SRAM error in its lifetime.",
        ),
        (
            {"ecc_sram_uncorrected_aggregate": 4},
            "GPU 0 (0000:18:00.0) has had 4 uncorrected SRAM errors in its lifetime.",
        ),
        (
            {"ecc_sram_uncorrected_aggregate": 5},
            (
                "GPU 0 (0000:18:00.0) has had 5 uncorrected SRAM errors in its lifetime; so many "
                "usually mean that it has to be replaced."
            ),
        ),
        ({"rows_remapped": 2}, "GPU 0 (0000:18:00.0) has had 2 memory rows remapped."),
        (
            {"spare_rows": {**ROWS, "none": 1, "low": 2}},
            "GPU 0 (0000:18:00.0) has 1 bank without spare rows and 2 banks with few spare rows.",
        ),
    ],
)
def test_the_history_of_the_memory(values: dict[str, t.Any], note: str) -> None:
    assert notes(changed(**values)) == [note]


def test_notes_are_bounded() -> None:
    gpus = [
        changed(index=i, pci_bus_id=f"0000:{i:02x}:00.0", rows_remapped=1, name="x" * 900)
        for i in range(50)
    ]
    found = notes(*gpus)

    assert len(found) == 32
    assert found[-1] == "19 more notes are left out."
    assert all(len(note) <= 401 and note.isprintable() for note in found)


def test_the_history_is_read() -> None:
    histogram = "".join(
        f"<row_remapper_histogram_{name}>{number} bank(s)</row_remapper_histogram_{name}>"
        for name, number in {**ROWS, "max": 638, "high": 2}.items()
    )
    text = (
        "<nvidia_smi_log><gpu><serial>1650322014526</serial>"
        "<ecc_errors><aggregate><sram_correctable>1</sram_correctable>"
        "<sram_uncorrectable_parity>2</sram_uncorrectable_parity>"
        "<sram_uncorrectable_secded>4</sram_uncorrectable_secded>"
        "<dram_correctable>8</dram_correctable><dram_uncorrectable>16</dram_uncorrectable>"
        "</aggregate></ecc_errors><remapped_rows><remapped_row_corr>3</remapped_row_corr>"
        f"<row_remapper_histogram>{histogram}</row_remapper_histogram></remapped_rows>"
        "</gpu></nvidia_smi_log>"
    )
    (gpu,) = parse_smi_xml(text).gpus

    assert gpu.serial == "1650322014526"
    assert gpu.ecc_sram_uncorrected_aggregate == 6
    assert (gpu.ecc_corrected_aggregate, gpu.ecc_uncorrected_aggregate) == (9, 22)
    assert gpu.rows_remapped_corrected == 3
    assert gpu.spare_rows == {**ROWS, "max": 638, "high": 2}
    half = text.replace("638 bank(s)", "N/A")
    assert parse_smi_xml(half).gpus[0].spare_rows is None


def test_a_machine_without_gpus_has_no_notes() -> None:
    report = report_of(facts(kernel_log=None))

    assert (report["verdict"], report["notes"]) == ("no_gpu", [])


def test_a_note_is_a_sentence() -> None:
    assert [_sentence(note) for note in ("it is hot", "It is hot.", "x" * 401)] == [
        "It is hot.",
        "It is hot.",
        "X" + "x" * 396 + "...",
    ]

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has changed since a record."""

from __future__ import annotations

import random
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.compare import compare
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.record import (
    make_record,
)

from .reports import UUID, a_gpu, a_report, an_xid, changed

AT_HANDOVER = 1_790_100_000.0
LATER = AT_HANDOVER + 30 * 86400

Report = dict[str, t.Any]


def since(before: Report, after: Report) -> list[dict[str, t.Any]]:
    return compare(make_record(before, {}, AT_HANDOVER), make_record(after, {}, LATER))


def brief(before: Report, after: Report) -> list[tuple[str, str, bool]]:
    return [(one["since"], one["kind"], one["worse"]) for one in since(before, after)]


def test_nothing_is_named_if_nothing_has_changed() -> None:
    assert since(a_report(), a_report()) == []


@pytest.mark.parametrize("seed", range(20))
def test_another_order_of_the_gpus_is_no_change(seed: int) -> None:
    before = changed(a_report(xids=[an_xid(79, "reboot_and_retest")]), 0, rows_remapped=2)
    gpus = [dict(gpu) for gpu in before["gpus"]]
    random.Random(seed).shuffle(gpus)
    for index, gpu in enumerate(gpus):
        gpu.update(index=index, pci_bus_id=f"0000:{16 + index:02x}:00.0")
    (moved,) = (gpu["pci_bus_id"] for gpu in gpus if gpu["uuid"] == UUID.format(1, 0))
    after = {
        **before,
        "gpus": gpus,
        "xids": [an_xid(79, "reboot_and_retest", pci_bus_id=moved)],
    }

    assert [one for one in since(before, after) if one["since"] == "new"] == []
    assert brief(before, after) == [("handover", "remap", False), ("handover", "xid", False)]


def test_a_replaced_gpu_is_named_with_the_one_that_was_there() -> None:
    before = a_report()
    after = {**before, "gpus": [*before["gpus"][:3], a_gpu(9, 3), *before["gpus"][4:]]}

    (one,) = since(before, after)

    assert (one["kind"], one["worse"], one["since"]) == ("gpu_replaced", True, "new")
    assert (one["handover"], one["now"]) == (UUID.format(1, 3), UUID.format(9, 3))
    assert "serial 16523000013 was replaced by NVIDIA H100 80GB HBM3 GPU-00000009" in one["text"]


def test_a_gpu_that_is_gone_and_one_that_is_new() -> None:
    eight, seven = a_report(count=8), a_report(count=7)

    assert brief(eight, seven) == [("new", "gpu_gone", True)]
    # What has come back after a repair makes no machine worse; a replacement is told otherwise.
    assert brief(seven, eight) == [("new", "gpu_new", False)]


def test_the_same_serial_number_is_the_same_gpu() -> None:
    before = a_report()
    after = changed(before, 2, uuid="GPU-99999999-0000-4000-8000-000000000000")

    (one,) = since(before, after)

    assert (one["kind"], one["worse"]) == ("gpu_other", True)
    assert ": UUID GPU-99999999" in one["text"]


def test_gpus_without_uuid_and_serial_are_told_apart_by_their_address() -> None:
    before = changed(a_report(count=2), 0, uuid=None, serial=None)
    after = changed(before, 0, rows_remapped=1)

    assert brief(before, before) == []
    assert brief(before, after) == [("new", "remap", True)]


@pytest.mark.parametrize(
    ("values", "kind", "worse", "said"),
    [
        ({"rows_remapped": 1}, "remap", True, "1 rows remapped after uncorrected errors, 0 at"),
        ({"rows_remapped_corrected": 4}, "remap", False, "4 rows remapped after corrected"),
        ({"rows_pending": True}, "remap", True, "a row remap waits for a reset"),
        ({"rows_failure": True}, "remap", True, "a row could not be remapped"),
        ({"ecc_uncorrected_aggregate": 3}, "ecc", True, "3 uncorrected memory errors"),
        ({"ecc_sram_uncorrected_aggregate": 1}, "ecc", True, "1 uncorrected SRAM errors"),
        ({"ecc_corrected_aggregate": 9}, "ecc", False, "9 corrected memory errors"),
        ({"nvlinks_active": 17, "nvlinks_inactive": 1}, "link", True, "17 NVLinks active, 18 at"),
        ({"pcie_width": 8}, "link", True, "PCIe x8, 16 at handover"),
        ({"pcie_width_max": 8}, "link", True, "PCIe up to x8, 16 at handover"),
        ({"pcie_generation_max": 3}, "link", True, "PCIe up to generation 3, 5 at handover"),
        ({"nvlink_errors": 7}, "nvlink", False, "7 NVLink errors"),
        ({"pcie_replays": 7}, "pcie", False, "7 PCIe replays"),
        ({"vbios_version": "97"}, "vbios", False, "VBIOS 97, 96.00.30.00.01 at handover"),
        ({"driver_version": "570"}, "driver", False, "driver 570, 565.57.01 at handover"),
        ({"memory_total_mib": 40960}, "gpu_other", True, "40960 MiB of memory, 81559 MiB"),
    ],
)
def test_what_is_new_in_a_gpu(values: dict[str, t.Any], kind: str, worse: bool, said: str) -> None:
    before = a_report()

    (one,) = since(before, changed(before, 5, **values))

    assert (one["since"], one["kind"], one["worse"]) == ("new", kind, worse)
    assert one["uuid"] == UUID.format(1, 5)
    assert one["text"].startswith(f"{UUID.format(1, 5)}: {said}")
    key = next(iter(values))
    assert (one["handover"], one["now"]) == (before["gpus"][5][key], values[key])


@pytest.mark.parametrize(
    ("values", "kind", "said"),
    [
        ({"rows_remapped": 2}, "remap", "2 rows remapped after uncorrected errors"),
        ({"rows_pending": True}, "remap", "a row remap waits for a reset"),
        ({"pcie_width": 8}, "link", "PCIe x8 of x16"),
        ({"nvlinks_active": 17, "nvlinks_inactive": 1}, "link", "1 NVLinks inactive"),
        ({"ecc_sram_uncorrected_aggregate": 1}, "ecc", "1 uncorrected SRAM errors"),
    ],
)
def test_what_was_so_at_handover_is_named_as_that(
    values: dict[str, t.Any], kind: str, said: str
) -> None:
    before = changed(a_report(), 5, **values)

    (one,) = since(before, before)

    assert (one["since"], one["kind"], one["worse"]) == ("handover", kind, False)
    assert one["text"].endswith(said)
    assert one["handover"] == one["now"] == list(values.values())[-1]


def test_a_counter_of_the_driver_that_began_anew_is_no_change() -> None:
    before = changed(a_report(), 0, nvlink_errors=9, pcie_replays=9)

    assert since(before, a_report()) == []


def test_a_lifetime_count_that_fell_is_named() -> None:
    before = changed(a_report(), 0, ecc_corrected_aggregate=9)

    (one,) = since(before, a_report())

    assert (one["kind"], one["worse"]) == ("ecc", False)
    assert (one["handover"], one["now"]) == (9, 0)
    assert one["text"].endswith("0 corrected memory errors, 9 at handover: a lifetime count fell")


def test_what_is_not_known_has_not_changed() -> None:
    before = a_report()
    unknown = {key: None for key in before["gpus"][0] if key not in ("index", "uuid")}

    assert since(before, changed(before, 0, **unknown)) == []
    assert since(changed(before, 0, **unknown), before) == []


def test_what_is_not_known_hides_no_change_beside_it() -> None:
    before = changed(a_report(), 5, pcie_width=None, rows_remapped=None)
    after = changed(before, 5, pcie_generation_max=4, ecc_corrected_aggregate=1)

    assert brief(before, after) == [("new", "link", True), ("new", "ecc", False)]


BEFORE_HANDOVER, AFTER_IT = AT_HANDOVER - 1000, AT_HANDOVER + 1000


@pytest.mark.parametrize(
    ("then", "now", "booted_at", "found"),
    [
        ([], [an_xid(79, "reboot_and_retest")], BEFORE_HANDOVER, [("new", "xid", True)]),
        ([], [an_xid(31, "watch")], BEFORE_HANDOVER, [("new", "xid", False)]),
        ([], [an_xid(31, None)], BEFORE_HANDOVER, [("new", "xid", False)]),
        (
            [an_xid(79, "reset_gpu")],
            [an_xid(79, "reset_gpu")],
            BEFORE_HANDOVER,
            [("handover", "xid", False)],
        ),
        (
            [an_xid(79, "reset_gpu")],
            [an_xid(79, "reset_gpu", count=3)],
            BEFORE_HANDOVER,
            [("new", "xid", True)],
        ),
        # The machine was started again, so this one is another.
        ([an_xid(79, "reset_gpu")], [an_xid(79, "reset_gpu")], AFTER_IT, [("new", "xid", True)]),
        ([an_xid(79, "reset_gpu")], [], AFTER_IT, []),
        ([an_xid(31, None)], [an_xid(31, None)], BEFORE_HANDOVER, []),
        ([], [an_xid(20034, "reset_gpu", switch=True)], None, [("new", "xid", True)]),
        ([], None, BEFORE_HANDOVER, [("new", "kernel_log", False)]),
        (None, None, BEFORE_HANDOVER, []),
        # Nobody knows whether it is new.
        (None, [an_xid(79, "reset_gpu")], BEFORE_HANDOVER, [("new", "xid", False)]),
    ],
)
def test_xids(then: t.Any, now: t.Any, booted_at: t.Any, found: list[t.Any]) -> None:
    before = a_report(xids=then, booted_at=BEFORE_HANDOVER)

    assert brief(before, a_report(xids=now, booted_at=booted_at)) == found


HOURS = 3600
AN_XID = [an_xid(79, "reset_gpu")]


@pytest.mark.parametrize(
    ("clock", "booted_at", "found"),
    [
        # The machine's clock is two hours ahead: its start seems to be after the record.
        (2 * HOURS, AT_HANDOVER - HOURS, [("handover", "xid", False)]),
        # It is two hours behind: its second start seems to be before the record.
        (-2 * HOURS, AT_HANDOVER + HOURS, [("new", "xid", True)]),
        # The time of the start is calculated, and the clock was set.
        (240, AT_HANDOVER - HOURS, [("handover", "xid", False)]),
    ],
)
def test_a_start_is_told_by_the_clock_of_the_machine_alone(
    clock: int, booted_at: float, found: list[t.Any]
) -> None:
    first = AT_HANDOVER - HOURS
    before = a_report(xids=AN_XID, booted_at=first + (0 if abs(clock) < HOURS else clock))
    after = a_report(xids=AN_XID, booted_at=booted_at + clock)

    assert brief(before, after) == found


def test_without_the_first_start_the_time_of_the_record_tells() -> None:
    before = a_report(xids=AN_XID, booted_at=None)

    for booted_at, since_when in ((BEFORE_HANDOVER, "handover"), (AFTER_IT, "new")):
        after = a_report(xids=AN_XID, booted_at=booted_at)
        assert [one["since"] for one in since(before, after)] == [since_when]


def test_what_is_new_and_grave_comes_first() -> None:
    before = changed(a_report(), 0, rows_remapped=1)
    after = changed(changed(before, 1, vbios_version="97"), 2, rows_remapped=1)

    assert [(since, worse) for since, _kind, worse in brief(before, after)] == [
        ("new", True),
        ("new", False),
        ("handover", False),
    ]


@pytest.mark.parametrize(
    ("key", "said"),
    [("rows_pending", "a row remap waits for a reset"), ("rows_failure", "a row could not be")],
)
def test_what_was_wrong_and_is_no_longer_is_named_and_not_worse(key: str, said: str) -> None:
    before = changed(a_report(), 5, **{key: True})

    (one,) = since(before, changed(before, 5, **{key: False}))

    assert (one["since"], one["kind"], one["worse"]) == ("new", "remap", False)
    assert (one["handover"], one["now"]) == (True, False)
    assert f"no longer: {said}" in one["text"]

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel log says about GPUs, in the formats of dmesg and journalctl."""

from __future__ import annotations

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.kernel_log import (
    parse_kernel_log,
)
from hypothesis import given
from hypothesis import strategies as st

from ...gpu_stand_in import output_of
from ...helpers import ANY_TEXT


def test_a_lost_gpu_is_told_once() -> None:
    log = parse_kernel_log(output_of("lost_gpu", "dmesg"))

    assert log.faults == [
        "Xid 79 on 0000:db:00.0 (pid='<unknown>', name=<unknown>, GPU has fallen off the bus)"
    ]


@pytest.mark.parametrize(
    "prefix",
    ["[  942.100001] ", "[Fri Apr  5 21:29:39 2024] ", "Feb 14 05:03:41 host kernel: ", ""],
)
def test_any_prefix(prefix: str) -> None:
    log = parse_kernel_log(f"{prefix}NVRM: Xid (PCI:0000:3b:00): 48, pid=12, name=python, DBE\n")

    assert [str(xid) for xid in log.xids] == ["Xid 48 on 0000:3b:00.0 (pid=12, name=python, DBE)"]


def test_old_drivers_leave_out_the_word_pci() -> None:
    (xid,) = parse_kernel_log("NVRM: Xid (0000:03:00): 14, Channel 00000001").xids

    assert (xid.code, xid.address, xid.text) == (14, "0000:03:00.0", "Channel 00000001")


def test_a_gpu_can_be_lost_without_a_number() -> None:
    text = (
        "[ 1843.308145] NVRM: The NVIDIA GPU 0000:b3:00.0\n"
        "               NVRM: (PCI ID: 10de:26b5) installed in this system has\n"
        "               NVRM: fallen off the bus and is not responding to commands.\n"
    )
    assert parse_kernel_log(text).faults == ["0000:b3:00.0 has fallen off the bus"]
    assert parse_kernel_log("NVRM: GPU at 0000:09:00.0 has fallen off the bus.").faults == [
        "0000:09:00.0 has fallen off the bus"
    ]
    assert parse_kernel_log("NVRM: GPU has fallen off the bus.").faults == [
        "a GPU has fallen off the bus"
    ]


def test_a_gpu_that_is_lost_without_a_number_is_that_of_an_error() -> None:
    lost = "NVRM: GPU has fallen off the bus.\n"

    log = parse_kernel_log(lost + "NVRM: Xid (PCI:0000:3b:00): 79, it fell\n")

    assert log.faults == ["Xid 79 on 0000:3b:00.0 (it fell)"]


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (13, False),
        (31, False),
        (43, False),
        (45, False),
        (63, False),
        (94, False),
        (48, True),
        (62, True),
        (64, True),
        (74, True),
        (79, True),
        (95, True),
        (119, True),
        (140, True),
        (154, False),
    ],
)
def test_which_numbers_speak_of_the_machine(code: int, fault: bool) -> None:
    log = parse_kernel_log(f"NVRM: Xid (PCI:0000:3b:00): {code}, something")

    assert bool(log.faults) is fault
    assert len(log.xids) == 1


def test_a_repeated_error_is_kept_once_for_each_gpu() -> None:
    lines = [
        f"NVRM: Xid (PCI:0000:{bus}:00): 31, pid={pid}"
        for pid in range(500)
        for bus in ("3b", "5d")
    ]

    assert [xid.address for xid in parse_kernel_log("\n".join(lines)).xids] == [
        "0000:3b:00.0",
        "0000:5d:00.0",
    ]


def test_both_versions_of_a_mismatch() -> None:
    log = parse_kernel_log(output_of("driver_mismatch", "dmesg"))

    assert (log.client_version, log.module_version) == ("535.86.05", "535.54.03")
    assert log.faults == []


def test_a_flood_of_notes_does_not_hide_a_fault() -> None:
    noise = [f"NVRM: Xid (PCI:0000:{bus:02x}:00): 13, x" for bus in range(200)]
    log = parse_kernel_log("\n".join([*noise, "NVRM: Xid (PCI:0000:ff:00): 79, lost"]))

    assert len(log.xids) == 64
    assert log.faults == ["Xid 79 on 0000:ff:00.0 (lost)"]


def test_two_logs_with_the_same_errors_are_not_counted_twice() -> None:
    line = "NVRM: Xid (PCI:0000:3b:00): 31, pid=1, MMU Fault\n"

    for logs in ((line * 3, line * 2), (line, line * 3, line * 2)):
        (xid,) = parse_kernel_log(*logs).xids
        assert xid.count == 3


def test_a_full_stop_is_no_part_of_what_an_error_says() -> None:
    (xid,) = parse_kernel_log("NVRM: Xid (PCI:0000:3b:00): 48, DBE in unit X.\n").xids

    assert xid.text == "DBE in unit X"


LIMITED = (
    "pci 0000:18:00.0: 252.048 Gb/s available PCIe bandwidth, limited by 16.0 GT/s PCIe x16 link "
    "at 0000:15:01.0 (capable of 504.112 Gb/s with 32.0 GT/s PCIe x16 link)"
)


def test_a_slow_link_is_named_by_the_kernel() -> None:
    (limit,) = parse_kernel_log(f"[    1.2] {LIMITED}\n[    1.3] {LIMITED}").limits

    assert str(limit) == (
        "0000:18:00.0 is limited by a link of 16.0 GT/s x16 at 0000:15:01.0, "
        "and can do 32.0 GT/s x16"
    )
    assert not limit.is_narrow and not limit.is_at_rest
    (resting,) = parse_kernel_log(LIMITED.replace("by 16.0", "by 2.5")).limits
    assert resting.is_at_rest
    (narrow,) = parse_kernel_log(LIMITED.replace("x16 link at", "x8 link at")).limits
    assert narrow.is_narrow


@pytest.mark.parametrize(
    "line",
    [
        LIMITED,
        # Older kernels.
        (
            "pci 0000:18:00.0: 63.008 Gb/s available PCIe bandwidth, limited by 8 GT/s x8 link at "
            "0000:15:01.0 (capable of 126.016 Gb/s with 8 GT/s x16 link)"
        ),
        (
            "pci 0000:18:00.0: 63.008 Gb/s available PCIe bandwidth, limited by 8.0 GT/s PCIe x8 "
            "link at 0000:15:01.0 (capable of 126.016 Gb/s with 8.0 GT/s x16 link)"
        ),
    ],
)
def test_each_kernels_words_for_a_slow_link(line: str) -> None:
    (limit,) = parse_kernel_log(line).limits

    assert (limit.address, limit.at, limit.capable_width) == ("0000:18:00.0", "0000:15:01.0", 16)
    assert limit.is_narrow is (line != LIMITED)


def test_other_drivers_are_not_meant() -> None:
    log = parse_kernel_log("usb 1-1: device has fallen off the bus\nnvme: Xid (PCI:0000:3b:00): 79")

    assert log.faults == []


@given(ANY_TEXT, st.sampled_from(["", "NVRM: ", "NVRM: Xid (PCI:0000:3b:00): 79, "]))
def test_any_text_is_read_as_something(text: str, begin: str) -> None:
    log = parse_kernel_log(begin + text + "\n" + text)

    assert len(log.xids) <= 64
    assert all(len(fault) < 300 and "\n" not in fault for fault in log.faults)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each Xid and SXid means for a machine that was just handed over."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.kernel_log import (
    parse_kernel_log,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.xid import Xid
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.xid_table import XIDS
from hypothesis import given, settings
from hypothesis import strategies as st

from ...gpu_stand_in import output_of
from .machines import HEALTHY, facts, report_of


def codes(text: str) -> list[int]:
    """Return the numbers in a text such as ``1-7 9``."""
    ranges = [part.partition("-") for part in text.split()]
    return [code for a, _dash, b in ranges for code in range(int(a), int(b or a) + 1)]


RESET = codes("46 48 62 64 74 95 109 110 119 120 136 140 143-150 155 156 158")
REBOOT = [79, 151, 168]
RETURN = [54]
MEND = [78, 159]
WATCH = [92, 157, 171, 172]
OF_PROGRAMS = codes("8 11 13 25 31 32 39-41 60 68-72 75-77 80 82-86 88 89 94 96-105 126-135 139")
IGNORED = [14, 37, 38, 43, 44, 63, 66, 67, 93, 106, 107, 108, 121, 137, 141, 152, 153, 160, 161]
TOLD = [45, 162, 163, 164, 165, 166, 170]
UNUSED = codes(
    "1-7 9 10 12 15-24 26-30 33-36 42 47 49-53 55-59 61 65 73 81 87 90 91 111-118 122-125 138"
)
HARMLESS = [*WATCH, *OF_PROGRAMS, *IGNORED, *TOLD, *UNUSED]
EXPECTED: dict[int, str | None] = {
    **dict.fromkeys(RESET, "reset_gpu"),
    **dict.fromkeys(REBOOT, "reboot_and_retest"),
    **dict.fromkeys(RETURN, "return_machine"),
    **dict.fromkeys(MEND, "fix_software"),
    **dict.fromkeys([*OF_PROGRAMS, *IGNORED, *TOLD, *UNUSED]),
    **dict.fromkeys(WATCH, "watch"),
}


PARTS = ["", " GPU-I:05", " GPU-I:01 GPU-CI:02"]
"""With MIG, an Xid names the instance that had it."""


def line(code: int, text: str = "something", bus: str = "18", part: str = "") -> str:
    return f"[  12.5] NVRM: Xid (PCI:0000:{bus}:00{part}): {code}, {text}"


def judged(*lines: str) -> dict[str, t.Any]:
    """Return the report of a healthy machine with these lines in its kernel log."""
    return report_of(facts(HEALTHY, kernel_log=parse_kernel_log("\n".join(lines))))


def only(*lines: str) -> Xid:
    (xid,) = parse_kernel_log("\n".join(lines)).xids
    return xid


def test_the_table_has_every_code_of_the_catalog_once() -> None:
    assert sorted(XIDS) == sorted([*EXPECTED, 154])


@pytest.mark.parametrize(("code", "action"), EXPECTED.items())
def test_each_code_has_a_verdict_and_an_action(code: int, action: str | None) -> None:
    report = judged(line(code))

    assert only(line(code)).action == action
    assert report["xids"][0]["action"] == action
    if action in (None, "watch"):
        assert (report["verdict"], report["action"]) == ("pass", None)
        assert f"Xid {code} on 0000:18:00.0" in " ".join(report["notes"])
    else:
        assert (report["verdict"], report["action"]) == ("fail", action)
        assert f"Xid {code} on 0000:18:00.0" in report["reasons"][0]


@pytest.mark.parametrize("part", PARTS)
def test_an_error_of_a_part_of_a_gpu_is_the_gpus(part: str) -> None:
    report = judged(line(95, "Uncontained ECC error", part=part))

    assert (report["verdict"], report["action"]) == ("fail", "reset_gpu")
    assert "Xid 95 on 0000:18:00.0 (Uncontained ECC error)" in report["reasons"][0]
    assert judged(line(31, part=part))["verdict"] == "pass"
    # Two parts with one error are one GPU with two.
    assert only(line(95), line(95, part=part)).count == 2


@pytest.mark.parametrize("code", [167, 169, 173, 999, 99999])
def test_an_unknown_code_is_a_note_that_says_so(code: int) -> None:
    report = judged(line(code))

    assert report["verdict"] == "pass"
    assert report["xids"][0]["kind"] == "unknown"
    assert report["notes"][0].startswith(
        f"Unknown to this version, so not judged: Xid {code} on 0000:18:00.0 "
    )
    assert "analyzing-xid-catalog" in report["notes"][0]


CHANGED = "GPU recovery action changed from {} to {}"
NONE, RESET_WORD, REBOOT_WORD = (
    "0x0 (None)",
    "0x1 (GPU Reset Required)",
    "0x2 (Node Reboot Required)",
)


@pytest.mark.parametrize(
    ("after", "action"),
    [
        (NONE, None),
        ("0x0", None),
        ("0x5 (None)", None),
        (RESET_WORD, "reset_gpu"),
        ("0x1 (PF FLR)", "reset_gpu"),
        (REBOOT_WORD, "reboot_and_retest"),
        ("0x2 (OS Reboot)", "reboot_and_retest"),
        ("0x3 (Drain P2P)", "reset_gpu"),
        ("0x4 (Drain and Reset)", "reset_gpu"),
    ],
)
def test_154_is_read_by_its_last_word(after: str, action: str | None) -> None:
    for before in (NONE, REBOOT_WORD):
        for program in ("", "pid='<unknown>', name=<unknown>, "):
            text = line(154, program + CHANGED.format(before, after))
            assert only(text).action == action
            assert (judged(text)["verdict"] == "pass") == (action is None)


def test_of_many_154_the_last_one_counts_for_each_gpu() -> None:
    asked, over = CHANGED.format(NONE, REBOOT_WORD), CHANGED.format(REBOOT_WORD, NONE)

    assert only(line(154, asked), line(154, over)).action is None
    assert only(line(154, over), line(154, asked)).action == "reboot_and_retest"
    both = judged(line(154, asked, "18"), line(154, asked, "19"), line(154, over, "19"))
    assert "0000:18:00.0" in both["reasons"][0] and "0000:19:00.0" not in both["reasons"][0]


def test_a_154_of_other_words_is_watched() -> None:
    assert only(line(154, "nothing that is known")).action == "watch"


def test_a_reset_that_has_been_made_is_over() -> None:
    asked = line(154, CHANGED.format(NONE, RESET_WORD))
    over = line(154, CHANGED.format(RESET_WORD, NONE))

    report = judged(line(119, "Timeout"), asked, over)
    assert report["verdict"] == "pass"
    assert "Xid 119" in " ".join(report["notes"])
    # It came again, or on another GPU, or it is one that no reset mends.
    assert judged(line(119, "Timeout"), asked, over, line(119, "Timeout"))["verdict"] == "fail"
    assert judged(line(119, "Timeout", "19"), asked, over)["verdict"] == "fail"
    assert judged(line(79, "GPU has fallen off the bus."), asked, over)["verdict"] == "fail"


def test_an_older_log_is_continued_by_the_newer_one() -> None:
    old = line(119, "Timeout")
    over = line(154, CHANGED.format(RESET_WORD, NONE))

    assert parse_kernel_log(f"{old}\n{over}", over).faults == []
    assert parse_kernel_log(over, f"{over}\n{old}").faults


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("NETIR_LINK_EVT Fatal   XC0 i0 Link 01 (0x021425c6 0x00000000)", "reset_gpu"),
        ("NETIR_LINK_EVT Nonfatal XC0 i0 Link 01 (0x021425c6 0x00000000)", "watch"),
        ("NETIR_LINK_EVT Non-fatal XC0 i0 Link 01", "watch"),
        ("pid=7, name=Nonfatal, NETIR_LINK_EVT Fatal XC0 i0 Link 01", "reset_gpu"),
        ("pid=7, name=x, Nonfatal XC0 i0 Link 01", "watch"),
        ("without a severity", "reset_gpu"),
    ],
)
def test_links_of_the_fifth_generation_say_how_bad_it_is(text: str, action: str) -> None:
    xid = only(line(149, text))
    assert (xid.kind, xid.action) == ("workflow_nvlink5_err", action)
    # The worst of several counts.
    fatal = line(149, "NETIR_LINK_EVT Fatal")
    assert only(fatal, line(149, text)).action == "reset_gpu"
    assert only(line(149, text), fatal).action == "reset_gpu"
    over = line(154, CHANGED.format(RESET_WORD, NONE))
    assert judged(line(149, text), over)["verdict"] == "pass"


SWITCH_LINE = "[  1.0] nvidia-nvswitch2: SXid (PCI:0000:07:00.0): {}, {}"


def test_a_fatal_error_of_a_switch_fails() -> None:
    text = SWITCH_LINE.format("20034", "Fatal, Link 30 LTSSM Fault Up")
    report = judged(text, SWITCH_LINE.format("20034", "Severity 1 Engine instance 30"))

    assert (report["verdict"], report["action"]) == ("fail", "reboot_and_retest")
    assert "SXid 20034 on 0000:07:00.0 (Fatal, Link 30 LTSSM Fault Up)" in report["reasons"][0]
    assert report["xids"] == [
        {
            "code": 20034,
            "switch": True,
            "pci_bus_id": "0000:07:00.0",
            "kind": "sxid_fatal",
            "action": "reboot_and_retest",
            "text": "Fatal, Link 30 LTSSM Fault Up",
            "count": 2,
        },
    ]


def test_another_error_of_a_switch_is_a_note() -> None:
    report = judged(SWITCH_LINE.format("20009", "Non-fatal, Link 04 RX Short Error Rate"))

    assert report["verdict"] == "pass"
    assert report["xids"][0]["action"] == "watch"
    assert "SXid 20009 on 0000:07:00.0 (sxid_non_fatal, 1 time)" in report["notes"][0]


def test_an_error_of_a_switch_that_does_not_say_how_bad_it_is_is_unknown() -> None:
    report = judged(SWITCH_LINE.format("20034", "Severity 1 Engine instance 30"))

    assert (report["verdict"], report["xids"][0]["kind"]) == ("pass", "unknown")


def test_an_xid_and_an_sxid_of_one_number_are_two() -> None:
    log = parse_kernel_log(line(62, bus="07") + "\n" + SWITCH_LINE.format("62", "Non-fatal, x"))

    assert [xid.switch for xid in log.xids] == [False, True]


def test_a_lost_gpu_asks_for_a_reboot() -> None:
    report = judged(output_of("lost_gpu", "dmesg"))

    assert (report["verdict"], report["action"]) == ("fail", "reboot_and_retest")


def test_memory_errors_name_the_worse_action() -> None:
    report = judged(line(48, "DBE"), line(172, "SRAM"), line(54, "power"))

    assert report["action"] == "return_machine"


any_part = st.sampled_from(PARTS)
harmless_line = st.one_of(
    st.builds(
        line, st.sampled_from(HARMLESS), bus=st.sampled_from(["18", "19", "db"]), part=any_part
    ),
    st.builds(line, st.integers(173, 99999), part=any_part),
    st.builds(lambda code: line(code, "NETIR_LINK_EVT Nonfatal XC0"), st.integers(144, 150)),
    st.builds(
        lambda code: SWITCH_LINE.format(code, "Non-fatal, Link 04 x"), st.integers(10000, 99999)
    ),
    st.just(line(154, CHANGED.format(REBOOT_WORD, NONE))),
    st.just("[  1.0] usb 1-1: Fatal, reset_gpu 79"),
)


@settings(max_examples=200)
@given(st.lists(harmless_line, max_size=40))
def test_no_log_of_harmless_codes_fails_a_machine(lines: list[str]) -> None:
    report = judged(*lines)

    assert report["verdict"] == "pass", report["reasons"]
    assert len(report["notes"]) <= 32


@settings(max_examples=200)
@given(
    st.lists(harmless_line, max_size=40),
    st.sampled_from([*RESET, *REBOOT, *RETURN, *MEND]),
    st.integers(0, 40),
    any_part,
)
def test_no_log_of_harmless_codes_hides_a_fault(
    lines: list[str], code: int, place: int, part: str
) -> None:
    fault = line(code, bus="5d", part=part)

    assert judged(*lines[:place], fault, *lines[place:])["verdict"] == "fail"

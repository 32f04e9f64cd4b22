# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PCIe links and NVLinks: what the tools print of them, and what is a fault."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.facts import (
    FabricManager,
    Facts,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.gpu import Gpu
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.kernel_log import (
    parse_kernel_log,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.nvidia import parse_smi_xml
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.nvlink import (
    Links,
    read_links,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.slot import Slot
from hypothesis import given

from ...gpu_stand_in import output_of
from ...helpers import ANY_TEXT
from .machines import changed, details, facts, failed, report_of

GEN5_X16 = {"pcie_width": 16, "pcie_width_max": 16, "pcie_generation": 5, "pcie_generation_max": 5}


def a_gpu(index: int = 0, **values: t.Any) -> Gpu:
    return changed(**{**GEN5_X16, "index": index, "pci_bus_id": f"0000:{index:02x}:00.0", **values})


def test_a_full_link_passes() -> None:
    for slots in ({}, {"0000:00:00.0": Slot(16, gpu_lanes=16)}):
        found = facts(a_gpu(), slots=slots)
        assert details(found)["pcie"] == ("pass", "x16, generation 5")
        assert report_of(found)["notes"] == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"pcie_width": 8, "passthrough": False},
            "GPU 0 (0000:00:00.0) has 8 of 16 PCIe lanes. Reboot",
        ),
        ({"pcie_generation": 3, "at_work": True}, "is at work with PCIe generation 3 of 5. Reboot"),
    ],
)
def test_what_fails_a_link(values: dict[str, t.Any], words: str) -> None:
    found = facts(a_gpu(**values), slots={"0000:00:00.0": Slot(16, gpu_lanes=16)})
    report = report_of(found)

    assert failed(found) == ["pcie"]
    assert words in report["reasons"][0]
    assert report["action"] == "reboot_and_retest"


@pytest.mark.parametrize(
    ("values", "note"),
    [
        # At rest a link is slow.
        ({"pcie_generation": 1, "at_work": False}, None),
        ({"pcie_generation": 1}, None),
        ({"pcie_generation": 5, "at_work": True}, None),
        # A slot that is faster than the GPU.
        ({"pcie_generation_gpu": 4, "pcie_generation_slot": 5}, None),
        ({"pcie_generation_gpu": 5, "pcie_generation_slot": 5}, None),
        (
            {"pcie_generation_gpu": 5, "pcie_generation_slot": 4, "pcie_generation_max": 4},
            "can do PCIe generation 5, but its slot only 4",
        ),
        # Behind a virtual slot nobody knows.
        ({"pcie_generation_gpu": 5, "pcie_generation_slot": 4, "passthrough": True}, None),
        ({"pcie_width": 8, "passthrough": True}, "has 8 of 16 PCIe lanes, as all of its kind"),
        ({"pcie_replays": 80}, None),
        ({"pcie_replays": 81}, "has had 81 PCIe replays since the driver was loaded"),
    ],
)
def test_what_is_only_noted_of_a_link(values: dict[str, t.Any], note: str | None) -> None:
    report = report_of(facts(a_gpu(**values)))
    (check,) = (check for check in report["checks"] if check["name"] == "pcie")

    assert (report["verdict"], report["action"]) == ("pass", None)
    assert check["action"] == ("watch" if note else None)
    assert (
        [note in said for said in report["notes"]] == [True] * bool(note)
        if note
        else (report["notes"] == [])
    )


@pytest.mark.parametrize(
    ("mode", "passthrough"),
    [("None", False), ("Pass-Through", True), ("VGPU", True), ("N/A", None), ("", None)],
)
def test_bare_metal_is_told_from_a_virtual_machine(mode: str, passthrough: bool | None) -> None:
    text = f"<virtualization_mode>{mode}</virtualization_mode>"
    whole = f"<nvidia_smi_log><gpu><gpu_virtualization_mode>{text}</gpu_virtualization_mode></gpu>"

    (gpu,) = parse_smi_xml(f"{whole}</nvidia_smi_log>").gpus

    assert gpu.passthrough is passthrough


@pytest.mark.parametrize(
    ("percent", "state", "idle", "at_work"),
    [
        ("97 %", "P0", "Not Active", True),
        ("1 %", "P0", "Not Active", True),
        # GeForce cards compute in P2.
        ("97 %", "P2", "Not Active", True),
        ("0 %", "P0", "Not Active", False),
        # As an L4 of Ada printed it, and a card with a screen.
        ("2 %", "P0", "Active", False),
        ("3 %", "P8", "Not Active", False),
        ("N/A", "P0", "Not Active", None),
    ],
)
def test_a_gpu_is_at_work_or_at_rest(
    percent: str, state: str, idle: str, at_work: bool | None
) -> None:
    text = (
        f"<nvidia_smi_log><gpu><performance_state>{state}</performance_state>"
        f"<utilization><gpu_util>{percent}</gpu_util></utilization>"
        f"<clocks_event_reasons><clocks_event_reason_gpu_idle>{idle}</clocks_event_reason_gpu_idle>"
        "</clocks_event_reasons></gpu></nvidia_smi_log>"
    )
    assert parse_smi_xml(text).gpus[0].at_work is at_work


def test_in_a_virtual_machine_a_gpu_is_compared_with_the_others() -> None:
    gpus = [a_gpu(i, passthrough=True) for i in range(3)]
    narrow = a_gpu(3, passthrough=True, pcie_width=8)

    found = facts(*gpus, narrow)

    assert failed(found) == ["pcie"]
    assert "GPU 3 (0000:03:00.0) has 8 of 16 PCIe lanes" in details(found)["pcie"][1]
    assert failed(facts(*gpus, a_gpu(3, passthrough=True, pcie_width=8, name="Tesla T4"))) == []


def test_a_machine_that_hides_its_links_is_skipped() -> None:
    assert details(facts(changed()))["pcie"][0] == "skip"


def limited(address: str, speed: str, width: int) -> dict[str, t.Any]:
    line = (
        f"[    0.4] pci {address}: 126.016 Gb/s available PCIe bandwidth, limited by {speed} GT/s "
        f"PCIe x{width} link at 0000:15:01.0 (capable of 504.112 Gb/s with 32.0 GT/s PCIe x16 link)"
    )
    return {"kernel_log": parse_kernel_log(line)}


@pytest.mark.parametrize(("speed", "noted"), [("16.0", True), ("8.0", True), ("2.5", False)])
def test_a_slow_link_that_the_kernel_names_is_watched(speed: str, noted: bool) -> None:
    report = report_of(facts(a_gpu(), **limited("0000:00:00.0", speed, 16)))

    assert report["verdict"] == "pass"
    assert bool(report["notes"]) is noted
    if noted:
        assert report["notes"] == [
            (
                f"When the kernel started, 0000:00:00.0 is limited by a link of {speed} GT/s x16 "
                "at 0000:15:01.0, and can do 32.0 GT/s x16."
            )
        ]
    # Another device is none of our business.
    assert report_of(facts(a_gpu(), **limited("0000:99:00.0", speed, 4)))["notes"] == []


def test_a_narrow_link_that_only_the_kernel_names_fails_on_bare_metal() -> None:
    silent = changed(passthrough=False)
    log = limited("0000:18:00.0", "16.0", 8)

    assert failed(facts(silent, **log)) == ["pcie"]
    assert failed(facts(silent, **log, slots={"0000:18:00.0": Slot(16)})) == ["pcie"]
    # Its slot has no more.
    assert failed(facts(silent, **log, slots={"0000:18:00.0": Slot(8)})) == []
    # It was so at the start, and is well now.
    assert failed(facts(a_gpu(0x18, passthrough=False), **log)) == []


@pytest.mark.parametrize("passthrough", [True, None])
def test_a_narrow_link_that_the_kernel_names_may_be_a_virtual_port(
    passthrough: bool | None,
) -> None:
    report = report_of(facts(changed(passthrough=passthrough), **limited("0000:18:00.0", "2.5", 1)))

    assert report["verdict"] == "pass"
    assert report["notes"][0].startswith(
        "When the kernel started, 0000:18:00.0 is limited by a link of 2.5 GT/s x1 at"
    )


HALF = {"pcie_width": 8, "passthrough": False}


def test_a_gpu_is_judged_by_its_slot_too() -> None:
    both = [a_gpu(i, **HALF, pcie_width_max=8) for i in range(2)]
    found = facts(*both, slots={f"0000:0{i}:00.0": Slot(8, gpu_lanes=16) for i in range(2)})
    report = report_of(found)

    assert report["verdict"] == "pass"
    assert report["notes"] == [
        f"GPU {i} (0000:0{i}:00.0) can use 16 PCIe lanes, but its slot has only 8."
        for i in range(2)
    ]


def test_gpus_in_slots_that_nobody_knows_are_compared_with_each_other() -> None:
    both = [a_gpu(i, **HALF) for i in range(2)]
    report = report_of(facts(*both))

    assert (report["verdict"], len(report["notes"])) == ("pass", 2)
    assert "has 8 of 16 PCIe lanes, as all of its kind here; its slot" in report["notes"][0]
    assert failed(facts(*both, a_gpu(2))) == ["pcie"]
    assert failed(facts(*both, a_gpu(2, name="NVIDIA L4"))) == []
    # One that is known to have all lanes.
    assert failed(facts(*both, slots={"0000:01:00.0": Slot(16, gpu_lanes=16)})) == ["pcie"]


STATUS = (
    "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-b42d)\n"
    "\t Link 0: 26.562 GB/s\n\t Link 1: <inactive>\n\t Link 2: 26.562 GB/s\n"
    "GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-7c3c)\n\t Link 0: 26.562 GB/s\n"
    "GPU 2: NVIDIA L4 (UUID: GPU-1)\n"
)
ERRORS = (
    "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-b42d)\n"
    "\t Link 0: Replay Errors: 3\n\t Link 0: Recovery Errors: 1\n\t Link 0: CRC Errors: 4\n"
    "\t Link 2: Replay Errors: 0\n\t Link 2: CRC FLIT Errors: 5\n"
    "GPU 7: NVIDIA\n\t Link 0: Replay Errors: 9\n"
)


def test_links_and_their_errors_are_read() -> None:
    assert read_links(STATUS, ERRORS) == {
        0: Links(active=2, inactive=[1], recoveries=1, corrected=12),
        1: Links(active=1),
    }
    assert read_links(STATUS, ERRORS)[0].errors == 13
    assert read_links(STATUS, "")[1].errors is None
    found = read_links(output_of("h100_nvswitch", "nvidia-smi"), "")
    assert found == {}


ALL_DOWN = "NVML: Unable to retrieve NVLink information as all links are inActive\n"


def table(*down: int, count: int = 8) -> str:
    """Return the table of links of GPUs, some of which have none up."""
    return "".join(
        f"GPU {i}: NVIDIA H100 80GB HBM3 (UUID: GPU-{i})\n"
        + (ALL_DOWN if i in down else "\t Link 0: 26.562 GB/s\n\t Link 1: 26.562 GB/s\n")
        for i in range(count)
    )


def linked(*down: int, switch: bool, count: int = 8, **values: t.Any) -> Facts:
    gpus = [a_gpu(i, **values) for i in range(count)]
    manager = FabricManager("active", "565.57.01")
    links = read_links(table(*down, count=count), "")
    return facts(*gpus, switch=switch, fabric_manager=manager, nvlinks=links)


def test_a_gpu_without_any_link_up_is_kept() -> None:
    found = read_links(table(3), "")

    assert found[3] == Links(all_down=True)
    assert (found[3].active, len(found)) == (0, 8)
    assert read_links(table(3).replace("inActive", "inactive"), "") == found
    # A kind without NVLinks prints nothing.
    assert read_links("GPU 0: NVIDIA L4 (UUID: GPU-1)\n", "") == {}


@pytest.mark.parametrize(
    ("down", "words"),
    [
        ((3,), "All NVLinks of GPU 3 are inactive. Reboot"),
        (range(8), "All NVLinks of GPU 0, GPU 1, GPU 2, GPU 3, and 4 more are inactive. Reboot"),
    ],
)
def test_behind_a_switch_a_gpu_without_any_link_up_fails(down: t.Sequence[int], words: str) -> None:
    found = linked(*down, switch=True)
    report = report_of(found)

    assert failed(found) == ["nvlink"]
    assert (report["verdict"], report["action"]) == ("fail", "reboot_and_retest")
    assert report["reasons"][0].startswith(words)
    # MIG switches them off.
    assert failed(linked(*down, switch=True, mig_mode=True)) == []


def test_without_a_switch_a_gpu_without_any_link_up_is_noted_beside_others() -> None:
    report = report_of(linked(3, switch=False))

    assert report["verdict"] == "pass"
    assert "GPU 2: 2, GPU 3: 0, GPU 4: 2" in report["notes"][0]


@pytest.mark.parametrize("count", [1, 4])
def test_without_a_switch_gpus_without_bridges_are_no_fault(count: int) -> None:
    found = linked(*range(count), switch=False, count=count)

    said = "no NVLink is up, as where nothing is connected, or with MIG"
    assert details(found)["nvlink"] == ("pass", said)
    assert report_of(found)["notes"] == []


@given(ANY_TEXT)
def test_any_text_is_read_as_links(text: str) -> None:
    for shape in (text, f"GPU 0: {text}", f"GPU 0: x\n Link 1: {text}"):
        read_links(shape, shape)
        read_links(STATUS, shape)


def test_links_that_are_well_pass() -> None:
    links = {i: Links(active=18, recoveries=0, corrected=0) for i in range(2)}

    found = facts(a_gpu(0), a_gpu(1), nvlinks=links)

    assert details(found)["nvlink"] == ("pass", "36 links up")


def test_a_link_that_had_to_recover_fails() -> None:
    report = report_of(facts(a_gpu(), nvlinks={0: Links(active=18, recoveries=2, corrected=9)}))

    assert (report["verdict"], report["action"]) == ("fail", "reset_gpu")
    assert report["reasons"] == [
        (
            "GPU 0 had to recover NVLinks 2 times. Reset the GPU or reboot the machine; if that "
            "does not help, ask the vendor for another one."
        )
    ]


def test_what_links_corrected_themselves_is_watched() -> None:
    report = report_of(facts(a_gpu(), nvlinks={0: Links(active=18, recoveries=0, corrected=1)}))

    assert report["verdict"] == "pass"
    assert report["notes"] == ["GPU 0 has had 1 corrected NVLink error."]


def test_bridges_between_some_gpus_are_watched_and_no_fault() -> None:
    links = {0: Links(active=12), 1: Links(active=12), 2: Links(active=0, inactive=[*range(12)])}

    report = report_of(facts(*(a_gpu(i) for i in range(3)), nvlinks=links))

    assert report["verdict"] == "pass"
    assert "GPU 0: 12, GPU 1: 12, GPU 2: 0" in report["notes"][0]


def test_a_t4_of_a_cloud_has_half_of_its_lanes_and_is_no_fault() -> None:
    (gpu,) = parse_smi_xml(output_of("t4", "nvidia-smi")).gpus

    assert (gpu.pcie_width, gpu.pcie_width_max, gpu.pcie_generation) == (8, 16, 3)
    assert (gpu.passthrough, gpu.at_work, gpu.pcie_replays) == (True, False, 0)
    assert (gpu.pcie_generation_gpu, gpu.pcie_generation_slot) == (None, None)
    assert (gpu.serial, gpu.vbios_version) == (None, "90.04.84.00.06")
    assert failed(facts(gpu)) == []

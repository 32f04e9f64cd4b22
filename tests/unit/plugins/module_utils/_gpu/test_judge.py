# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks, one by one, on GPUs that differ from a healthy one in one thing."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.cuda import CudaStart
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.expectations import (
    Expectations,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.facts import (
    FabricManager,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.gpu import Gpu
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.judge import judge
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.kernel_log import KernelLog
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.nvlink import Links
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.pci import PciFunction
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.tool import (
    NO_AMD_TOOL,
    NO_NVIDIA_SMI,
    Tool,
)
from hypothesis import given
from hypothesis import strategies as st

from ...helpers import ANY_TEXT
from .machines import HEALTHY, changed, details, facts, failed, report_of, verdicts


def test_a_healthy_gpu_passes() -> None:
    assert judge(facts(HEALTHY), Expectations())["verdict"] == "pass"


def test_an_advice_is_given_once() -> None:
    report = report_of(facts(changed(rows_pending=True, ecc_uncorrected_volatile=1)))

    assert report["reasons"] == [
        "GPU 0 (0000:18:00.0) has 1 uncorrected ECC error. Reset the GPU or reboot the machine; if "
        "that does not help, ask the vendor for another one.",
        "GPU 0 (0000:18:00.0) needs a reset to replace bad memory.",
    ]
    assert [one["detail"].count("Reset the GPU") for one in report["checks"]].count(1) == 2


@pytest.mark.parametrize(
    ("values", "check"),
    [
        ({"ecc_uncorrected_volatile": 1}, "ecc"),
        ({"ecc_threshold_exceeded": True}, "ecc"),
        ({"ecc_threshold_exceeded": True, "ecc_uncorrected_volatile": None}, "ecc"),
        ({"rows_pending": True}, "memory_rows"),
        ({"rows_failure": True}, "memory_rows"),
        ({"pages_pending": True}, "memory_rows"),
        ({"recovery_action": "Reboot"}, "gpu_state"),
        ({"trouble": "ecc_mode: GPU is lost"}, "gpu_state"),
        ({"temperature_margin_c": -2}, "temperature"),
        ({"temperature_c": 89, "temperature_slowdown_c": 89}, "temperature"),
        ({"throttle_reasons": ("hw_slowdown", "hw_thermal_slowdown")}, "throttling"),
        ({"throttle_reasons": ("gpu_idle", "hw_power_brake_slowdown")}, "throttling"),
    ],
)
def test_one_fault_fails_one_check(values: dict[str, t.Any], check: str) -> None:
    assert failed(facts(changed(**values))) == [check]


@pytest.mark.parametrize(
    "values",
    [
        # Errors of long ago, of which nothing is left to do.
        {"ecc_uncorrected_aggregate": 71, "rows_remapped": 4},
        {"temperature_margin_c": -1},
        {"temperature_c": 88, "temperature_slowdown_c": 89, "temperature_margin_c": None},
        # Hot, but nobody says what is too hot for it.
        {"temperature_c": 99, "temperature_margin_c": None},
        {"temperature_c": 99, "temperature_margin_slowdown_c": None},
        # A GPU at work, and one that is only noticed.
        {"throttle_reasons": ("sw_power_cap", "sw_thermal_slowdown")},
        {"persistence_mode": False},
        {"mig_mode": True},
    ],
)
def test_what_is_no_fault(values: dict[str, t.Any]) -> None:
    assert failed(facts(changed(**values))) == []


@pytest.mark.parametrize(
    ("values", "check", "detail"),
    [
        ({}, "tool", "nvidia-smi works"),
        ({}, "gpu_state", "no GPU is lost or needs a reset"),
        ({}, "temperature", "30 C to 30 C"),
        (
            {},
            "throttling",
            "no GPU is slowed down by its hardware; clocks are low because of: gpu_idle",
        ),
        ({"throttle_reasons": ()}, "throttling", "no GPU is slowed down by its hardware"),
        ({}, "persistence", "on for 1 GPU"),
        ({"persistence_mode": False}, "persistence", "off on 1 of 1 GPU; programs start slower"),
        ({}, "mig", "off"),
        ({"mig_mode": True}, "mig", "on, and left as is: GPU 0 (0000:18:00.0)"),
        ({}, "ecc", "no uncorrected errors since the driver was loaded, 0 in the lifetime"),
        (
            {"ecc_uncorrected_volatile": None, "ecc_threshold_exceeded": False},
            "ecc",
            "no GPU has more SRAM errors than its limit, 0 in the lifetime",
        ),
        (
            {"ecc_uncorrected_aggregate": 71},
            "ecc",
            "no uncorrected errors since the driver was loaded, 71 in the lifetime",
        ),
        ({"rows_remapped": 4}, "memory_rows", "nothing waits for a reset, 4 rows remapped so far"),
    ],
)
def test_what_is_said_of_a_good_gpu(values: dict[str, t.Any], check: str, detail: str) -> None:
    assert details(facts(changed(**values)))[check] == ("pass", detail)


MI300X = PciFunction("0000:05:00.0", "0380", "1002", "74a1", "00")


def test_gpus_of_amd_without_their_tool() -> None:
    found = facts(pci=(MI300X,), nvidia=NO_NVIDIA_SMI, amd=NO_AMD_TOOL)

    verdict, detail = details(found)["tool"]

    assert verdict == "fail"
    assert detail.startswith(
        "1 GPU is plugged in (0000:05:00.0), but there is no amd-smi or rocm-smi: "
    )


def test_a_gpu_that_is_expected_where_there_is_neither_gpu_nor_tool() -> None:
    found = facts(pci=(), nvidia=NO_NVIDIA_SMI, amd=NO_AMD_TOOL)

    said = details(found, count=1)

    assert said["count"][0] == "fail"
    assert {verdict for name, (verdict, _detail) in said.items() if name != "count"} == {"skip"}
    assert details(found)["count"] == ("pass", "there is no GPU, and none is expected")


@pytest.mark.parametrize(
    ("expected", "wanted"),
    [({"count": 8}, "8 GPU"), ({"name": "H100"}, "H100"), ({"count": 2, "name": "L4"}, "2 L4")],
)
def test_what_is_said_of_a_machine_without_any_gpu(expected: dict[str, t.Any], wanted: str) -> None:
    said = details(facts(pci=(), nvidia=NO_NVIDIA_SMI), **expected)

    assert said.pop("count") == (
        "fail",
        f"there is no GPU; expected: {wanted}. Is this the machine you ordered? If so, ask the "
        "vendor for another one.",
    )
    assert set(said.values()) == {("skip", "there is no GPU")}


def test_a_tool_that_hangs_may_have_a_gpu_to_hide() -> None:
    hangs = facts(pci=(), nvidia=Tool("nvidia-smi", kind="timed_out"))

    assert report_of(hangs)["verdict"] == "fail"


def test_a_gpu_that_is_listed_and_does_not_answer_on_the_bus_is_lost() -> None:
    dead = PciFunction("0000:18:00.0", "0302", "10de", "2330", "ff")

    verdict, detail = details(facts(HEALTHY, pci=(dead,)))["count"]

    assert verdict == "fail"
    assert detail.startswith("0000:18:00.0 is lost: no response on the PCI bus. Reboot ")


def test_the_tool_that_misses_a_gpu_is_named() -> None:
    other = dataclasses.replace(MI300X, address="0000:06:00.0")
    listed = Gpu(index=0, vendor="amd", pci_bus_id=MI300X.address)
    found = facts(
        pci=(MI300X, other), nvidia=NO_NVIDIA_SMI, amd=Tool("amd-smi", gpus=(listed,)), cuda=None
    )

    verdict, detail = details(found)["count"]

    assert verdict == "fail"
    assert detail.startswith("amd-smi lists 1 of the 2 GPUs plugged in: 0000:06:00.0 is lost. ")


def test_gpus_that_no_tool_lists_skip_the_checks_of_each() -> None:
    plugged = (PciFunction("0000:18:00.0", "0302", "10de", "2330", "a1"),)
    found = details(facts(pci=plugged, nvidia=Tool("nvidia-smi", kind="failed"), cuda=None))

    assert found["gpu_state"][0] == "inconclusive"
    for name in ("ecc", "memory_rows", "temperature", "throttling", "mig", "pcie", "nvlink"):
        assert found[name] == ("skip", "no tool listed the GPUs")


def test_a_gpu_that_tells_nothing_of_itself_is_not_judged() -> None:
    silent = Gpu(index=0, vendor="nvidia", pci_bus_id="0000:18:00.0")

    found = verdicts(facts(silent))

    assert "fail" not in found.values()
    for name in ("ecc", "memory_rows", "temperature", "persistence", "mig"):
        assert found[name] == "skip"


def test_without_any_tool_a_machine_with_gpus_never_passes() -> None:
    for name, device in {"nvidia": ("0302", "10de"), "amd": ("0380", "1002")}.items():
        plugged = (PciFunction("0000:18:00.0", *device, "2330", "a1"),)
        for nvidia in (NO_NVIDIA_SMI, Tool("nvidia-smi", kind="no_devices")):
            found = facts(pci=plugged, nvidia=nvidia, amd=NO_AMD_TOOL, cuda=None)
            report = report_of(found)
            assert report["verdict"] == "fail", name
            assert report["reasons"]


@pytest.mark.parametrize(
    "signs",
    [{"module_version": "565.57.01"}, {"kernel_log": KernelLog(off_the_bus=("0000:18:00.0",))}],
)
def test_any_sign_of_a_gpu_is_more_than_none(signs: dict[str, t.Any]) -> None:
    nothing = {"pci": (), "nvidia": NO_NVIDIA_SMI, "amd": NO_AMD_TOOL, "cuda": None}

    assert report_of(facts(**nothing))["verdict"] == "no_gpu"
    assert report_of(facts(**nothing, **signs))["verdict"] in ("inconclusive", "fail")


def test_a_radeon_that_only_lspci_tells_of_may_be_the_graphics_in_a_cpu() -> None:
    radeon = PciFunction("0000:03:00.0", "0300", "1002", "744c", "cc")
    found = facts(pci=(radeon,), nvidia=NO_NVIDIA_SMI, amd=NO_AMD_TOOL, cuda=None)

    assert report_of(found)["verdict"] == "no_gpu"
    assert report_of(found, count=1)["verdict"] == "fail"
    listed = Tool("rocm-smi", gpus=(Gpu(index=0, vendor="amd", pci_bus_id="0000:03:00.0"),))
    assert report_of(dataclasses.replace(found, amd=listed), count=1)["verdict"] == "pass"


def test_a_check_that_decides_and_cannot_be_made_is_inconclusive() -> None:
    found = facts(
        pci=(), nvidia=NO_NVIDIA_SMI, amd=NO_AMD_TOOL, cuda=None, module_version="565.57.01"
    )
    report = report_of(found)

    assert (report["verdict"], report["action"]) == ("inconclusive", None)
    tool, state = report["reasons"]
    assert tool == (
        "The check tool could not be made: no GPU tool is installed: nvidia-smi, amd-smi or "
        "rocm-smi. Install the tool of the GPUs' maker, or choose an image that has it."
    )
    assert state == (
        "The check gpu_state could not be made: no tool listed the GPUs. "
        "Fix the tool of the GPUs' maker, and check again."
    )


@pytest.mark.parametrize(
    ("wanted", "check"),
    [
        ({"min_driver_version": "550"}, "driver_version"),
        ({"min_cuda_version": "12"}, "cuda_version"),
    ],
)
def test_an_expectation_that_cannot_be_checked_is_inconclusive(
    wanted: dict[str, str], check: str
) -> None:
    silent = Tool("nvidia-smi", gpus=(changed(driver_version=None),))
    found = facts(HEALTHY, nvidia=silent)

    assert report_of(found)["verdict"] == "pass"
    report = report_of(found, **wanted)
    assert report["verdict"] == "inconclusive"
    assert verdicts(found, **wanted)[check] == "inconclusive"
    assert len(report["reasons"]) == 1
    # What failed is worse.
    lost = facts(HEALTHY, nvidia=silent, kernel_log=KernelLog(off_the_bus=("0000:18:00.0",)))
    assert report_of(lost, **wanted)["verdict"] == "fail"


def test_gpus_without_cuda_are_not_asked_for_it() -> None:
    listed = Gpu(index=0, vendor="amd", pci_bus_id=MI300X.address)
    amd = Tool("amd-smi", gpus=(listed,))
    found = facts(pci=(MI300X,), nvidia=NO_NVIDIA_SMI, amd=amd, cuda=None)

    assert verdicts(found, min_cuda_version="12.4")["cuda_version"] == "skip"


@pytest.mark.parametrize(
    ("values", "action"),
    [
        ({"ecc_uncorrected_volatile": 1}, "reset_gpu"),
        ({"ecc_threshold_exceeded": True}, "return_machine"),
        (
            {"ecc_threshold_exceeded": True, "ecc_uncorrected_volatile": None},
            "return_machine",
        ),
        # NVIDIA: nothing to worry about, but only a reset replaces the row.
        ({"rows_pending": True}, "reset_gpu"),
        ({"rows_failure": True}, "return_machine"),
        ({"recovery_action": "Reset"}, "reset_gpu"),
        ({"recovery_action": "Drain P2P"}, "reset_gpu"),
        ({"recovery_action": "Reboot"}, "reboot_and_retest"),
        ({"trouble": "ecc_mode: GPU is lost"}, "reboot_and_retest"),
        ({"temperature_margin_c": -2}, "return_machine"),
        ({"throttle_reasons": ("hw_slowdown",)}, "return_machine"),
        ({"rows_pending": True, "rows_failure": True}, "return_machine"),
        ({"rows_pending": True, "recovery_action": "Reboot"}, "reboot_and_retest"),
    ],
)
def test_each_fault_has_an_action(values: dict[str, t.Any], action: str) -> None:
    report = report_of(facts(changed(**values)))

    assert report["action"] == action
    for check in report["checks"]:
        assert (check["action"] is not None) == (check["verdict"] == "fail")


def test_a_corrupted_inforom_is_named() -> None:
    found = facts(HEALTHY)
    tool = dataclasses.replace(found.nvidia, corrupted_inforoms=("0000:18:00.0",))

    (reason,) = judge(dataclasses.replace(found, nvidia=tool), Expectations())["reasons"]

    assert reason.startswith("The infoROM of 0000:18:00.0 is corrupted.")


@pytest.mark.parametrize(
    ("state", "status", "count", "switch", "verdict"),
    [
        ("Completed", "Success", 8, True, "pass"),
        ("Completed", "Success", 8, False, "skip"),
        ("In Progress", None, 8, True, "fail"),
        ("Not Started", None, 8, False, "fail"),
        ("Completed", "Insufficient Resources", 8, True, "fail"),
        ("In Progress", None, 1, True, "fail"),
        # One GPU of a switched machine, handed to a virtual one.
        ("In Progress", None, 1, False, "skip"),
    ],
)
def test_the_state_of_the_fabric(
    state: str, status: str | None, count: int, switch: bool, verdict: str
) -> None:
    gpus = [
        changed(index=i, pci_bus_id=f"0000:{i:02x}:00.0", fabric_state=state, fabric_status=status)
        for i in range(count)
    ]

    assert verdicts(facts(*gpus, switch=switch))["fabric"] == verdict


@pytest.mark.parametrize(
    ("active", "version", "verdict"),
    [
        ("active", "565.57.01", "pass"),
        ("active", None, "pass"),
        ("active", "565.57.02", "fail"),
        ("inactive", "565.57.01", "fail"),
        ("failed", None, "fail"),
        (None, None, "skip"),
    ],
)
def test_an_a100_tells_no_state_so_the_service_counts(
    active: str | None, version: str | None, verdict: str
) -> None:
    manager = FabricManager(active, version)

    assert verdicts(facts(HEALTHY, switch=True, fabric_manager=manager))["fabric"] == verdict


@pytest.mark.parametrize(
    ("active", "detail"),
    [
        (None, "neither the GPUs nor systemd report the state of the NVLink fabric"),
        ("active", "no GPU reports its state; nvidia-fabricmanager is active"),
    ],
)
def test_what_is_said_of_a_fabric_without_a_state(active: str | None, detail: str) -> None:
    found = facts(HEALTHY, switch=True, fabric_manager=FabricManager(active, None))

    assert details(found)["fabric"][1] == detail


def test_links_that_are_down_behind_a_switch() -> None:
    manager = FabricManager("active", "565.57.01")
    links = {0: Links(active=16, inactive=[3, 4])}
    found = facts(HEALTHY, switch=True, fabric_manager=manager, nvlinks=links)

    assert failed(found) == ["nvlink"]
    assert details(found)["nvlink"][1].startswith(
        "2 NVLinks are inactive, such as link 3 of GPU 0. Reboot"
    )
    # MIG switches them off, and without a switch there may be nothing at the other end.
    sliced = facts(changed(mig_mode=True), switch=True, fabric_manager=manager, nvlinks=links)
    assert failed(sliced) == []
    assert failed(facts(HEALTHY, nvlinks=links)) == []


@pytest.mark.parametrize(
    ("start", "mig", "verdict"),
    [
        (CudaStart(device_count=2), False, "pass"),
        (CudaStart(device_count=1), False, "fail"),
        # With MIG, a program sees one slice.
        (CudaStart(device_count=1), True, "pass"),
        (CudaStart(missing=True), False, "skip"),
        (CudaStart(problem="CUDA does not start"), False, "fail"),
    ],
)
def test_the_start_of_cuda(start: CudaStart, mig: bool, verdict: str) -> None:
    gpus = [changed(index=i, pci_bus_id=f"0000:{i:02x}:00.0", mig_mode=mig) for i in range(2)]

    assert verdicts(facts(*gpus, cuda=start))["cuda_start"] == verdict


def test_versions_are_compared_with_the_oldest_gpu() -> None:
    gpus = [HEALTHY, changed(index=1, pci_bus_id="0000:19:00.0", driver_version="550.90.07")]

    assert failed(facts(*gpus), min_driver_version="560") == ["driver_version"]
    assert failed(facts(*gpus), min_driver_version="550.90") == []


def test_gpus_of_two_kinds() -> None:
    gpus = [HEALTHY, changed(index=1, pci_bus_id="0000:19:00.0", name="NVIDIA H200")]
    report = judge(facts(*gpus), Expectations(name="H100"))

    assert report["reasons"][0].startswith("1 of 2 GPUs is not H100 but NVIDIA H200.")


def test_many_faults_are_told_in_short() -> None:
    gpus = [
        changed(index=i, pci_bus_id=f"0000:{i:02x}:00.0", ecc_uncorrected_volatile=i + 1)
        for i in range(8)
    ]

    (reason,) = judge(facts(*gpus), Expectations())["reasons"]

    assert "GPU 3 (0000:03:00.0) has 4 uncorrected ECC errors, and 4 more." in reason
    assert len(reason) <= 401


@given(ANY_TEXT, st.sampled_from(["mismatch", "lost", "no_driver", "failed", "no_devices", None]))
def test_what_a_machine_says_is_always_printable(text: str, kind: str | None) -> None:
    gpu = changed(name=text, recovery_action=text, fabric_state=text, throttle_reasons=(text,))
    found = facts(gpu, switch=True)
    tool = dataclasses.replace(
        found.nvidia,
        kind=kind,
        complaint=text,
        library_version=text,
        cuda_version=text,
        gpus=() if kind else (gpu,),
    )
    report = judge(dataclasses.replace(found, nvidia=tool), Expectations(name="H100", count=1))

    for line in [*report["reasons"], *[check["detail"] for check in report["checks"]]]:
        assert line and len(line) <= 401
        assert line.isprintable()

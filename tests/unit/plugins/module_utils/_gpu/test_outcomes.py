# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each check says and asks for, word for word."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu import (
    driver_checks as driver,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu import gpu_checks as each
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu import link_checks as link
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu import (
    machine_checks as machine,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.check import Outcome
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.cuda import CudaStart
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.expectations import (
    Expectations,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.facts import (
    FabricManager,
    Facts,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.gpu import Gpu
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.kernel_log import (
    KernelLog,
    PcieLimit,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.nvlink import Links
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.pci import PciFunction
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.tool import (
    NO_NVIDIA_SMI,
    Tool,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.xid import Xid

from .machines import HEALTHY, changed, facts

INSTALL = "Install the driver, or choose a vendor image that includes it."
REBOOT = "Reboot the machine; if that does not help, ask the vendor for another one."
RESET = (
    "Reset the GPU or reboot the machine; if that does not help, ask the vendor for another one."
)
RETURN = "Ask the vendor for another machine."
NOT_LISTED = Outcome("skip", "no tool listed the GPUs")

OTHER = changed(index=1, pci_bus_id="0000:19:00.0")
FIRST, SECOND = "GPU 0 (0000:18:00.0)", "GPU 1 (0000:19:00.0)"
SILENT = Gpu(index=0, vendor="nvidia", pci_bus_id="0000:18:00.0")
MI300X = PciFunction("0000:05:00.0", "0380", "1002", "74a1", "00")
LISTED = Tool("amd-smi", gpus=(Gpu(index=0, vendor="amd", pci_bus_id="0000:05:00.0"),))
NOTHING: dict[str, t.Any] = {"pci": (), "nvidia": NO_NVIDIA_SMI}
ONLY_AMD: dict[str, t.Any] = {"pci": (MI300X,), "nvidia": NO_NVIDIA_SMI, "amd": LISTED}


def smi(kind: str | None, **values: t.Any) -> Tool:
    return Tool("nvidia-smi", kind=kind, **values)


def passed(detail: str, action: str | None = None) -> Outcome:
    return Outcome("pass", detail, action)


def skipped(detail: str) -> Outcome:
    return Outcome("skip", detail)


def fix(detail: str) -> Outcome:
    return Outcome("fail", detail, "fix_software")


def reboot(found: str) -> Outcome:
    return Outcome("fail", f"{found}. {REBOOT}", "reboot_and_retest")


def reset(found: str) -> Outcome:
    return Outcome("fail", f"{found}. {RESET}", "reset_gpu")


def give_back(found: str) -> Outcome:
    return Outcome("fail", f"{found}. {RETURN}", "return_machine")


# The driver


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (facts(HEALTHY), passed("nvidia-smi works")),
        (
            facts(HEALTHY, nvidia=smi("no_devices")),
            passed("nvidia-smi works but finds no devices"),
        ),
        (facts(nvidia=smi("no_devices")), passed("nvidia-smi works but finds no devices")),
        (
            facts(HEALTHY, nvidia=smi("no_driver", complaint="it said so")),
            fix(f"nvidia-smi cannot reach the driver: it said so. {INSTALL}"),
        ),
        (
            facts(HEALTHY, nvidia=smi("timed_out"), timeout=7.0),
            reboot("nvidia-smi timed out after 7 s and was killed: a GPU or its driver hangs"),
        ),
        (
            facts(HEALTHY, nvidia=smi("mismatch")),
            skipped("nvidia-smi does not work, see driver_library"),
        ),
        (
            facts(HEALTHY, nvidia=smi("failed", complaint="it broke")),
            reboot("nvidia-smi failed: it broke"),
        ),
        (
            facts(nvidia=smi(None), amd=Tool("amd-smi", kind="failed", complaint="it broke")),
            reboot("amd-smi failed: it broke"),
        ),
        (
            facts(HEALTHY, OTHER, nvidia=NO_NVIDIA_SMI),
            fix(
                "2 GPUs are plugged in (0000:18:00.0, 0000:19:00.0), but there is no nvidia-smi: "
                f"the driver is not installed. {INSTALL}"
            ),
        ),
        (
            facts(**NOTHING),
            skipped("no GPU tool is installed: nvidia-smi, amd-smi or rocm-smi"),
        ),
        (facts(**ONLY_AMD), passed("amd-smi works")),
    ],
)
def test_the_tool(found: Facts, outcome: Outcome) -> None:
    assert driver.tool(found, Expectations()) == outcome


def mismatch(module: str, library: str) -> Outcome:
    return Outcome(
        "fail",
        f"driver/library version mismatch: the kernel has loaded {module}, the library is "
        f"{library}. The driver was updated; reboot the machine to load the new one.",
        "reboot_and_retest",
    )


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (facts(HEALTHY), passed("both are 565.57.01")),
        (facts(HEALTHY, nvidia=smi(None, gpus=(HEALTHY,))), passed("both are the same version")),
        (facts(**NOTHING), skipped("there is no nvidia-smi")),
        (facts(HEALTHY, nvidia=smi("failed")), skipped("nvidia-smi does not work")),
        (
            facts(nvidia=smi("mismatch", library_version="1.2"), module_version="1.1"),
            mismatch("1.1", "1.2"),
        ),
        (
            facts(
                nvidia=smi("mismatch"),
                kernel_log=KernelLog(client_version="2.2", module_version="2.1"),
            ),
            mismatch("2.1", "2.2"),
        ),
        (
            facts(nvidia=smi("mismatch"), kernel_log=None),
            mismatch("an unknown version", "an unknown version"),
        ),
    ],
)
def test_the_library_of_the_driver(found: Facts, outcome: Outcome) -> None:
    assert driver.driver_library(found, Expectations()) == outcome


@pytest.mark.parametrize(
    ("versions", "wanted", "outcome"),
    [
        (["565.57.01"], None, skipped("no minimum is set; found: 565.57.01")),
        ([], None, skipped("no minimum is set; found: none")),
        ([], "550", skipped("no tool reported the driver version")),
        (["565.57.01"], "550.90", passed("565.57.01 is at least 550.90")),
        (
            ["550.10", "550.9"],
            "550.10",
            fix(
                "the driver version is 550.9, older than 550.10. "
                "Update the driver, or choose a vendor image with a newer one."
            ),
        ),
    ],
)
def test_the_version_of_the_driver(
    versions: list[str], wanted: str | None, outcome: Outcome
) -> None:
    found = facts(*(changed(driver_version=version) for version in versions))

    assert driver.driver_version(found, Expectations(min_driver_version=wanted)) == outcome


@pytest.mark.parametrize(
    ("found", "wanted", "outcome"),
    [
        (facts(HEALTHY), None, skipped("no minimum is set; found: 12.7")),
        (facts(), "12", skipped("no tool reported the driver's CUDA version")),
        (facts(HEALTHY), "12.4", passed("12.7 is at least 12.4")),
        (
            facts(HEALTHY),
            "13.0",
            fix(
                "the driver's CUDA version is 12.7, older than 13.0. "
                "Update the driver: it sets the newest CUDA that can run."
            ),
        ),
    ],
)
def test_the_version_of_cuda(found: Facts, wanted: str | None, outcome: Outcome) -> None:
    assert driver.cuda_version(found, Expectations(min_cuda_version=wanted)) == outcome


@pytest.mark.parametrize(
    ("gpu", "start", "outcome"),
    [
        (HEALTHY, None, skipped("nvidia-smi lists no GPU to start CUDA on")),
        (
            HEALTHY,
            CudaStart(missing=True),
            skipped("libcuda.so.1, the driver's CUDA library, is not installed"),
        ),
        (HEALTHY, CudaStart(problem="no"), Outcome("fail", "no", "reboot_and_retest")),
        (HEALTHY, CudaStart(device_count=0), reboot("CUDA sees 0 of 1 GPU")),
        (HEALTHY, CudaStart(device_count=1), passed("CUDA starts and sees 1 device")),
        (
            changed(mig_mode=True),
            CudaStart(device_count=0),
            passed("CUDA starts and sees 0 devices"),
        ),
    ],
)
def test_the_start_of_cuda(gpu: Gpu, start: CudaStart | None, outcome: Outcome) -> None:
    assert driver.cuda_start(facts(gpu, cuda=start), Expectations()) == outcome


# Each GPU


def corrupted(**values: t.Any) -> Facts:
    gpu = changed(**values)
    return facts(gpu, nvidia=smi(None, gpus=(gpu,), corrupted_inforoms=("0000:18:00.0",)))


@pytest.mark.parametrize(
    ("check", "found", "outcome"),
    [
        (each.gpu_state, facts(), NOT_LISTED),
        (
            each.gpu_state,
            facts(changed(trouble="x: GPU is Lost", recovery_action="Reset")),
            reboot(f"{FIRST} does not respond (x: GPU is Lost)"),
        ),
        (each.gpu_state, facts(changed(trouble="ERR!")), reset(f"{FIRST} does not respond (ERR!)")),
        (
            each.gpu_state,
            facts(HEALTHY, changed(index=1, pci_bus_id=None, recovery_action="Reboot")),
            reboot("GPU 1 needs recovery: Reboot"),
        ),
        (
            each.gpu_state,
            corrupted(recovery_action="Reboot"),
            give_back(f"{FIRST} needs recovery: Reboot, the infoROM of 0000:18:00.0 is corrupted"),
        ),
        (
            each.ecc,
            facts(SILENT),
            skipped("the GPUs report no ECC errors: ECC is off or not supported"),
        ),
        (
            each.ecc,
            facts(HEALTHY, changed(index=1, pci_bus_id=None, ecc_uncorrected_volatile=2)),
            reset("GPU 1 has 2 uncorrected ECC errors"),
        ),
        (
            each.ecc,
            facts(changed(ecc_uncorrected_volatile=1, ecc_threshold_exceeded=True)),
            give_back(
                f"{FIRST} has 1 uncorrected ECC error, {FIRST} has more SRAM errors than its limit"
            ),
        ),
        (
            each.ecc,
            facts(changed(ecc_uncorrected_aggregate=None), changed(ecc_uncorrected_aggregate=3)),
            passed("no uncorrected errors since the driver was loaded, 3 in the lifetime"),
        ),
        (
            each.memory_rows,
            facts(SILENT),
            skipped("the GPUs do not report retired pages or remapped rows"),
        ),
        (
            each.memory_rows,
            facts(changed(rows_failure=True), changed(pci_bus_id=None, pages_pending=True)),
            give_back(
                f"{FIRST} failed to remap a memory row, GPU 0 needs a reset to replace bad memory"
            ),
        ),
        (
            each.memory_rows,
            facts(changed(rows_pending=True)),
            reset(f"{FIRST} needs a reset to replace bad memory"),
        ),
        (
            each.memory_rows,
            facts(HEALTHY, changed(rows_remapped=2), changed(rows_remapped=1)),
            passed("nothing waits for a reset, 3 rows remapped so far"),
        ),
    ],
)
def test_the_memory_and_the_state_of_each_gpu(
    check: t.Callable[[Facts, Expectations], Outcome], found: Facts, outcome: Outcome
) -> None:
    assert check(found, Expectations()) == outcome


@pytest.mark.parametrize(
    ("check", "found", "outcome"),
    [
        (each.temperature, facts(SILENT), skipped("the GPUs do not report a temperature")),
        (
            each.temperature,
            facts(HEALTHY, changed(temperature_c=89, temperature_slowdown_c=89)),
            give_back(f"{FIRST} is at 89 C: too hot, its hardware slows it down"),
        ),
        (
            each.temperature,
            facts(HEALTHY, changed(temperature_c=41), changed(temperature_c=40)),
            passed("30 C to 41 C"),
        ),
        (
            each.throttling,
            facts(**ONLY_AMD),
            skipped("only NVIDIA GPUs report why their clocks are low"),
        ),
        (
            each.throttling,
            facts(changed(throttle_reasons=("hw_slowdown", "gpu_idle", "hw_thermal_slowdown"))),
            give_back(
                f"{FIRST} is slowed down by its hardware (hw_slowdown, hw_thermal_slowdown). "
                "Cooling or power supply is failing"
            ),
        ),
        (
            each.throttling,
            facts(HEALTHY, changed(throttle_reasons=("sw_power_cap", "gpu_idle"))),
            passed(
                "no GPU is slowed down by its hardware; clocks are low because of: gpu_idle, "
                "sw_power_cap"
            ),
        ),
        (
            each.persistence,
            facts(SILENT),
            skipped("the GPUs do not report a persistence mode"),
        ),
        (
            each.persistence,
            facts(HEALTHY, changed(persistence_mode=False)),
            passed("off on 1 of 2 GPUs; programs start slower"),
        ),
        (each.persistence, facts(HEALTHY, OTHER), passed("on for 2 GPUs")),
        (each.mig, facts(SILENT), skipped("the GPUs have no MIG")),
        (
            each.mig,
            facts(HEALTHY, changed(mig_mode=True), changed(mig_mode=True, pci_bus_id=None)),
            passed(f"on, and left as is: {FIRST}, GPU 0"),
        ),
    ],
)
def test_the_heat_and_the_modes_of_each_gpu(
    check: t.Callable[[Facts, Expectations], Outcome], found: Facts, outcome: Outcome
) -> None:
    assert check(found, Expectations()) == outcome


# The machine


def dead(address: str) -> PciFunction:
    return PciFunction(address, "0302", "10de", "2330", "ff")


H100 = PciFunction("0000:18:00.0", "0302", "10de", "2330", "a1")
FAILED = smi("failed")


@pytest.mark.parametrize(
    ("found", "wanted", "outcome"),
    [
        (
            facts(HEALTHY, pci_timed_out=True, timeout=7.0),
            None,
            reboot("lspci timed out after 7 s and was killed: a GPU or its driver hangs"),
        ),
        (facts(HEALTHY), None, passed("1 plugged in, 1 listed")),
        (facts(HEALTHY), 1, passed("1 plugged in, 1 listed, 1 expected")),
        (facts(HEALTHY), 2, reboot("2 GPUs expected, 1 listed")),
        (facts(HEALTHY, nvidia=FAILED), 2, reboot("2 GPUs expected, 1 plugged in")),
        (facts(HEALTHY, nvidia=FAILED), 1, NOT_LISTED),
        (facts(HEALTHY, nvidia=FAILED, pci=None), 1, NOT_LISTED),
        (facts(HEALTHY, pci=None), 1, passed("1 listed, 1 expected")),
        (
            facts(HEALTHY, pci=None),
            None,
            skipped(
                "1 listed, but sysfs shows 0, as in a container, so a lost one would not be noticed"
            ),
        ),
        (
            facts(HEALTHY, OTHER, nvidia=smi(None, gpus=(HEALTHY,))),
            3,
            reboot(
                "3 GPUs expected, 1 listed; nvidia-smi lists 1 of the 2 GPUs plugged in: "
                "0000:19:00.0 is lost"
            ),
        ),
        (
            facts(HEALTHY, OTHER, pci=(dead("0000:18:00.0"), dead("0000:19:00.0"))),
            None,
            reboot("0000:18:00.0, 0000:19:00.0 are lost: no response on the PCI bus"),
        ),
        (facts(HEALTHY, pci=(H100, MI300X), amd=LISTED), None, passed("2 plugged in, 2 listed")),
        # A graphics chip of AMD beside what was rented, without its tool.
        (facts(HEALTHY, pci=(H100, MI300X)), None, passed("2 plugged in, 1 listed")),
        (facts(nvidia=smi("no_devices"), pci=(MI300X,)), None, NOT_LISTED),
        # A container that sees the bus of somebody else.
        (facts(OTHER, pci=(H100,)), None, passed("1 plugged in, 1 listed")),
    ],
)
def test_the_number_of_gpus(found: Facts, wanted: int | None, outcome: Outcome) -> None:
    assert machine.count(found, Expectations(count=wanted)) == outcome


L4 = changed(name="NVIDIA L4")


@pytest.mark.parametrize(
    ("gpus", "wanted", "outcome"),
    [
        ((HEALTHY, L4), None, skipped(f"no name is expected; found: {HEALTHY.name}, NVIDIA L4")),
        ((), None, skipped("no name is expected; found: none")),
        ((), "H100", NOT_LISTED),
        ((HEALTHY, OTHER), "h100", passed("NVIDIA H100 80GB HBM3")),
        (
            (HEALTHY, L4),
            "H100",
            Outcome(
                "fail",
                "1 of 2 GPUs is not H100 but NVIDIA L4. Is this the machine you ordered?",
                "return_machine",
            ),
        ),
        (
            (L4, SILENT),
            "H100",
            Outcome(
                "fail",
                "2 of 2 GPUs are not H100 but NVIDIA L4, unnamed. Is this the machine you ordered?",
                "return_machine",
            ),
        ),
    ],
)
def test_the_names_of_gpus(gpus: tuple[Gpu, ...], wanted: str | None, outcome: Outcome) -> None:
    assert machine.name(facts(*gpus), Expectations(name=wanted)) == outcome


HARMLESS = [Xid(31, f"0000:{number}:00.0", "MMU") for number in range(10, 15)]
FAULT = Xid(48, "0000:18:00.0", "DBE", action="reset_gpu")


@pytest.mark.parametrize(
    ("log", "outcome"),
    [
        (
            None,
            skipped(
                "the kernel log is empty or cannot be read; on most systems only root may read it"
            ),
        ),
        (KernelLog(), passed("no Xid errors, and no GPU has fallen off the bus")),
        (
            KernelLog(xids=tuple(HARMLESS)),
            passed(
                "only errors that ask nothing of the machine: Xid 31 on 0000:10:00.0 (MMU); "
                "Xid 31 on 0000:11:00.0 (MMU); Xid 31 on 0000:12:00.0 (MMU); "
                "Xid 31 on 0000:13:00.0 (MMU); and 1 more"
            ),
        ),
        (
            KernelLog(xids=(Xid(92, "a", action="watch"),)),
            passed("only errors that ask nothing of the machine: Xid 92 on a", "watch"),
        ),
        (
            KernelLog(xids=(HARMLESS[0], FAULT)),
            reset("in the kernel log: Xid 48 on 0000:18:00.0 (DBE)"),
        ),
        (
            KernelLog(xids=(FAULT,), off_the_bus=("0000:19:00.0",)),
            reboot(
                "in the kernel log: Xid 48 on 0000:18:00.0 (DBE); "
                "0000:19:00.0 has fallen off the bus"
            ),
        ),
        (
            KernelLog(off_the_bus=tuple("abcde")),
            reboot(
                "in the kernel log: a has fallen off the bus; b has fallen off the bus; "
                "c has fallen off the bus; d has fallen off the bus; and 1 more"
            ),
        ),
    ],
)
def test_the_kernel_log(log: KernelLog | None, outcome: Outcome) -> None:
    assert machine.kernel_log(facts(HEALTHY, kernel_log=log), Expectations()) == outcome


READY = changed(fabric_state="Completed", fabric_status="Success")
BEHIND = changed(index=1, pci_bus_id=None, fabric_state="In Progress")
CHECK_SERVICE = "Check the service nvidia-fabricmanager."


@pytest.mark.parametrize(
    ("gpus", "switch", "manager", "outcome"),
    [
        (
            (READY, BEHIND),
            False,
            FabricManager(),
            fix(
                "the NVLink fabric is not ready on 1 of 2 GPUs: GPU 1 reports In Progress, "
                f"no status. {CHECK_SERVICE}"
            ),
        ),
        (
            (changed(fabric_state="Completed", fabric_status="Oops"),),
            True,
            FabricManager(),
            fix(
                f"the NVLink fabric is not ready on 1 of 1 GPU: {FIRST} reports Completed, "
                f"Oops. {CHECK_SERVICE}"
            ),
        ),
        ((HEALTHY,), False, FabricManager(), skipped("there is no NVSwitch")),
        (
            (BEHIND,),
            False,
            FabricManager(),
            skipped("there is no NVSwitch; the GPUs report In Progress"),
        ),
        (
            (HEALTHY,),
            True,
            FabricManager("active", "565.57"),
            fix(
                "the fabric manager is 565.57, but the driver is 565.57.01. "
                "Install the fabric manager that matches the driver."
            ),
        ),
        (
            (HEALTHY,),
            True,
            FabricManager("inactive"),
            fix(
                "the machine has NVSwitches, but nvidia-fabricmanager is inactive. Start it.",
            ),
        ),
        (
            (READY,),
            True,
            FabricManager("inactive", "565.57.01"),
            passed("completed on all GPUs; nvidia-fabricmanager is inactive"),
        ),
        ((READY,), True, FabricManager(), passed("completed on all GPUs")),
        (
            (HEALTHY,),
            True,
            FabricManager("active"),
            passed("no GPU reports its state; nvidia-fabricmanager is active"),
        ),
    ],
)
def test_the_fabric(
    gpus: tuple[Gpu, ...], switch: bool, manager: FabricManager, outcome: Outcome
) -> None:
    found = facts(*gpus, switch=switch, fabric_manager=manager)

    assert machine.fabric(found, Expectations()) == outcome


# Links

FULL = changed(pcie_width=16, pcie_width_max=16, pcie_generation=5, pcie_generation_max=5)


LIMIT = PcieLimit("0000:18:00.0", "16.0", 4, "0000:17:00.0", "32.0", 16)


def linked(*links: Links, gpus: tuple[Gpu, ...] = (HEALTHY, OTHER), switch: bool = False) -> Facts:
    return facts(*gpus, switch=switch, nvlinks=dict(enumerate(links)))


@pytest.mark.parametrize(
    ("check", "found", "outcome"),
    [
        (link.pcie, facts(), NOT_LISTED),
        (
            link.pcie,
            facts(HEALTHY),
            skipped("the GPUs do not report their PCIe links, as in a virtual machine"),
        ),
        (
            link.pcie,
            facts(FULL, FULL, changed(pcie_width=8, pcie_width_max=8)),
            passed("x16, generation 5, x8, generation unknown"),
        ),
        (
            link.pcie,
            facts(changed(pcie_width=16, pcie_width_max=16, pcie_replays=81)),
            passed(
                "x16, generation unknown; "
                f"{FIRST} has had 81 PCIe replays since the driver was loaded",
                "watch",
            ),
        ),
        (
            link.pcie,
            facts(changed(passthrough=False), pci=None, kernel_log=KernelLog(limits=(LIMIT,))),
            reboot(
                "0000:18:00.0 is limited by a link of 16.0 GT/s x4 at 0000:17:00.0, and can do "
                "32.0 GT/s x16"
            ),
        ),
        (link.nvlink, facts(), NOT_LISTED),
        (link.nvlink, facts(**ONLY_AMD), skipped("only NVIDIA GPUs have NVLinks")),
        (link.nvlink, facts(HEALTHY), skipped("nvidia-smi reports no NVLinks")),
        (
            link.nvlink,
            linked(Links(active=1, inactive=[3, 4]), Links(active=1)),
            passed("2 links up, 2 not in use"),
        ),
        (
            link.nvlink,
            linked(Links(active=1, corrected=2), Links(active=2)),
            passed(
                "3 links up; GPU 0 has had 2 corrected NVLink errors, "
                "not all GPUs have as many NVLinks up (GPU 0: 1, GPU 1: 2)",
                "watch",
            ),
        ),
        (
            link.nvlink,
            linked(Links(), Links()),
            passed("no NVLink is up, as where nothing is connected, or with MIG"),
        ),
        (
            link.nvlink,
            linked(Links(active=1, recoveries=1), Links(active=1, recoveries=2)),
            reset("GPU 0 had to recover NVLinks 1 time, GPU 1 had to recover NVLinks 2 times"),
        ),
        (
            link.nvlink,
            linked(Links(inactive=[3, 4]), Links(inactive=[1], recoveries=1), switch=True),
            reboot(
                "3 NVLinks are inactive, such as link 3 of GPU 0, "
                "GPU 1 had to recover NVLinks 1 time"
            ),
        ),
        (
            link.nvlink,
            linked(Links(active=1), Links(all_down=True), switch=True),
            reboot("all NVLinks of GPU 1 are inactive"),
        ),
    ],
)
def test_links(
    check: t.Callable[[Facts, Expectations], Outcome], found: Facts, outcome: Outcome
) -> None:
    assert check(found, Expectations()) == outcome

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A healthy GPU, a machine that has it, and what is judged of it."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.cuda import CudaStart
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.expectations import (
    Expectations,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.facts import Facts
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.gpu import Gpu
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.judge import judge
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.kernel_log import KernelLog
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.pci import PciFunction
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.tool import Tool

HEALTHY = Gpu(
    index=0,
    vendor="nvidia",
    uuid="GPU-1",
    name="NVIDIA H100 80GB HBM3",
    pci_bus_id="0000:18:00.0",
    driver_version="565.57.01",
    memory_total_mib=81559,
    persistence_mode=True,
    mig_mode=False,
    ecc_mode=True,
    ecc_uncorrected_volatile=0,
    ecc_uncorrected_aggregate=0,
    rows_pending=False,
    rows_failure=False,
    temperature_c=30,
    temperature_margin_c=57,
    temperature_margin_slowdown_c=-2,
    throttle_reasons=("gpu_idle",),
)
SWITCH = PciFunction("0000:05:00.0", "0680", "10de", "22a3", "a1")


def facts(*gpus: Gpu, switch: bool = False, **more: t.Any) -> Facts:
    """Return what is found on a machine with these GPUs, all well otherwise."""
    pci = [PciFunction(gpu.pci_bus_id or "", "0302", "10de", "2330", "a1") for gpu in gpus]
    nvidia = Tool("nvidia-smi", gpus=gpus, driver_version="565.57.01", cuda_version="12.7")
    found: dict[str, t.Any] = {
        "pci": (*pci, *([SWITCH] if switch else [])),
        "nvidia": nvidia,
        "kernel_log": KernelLog(),
        "cuda": CudaStart(device_count=len(gpus)),
        **more,
    }
    return Facts(**found)


def report_of(found: Facts, **expected: t.Any) -> dict[str, t.Any]:
    """Return the whole report."""
    return judge(found, Expectations(**expected))


def changed(**values: t.Any) -> Gpu:
    return dataclasses.replace(HEALTHY, **values)


def verdicts(found: Facts, **expected: t.Any) -> dict[str, str]:
    report = judge(found, Expectations(**expected))
    return {check["name"]: check["verdict"] for check in report["checks"]}


def failed(found: Facts, **expected: t.Any) -> list[str]:
    return [name for name, verdict in verdicts(found, **expected).items() if verdict == "fail"]


def details(found: Facts, **expected: t.Any) -> dict[str, tuple[str, str]]:
    report = judge(found, Expectations(**expected))
    return {check["name"]: (check["verdict"], check["detail"]) for check in report["checks"]}

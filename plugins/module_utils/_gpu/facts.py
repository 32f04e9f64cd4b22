# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything known about the GPUs of a machine, unjudged."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .cuda import CudaStart
from .gpu import Gpu
from .kernel_log import KernelLog
from .nvlink import Links
from .pci import PciFunction
from .slot import Slot
from .tool import FAILED, NO_AMD_TOOL, NO_NVIDIA_SMI, TIMED_OUT, Tool


@dataclass(frozen=True)
class FabricManager:
    """The service that NVSwitches need: its state in systemd, and its version."""

    active: str | None = None
    version: str | None = None


@dataclass(frozen=True)
class Facts:
    """None means unknown. ``timeout`` is the limit that the commands had."""

    pci: t.Sequence[PciFunction] | None = None
    pci_source: str = "sysfs"
    pci_timed_out: bool = False
    nvidia: Tool = NO_NVIDIA_SMI
    amd: Tool = NO_AMD_TOOL
    module_version: str | None = None
    kernel_log: KernelLog | None = None
    cuda: CudaStart | None = None
    fabric_manager: FabricManager = field(default_factory=FabricManager)
    nvlinks: t.Mapping[int, Links] = field(default_factory=dict)
    slots: t.Mapping[str, Slot] = field(default_factory=dict)
    booted_at: float | None = None
    looked_at: float = 0.0
    timeout: float = 20.0

    @property
    def nvidia_functions(self) -> tuple[PciFunction, ...]:
        """The NVIDIA GPUs that are plugged in."""
        return tuple(function for function in self.pci or () if function.is_nvidia_gpu)

    @property
    def amd_functions(self) -> tuple[PciFunction, ...]:
        """The AMD GPUs that are plugged in."""
        return tuple(function for function in self.pci or () if function.is_amd_gpu)

    @property
    def has_nvswitch(self) -> bool:
        """Whether an NVSwitch is plugged in."""
        return any(function.is_nvswitch for function in self.pci or ())

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        """The GPUs that the tools list."""
        return self.nvidia.gpus + self.amd.gpus

    @property
    def has_mig(self) -> bool:
        """Whether an NVIDIA GPU is partitioned."""
        return any(gpu.mig_mode for gpu in self.nvidia.gpus)

    @property
    def is_without_nvidia(self) -> bool:
        """Whether there is no NVIDIA GPU; images may have the tools all the same."""
        return self.nvidia.finds_nothing and not self.nvidia_functions

    @property
    def amd_failed(self) -> bool:
        """Whether AMD's tool should have answered; it may be installed without AMD GPUs."""
        if self.amd.kind == FAILED:
            return bool(self.amd_functions) or not self.nvidia.gpus
        return self.amd.kind == TIMED_OUT

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at a machine: runs the tools, reads the files, and keeps what was found, unjudged.

Nothing on the machine is changed.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from . import amd as _gpu_amd
from . import nvidia as _gpu_nvidia
from .command import Ran, find_tool, run_command
from .cuda import CudaStart, start_cuda
from .gpu import Gpu
from .kernel_log import KernelLog, parse_kernel_log
from .pci import SYSFS, PciFunction, parse_lspci, read_sysfs
from .tool import UnreadableOutput

MODULE_VERSION_FILES = ("/proc/driver/nvidia/version", "/sys/module/nvidia/version")

# `dmesg` has what is left of the ring buffer, the journal also what was pushed out of it since the
# machine was started; in either, an account may see nothing.
_KERNEL_LOGS = (
    ("dmesg",),
    ("journalctl", "-k", "-b", "-q", "-o", "short-monotonic", "-n", "20000", "--no-pager"),
)


@dataclass(frozen=True)
class Tool:
    """A tool that was asked for its GPUs: what it answered, or how it failed."""

    name: str
    gpus: tuple[Gpu, ...] = ()
    kind: str | None = None
    complaint: str = ""
    output: str = ""
    cuda_version: str | None = None
    driver_version: str | None = None

    @property
    def answered(self) -> bool:
        """Whether it listed what it sees."""
        return self.kind is None


MISSING = Tool("", kind=_gpu_nvidia.MISSING)


@dataclass(frozen=True)
class FabricManager:
    """The service that NVSwitches need: what systemd and the program itself say."""

    active: str | None = None
    version: str | None = None


@dataclass(frozen=True)
class Facts:
    """Everything that is known of the GPUs of a machine."""

    pci: tuple[PciFunction, ...] | None = None
    pci_source: str = "sysfs"
    pci_timed_out: bool = False
    nvidia: Tool = MISSING
    amd: Tool = MISSING
    module_version: str | None = None
    kernel_log: KernelLog | None = None
    cuda: CudaStart | None = None
    fabric_manager: FabricManager = field(default_factory=FabricManager)
    inactive_links: t.Mapping[int, t.Sequence[int]] = field(default_factory=dict)
    timeout: float = 20.0

    @property
    def nvidia_functions(self) -> tuple[PciFunction, ...]:
        """The GPUs of NVIDIA that are plugged in."""
        return tuple(function for function in self.pci or () if function.is_nvidia_gpu)

    @property
    def amd_functions(self) -> tuple[PciFunction, ...]:
        """The GPUs of AMD that are plugged in."""
        return tuple(function for function in self.pci or () if function.is_amd_gpu)

    @property
    def has_nvswitch(self) -> bool:
        """Whether the machine sees NVSwitches."""
        return any(function.is_nvswitch for function in self.pci or ())

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        """The GPUs that the tools list, with one numbering."""
        return self.nvidia.gpus + self.amd.gpus


def look(timeout: float) -> Facts:
    """Return what is known of the GPUs of this machine; no command gets more than ``timeout``."""
    pci, source, timed_out = _look_at_pci(timeout)
    nvidia = _ask_nvidia_smi(timeout)
    facts = Facts(
        pci=pci,
        pci_source=source,
        pci_timed_out=timed_out,
        nvidia=nvidia,
        amd=_ask_amd(timeout),
        module_version=_module_version(),
        kernel_log=_read_kernel_log(timeout),
        timeout=timeout,
    )
    if not (nvidia.answered and nvidia.gpus):
        return facts
    more: dict[str, t.Any] = {"cuda": start_cuda(timeout)}
    if facts.has_nvswitch:
        more["fabric_manager"] = _look_at_fabric_manager(timeout)
        more["inactive_links"] = _gpu_nvidia.inactive_links(
            _run("nvidia-smi", "nvlink", "--status", timeout=timeout).stdout
        )
    return Facts(**{**vars(facts), **more})


def _run(name: str, *arguments: str, timeout: float) -> Ran:
    path = find_tool(name)
    return run_command([path, *arguments], timeout) if path else Ran(problem="it is not installed")


def _look_at_pci(timeout: float) -> tuple[tuple[PciFunction, ...] | None, str, bool]:
    """Return the functions, who named them, and whether that one hung; lspci before the files."""
    if find_tool("lspci"):
        ran = _run("lspci", "-Dn", timeout=timeout)
        if ran.timed_out:
            return None, "lspci", True
        if ran.ok:
            return tuple(parse_lspci(ran.stdout)), "lspci", False
    functions = read_sysfs(SYSFS)
    return (None if functions is None else tuple(functions)), "sysfs", False


def _ask_nvidia_smi(timeout: float) -> Tool:
    name = "nvidia-smi"
    if not find_tool(name):
        return Tool(name, kind=_gpu_nvidia.MISSING)
    ran = _run(name, "-q", "-x", timeout=timeout)
    output = _gpu_nvidia.last_words(ran)
    try:
        # Some failures, like that of a corrupted infoROM, come with the whole document.
        log = None if ran.timed_out or ran.flooded else _gpu_nvidia.parse_smi_xml(ran.stdout)
    except UnreadableOutput as exc:
        log = None
        if ran.ok:
            return Tool(name, kind=_gpu_nvidia.FAILED, complaint=exc.problem, output=output)
    if log is None:
        kind, complaint = _gpu_nvidia.complaint_kind(ran), _gpu_nvidia.complaint_text(ran)
        return Tool(name, kind=kind, complaint=complaint, output=output)
    return Tool(
        name,
        gpus=log.gpus,
        output=_gpu_nvidia.last_words(Ran(stdout=log.remarks, stderr=ran.stderr)),
        cuda_version=log.cuda_version,
        driver_version=log.driver_version,
    )


def _ask_amd(timeout: float) -> Tool:
    for command, parse in (
        (_gpu_amd.AMD_SMI, _gpu_amd.parse_amd_smi),
        (_gpu_amd.ROCM_SMI, _gpu_amd.parse_rocm_smi),
    ):
        name = command[0]
        if not find_tool(name):
            continue
        ran = _run(*command, timeout=timeout)
        if ran.timed_out:
            return Tool(name, kind=_gpu_nvidia.TIMED_OUT)
        if not ran.ok:
            complaint = _gpu_nvidia.complaint_text(ran)
            return Tool(name, kind=_gpu_nvidia.FAILED, complaint=complaint)
        try:
            gpus = parse(ran.stdout)
            if name == "amd-smi" and gpus:
                ecc = _run(*_gpu_amd.AMD_SMI_ECC, timeout=timeout)
                gpus = _gpu_amd.parse_amd_smi(ran.stdout, ecc.stdout if ecc.ok else "")
        except UnreadableOutput as exc:
            return Tool(name, kind=_gpu_nvidia.FAILED, complaint=exc.problem)
        return Tool(name, gpus=tuple(gpus))
    return Tool("amd-smi", kind=_gpu_nvidia.MISSING)


def _module_version() -> str | None:
    """Return the version of the kernel module that is loaded."""
    for path in MODULE_VERSION_FILES:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return _gpu_nvidia.module_version(file.read(4096))
        except OSError:
            continue
    return None


def _read_kernel_log(timeout: float) -> KernelLog | None:
    """Return what the logs say together, or None if none can be read."""
    texts = []
    for command in _KERNEL_LOGS:
        ran = _run(*command, timeout=timeout)
        if (ran.ok or ran.flooded) and ran.stdout.strip():
            texts.append(ran.stdout)
    return parse_kernel_log("\n".join(texts)) if texts else None


def _look_at_fabric_manager(timeout: float) -> FabricManager:
    state = _run("systemctl", "is-active", "nvidia-fabricmanager", timeout=timeout)
    version = _run("nv-fabricmanager", "--version", timeout=timeout)
    match = re.search(r"[0-9]{1,9}(?:\.[0-9]{1,9}){1,2}", version.stdout)
    word = state.stdout.strip()
    return FabricManager(
        active=word if word in ("active", "activating", "inactive", "failed", "unknown") else None,
        version=match[0] if match else None,
    )

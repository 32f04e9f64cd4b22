# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at the GPUs of this machine: runs the tools, and reads the files.

Nothing on the machine is changed.
"""

from __future__ import annotations

import re
import time
import typing as t
from dataclasses import replace

from .amd import AMD_SMI, AMD_SMI_ECC, ROCM_SMI, parse_amd_smi, parse_rocm_smi
from .command import Ran, find_tool, run_command
from .cuda import start_cuda
from .facts import FabricManager, Facts
from .gpu import Gpu
from .kernel_log import KernelLog, parse_kernel_log
from .nvidia import module_version, parse_smi_xml
from .nvlink import Links, read_links
from .pci import SYSFS, parse_lspci, read_sysfs
from .slot import slots_of, within_slot
from .tool import (
    NO_AMD_TOOL,
    NO_NVIDIA_SMI,
    Tool,
    UnreadableOutput,
    corrupted_inforoms,
    failed_tool,
)

MODULE_VERSION_FILES = ("/proc/driver/nvidia/version", "/sys/module/nvidia/version")

BOOT_FILE = "/proc/stat"

# `dmesg` has the current ring buffer; the journal also has what dropped out of it since boot.
# An account without rights sees nothing in either. The one that is read last ends last.
_KERNEL_LOGS = (
    ("journalctl", "-k", "-b", "-q", "-o", "short-monotonic", "-n", "20000", "--no-pager"),
    ("dmesg",),
)


def look(timeout: float) -> Facts:
    """Return everything known about the GPUs; each command gets at most ``timeout`` seconds."""
    facts = Facts(
        nvidia=_ask_nvidia_smi(timeout),
        amd=_ask_amd(timeout),
        module_version=_module_version(),
        kernel_log=_read_kernel_log(timeout),
        booted_at=_booted_at(),
        looked_at=time.time(),
        timeout=timeout,
        **_look_at_pci(timeout),
    )
    if facts.nvidia.gpus:
        facts = replace(facts, **_look_at_slots(facts.nvidia))
        facts = replace(facts, cuda=start_cuda(timeout), **_look_at_links(facts.nvidia, timeout))
        if facts.has_nvswitch:
            facts = replace(facts, fabric_manager=_look_at_fabric(timeout))
    return facts


def _run(name: str, *arguments: str, timeout: float) -> Ran:
    path = find_tool(name)
    return run_command([path, *arguments], timeout) if path else Ran(problem="it is not installed")


def _look_at_pci(timeout: float) -> dict[str, t.Any]:
    """Ask lspci; if it is missing or fails, read the files of the kernel."""
    if find_tool("lspci"):
        ran = _run("lspci", "-Dn", timeout=timeout)
        if ran.timed_out:
            return {"pci_source": "lspci", "pci_timed_out": True}
        if ran.ok:
            return {"pci_source": "lspci", "pci": parse_lspci(ran.stdout)}
    return {"pci": read_sysfs(SYSFS)}


def _ask_nvidia_smi(timeout: float) -> Tool:
    name = "nvidia-smi"
    if not find_tool(name):
        return NO_NVIDIA_SMI
    ran = _run(name, "-q", "-x", timeout=timeout)
    try:
        # Some failures, such as a corrupted infoROM, come with the whole document.
        log = parse_smi_xml("" if ran.timed_out or ran.flooded else ran.stdout)
    except UnreadableOutput as exc:
        return failed_tool(name, ran, exc.problem)
    return Tool(
        name,
        gpus=log.gpus,
        driver_version=log.driver_version,
        cuda_version=log.cuda_version,
        corrupted_inforoms=corrupted_inforoms(log.remarks + ran.stderr),
    )


def _ask_amd(timeout: float) -> Tool:
    """Ask ``amd-smi``, or its predecessor if there is only that."""
    command = next((one for one in (AMD_SMI, ROCM_SMI) if find_tool(one[0])), None)
    if command is None:
        return NO_AMD_TOOL
    name, ran = command[0], _run(*command, timeout=timeout)
    if not ran.ok:
        return failed_tool(name, ran)
    try:
        return Tool(name, gpus=tuple(_read_amd(name, ran.stdout, timeout)))
    except UnreadableOutput as exc:
        return failed_tool(name, ran, exc.problem)


def _read_amd(name: str, text: str, timeout: float) -> list[Gpu]:
    if name == ROCM_SMI[0]:
        return parse_rocm_smi(text)
    ecc = _run(*AMD_SMI_ECC, timeout=timeout)
    return parse_amd_smi(text, ecc.stdout if ecc.ok else "")


def _module_version() -> str | None:
    """Return the version of the kernel module that is loaded."""
    for path in MODULE_VERSION_FILES:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return module_version(file.read(4096))
        except OSError:
            continue
    return None


def _read_kernel_log(timeout: float) -> KernelLog | None:
    """Read all logs together; None if none can be read."""
    texts = []
    for command in _KERNEL_LOGS:
        ran = _run(*command, timeout=timeout)
        if (ran.ok or ran.flooded) and ran.stdout.strip():
            texts.append(ran.stdout)
    return parse_kernel_log(*texts) if texts else None


def _booted_at() -> float | None:
    """Return when the machine was started, in seconds since 1970."""
    try:
        with open(BOOT_FILE, encoding="ascii", errors="replace") as file:
            match = re.search(r"^btime ([0-9]{1,12})$", file.read(4 * 1024 * 1024), re.M)
    except OSError:
        return None
    return float(match[1]) if match else None


def _look_at_slots(tool: Tool) -> dict[str, t.Any]:
    """Find the slots, and limit each GPU to what its own can do."""
    slots = slots_of(tool.gpus, SYSFS)
    gpus = tuple(within_slot(gpu, slots) for gpu in tool.gpus)
    return {"slots": slots, "nvidia": replace(tool, gpus=gpus)}


def _look_at_links(tool: Tool, timeout: float) -> dict[str, t.Any]:
    """Ask for the NVLinks, and give each GPU the numbers of its own."""
    status = _run("nvidia-smi", "nvlink", "--status", timeout=timeout)
    errors = Ran()
    # Whoever hangs once hangs again.
    if not status.timed_out:
        errors = _run("nvidia-smi", "nvlink", "--errorcounters", timeout=timeout)
    nvlinks = read_links(status.stdout, errors.stdout)
    gpus = [_with_links(gpu, nvlinks.get(gpu.index)) for gpu in tool.gpus]
    return {"nvlinks": nvlinks, "nvidia": replace(tool, gpus=tuple(gpus))}


def _with_links(gpu: Gpu, links: Links | None) -> Gpu:
    if links is None:
        return gpu
    return replace(
        gpu,
        nvlinks_active=links.active,
        # How many it has is not said.
        nvlinks_inactive=None if links.all_down else len(links.inactive),
        nvlink_errors=links.errors,
    )


def _look_at_fabric(timeout: float) -> FabricManager:
    state = _run("systemctl", "is-active", "nvidia-fabricmanager", timeout=timeout)
    version = _run("nv-fabricmanager", "--version", timeout=timeout)
    match = re.search(r"[0-9]{1,9}(?:\.[0-9]{1,9}){1,2}", version.stdout)
    known = ("active", "activating", "inactive", "failed", "unknown")
    word = state.stdout.strip()
    return FabricManager(word if word in known else None, match[0] if match else None)

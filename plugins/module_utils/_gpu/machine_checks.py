# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks of a machine as a whole: driver, number and kind of GPUs, kernel log, fabric, CUDA.

Pure functions of what was found.
"""

from __future__ import annotations

from . import nvidia as _gpu_nvidia
from .check import FAIL, PASS, SKIP, Check, count_of
from .expectations import Expectations, version_key
from .facts import Facts, Tool
from .pci import addresses

_REBOOT = "Reboot the machine; if it stays, ask the vendor for another machine."
_INSTALL = "Install the driver, or choose an image of the vendor that has it."


def tool(facts: Facts) -> Check:
    """Whether the maker's tool answers at all."""
    kind = facts.nvidia.kind
    if _is_without_nvidia(facts) and facts.amd.kind != _gpu_nvidia.MISSING:
        return _amd_tool(facts)
    if kind == _gpu_nvidia.MISSING:
        plugged = facts.nvidia_functions
        if plugged:
            return Check("tool", FAIL, _no_tool(len(plugged), "nvidia-smi", addresses(plugged)))
        return _amd_tool(facts)
    if kind == _gpu_nvidia.TIMED_OUT:
        return Check("tool", FAIL, _hangs("nvidia-smi", facts.timeout))
    if kind == _gpu_nvidia.MISMATCH:
        return Check("tool", SKIP, "nvidia-smi does not answer, for what driver_library says")
    if kind == _gpu_nvidia.NO_DEVICES:
        return Check("tool", PASS, "nvidia-smi answers that there are no devices")
    if kind == _gpu_nvidia.NO_DRIVER:
        detail = f"nvidia-smi reaches no driver: {facts.nvidia.complaint}. {_INSTALL}"
        return Check("tool", FAIL, detail)
    if kind is not None:
        return Check("tool", FAIL, f"nvidia-smi fails: {facts.nvidia.complaint}. {_REBOOT}")
    if _fails(facts, facts.amd):
        return _amd_tool(facts)
    return Check("tool", PASS, "nvidia-smi answers")


def _is_without_nvidia(facts: Facts) -> bool:
    """Return whether the machine has no GPU of NVIDIA, though its tools may be installed."""
    absent = (_gpu_nvidia.MISSING, _gpu_nvidia.NO_DEVICES, _gpu_nvidia.NO_DRIVER)
    return facts.nvidia.kind in absent and not facts.nvidia_functions


def _amd_tool(facts: Facts) -> Check:
    plugged = facts.amd_functions
    if facts.amd.kind == _gpu_nvidia.MISSING:
        if plugged:
            names = "amd-smi or rocm-smi"
            return Check("tool", FAIL, _no_tool(len(plugged), names, addresses(plugged)))
        return Check("tool", SKIP, "there is no tool of a maker of GPUs")
    if facts.amd.kind == _gpu_nvidia.TIMED_OUT:
        return Check("tool", FAIL, _hangs(facts.amd.name, facts.timeout))
    if _fails(facts, facts.amd):
        return Check("tool", FAIL, f"{facts.amd.name} fails: {facts.amd.complaint}. {_REBOOT}")
    return Check("tool", PASS, f"{facts.amd.name} answers")


def _fails(facts: Facts, amd: Tool) -> bool:
    """Return whether AMD's tool should have answered; it may be installed without its GPUs."""
    if amd.kind == _gpu_nvidia.FAILED:
        return bool(facts.amd_functions) or not facts.nvidia.gpus
    return amd.kind == _gpu_nvidia.TIMED_OUT


def _no_tool(number: int, names: str, where: str) -> str:
    plugged = f"{count_of(number, 'GPU')} plugged in ({where})"
    return f"{plugged}, but there is no {names}: the driver is not installed. {_INSTALL}"


def _hangs(name: str, timeout: float) -> str:
    what = f"{name} timed out after {timeout:g} s, and was killed"
    return f"{what}: a GPU or its driver hangs. {_REBOOT}"


def driver_library(facts: Facts) -> Check:
    """Whether the loaded kernel module and the library that talks to it have one version."""
    name = "driver_library"
    if facts.nvidia.answered:
        return Check(name, PASS, f"both are {facts.nvidia.driver_version or 'of one version'}")
    if facts.nvidia.kind == _gpu_nvidia.MISSING:
        return Check(name, SKIP, "there is no nvidia-smi")
    if facts.nvidia.kind != _gpu_nvidia.MISMATCH:
        return Check(name, SKIP, "nvidia-smi does not answer")
    log = facts.kernel_log
    library = _gpu_nvidia.library_version(facts.nvidia.output) or (log and log.client_version)
    module = facts.module_version or (log and log.module_version)
    detail = (
        f"driver/library version mismatch: the kernel has loaded {module or 'an unknown version'}, "
        f"the library is {library or 'of an unknown version'}. The driver was updated; "
        "reboot the machine to load the new one."
    )
    return Check(name, FAIL, detail)


def count(facts: Facts, expected: Expectations) -> Check:
    """Whether as many GPUs are plugged in, listed and expected."""
    listed = _listed(facts)
    plugged = None if facts.pci is None else len(facts.nvidia_functions) + len(facts.amd_functions)
    if facts.pci_timed_out:
        return Check("count", FAIL, f"{_hangs('lspci', facts.timeout)}")
    problem = _lost(facts, listed)
    wanted = expected.count
    known = listed if listed is not None else plugged
    if wanted is not None and known is not None and known != wanted:
        seen = "listed" if listed is not None else "plugged in"
        others = f"; {problem}" if problem else ""
        return Check(
            "count", FAIL, f"{count_of(wanted, 'GPU')} expected, {known} {seen}{others}. {_REBOOT}"
        )
    if problem:
        return Check("count", FAIL, f"{problem}. {_REBOOT}")
    if listed is None:
        return Check("count", SKIP, "no tool has listed the GPUs")
    parts = [f"{listed} listed"]
    if plugged is not None and plugged >= listed:
        parts.insert(0, f"{plugged} plugged in")
    elif wanted is None:
        return Check(
            "count",
            SKIP,
            f"{listed} listed; {facts.pci_source} shows {plugged or 0}, as in a container",
        )
    if wanted is not None:
        parts.append(f"{wanted} expected")
    return Check("count", PASS, ", ".join(parts))


def _listed(facts: Facts) -> int | None:
    """Return how many GPUs the tools list; None if a tool did not say."""
    answered = facts.nvidia.kind in (None, _gpu_nvidia.NO_DEVICES) or _is_without_nvidia(facts)
    if not answered or _fails(facts, facts.amd):
        return None
    if facts.amd.kind == _gpu_nvidia.MISSING and facts.amd_functions and not facts.nvidia.gpus:
        return None
    return len(facts.gpus)


def _lost(facts: Facts, listed: int | None) -> str | None:
    """Return which GPUs are plugged in but not listed, or do not answer on the PCI bus."""
    dead = [function for function in facts.nvidia_functions if function.is_dead]
    silent = f"{addresses(dead)} does not answer on the PCI bus: it is lost" if dead else None
    if listed is None:
        return silent
    known = {gpu.pci_bus_id for gpu in facts.gpus}
    plugged = facts.nvidia_functions
    if facts.amd.answered:
        plugged += facts.amd_functions
    missing = [function for function in plugged if function.address not in known]
    # Fewer, or other addresses: a container may see a PCI bus that is not its own.
    if len(plugged) <= len(facts.gpus) or not missing:
        return silent
    who = facts.nvidia.name or facts.amd.name
    return (
        f"{who} lists {len(facts.gpus)} of the {len(plugged)} GPUs that are plugged in: "
        f"{addresses(missing)} is lost"
    )


def name(facts: Facts, expected: Expectations) -> Check:
    """Whether all GPUs are of the expected kind."""
    names = sorted({gpu.name or "without a name" for gpu in facts.gpus})
    if expected.name is None:
        return Check("name", SKIP, f"no name is expected; found: {', '.join(names) or 'none'}")
    if not facts.gpus:
        return Check("name", SKIP, "no tool has listed the GPUs")
    others = [gpu for gpu in facts.gpus if not expected.fits_name(gpu.name or "")]
    if others:
        found = ", ".join(sorted({gpu.name or "without a name" for gpu in others}))
        are = "is" if len(others) == 1 else "are"
        detail = (
            f"{len(others)} of {count_of(len(facts.gpus), 'GPU')} {are} not {expected.name}, "
            f"but {found}. Is it the machine that was ordered?"
        )
        return Check("name", FAIL, detail)
    return Check("name", PASS, ", ".join(names))


def driver_version(facts: Facts, expected: Expectations) -> Check:
    """Whether the driver is new enough."""
    found = sorted({gpu.driver_version or "" for gpu in facts.gpus}, key=version_key)
    oldest = found[0] if found else None
    advice = "Update the driver, or choose an image of the vendor that has a newer one."
    wanted = expected.min_driver_version
    return _at_least("driver_version", "the driver", oldest, wanted, advice)


def cuda_version(facts: Facts, expected: Expectations) -> Check:
    """Whether the driver can run programs of this CUDA version."""
    advice = "Update the driver: it is what sets the newest CUDA that can run."
    found = facts.nvidia.cuda_version if facts.nvidia.gpus else None
    wanted = expected.min_cuda_version
    return _at_least("cuda_version", "the CUDA of the driver", found, wanted, advice)


def _at_least(check: str, what: str, found: str | None, wanted: str | None, advice: str) -> Check:
    if wanted is None:
        return Check(check, SKIP, f"no minimum is set; found: {found or 'none'}")
    if not found:
        return Check(check, SKIP, f"no tool has said what {what} is")
    if version_key(found) < version_key(wanted):
        return Check(check, FAIL, f"{what} is {found}, older than {wanted}. {advice}")
    return Check(check, PASS, f"{found} is at least {wanted}")


def kernel_log(facts: Facts) -> Check:
    """Whether the kernel has reported faults of GPUs since the machine was started."""
    log = facts.kernel_log
    if log is None:
        detail = "the kernel log cannot be read, or is empty; only root may read it on most systems"
        return Check("kernel_log", SKIP, detail)
    if log.faults:
        return Check(
            "kernel_log", FAIL, f"in the kernel log: {'; '.join(log.faults[:4])}. {_REBOOT}"
        )
    if log.xids:
        seen = "; ".join(str(xid) for xid in log.xids[:4])
        return Check("kernel_log", PASS, f"only errors that programs cause: {seen}")
    return Check("kernel_log", PASS, "no Xid error, and no GPU has fallen off the bus")


def fabric(facts: Facts) -> Check:
    """Whether the NVLink fabric is ready; without an NVSwitch there is none."""
    gpus = [gpu for gpu in facts.nvidia.gpus if gpu.fabric_state]
    unready = [gpu for gpu in gpus if (gpu.fabric_state or "").lower() != "completed"]
    failed = [gpu for gpu in gpus if gpu.fabric_status and gpu.fabric_status.lower() != "success"
              and (gpu.fabric_state or "").lower() == "completed"]  # fmt: skip
    # One GPU without a switch needs no fabric, and some of those say "In Progress" for ever.
    needed = facts.has_nvswitch or len(facts.nvidia.gpus) > 1
    if needed and (unready or failed):
        bad = (unready + failed)[0]
        detail = (
            f"the NVLink fabric is not ready on {len(unready + failed)} of "
            f"{count_of(len(facts.nvidia.gpus), 'GPU')}: {bad.label} says {bad.fabric_state}, "
            f"{bad.fabric_status or 'without a status'}. Look at the service nvidia-fabricmanager."
        )
        return Check("fabric", FAIL, detail)
    if not facts.has_nvswitch:
        said = f"; the GPUs say {gpus[0].fabric_state}" if gpus else ""
        return Check("fabric", SKIP, f"there is no NVSwitch{said}")
    return _switched_fabric(facts, bool(gpus))


def _switched_fabric(facts: Facts, ready: bool) -> Check:
    """Judge the service and the links of a machine with NVSwitches."""
    manager, driver = facts.fabric_manager, facts.nvidia.driver_version
    if manager.version and driver and version_key(manager.version) != version_key(driver):
        versions = f"the fabric manager is {manager.version}, but the driver {driver}"
        detail = f"{versions}. Install the fabric manager of the driver's version."
        return Check("fabric", FAIL, detail)
    if not ready and manager.active not in ("active", None):
        detail = (
            f"the machine has NVSwitches, but nvidia-fabricmanager is {manager.active}. Start it."
        )
        return Check("fabric", FAIL, detail)
    if facts.inactive_links and not any(gpu.mig_mode for gpu in facts.nvidia.gpus):
        gpu, links = next(iter(facts.inactive_links.items()))
        detail = (
            f"{count_of(sum(map(len, facts.inactive_links.values())), 'NVLink')} inactive, "
            f"as link {links[0]} of GPU {gpu}. {_REBOOT}"
        )
        return Check("fabric", FAIL, detail)
    if not ready and manager.active is None:
        return Check("fabric", SKIP, "neither the GPUs nor systemd say how the NVLink fabric is")
    service = f"; nvidia-fabricmanager is {manager.active}" if manager.active else ""
    return Check("fabric", PASS, ("completed on all GPUs" if ready else "links are up") + service)


def cuda_start(facts: Facts) -> Check:
    """Whether a CUDA program can start, and sees every GPU."""
    start = facts.cuda
    if start is None:
        return Check("cuda_start", SKIP, "nvidia-smi lists no GPU to start CUDA on")
    if start.missing:
        return Check(
            "cuda_start", SKIP, "libcuda.so.1, the CUDA library of the driver, is not installed"
        )
    if start.problem:
        return Check("cuda_start", FAIL, start.problem)
    seen, listed = start.device_count or 0, len(facts.nvidia.gpus)
    if seen < listed and not any(gpu.mig_mode for gpu in facts.nvidia.gpus):
        return Check(
            "cuda_start", FAIL, f"CUDA sees {seen} of {count_of(listed, 'GPU')}. {_REBOOT}"
        )
    return Check("cuda_start", PASS, f"CUDA starts, and sees {count_of(seen, 'device')}")

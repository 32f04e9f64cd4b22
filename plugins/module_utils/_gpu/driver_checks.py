# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks of the driver: its tools, its versions, and whether CUDA starts."""

from __future__ import annotations

from .._phrases import are, count_of
from .action import FIX_SOFTWARE, REBOOT_AND_RETEST
from .check import Outcome, failed, failed_with_advice, passed, skipped, timed_out
from .expectations import Expectations, version_key
from .facts import Facts
from .pci import addresses
from .tool import MISMATCH, MISSING, NO_DEVICES, NO_DRIVER, TIMED_OUT, Tool

_INSTALL = "Install the driver, or choose a vendor image that includes it."


def tool(facts: Facts, _expected: Expectations) -> Outcome:
    """Does the tool of the GPUs' maker work?"""
    asked = facts.amd if _amd_counts(facts) else facts.nvidia
    if asked.kind == MISSING:
        return _missing_tool(facts, asked)
    if asked.kind == TIMED_OUT:
        return timed_out(asked.name, facts.timeout)
    if asked.kind == MISMATCH:
        return skipped(f"{asked.name} does not work, see driver_library")
    if asked.kind == NO_DRIVER:
        found = f"{asked.name} cannot reach the driver: {asked.complaint}"
        return failed(f"{found}. {_INSTALL}", FIX_SOFTWARE)
    if asked.kind not in (None, NO_DEVICES):
        return failed_with_advice(f"{asked.name} failed: {asked.complaint}", REBOOT_AND_RETEST)
    return passed(f"{asked.name} works" + (" but finds no devices" if asked.kind else ""))


def _amd_counts(facts: Facts) -> bool:
    """Return whether AMD's tool decides: it is the only one with GPUs, or the only one to fail."""
    if facts.is_without_nvidia:
        return (
            facts.amd.kind != MISSING or facts.nvidia.kind == MISSING or bool(facts.amd_functions)
        )
    return facts.nvidia.answered and facts.amd_failed


def _missing_tool(facts: Facts, asked: Tool) -> Outcome:
    plugged = facts.nvidia_functions or facts.amd_functions
    if not plugged:
        return skipped("no GPU tool is installed: nvidia-smi, amd-smi or rocm-smi")
    number = len(plugged)
    return failed(
        f"{count_of(number, 'GPU')} {are(number)} plugged in ({addresses(plugged)}), but there is "
        f"no {asked.name}: the driver is not installed. {_INSTALL}",
        FIX_SOFTWARE,
    )


def driver_library(facts: Facts, _expected: Expectations) -> Outcome:
    """Do the loaded kernel module and the library that talks to it have the same version?"""
    nvidia, log = facts.nvidia, facts.kernel_log
    if nvidia.answered:
        return passed(f"both are {nvidia.driver_version or 'the same version'}")
    if nvidia.kind == MISSING:
        return skipped("there is no nvidia-smi")
    if nvidia.kind != MISMATCH:
        return skipped("nvidia-smi does not work")
    library = nvidia.library_version or (log and log.client_version)
    module = facts.module_version or (log and log.module_version)
    return failed(
        f"driver/library version mismatch: the kernel has loaded {module or 'an unknown version'}, "
        f"the library is {library or 'an unknown version'}. The driver was updated; "
        "reboot the machine to load the new one.",
        REBOOT_AND_RETEST,
    )


def driver_version(facts: Facts, expected: Expectations) -> Outcome:
    """Is the driver new enough?"""
    found = sorted({gpu.driver_version or "" for gpu in facts.gpus}, key=version_key)
    oldest = found[0] if found else None
    advice = "Update the driver, or choose a vendor image with a newer one."
    return _at_least("the driver version", oldest, expected.min_driver_version, advice)


def cuda_version(facts: Facts, expected: Expectations) -> Outcome:
    """Can the driver run programs of this CUDA version?"""
    found = facts.nvidia.cuda_version if facts.nvidia.gpus else None
    advice = "Update the driver: it sets the newest CUDA that can run."
    return _at_least("the driver's CUDA version", found, expected.min_cuda_version, advice)


def _at_least(what: str, found: str | None, wanted: str | None, advice: str) -> Outcome:
    if wanted is None:
        return skipped(f"no minimum is set; found: {found or 'none'}")
    if not found:
        return skipped(f"no tool reported {what}")
    if version_key(found) < version_key(wanted):
        return failed(f"{what} is {found}, older than {wanted}. {advice}", FIX_SOFTWARE)
    return passed(f"{found} is at least {wanted}")


def cuda_start(facts: Facts, _expected: Expectations) -> Outcome:
    """Does a CUDA program start, and see every GPU?"""
    start = facts.cuda
    if start is None:
        return skipped("nvidia-smi lists no GPU to start CUDA on")
    if start.missing:
        return skipped("libcuda.so.1, the driver's CUDA library, is not installed")
    if start.problem:
        return failed(start.problem, REBOOT_AND_RETEST)
    seen, listed = start.device_count or 0, len(facts.nvidia.gpus)
    # With MIG, a program sees one slice.
    if seen < listed and not facts.has_mig:
        found = f"CUDA sees {seen} of {count_of(listed, 'GPU')}"
        return failed_with_advice(found, REBOOT_AND_RETEST)
    return passed(f"CUDA starts and sees {count_of(seen, 'device')}")

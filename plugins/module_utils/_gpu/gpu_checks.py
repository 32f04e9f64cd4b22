# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks of each GPU: memory, temperature, clocks, modes."""

from __future__ import annotations

from .._phrases import count_of
from .._text import listed
from .action import REBOOT_AND_RETEST, RESET_GPU, RETURN_MACHINE
from .check import NOT_LISTED, Outcome, failed_with_advice, passed, skipped
from .expectations import Expectations
from .facts import Facts
from .gpu import Gpu


def _not_reported(facts: Facts, detail: str) -> Outcome:
    """Skip a check because no GPU reports its values; there may be GPUs that no tool lists."""
    return skipped(detail if facts.gpus else NOT_LISTED)


def gpu_state(facts: Facts, _expected: Expectations) -> Outcome:
    """Does the driver call a GPU lost or in need of a reset, or its infoROM corrupted?"""
    if not facts.gpus:
        return skipped(NOT_LISTED)
    bad = [f"{gpu.label} does not respond ({gpu.trouble})" for gpu in facts.gpus if gpu.trouble]
    bad += [
        f"{gpu.label} needs recovery: {gpu.recovery_action}"
        for gpu in facts.gpus
        if gpu.recovery_action and not gpu.trouble
    ]
    bad += [f"the infoROM of {address} is corrupted" for address in facts.nvidia.corrupted_inforoms]
    if bad:
        return failed_with_advice(listed(bad), _recovery(facts))
    return passed("no GPU is lost or needs a reset")


def _recovery(facts: Facts) -> str:
    """Return what the driver asks for. An infoROM cannot be mended by whoever rents the machine."""
    said = " ".join(gpu.recovery_action or "" for gpu in facts.gpus).lower()
    lost = any("lost" in (gpu.trouble or "").lower() for gpu in facts.gpus)
    if facts.nvidia.corrupted_inforoms:
        return RETURN_MACHINE
    return REBOOT_AND_RETEST if lost or "reboot" in said else RESET_GPU


def ecc(facts: Facts, _expected: Expectations) -> Outcome:
    """Has memory had uncorrected errors since the driver was loaded, or too many in its life?"""
    counted = [gpu for gpu in facts.gpus if gpu.ecc_uncorrected_volatile is not None]
    if not counted and all(gpu.ecc_threshold_exceeded is None for gpu in facts.gpus):
        return _not_reported(facts, "the GPUs report no ECC errors: ECC is off or not supported")
    bad = [
        f"{gpu.label} has {count_of(gpu.ecc_uncorrected_volatile or 0, 'uncorrected ECC error')}"
        for gpu in counted
        if gpu.ecc_uncorrected_volatile
    ]
    # The flag is stored in the GPU, and stays when the count of today is not known.
    exceeded = [gpu for gpu in facts.gpus if gpu.ecc_threshold_exceeded]
    bad += [f"{gpu.label} has more SRAM errors than its limit" for gpu in exceeded]
    if bad:
        return failed_with_advice(listed(bad), RETURN_MACHINE if exceeded else RESET_GPU)
    earlier = sum(gpu.ecc_uncorrected_aggregate or 0 for gpu in facts.gpus)
    none = "no uncorrected errors since the driver was loaded"
    if not counted:
        none = "no GPU has more SRAM errors than its limit"
    return passed(f"{none}, {earlier} in the lifetime")


def memory_rows(facts: Facts, _expected: Expectations) -> Outcome:
    """Does bad memory wait for a reset to be replaced, or could it not be replaced?"""
    known = [
        gpu
        for gpu in facts.gpus
        if (gpu.rows_failure, gpu.rows_pending, gpu.pages_pending) != (None, None, None)
    ]
    if not known:
        return _not_reported(facts, "the GPUs do not report retired pages or remapped rows")
    broken = [f"{gpu.label} failed to remap a memory row" for gpu in known if gpu.rows_failure]
    pending = [
        f"{gpu.label} needs a reset to replace bad memory"
        for gpu in known
        if gpu.rows_pending or gpu.pages_pending
    ]
    if broken or pending:
        return failed_with_advice(listed(broken + pending), RETURN_MACHINE if broken else RESET_GPU)
    remapped = sum(gpu.rows_remapped or 0 for gpu in known)
    return passed(f"nothing waits for a reset, {remapped} rows remapped so far")


def temperature(facts: Facts, _expected: Expectations) -> Outcome:
    """Is a GPU so hot that its hardware slows it down?"""
    known = [gpu for gpu in facts.gpus if gpu.temperature_c is not None]
    if not known:
        return _not_reported(facts, "the GPUs do not report a temperature")
    hot = [f"{gpu.label} is at {gpu.temperature_c} C" for gpu in known if _is_too_hot(gpu)]
    if hot:
        found = f"{listed(hot)}: too hot, its hardware slows it down"
        return failed_with_advice(found, RETURN_MACHINE)
    degrees = sorted(gpu.temperature_c or 0 for gpu in known)
    return passed(f"{degrees[0]} C to {degrees[-1]} C")


def _is_too_hot(gpu: Gpu) -> bool:
    """Compare with whichever of the two limits the GPU has."""
    if gpu.temperature_slowdown_c is not None:
        return (gpu.temperature_c or 0) >= gpu.temperature_slowdown_c
    if gpu.temperature_margin_c is None or gpu.temperature_margin_slowdown_c is None:
        return False
    return gpu.temperature_margin_c <= gpu.temperature_margin_slowdown_c


def throttling(facts: Facts, _expected: Expectations) -> Outcome:
    """Does hardware slow a GPU down? Being idle, or at the power limit, is no fault."""
    gpus = facts.nvidia.gpus
    if not gpus:
        return _not_reported(facts, "only NVIDIA GPUs report why their clocks are low")
    bad = [
        f"{gpu.label} is slowed down by its hardware ({', '.join(gpu.hardware_throttles)})"
        for gpu in gpus
        if gpu.hardware_throttles
    ]
    if bad:
        found = f"{listed(bad)}. Cooling or power supply is failing"
        return failed_with_advice(found, RETURN_MACHINE)
    others = sorted({reason for gpu in gpus for reason in gpu.throttle_reasons})
    also = f"; clocks are low because of: {', '.join(others)}" if others else ""
    return passed(f"no GPU is slowed down by its hardware{also}")


def persistence(facts: Facts, _expected: Expectations) -> Outcome:
    """Does the driver stay loaded between programs? Only noted: it is no fault."""
    known = [gpu for gpu in facts.gpus if gpu.persistence_mode is not None]
    off = [gpu for gpu in known if not gpu.persistence_mode]
    if not known:
        return _not_reported(facts, "the GPUs do not report a persistence mode")
    if off:
        return passed(f"off on {len(off)} of {count_of(len(known), 'GPU')}; programs start slower")
    return passed(f"on for {count_of(len(known), 'GPU')}")


def mig(facts: Facts, _expected: Expectations) -> Outcome:
    """Are GPUs partitioned? Only noted, and left as is."""
    known = [gpu for gpu in facts.gpus if gpu.mig_mode is not None]
    on = [gpu.label for gpu in known if gpu.mig_mode]
    if not known:
        return _not_reported(facts, "the GPUs have no MIG")
    return passed(f"on, and left as is: {listed(on)}" if on else "off")

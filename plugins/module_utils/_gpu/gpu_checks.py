# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks of each GPU's own state: memory, temperature, clocks, modes.

Pure functions of what was found.
"""

from __future__ import annotations

import re

from .._text import listed
from .check import FAIL, PASS, SKIP, Check, count_of
from .facts import Facts
from .gpu import Gpu

_REPLACE = "Ask the vendor for another machine."
_RESET = "Reset the GPU, or reboot the machine; if it stays, ask the vendor for another machine."


def ecc(facts: Facts) -> Check:
    """Errors in memory that could not be corrected, since the driver was loaded."""
    gpus = [gpu for gpu in facts.gpus if gpu.ecc_uncorrected_volatile is not None]
    if not gpus:
        return Check("ecc", SKIP, "the GPUs report no ECC errors; ECC is off or not supported")
    bad = [
        f"{gpu.label} has {count_of(gpu.ecc_uncorrected_volatile or 0, 'uncorrected ECC error')}"
        for gpu in gpus
        if gpu.ecc_uncorrected_volatile
    ]
    bad += [
        f"{gpu.label} has more SRAM errors than its limit"
        for gpu in gpus
        if gpu.ecc_threshold_exceeded
    ]
    if bad:
        return Check("ecc", FAIL, f"{listed(bad)}. {_RESET}")
    earlier = sum(gpu.ecc_uncorrected_aggregate or 0 for gpu in gpus)
    detail = f"no uncorrected error since the driver was loaded, {earlier} in the lifetime"
    return Check("ecc", PASS, detail)


def memory_rows(facts: Facts) -> Check:
    """Memory that was taken out of use: what waits for a reset, and what could not be replaced."""
    known = [
        gpu
        for gpu in facts.gpus
        if (gpu.rows_failure, gpu.rows_pending, gpu.pages_pending) != (None, None, None)
    ]
    if not known:
        return Check("memory_rows", SKIP, "the GPUs do not report retired pages or remapped rows")
    failed = [f"{gpu.label} has failed to remap a row of its memory" for gpu in known
              if gpu.rows_failure]  # fmt: skip
    pending = [f"{gpu.label} has memory whose replacement waits for a reset" for gpu in known
               if gpu.rows_pending or gpu.pages_pending]  # fmt: skip
    if failed:
        return Check("memory_rows", FAIL, f"{listed(failed + pending)}. {_REPLACE}")
    if pending:
        return Check("memory_rows", FAIL, f"{listed(pending)}. {_RESET}")
    remapped = sum(gpu.rows_remapped or 0 for gpu in known)
    return Check("memory_rows", PASS, f"nothing waits for a reset, {remapped} rows remapped so far")


def gpu_state(facts: Facts) -> Check:
    """What the driver itself says of a GPU: lost, to be reset, infoROM corrupted."""
    bad = [f"{gpu.label} does not answer ({gpu.trouble})" for gpu in facts.gpus if gpu.trouble]
    bad += [f"{gpu.label} needs recovery: {gpu.recovery_action}" for gpu in facts.gpus
            if gpu.recovery_action and not gpu.trouble]  # fmt: skip
    roms = re.findall(r"infoROM is corrupted at gpu ([0-9A-Fa-f:.]{7,16})", facts.nvidia.output)
    bad += [f"the infoROM of {address} is corrupted" for address in roms[:16]]
    if bad:
        return Check("gpu_state", FAIL, f"{listed(bad)}. {_RESET}")
    return Check("gpu_state", PASS, "no GPU is lost or asks to be reset")


def persistence(facts: Facts) -> Check:
    """Whether the driver stays loaded between programs. Noted only: it is no fault."""
    known = [gpu for gpu in facts.gpus if gpu.persistence_mode is not None]
    off = [gpu for gpu in known if not gpu.persistence_mode]
    if not known:
        return Check("persistence", SKIP, "the GPUs do not report a persistence mode")
    if off:
        detail = f"off on {len(off)} of {count_of(len(known), 'GPU')}; programs start slower"
        return Check("persistence", PASS, detail)
    return Check("persistence", PASS, f"on, on {count_of(len(known), 'GPU')}")


def temperature(facts: Facts) -> Check:
    """Whether a GPU is as hot as where its hardware slows it down."""
    known = [gpu for gpu in facts.gpus if gpu.temperature_c is not None]
    if not known:
        return Check("temperature", SKIP, "the GPUs do not report a temperature")
    hot = [f"{gpu.label} has {gpu.temperature_c} C" for gpu in known if _is_too_hot(gpu)]
    if hot:
        detail = f"{listed(hot)}, where its hardware slows it down. {_REPLACE}"
        return Check("temperature", FAIL, detail)
    degrees = sorted(gpu.temperature_c or 0 for gpu in known)
    return Check("temperature", PASS, f"{degrees[0]} C to {degrees[-1]} C")


def _is_too_hot(gpu: Gpu) -> bool:
    """Return whether it is, by whichever of the two limits the GPU has."""
    if gpu.temperature_slowdown_c is not None:
        return (gpu.temperature_c or 0) >= gpu.temperature_slowdown_c
    if gpu.temperature_margin_c is None or gpu.temperature_margin_slowdown_c is None:
        return False
    return gpu.temperature_margin_c <= gpu.temperature_margin_slowdown_c


def throttling(facts: Facts) -> Check:
    """Whether hardware slows a GPU down. That it is idle, or at its power limit, is no fault."""
    if not facts.nvidia.gpus:
        return Check("throttling", SKIP, "only GPUs of NVIDIA report why their clocks are low")
    bad = []
    for gpu in facts.nvidia.gpus:
        reasons = [reason for reason in gpu.throttle_reasons if reason.startswith("hw_")]
        if reasons:
            bad.append(f"{gpu.label} is slowed down by its hardware ({', '.join(reasons)})")
    if bad:
        detail = f"{listed(bad)}. Its cooling or power supply fails. {_REPLACE}"
        return Check("throttling", FAIL, detail)
    others = sorted({reason for gpu in facts.nvidia.gpus for reason in gpu.throttle_reasons})
    also = f"; clocks are low for: {', '.join(others)}" if others else ""
    return Check("throttling", PASS, f"no GPU is slowed down by its hardware{also}")


def mig(facts: Facts) -> Check:
    """Whether GPUs are partitioned. Noted only, and left alone."""
    known = [gpu for gpu in facts.gpus if gpu.mig_mode is not None]
    on = [gpu.label for gpu in known if gpu.mig_mode]
    if not known:
        return Check("mig", SKIP, "the GPUs have no MIG")
    if on:
        return Check("mig", PASS, f"on, and left alone: {listed(on)}")
    return Check("mig", PASS, "off")

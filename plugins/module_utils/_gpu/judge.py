# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judges the GPUs of a machine: all checks, and the one verdict that they amount to.

A pure function of what was found and what was expected.

    >>> judge(look(20.0), Expectations(count=8))["verdict"]
"""

from __future__ import annotations

import typing as t

from . import gpu_checks as state
from . import machine_checks as machine
from . import nvidia as _gpu_nvidia
from .check import CHECK_NAMES, FAIL, NO_GPU, PASS, SKIP, Check
from .expectations import Expectations
from .facts import Facts


def judge(facts: Facts, expected: Expectations) -> dict[str, t.Any]:
    """Return ``verdict``, ``reasons``, ``gpus`` and ``checks``."""
    checks = _without_gpus(expected) if has_no_gpu(facts) else _with_gpus(facts, expected)
    failed = [check for check in checks if check.verdict == FAIL]
    verdict, told = (FAIL, failed) if failed else (PASS, [])
    if has_no_gpu(facts) and not failed:
        verdict, told = NO_GPU, [check for check in checks if check.name == "count"]
    return {
        "verdict": verdict,
        "reasons": [check.sentence for check in told],
        "gpus": [gpu.as_dict() for gpu in facts.gpus],
        "checks": [check.as_dict() for check in checks],
    }


def has_no_gpu(facts: Facts) -> bool:
    """Return whether there is no sign of a GPU, be it healthy or not.

    The tools may be installed all the same: images are made for machines of many kinds.
    """
    nvidia_says_none = facts.nvidia.answered or facts.nvidia.kind in (
        _gpu_nvidia.MISSING, _gpu_nvidia.NO_DRIVER, _gpu_nvidia.NO_DEVICES,
    )  # fmt: skip
    amd_says_none = facts.amd.kind != _gpu_nvidia.TIMED_OUT
    plugged = facts.nvidia_functions or facts.amd_functions
    found = plugged or facts.gpus or facts.pci_timed_out
    return nvidia_says_none and amd_says_none and not found


def _without_gpus(expected: Expectations) -> list[Check]:
    if expected.wants_gpus:
        wanted = f"{expected.count or ''} {expected.name or 'GPU'}".strip()
        detail = (
            f"no GPU is there; expected: {wanted}. "
            "Is it the machine that was ordered? If so, ask the vendor for another."
        )
        count = Check("count", FAIL, detail)
    else:
        count = Check("count", PASS, "there is no GPU, and none is expected")
    skipped = "there is no GPU"
    return [count if name == "count" else Check(name, SKIP, skipped) for name in CHECK_NAMES]


def _with_gpus(facts: Facts, expected: Expectations) -> list[Check]:
    return [
        machine.tool(facts),
        machine.driver_library(facts),
        machine.count(facts, expected),
        machine.name(facts, expected),
        machine.driver_version(facts, expected),
        machine.cuda_version(facts, expected),
        *_each_gpu(facts, state.gpu_state, state.ecc, state.memory_rows),
        machine.kernel_log(facts),
        *_each_gpu(facts, state.temperature, state.throttling, state.persistence, state.mig),
        machine.fabric(facts),
        machine.cuda_start(facts),
    ]


def _each_gpu(facts: Facts, *checks: t.Callable[[Facts], Check]) -> list[Check]:
    """Return the checks that look at every GPU; there may be GPUs that no tool lists."""
    if facts.gpus:
        return [check(facts) for check in checks]
    return [Check(check.__name__, SKIP, "no tool has listed the GPUs") for check in checks]

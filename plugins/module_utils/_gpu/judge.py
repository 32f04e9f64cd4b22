# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judges the GPUs of a machine: all checks, and one verdict.

A pure function of the facts and the expectations.

    >>> judge(look(20.0), Expectations(count=8))["verdict"]
"""

from __future__ import annotations

import typing as t

from . import driver_checks as driver
from . import gpu_checks as each
from . import machine_checks as machine
from .check import FAIL, NO_GPU, PASS, Outcome, failed, passed, skipped
from .expectations import Expectations
from .facts import Facts
from .tool import TIMED_OUT

_Check = t.Callable[[Facts, Expectations], Outcome]

CHECKS: tuple[tuple[str, _Check], ...] = (
    ("tool", driver.tool),
    ("driver_library", driver.driver_library),
    ("count", machine.count),
    ("name", machine.name),
    ("driver_version", driver.driver_version),
    ("cuda_version", driver.cuda_version),
    ("gpu_state", each.gpu_state),
    ("ecc", each.ecc),
    ("memory_rows", each.memory_rows),
    ("kernel_log", machine.kernel_log),
    ("temperature", each.temperature),
    ("throttling", each.throttling),
    ("persistence", each.persistence),
    ("mig", each.mig),
    ("fabric", machine.fabric),
    ("cuda_start", driver.cuda_start),
)
"""A report has all of them, in this order."""

CHECK_NAMES = tuple(name for name, _check in CHECKS)


def judge(facts: Facts, expected: Expectations) -> dict[str, t.Any]:
    """Return ``verdict``, ``reasons``, ``gpus`` and ``checks``."""
    no_gpu = has_no_gpu(facts)
    if no_gpu:
        outcomes = _without_gpus(expected)
    else:
        outcomes = {name: check(facts, expected) for name, check in CHECKS}
    reasons = [outcome for outcome in outcomes.values() if outcome.verdict == FAIL]
    verdict = FAIL if reasons else PASS
    if no_gpu and not reasons:
        verdict, reasons = NO_GPU, [outcomes["count"]]
    return {
        "verdict": verdict,
        "reasons": [outcome.sentence for outcome in reasons],
        "gpus": [gpu.as_dict() for gpu in facts.gpus],
        "checks": [outcome.as_dict(name) for name, outcome in outcomes.items()],
    }


def has_no_gpu(facts: Facts) -> bool:
    """Return whether there is no sign of a GPU, healthy or not.

    The tools may be installed all the same: one image serves many kinds of machines.
    """
    if facts.nvidia_functions or facts.amd_functions or facts.gpus or facts.pci_timed_out:
        return False
    nvidia_works = facts.nvidia.answered or facts.nvidia.finds_nothing
    return nvidia_works and facts.amd.kind != TIMED_OUT


def _without_gpus(expected: Expectations) -> dict[str, Outcome]:
    """Only the count is judged."""
    if expected.wants_gpus:
        wanted = f"{expected.count or ''} {expected.name or 'GPU'}".strip()
        count = failed(
            f"there is no GPU; expected: {wanted}. "
            "Is this the machine you ordered? If so, ask the vendor for another one."
        )
    else:
        count = passed("there is no GPU, and none is expected")
    outcomes = dict.fromkeys(CHECK_NAMES, skipped("there is no GPU"))
    return {**outcomes, "count": count}

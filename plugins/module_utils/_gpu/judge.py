# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judges the GPUs of a machine: all checks, and one verdict.

A pure function of the facts and the expectations.

    >>> judge(look(20.0), Expectations(count=8))["verdict"]
"""

from __future__ import annotations

import dataclasses
import typing as t

from . import driver_checks as driver
from . import gpu_checks as each
from . import link_checks as link
from . import machine_checks as machine
from .action import RETURN_MACHINE, most_severe
from .check import ADVICE, FAIL, INCONCLUSIVE, NO_GPU, PASS, SKIP, Outcome, failed, passed, skipped
from .expectations import Expectations
from .facts import Facts
from .iso_time import iso_time
from .notes import notes_of
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
    ("pcie", link.pcie),
    ("nvlink", link.nvlink),
    ("fabric", machine.fabric),
    ("cuda_start", driver.cuda_start),
)
"""A report has all of them, in this order."""

CHECK_NAMES = tuple(name for name, _check in CHECKS)


DECISIVE = ("tool", "count", "gpu_state")
"""Without these, nothing is known of the GPUs."""

_TO_DO = {
    "tool": "Install the tool of the GPUs' maker, or choose an image that has it.",
    "count": "Say how many are expected, or look where lspci shows the GPUs.",
    "gpu_state": "Fix the tool of the GPUs' maker, and check again.",
    "name": "Compare it by hand, or use a newer driver.",
    "driver_version": "Compare it by hand, or use a newer driver.",
    "cuda_version": "Compare it by hand, or use a newer driver.",
}
"""What to do if a check that counts could not be made."""


def judge(facts: Facts, expected: Expectations) -> dict[str, t.Any]:
    """Return the report, without what the controller adds: ``version``, ``host``, ``expected``."""
    no_gpu = has_no_gpu(facts)
    if no_gpu:
        outcomes = _without_gpus(expected)
    else:
        outcomes = {name: check(facts, expected) for name, check in CHECKS}
        outcomes.update(_unmade(outcomes, facts, expected))
    verdict, reasons = _verdict(outcomes, no_gpu)
    log = facts.kernel_log
    return {
        "verdict": verdict,
        "action": most_severe(outcome.action for outcome in _with(outcomes, FAIL)),
        "reasons": _sentences(reasons),
        "notes": [] if no_gpu else notes_of(facts),
        "gpus": [gpu.as_dict() for gpu in facts.gpus],
        "checks": [outcome.as_dict(name) for name, outcome in outcomes.items()],
        "xids": None if log is None else [xid.as_dict() for xid in log.xids],
        "booted_at": iso_time(facts.booted_at),
    }


def _verdict(outcomes: dict[str, Outcome], no_gpu: bool) -> tuple[str, list[Outcome]]:
    """Return the verdict and its reasons."""
    for verdict in (FAIL, INCONCLUSIVE):
        if reasons := _with(outcomes, verdict):
            return verdict, reasons
    return (NO_GPU, [outcomes["count"]]) if no_gpu else (PASS, [])


def _with(outcomes: dict[str, Outcome], verdict: str) -> list[Outcome]:
    return [outcome for outcome in outcomes.values() if outcome.verdict == verdict]


def _sentences(reasons: list[Outcome]) -> list[str]:
    """Return the reasons as sentences, each advice once, after the first that it is for."""
    found: list[str] = []
    given: set[str] = set()
    for outcome in reasons:
        said, advice = outcome.sentence, ADVICE.get(outcome.action or "", "")
        if advice and said.endswith(advice):
            if advice in given:
                said = said[: -len(advice)].rstrip()
            given.add(advice)
        found.append(said)
    return found


def _unmade(
    outcomes: dict[str, Outcome], facts: Facts, expected: Expectations
) -> dict[str, Outcome]:
    """Return the checks that count and could not be made, as inconclusive."""
    only_amd = bool(facts.gpus) and not facts.nvidia.gpus
    asked = {
        "name": expected.name,
        "driver_version": expected.min_driver_version,
        # Other GPUs have no CUDA.
        "cuda_version": None if only_amd else expected.min_cuda_version,
    }
    counting = [*DECISIVE, *(name for name, wanted in asked.items() if wanted is not None)]
    return {
        name: dataclasses.replace(
            outcomes[name],
            verdict=INCONCLUSIVE,
            detail=f"the check {name} could not be made: {outcomes[name].detail}. {_TO_DO[name]}",
        )
        for name in counting
        if outcomes[name].verdict == SKIP
    }


def has_no_gpu(facts: Facts) -> bool:
    """Return whether there is no sign of a GPU, healthy or not.

    The tools may be installed all the same: one image serves many kinds of machines.
    """
    if facts.nvidia_functions or facts.amd_functions or facts.gpus or facts.pci_timed_out:
        return False
    # It may be gone from the bus, or a container may not see the bus: the driver still tells of it.
    if facts.module_version or (facts.kernel_log and facts.kernel_log.tells_of_a_gpu):
        return False
    nvidia_works = facts.nvidia.answered or facts.nvidia.finds_nothing
    return nvidia_works and facts.amd.kind != TIMED_OUT


def _without_gpus(expected: Expectations) -> dict[str, Outcome]:
    """Only the count is judged."""
    if expected.wants_gpus:
        wanted = f"{expected.count or ''} {expected.name or 'GPU'}".strip()
        count = failed(
            f"there is no GPU; expected: {wanted}. "
            "Is this the machine you ordered? If so, ask the vendor for another one.",
            RETURN_MACHINE,
        )
    else:
        count = passed("there is no GPU, and none is expected")
    outcomes = dict.fromkeys(CHECK_NAMES, skipped("there is no GPU"))
    return {**outcomes, "count": count}

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks of the machine as a whole: number and kind of GPUs, kernel log, NVLink fabric."""

from __future__ import annotations

import typing as t

from .._phrases import are, count_of
from .._text import listed
from .action import FIX_SOFTWARE, REBOOT_AND_RETEST, RETURN_MACHINE, most_severe
from .check import NOT_LISTED, Outcome, failed, failed_with_advice, passed, skipped, timed_out
from .expectations import Expectations, version_key
from .facts import Facts
from .gpu import Gpu
from .pci import addresses
from .tool import MISSING, NO_DEVICES

# The kernel log repeats itself, and a reason has limited room.
_SHOWN_ERRORS = 4


def count(facts: Facts, expected: Expectations) -> Outcome:
    """Are as many GPUs plugged in, listed and expected?"""
    if facts.pci_timed_out:
        return timed_out("lspci", facts.timeout)
    listed, wanted = _listed(facts), expected.count
    problems = [_unexpected(facts, listed, wanted), _lost(facts, listed)]
    found = "; ".join(problem for problem in problems if problem)
    if found:
        return failed_with_advice(found, REBOOT_AND_RETEST)
    if listed is None:
        return skipped(NOT_LISTED)
    also = "" if wanted is None else f", {wanted} expected"
    plugged = _plugged(facts) or 0
    if plugged >= listed and facts.pci is not None:
        return passed(f"{plugged} plugged in, {listed} listed{also}")
    if wanted is not None:
        return passed(f"{listed} listed{also}")
    return skipped(
        f"{listed} listed, but {facts.pci_source} shows {plugged}, as in a container, "
        "so a lost one would not be noticed"
    )


def _plugged(facts: Facts) -> int | None:
    """Return how many GPUs are plugged in; None if unknown."""
    if facts.pci is None:
        return None
    return len(facts.nvidia_functions) + len(facts.amd_functions)


def _listed(facts: Facts) -> int | None:
    """Return how many GPUs the tools list; None if a tool did not answer."""
    answered = facts.nvidia.kind in (None, NO_DEVICES) or facts.is_without_nvidia
    unasked = facts.amd.kind == MISSING and facts.amd_functions and not facts.nvidia.gpus
    return len(facts.gpus) if answered and not facts.amd_failed and not unasked else None


def _unexpected(facts: Facts, listed: int | None, wanted: int | None) -> str | None:
    """Return how the number differs from the expected one."""
    found = _plugged(facts) if listed is None else listed
    if wanted is None or found in (None, wanted):
        return None
    seen = "plugged in" if listed is None else "listed"
    return f"{count_of(wanted, 'GPU')} expected, {found} {seen}"


def _lost(facts: Facts, listed: int | None) -> str | None:
    """Return which GPUs are plugged in but not listed, or silent on the PCI bus."""
    plugged = facts.nvidia_functions + (facts.amd_functions if facts.amd.answered else ())
    known = {gpu.pci_bus_id for gpu in facts.gpus}
    missing = [function for function in plugged if function.address not in known]
    # No fewer are listed, or other addresses: a container may see a PCI bus that is not its own.
    if listed is None or len(plugged) <= len(facts.gpus) or not missing:
        return _silent(facts)
    who = facts.nvidia if facts.nvidia_functions else facts.amd
    return (
        f"{who.name} lists {len(facts.gpus)} of the {len(plugged)} GPUs plugged in: "
        f"{addresses(missing)} {are(len(missing))} lost"
    )


def _silent(facts: Facts) -> str | None:
    dead = [function for function in facts.nvidia_functions if function.is_dead]
    if not dead:
        return None
    return f"{addresses(dead)} {are(len(dead))} lost: no response on the PCI bus"


def name(facts: Facts, expected: Expectations) -> Outcome:
    """Are all GPUs of the expected kind?"""
    names = _names(facts.gpus)
    if expected.name is None:
        return skipped(f"no name is expected; found: {names or 'none'}")
    if not facts.gpus:
        return skipped(NOT_LISTED)
    others = [gpu for gpu in facts.gpus if not expected.fits_name(gpu.name or "")]
    if not others:
        return passed(names)
    return failed(
        f"{len(others)} of {count_of(len(facts.gpus), 'GPU')} {are(len(others))} not "
        f"{expected.name} but {_names(others)}. Is this the machine you ordered?",
        RETURN_MACHINE,
    )


def _names(gpus: t.Sequence[Gpu]) -> str:
    return ", ".join(sorted({gpu.name or "unnamed" for gpu in gpus}))


def kernel_log(facts: Facts, _expected: Expectations) -> Outcome:
    """Has the kernel reported GPU faults since the machine was started?"""
    log = facts.kernel_log
    if log is None:
        return skipped(
            "the kernel log is empty or cannot be read; on most systems only root may read it"
        )
    if log.faults:
        lost = [REBOOT_AND_RETEST] if log.off_the_bus else []
        worst = most_severe([*lost, *(xid.action for xid in log.xids)]) or REBOOT_AND_RETEST
        found = f"in the kernel log: {listed(log.faults, _SHOWN_ERRORS, '; ')}"
        return failed_with_advice(found, worst)
    watch = any(xid.action for xid in log.xids)
    if log.xids:
        seen = listed([str(xid) for xid in log.xids], _SHOWN_ERRORS, "; ")
        return passed(f"only errors that ask nothing of the machine: {seen}", watch=watch)
    return passed("no Xid errors, and no GPU has fallen off the bus")


def fabric(facts: Facts, _expected: Expectations) -> Outcome:
    """Is the NVLink fabric ready? Without an NVSwitch there is none."""
    gpus = [gpu for gpu in facts.nvidia.gpus if gpu.fabric_state]
    bad = [gpu for gpu in gpus if not gpu.fabric_is_ready]
    number = len(facts.nvidia.gpus)
    # A single GPU without a switch needs no fabric, and may say "In Progress" forever.
    if bad and (facts.has_nvswitch or number > 1):
        return failed(
            f"the NVLink fabric is not ready on {len(bad)} of {count_of(number, 'GPU')}: "
            f"{bad[0].label} reports {bad[0].fabric_state}, "
            f"{bad[0].fabric_status or 'no status'}. Check the service nvidia-fabricmanager.",
            FIX_SOFTWARE,
        )
    if not facts.has_nvswitch:
        said = f"; the GPUs report {gpus[0].fabric_state}" if gpus else ""
        return skipped(f"there is no NVSwitch{said}")
    return _fabric_problem(facts, bool(gpus)) or _switched_fabric(facts, bool(gpus))


def _fabric_problem(facts: Facts, ready: bool) -> Outcome | None:
    """Return the fault of the fabric manager; ``ready`` if the GPUs say so."""
    manager, driver = facts.fabric_manager, facts.nvidia.driver_version
    if manager.version and driver and version_key(manager.version) != version_key(driver):
        return failed(
            f"the fabric manager is {manager.version}, but the driver is {driver}. "
            "Install the fabric manager that matches the driver.",
            FIX_SOFTWARE,
        )
    if not ready and manager.active not in ("active", None):
        return failed(
            f"the machine has NVSwitches, but nvidia-fabricmanager is {manager.active}. Start it.",
            FIX_SOFTWARE,
        )
    return None


def _switched_fabric(facts: Facts, ready: bool) -> Outcome:
    """Return how a fabric without faults is known to be well."""
    active = facts.fabric_manager.active
    if not ready and active is None:
        return skipped("neither the GPUs nor systemd report the state of the NVLink fabric")
    service = f"; nvidia-fabricmanager is {active}" if active else ""
    return passed(("completed on all GPUs" if ready else "no GPU reports its state") + service)

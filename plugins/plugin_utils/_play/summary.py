# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the main job says at its end: a row for each machine, and who is not configured."""

from __future__ import annotations

import math
import re
import typing as t
from dataclasses import dataclass

from ansible.module_utils.common.text.converters import to_text

from ...module_utils._gpu.check import NO_GPU
from ...module_utils._offers.words import short_ids
from ...module_utils._phrases import count_of
from ...module_utils._text import printable
from .._fleet.values import mappings
from .outcome import Host, problem_of_machine

HEADER = ["HOST", "ADDRESS", "USER", "OFFER", "KERNEL", "GPUS", "READY AFTER", "RESULT"]
LEAST_NEEDED = ["KERNEL", "USER", "GPUS", "OFFER"]
"""The columns that a narrow screen shortens or leaves out, in this order."""

NOTHING = (
    "Nothing was waited for, so nothing is configured. Run it without --start-at-task, and add "
    "localhost to --limit."
)
# The options of wait_for_machines are variables of the main job.
_OPTIONS = re.compile(r"\b(wait_timeout|procurement_timeout|min_instances)\b")


@dataclass(frozen=True)
class Machine:
    """A machine of the run, with its host and why it is not configured."""

    told: t.Mapping[str, t.Any]
    host: Host
    problem: str | None

    @property
    def name(self) -> str:
        return str(self.told.get("name"))

    @property
    def is_host(self) -> bool:
        """Whether it is in the inventory: it was there before, or has started."""
        return self.started or self.told.get("host_record") is None

    @property
    def started(self) -> bool:
        return self.told.get("state") == "started"


def machines_of(
    hostvars: t.Mapping[str, t.Any], run: t.Mapping[str, t.Any], lost: t.Collection[str]
) -> list[Machine]:
    """Return the machines of a run, judged.

    ``hostvars`` are Ansible's, ``run`` is the result of ``wait_for_machines``, and ``lost`` has the
    names of the hosts that Ansible gave up.
    """
    found = []
    for told in mappings(run, "machines"):
        name = str(told.get("name"))
        host = Host(hostvars.get(name))
        found.append(Machine(told, host, problem_of_machine(told, host, name in lost)))
    return found


def offers_without_machines(run: t.Mapping[str, t.Any]) -> list[tuple[t.Mapping[str, t.Any], bool]]:
    """Return the offers of which no machine tells, and whether they gave any.

    These are offers without a machine, and those that are not ready although none of their
    machines has failed.
    """
    found = []
    for offer in mappings(run, "offers"):
        states = [
            machine.get("state")
            for machine in mappings(run, "machines")
            if machine.get("offer_id") == offer.get("offer_id")
        ]
        if not states or (offer.get("state") != "ready" and set(states) == {"started"}):
            found.append((offer, bool(states)))
    return found


def summary_rows(
    hostvars: t.Mapping[str, t.Any], run: t.Mapping[str, t.Any], lost: t.Collection[str]
) -> list[list[str]]:
    """Return the table of a run, the names of its columns first; see ``machines_of``."""
    shown = _offer_names(run)
    began = _number(run.get("began_at"))
    rows = [
        HEADER,
        *(
            _row(machine, shown.get(machine.told.get("offer_id"), "-"), began)
            for machine in machines_of(hostvars, run, lost)
        ),
    ]
    for offer, gave in offers_without_machines(run):
        message = _reason(offer)
        name = "(incomplete)" if gave else "(no machine)"
        offer_name = shown.get(offer.get("offer_id"), "-")
        rows.append([name, "-", "-", offer_name, "-", "-", "-", f"FAILED: {message}"])
    return rows


def _reason(offer: t.Mapping[str, t.Any]) -> str:
    """Return why an offer gave no machine, without its id, which has a column of its own."""
    message = _OPTIONS.sub(
        r"compute_desk_\1", to_text(offer.get("message") or "It has no machine.")
    )
    subject = f"Offer {offer.get('offer_id')}"
    if message.startswith(subject):
        message = message[len(subject) :].lstrip(": ")
    return message[:1].upper() + message[1:]


def not_configured(
    hostvars: t.Mapping[str, t.Any], run: t.Mapping[str, t.Any], lost: t.Collection[str]
) -> dict[str, t.Any]:
    """Return who is not configured, how many more there are, and both as a sentence."""
    machines = machines_of(hostvars, run, lost)
    has_waited = "round" in run
    if not machines and not mappings(run, "offers") and not has_waited:
        return {"machines": [], "others": 1, "message": NOTHING}
    failed = [machine for machine in machines if machine.problem]
    offers = offers_without_machines(run)
    parts = []
    if failed:
        verb = "is" if len(failed) == 1 else "are"
        parts.append(f"{len(failed)} of {count_of(len(machines), 'machine')} {verb} not configured")
    without = sum(not gave for _offer, gave in offers)
    if without:
        parts.append(f"{count_of(without, 'offer')} gave no machine")
    if len(offers) > without:
        parts.append(f"{count_of(len(offers) - without, 'offer')} gave too few")
    return {
        "machines": [machine.name for machine in failed if machine.is_host],
        "others": sum(not machine.is_host for machine in failed) + len(offers),
        "message": f"{', and '.join(parts)}; the summary says why." if parts else "",
    }


def _row(machine: Machine, offer: str, began: float | None) -> list[str]:
    host = machine.host
    if machine.problem:
        result = f"FAILED: {machine.problem}"
    else:
        result = "configured" if _has_roles(machine) else "ready"
        if host.mapping("gpu_verify_report").get("verdict") == "inconclusive":
            result += ", GPUs not judged"
    address = host.get("ansible_host") or machine.told.get("address") or machine.name
    kernel = host.facts.get("kernel") if machine.started else None
    return [
        machine.name,
        to_text(address),
        to_text(host.get("ansible_user") or "-"),
        offer,
        printable(kernel, 40) if isinstance(kernel, str) and kernel else "-",
        _gpus(host) if machine.started else "-",
        _ready_after(machine, began) if machine.started else "-",
        result,
    ]


def _has_roles(machine: Machine) -> bool:
    roles = machine.host.mapping("compute_desk_checked").get("roles")
    return isinstance(roles, t.Mapping) and bool(roles.get(machine.name))


def _gpus(host: Host) -> str:
    report = host.mapping("gpu_verify_report")
    if report.get("verdict") == NO_GPU:
        return "none"
    gpus = mappings(report, "gpus")
    names = dict.fromkeys(to_text(gpu.get("name") or "?") for gpu in gpus)
    # There may be some, where nobody could list them.
    return f"{len(gpus)} x {', '.join(names)}" if gpus else "-"


def _ready_after(machine: Machine, began: float | None) -> str:
    result = machine.host.mapping("instance_ready_result")
    since, elapsed = _number(machine.told.get("since")), _number(result.get("elapsed"))
    if not result.get("ok") or since is None or elapsed is None or began is None:
        return "-"
    return f"{max(0.0, since + elapsed - began):.1f} s"


def _offer_names(run: t.Mapping[str, t.Any]) -> dict[t.Any, str]:
    """Return short names of the offers of a run by their ids."""
    told = [*mappings(run, "offers"), *mappings(run, "machines")]
    ids = (one["offer_id"] for one in told if isinstance(one.get("offer_id"), str))
    return {**short_ids(ids)}


def _number(value: t.Any) -> float | None:
    # Before ansible-core 2.19, a template returns a text.
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None

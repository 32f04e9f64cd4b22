# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reports of a fleet in one file, for programs."""

from __future__ import annotations

import json
import typing as t

from .differences import differences
from .values import Mapping

FORM = "compute_desk.supply/gpu-fleet"
# Raise it when a key goes or gets another meaning; new keys leave it as it is.
VERSION = 1

# Ansible adds others to a result, such as changed, and those of its own to any task.
_KEYS = (
    "version",
    "host",
    "verdict",
    "reasons",
    "action",
    "notes",
    "gpus",
    "checks",
    "xids",
    "booted_at",
    "expected",
    "record",
)


def fleet_report(fleet: t.Mapping[str, Mapping | None], when: str) -> dict[str, t.Any]:
    """Return all reports of a fleet and what its machines differ in; see ``fleet_rows``.

    Its schema is ``fleet.schema.json`` in the files of the role gpu_verify.
    """
    reports = {name: report for name, report in fleet.items() if report is not None}
    verdicts = [str(report.get("verdict")) for report in reports.values()]
    return {
        "form": FORM,
        "version": VERSION,
        "time": when,
        "verdicts": {verdict: verdicts.count(verdict) for verdict in sorted(set(verdicts))},
        "hosts": {
            name: {key: report[key] for key in _KEYS if key in report}
            for name, report in reports.items()
        },
        "not_checked": [name for name, report in fleet.items() if report is None],
        "differences": differences(reports),
    }


def as_json(report: Mapping) -> str:
    """Return the content of the file."""
    return json.dumps(report, indent=2) + "\n"

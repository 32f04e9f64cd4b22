# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet as a table: a row for each machine, and a line for each difference."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.text.converters import to_text

from ...module_utils._gpu.check import NO_GPU
from ...module_utils._text import printable
from .differences import differences
from .values import Mapping, gpus_of, numbers, span, text_of, texts

HEADER = [
    "HOST",
    "GPUS",
    "NAME",
    "DRIVER",
    "MEMORY",
    "LINK",
    "TEMP",
    "VERDICT",
    "ACTION",
    "REASON",
]
LEAST_NEEDED = ["TEMP", "LINK", "ACTION"]
"""The columns that a narrow screen shortens or leaves out, in this order."""

NOT_CHECKED = "Not checked: the machine failed earlier, see above."
DIFFERENT = "Different from the others:"

_VERDICTS = {"fail": "FAIL", "no_gpu": "no GPU"}
_LINE_LENGTH = 200
_LINES = 20


def fleet_rows(fleet: t.Mapping[str, Mapping | None]) -> list[list[str]]:
    """Return the table of a fleet, the names of its columns first.

    ``fleet`` has the reports of ``gpu_facts`` by host; None for a host that gave none.
    """
    return [HEADER, *(_row(name, report) for name, report in fleet.items())]


def difference_lines(
    fleet: t.Mapping[str, Mapping | None], room: int, one_kind: bool = True
) -> list[str]:
    """Return a heading and a line for each difference; nothing if there is none."""
    reports = {name: report for name, report in fleet.items() if report is not None}
    found = differences(reports, one_kind)
    if not found:
        return []
    lines = [DIFFERENT, *(one["text"] for one in found[:_LINES])]
    if len(found) > _LINES:
        lines.append(f"and {len(found) - _LINES} more")
    return [printable(line, max(20, min(room, _LINE_LENGTH))) for line in lines]


def _row(name: str, report: Mapping | None) -> list[str]:
    if report is None:
        return [name, *["-"] * 6, "FAIL", "-", NOT_CHECKED]
    gpus = gpus_of(report)
    memory = ", ".join(map(str, numbers(gpus, "memory_total_mib")))
    widths = ", ".join(f"x{width}" for width in numbers(gpus, "pcie_width"))
    degrees = span(numbers(gpus, "temperature_c"))
    verdict = text_of(report, "verdict", 20)
    reasons = report.get("reasons")
    shown = " ".join(map(to_text, reasons)) if isinstance(reasons, list) else ""
    return [
        name,
        str(len(gpus)) if gpus or verdict == NO_GPU else "-",
        ", ".join(texts(gpus, "name")) or "-",
        ", ".join(texts(gpus, "driver_version")) or "-",
        f"{memory} MiB" if memory else "-",
        widths or "-",
        f"{degrees} C" if degrees else "-",
        _VERDICTS.get(verdict, verdict),
        text_of(report, "action", 40) or "-",
        shown or "-",
    ]

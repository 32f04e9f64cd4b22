# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each machine of a fleet compared with its record, and that as a table."""

from __future__ import annotations

import typing as t

from ...module_utils._phrases import count_of
from .compare import NEW, compare
from .record import BadRecord, make_record
from .records import Records
from .values import Mapping, text_of

HEADER = ["HOST", "HANDOVER", "RESULT", "SINCE", "WHAT"]
LEAST_NEEDED = ["HANDOVER"]

SAME, CHANGED, WORSE, UNKNOWN = "same", "changed", "worse", "unknown"

_SINCE = {NEW: "new", "handover": "at handover"}
_SHOWN = {WORSE: "WORSE", UNKNOWN: "UNKNOWN"}
_NOT_LOOKED_AT = "It could not be looked at, see above."


def changes_of(
    host: str, report: Mapping | None, rented: Mapping, records: Records
) -> dict[str, t.Any]:
    """Return how the machine of a host compares with its oldest record.

    Keys: ``host``, ``verdict`` (``same``, ``changed``, ``worse`` or ``unknown``), ``reason`` (a
    sentence), ``record`` (the file), ``recorded_at`` and ``findings``.
    """
    return {"host": host, **_compared(report, rented, records)}


def _compared(report: Mapping | None, rented: Mapping, records: Records) -> dict[str, t.Any]:
    if report is None or not report.get("checks"):
        return _result(UNKNOWN, _NOT_LOOKED_AT)
    now = make_record(report, rented, 0)
    try:
        found = records.first_of(now["host"], now["instance_id"])
    except BadRecord as exc:
        return _result(UNKNOWN, f"{exc}.")
    if found is None:
        return _result(UNKNOWN, "There is no record of it.")
    path, then = found
    findings = compare(then, now)
    new = [one for one in findings if one["since"] == NEW]
    worse = [one for one in new if one["worse"]]
    if not new:
        return _result(
            SAME, f"Nothing has changed since {then['time']}.", str(path), then, findings
        )
    worst = (worse or new)[0]["text"]
    reason = f"{count_of(len(new), 'thing')} changed since {then['time']}: {worst}"
    return _result(WORSE if worse else CHANGED, reason, str(path), then, findings)


def change_rows(machines: t.Iterable[Mapping]) -> list[list[str]]:
    """Return a table with a row for each finding, the names of its columns first.

    ``machines`` are what ``changes_of`` returns.
    """
    rows = [HEADER]
    for one in machines:
        verdict = str(one["verdict"])
        shown = _SHOWN.get(verdict, verdict)
        begin = [str(one["host"]), text_of(one, "recorded_at") or "-", shown]
        rows += [[*begin, _SINCE[found["since"]], found["text"]] for found in one["findings"]]
        if not one["findings"]:
            said = "nothing has changed" if verdict == SAME else str(one["reason"])
            rows.append([*begin, "-", said])
    return rows


def _result(
    verdict: str,
    reason: str,
    path: str | None = None,
    then: Mapping | None = None,
    findings: list[dict[str, t.Any]] | None = None,
) -> dict[str, t.Any]:
    return {
        "verdict": verdict,
        "reason": reason,
        "record": path,
        "recorded_at": then["time"] if then else None,
        "findings": findings or [],
    }

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the controller adds to the look at one machine: known bad GPUs, and the record."""

from __future__ import annotations

import typing as t

from ...module_utils._text import printable
from .files import check_folder
from .known_bad import judge_known_bad, read_known_bad, with_known_bad
from .record import make_record
from .records import Records
from .values import Mapping


class Handover:
    """Options that are sound. Raises OptionError, before any machine is looked at."""

    def __init__(self, known_bad: str | None, record: str | None) -> None:
        # A survey passes an empty text for a variable that is not set.
        self._known = read_known_bad("known_bad", known_bad) if known_bad else None
        self._folder = record or None
        if self._folder:
            check_folder("record", self._folder)

    def judged(self, report: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return a report with the check for known bad GPUs. Without checks there is no report."""
        if not report["checks"]:
            return report
        return with_known_bad(report, judge_known_bad(report, self._known))

    def kept(self, report: Mapping, rented: Mapping, now: float, dry: bool) -> dict[str, t.Any]:
        """Keep the record of a report; return its file as ``record``, and ``changed``.

        The verdict stands also if the file cannot be written: then there is a warning.
        """
        if self._folder is None or not report["checks"]:
            return {"record": None, "changed": False}
        try:
            path, new = Records(self._folder).keep(make_record(report, rented, now), dry)
        except OSError as exc:
            said = printable(f"The record of this machine was not kept: {exc}", 400)
            return {"record": None, "changed": False, "warnings": [said]}
        return {"record": path, "changed": new}

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks of a fleet as JUnit XML, which CI systems show: a suite for each machine."""

from __future__ import annotations

import typing as t

# Written, and never parsed.
from xml.etree import ElementTree as ET

from ...module_utils._text import printable
from .values import Mapping, mappings, text_of

_ELEMENTS = {"fail": "failure", "inconclusive": "error", "skip": "skipped"}
_COUNTS = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def junit(fleet: t.Mapping[str, Mapping | None], when: str) -> str:
    """Return the reports of a fleet as XML; see ``fleet_rows``. ``when`` is the time.

    A check that was not made is skipped, one that could not be made is an error. So is a machine
    without a report.
    """
    root = ET.Element("testsuites", name="gpu_verify")
    total: dict[str, int] = {}
    for name, report in fleet.items():
        suite = _suite(printable(name), report, when)
        root.append(suite)
        for key in ("tests", *_COUNTS.values()):
            total[key] = total.get(key, 0) + int(suite.attrib[key])
    for key, number in total.items():
        root.set(key, str(number))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def _suite(name: str, report: Mapping | None, when: str) -> ET.Element:
    suite = ET.Element("testsuite", name=name, timestamp=when)
    cases = [_case(name, check) for check in mappings(report or {}, "checks")]
    if not cases:
        reasons = (report or {}).get("reasons") or ["the machine failed before it was checked"]
        said = " ".join(map(str, reasons))
        cases = [_case(name, {"name": "report", "verdict": "inconclusive", "detail": said})]
    suite.extend(cases)
    suite.set("tests", str(len(cases)))
    for element, key in _COUNTS.items():
        suite.set(key, str(sum(case.find(element) is not None for case in cases)))
    return suite


def _case(host: str, check: Mapping) -> ET.Element:
    case = ET.Element("testcase", classname=f"gpu_verify.{host}", name=text_of(check, "name", 60))
    detail = text_of(check, "detail", 400)
    element = _ELEMENTS.get(text_of(check, "verdict"))
    if element is None:
        ET.SubElement(case, "system-out").text = detail
        return case
    found = ET.SubElement(case, element, message=detail)
    action = text_of(check, "action", 40)
    if action and element != "skipped":
        found.set("type", action)
    return case

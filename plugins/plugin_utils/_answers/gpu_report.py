# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks the report of the module gpu_facts before anything uses it.

The module runs on the machine, which can answer in its place. Anything but exactly what gpu_facts
returns is refused, so no other code has to check it again.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ...module_utils._gpu.action import ACTIONS, WATCH, is_fault, most_severe
from ...module_utils._gpu.check import FAIL, INCONCLUSIVE, NO_GPU, PASS, SKIP
from ...module_utils._gpu.gpu import SPARE_ROWS, Gpu
from ...module_utils._gpu.iso_time import is_iso_time
from ...module_utils._gpu.judge import CHECK_NAMES, DECISIVE
from ...module_utils._gpu.kernel_log import MOST_XIDS
from ...module_utils._gpu.notes import MOST_NOTES
from ...module_utils._gpu.xid_table import KINDS
from ...module_utils._phrases import json_type
from ...module_utils._text import printable, quoted

_GPUS = 64
_REASONS = len(CHECK_NAMES)
_TEXT_LENGTH = 400
_WHOLE_NUMBERS = range(-(2**53), 2**53)

KEYS = ("verdict", "action", "reasons", "notes", "gpus", "checks", "xids", "booted_at")
"""What a machine reports. The controller adds ``version``, ``host`` and ``expected``."""

_KINDS: dict[str, tuple[type, str]] = {
    "int": (int, "a whole number"),
    "str": (str, "a string"),
    "bool": (bool, "a boolean"),
}


class NoReport(ValueError):
    """The answer is not one that gpu_facts gives. The text says why."""


def read_report(answer: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return only the keys of KEYS. Raises NoReport."""
    verdicts = (PASS, FAIL, INCONCLUSIVE, NO_GPU)
    xids = answer.get("xids")
    report = {
        "verdict": _one_of("verdict", answer.get("verdict"), verdicts),
        "action": _action("action", answer.get("action")),
        "reasons": _texts("reasons", answer.get("reasons"), _REASONS),
        "notes": _texts("notes", answer.get("notes"), MOST_NOTES),
        "gpus": [_gpu(one) for one in _list("gpus", answer.get("gpus"), _GPUS)],
        "checks": [_check(one) for one in _list("checks", answer.get("checks"), len(CHECK_NAMES))],
        "xids": None if xids is None else [_xid(one) for one in _list("xids", xids, MOST_XIDS)],
        "booted_at": _time(answer.get("booted_at")),
    }
    _refuse_contradictions(report)
    return report


def _refuse_contradictions(report: dict[str, t.Any]) -> None:
    checks = {check["name"]: check for check in report["checks"]}
    if tuple(checks) != CHECK_NAMES:
        raise NoReport("its checks are not those of gpu_facts")
    verdict = report["verdict"]
    if verdict not in _possible_verdicts(checks):
        raise NoReport("its verdict does not follow from its checks")
    without_gpus = verdict == NO_GPU
    if verdict in (PASS, NO_GPU) and bool(report["gpus"]) == without_gpus:
        raise NoReport("its verdict and its GPUs contradict each other")
    if verdict != PASS and not report["reasons"]:
        raise NoReport("it gives no reason")
    _refuse_other_actions(report, checks)


def _possible_verdicts(checks: t.Mapping[str, dict[str, t.Any]]) -> tuple[str, ...]:
    verdicts = {check["verdict"] for check in checks.values()}
    for one in (FAIL, INCONCLUSIVE):
        if one in verdicts:
            return (one,)
    if all(checks[name]["verdict"] == PASS for name in DECISIVE):
        return (PASS,)
    return (NO_GPU,)


def _refuse_other_actions(
    report: dict[str, t.Any], checks: t.Mapping[str, dict[str, t.Any]]
) -> None:
    failed = [check for check in checks.values() if check["verdict"] == FAIL]
    if report["action"] != most_severe(check["action"] for check in failed):
        raise NoReport("its action does not follow from its checks")
    for check in checks.values():
        allowed = {FAIL: ACTIONS, PASS: (None, WATCH)}.get(check["verdict"], (None,))
        if check["action"] not in allowed:
            raise NoReport(f"the check {check['name']} has an action that does not fit its verdict")
    at_fault = any(is_fault(xid["action"]) for xid in report["xids"] or [])
    if at_fault and checks["kernel_log"]["verdict"] != FAIL:
        raise NoReport("its Xids and its check of the kernel log contradict each other")


def _gpu(one: t.Any) -> dict[str, t.Any]:
    if not isinstance(one, dict):
        raise NoReport(f"a GPU in it is {json_type(one)}")
    values: dict[str, t.Any] = {}
    for field in dataclasses.fields(Gpu):
        kind, _bar, optional = str(field.type).partition(" | ")
        value = one.get(field.name)
        if value is None and optional:
            values[field.name] = None
        elif kind.startswith("tuple"):
            values[field.name] = _texts(field.name, value, 32)
        elif kind.startswith("dict"):
            values[field.name] = _spare_rows(value)
        else:
            values[field.name] = _scalar(field.name, value, kind)
    return values


def _spare_rows(value: t.Any) -> dict[str, int]:
    if not isinstance(value, dict):
        raise NoReport(f"spare_rows is {json_type(value)}, not an object")
    return {name: _scalar(f"spare_rows.{name}", value.get(name), "int") for name in SPARE_ROWS}


def _scalar(name: str, value: t.Any, kind: str) -> t.Any:
    wanted, called = _KINDS[kind]
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise NoReport(f"{name} is {json_type(value)}, not {called}")
    if wanted is str:
        return printable(str(value), _TEXT_LENGTH)
    if wanted is int and value not in _WHOLE_NUMBERS:
        raise NoReport(f"{name} is too large")
    return value


def _check(one: t.Any) -> dict[str, t.Any]:
    if not isinstance(one, dict):
        raise NoReport(f"a check in it is {json_type(one)}")
    verdicts = (PASS, FAIL, SKIP, INCONCLUSIVE)
    return {
        "name": _one_of("the name of a check", one.get("name"), CHECK_NAMES),
        "verdict": _one_of("the verdict of a check", one.get("verdict"), verdicts),
        "detail": _scalar("detail", one.get("detail"), "str"),
        "action": _action("the action of a check", one.get("action")),
    }


def _xid(one: t.Any) -> dict[str, t.Any]:
    if not isinstance(one, dict):
        raise NoReport(f"an Xid in it is {json_type(one)}")
    address = one.get("pci_bus_id")
    return {
        "code": _scalar("code", one.get("code"), "int"),
        "switch": _scalar("switch", one.get("switch"), "bool"),
        "pci_bus_id": None if address is None else _scalar("pci_bus_id", address, "str"),
        "kind": _one_of("the kind of an Xid", one.get("kind"), KINDS),
        "action": _action("the action of an Xid", one.get("action")),
        "text": _scalar("text", one.get("text"), "str"),
        "count": _scalar("count", one.get("count"), "int"),
    }


def _action(name: str, value: t.Any) -> str | None:
    return None if value is None else _one_of(name, value, ACTIONS)


def _time(value: t.Any) -> str | None:
    if value is None:
        return None
    text = _scalar("booted_at", value, "str")
    if not is_iso_time(text):
        raise NoReport(f"booted_at is {quoted(text)}, not a time")
    return str(text)


def _one_of(name: str, value: t.Any, allowed: t.Sequence[str]) -> str:
    for one in allowed:
        if isinstance(value, str) and value == one:
            return one
    shown = f"'{printable(value, 40)}'" if isinstance(value, str) else json_type(value)
    raise NoReport(f"{name} is {shown}")


def _texts(name: str, value: t.Any, most: int) -> list[str]:
    return [_scalar(name, one, "str") for one in _list(name, value, most)]


def _list(name: str, value: t.Any, most: int) -> list[t.Any]:
    if not isinstance(value, list):
        raise NoReport(f"{name} is {json_type(value)}, not a list")
    if len(value) > most:
        raise NoReport(f"{name} has {len(value)} entries, more than {most}")
    return value

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks the report of the module gpu_facts before anything uses it.

The module runs on the machine, which can answer in its place. Anything but exactly what gpu_facts
returns is refused, so no other code has to check it again.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ...module_utils._gpu.check import FAIL, NO_GPU, PASS, SKIP
from ...module_utils._gpu.gpu import Gpu
from ...module_utils._gpu.judge import CHECK_NAMES
from ...module_utils._text import json_type, printable

_GPUS = 64
_REASONS = len(CHECK_NAMES)
_TEXT_LENGTH = 400
_WHOLE_NUMBERS = range(-(2**53), 2**53)

_KINDS: dict[str, tuple[type, str]] = {
    "int": (int, "a number"),
    "str": (str, "a string"),
    "bool": (bool, "a boolean"),
    "tuple[str, ...]": (list, "a list"),
}


class NoReport(ValueError):
    """The answer is not one that gpu_facts gives. The text says why."""


def read_report(answer: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return only ``verdict``, ``reasons``, ``gpus`` and ``checks``. Raises NoReport."""
    report = {
        "verdict": _one_of("verdict", answer.get("verdict"), (PASS, FAIL, NO_GPU)),
        "reasons": _texts("reasons", answer.get("reasons"), _REASONS),
        "gpus": [_gpu(one) for one in _list("gpus", answer.get("gpus"), _GPUS)],
        "checks": [_check(one) for one in _list("checks", answer.get("checks"), len(CHECK_NAMES))],
    }
    _refuse_contradictions(report)
    return report


def _refuse_contradictions(report: dict[str, t.Any]) -> None:
    if tuple(check["name"] for check in report["checks"]) != CHECK_NAMES:
        raise NoReport("its checks are not those of gpu_facts")
    failed = any(check["verdict"] == FAIL for check in report["checks"])
    if failed != (report["verdict"] == FAIL):
        raise NoReport("its verdict does not follow from its checks")
    without_gpus = report["verdict"] == NO_GPU
    if bool(report["gpus"]) == without_gpus and not failed:
        raise NoReport("its verdict and its GPUs contradict each other")
    if failed and not report["reasons"]:
        raise NoReport("it gives no reason")


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
        else:
            values[field.name] = _scalar(field.name, value, kind)
    return values


def _scalar(name: str, value: t.Any, kind: str) -> t.Any:
    wanted, called = _KINDS[kind]
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise NoReport(f"{name} is {json_type(value)}, not {called}")
    if wanted is str:
        return printable(str(value), _TEXT_LENGTH)
    if wanted is int and value not in _WHOLE_NUMBERS:
        raise NoReport(f"{name} is too large")
    return value


def _check(one: t.Any) -> dict[str, str]:
    if not isinstance(one, dict):
        raise NoReport(f"a check in it is {json_type(one)}")
    return {
        "name": _one_of("the name of a check", one.get("name"), CHECK_NAMES),
        "verdict": _one_of("the verdict of a check", one.get("verdict"), (PASS, FAIL, SKIP)),
        "detail": _scalar("detail", one.get("detail"), "str"),
    }


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

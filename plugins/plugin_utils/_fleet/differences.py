# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What distinguishes a machine from the others of its fleet.

Machines are compared with those that have the same kind of GPU. A difference is no fault: the
checks of a machine judge it, and a fleet in which all have the same fault has no difference.
"""

from __future__ import annotations

import statistics
import typing as t

from ...module_utils._phrases import count_of
from ...module_utils._text import listed
from .values import Mapping, gpus_of, numbers, texts

HOTTER_BY = 15
"""Degrees Celsius above the median of the fleet at which a GPU is named. A rule of thumb: at rest,
the GPUs of one machine are within about ten degrees of each other."""

_HOSTS_FOR_HEAT = 3
_NO_GPU = "no GPU"

Value = tuple[t.Any, ...]
Fleet = t.Mapping[str, Mapping]


def differences(reports: Fleet, one_kind: bool = True) -> list[dict[str, t.Any]]:
    """Return what hosts are alone with, in the order of the hosts.

    ``reports`` has the reports of ``gpu_facts`` by host. Each difference has ``host``, ``what``
    (``count``, or a key of the GPUs of a report), ``value``, ``usual`` (None if no value is),
    ``others`` (how many hosts have that), and ``text``.
    ``one_kind`` says whether all should have the same GPUs, as the machines of one offer do.
    """
    seen = {name: report for name, report in reports.items() if _was_seen(report)}
    names = {name: _names(report) for name, report in seen.items()}
    found = _odd("name", names) if one_kind else []
    for kind in _kinds(seen):
        for what, read in _ATTRIBUTES:
            found += _odd(what, {name: read(report) for name, report in kind.items()})
        found += _hot(kind)
    order = list(reports)
    return sorted(found, key=lambda one: order.index(one["host"]))


def _was_seen(report: Mapping) -> bool:
    return bool(gpus_of(report)) or report.get("verdict") == "no_gpu"


def _kinds(seen: Fleet) -> list[dict[str, Mapping]]:
    """Return the hosts by the kind of their GPUs. Those without any belong to the most common."""
    kinds: dict[Value, dict[str, Mapping]] = {}
    for name, report in seen.items():
        kinds.setdefault(_names(report), {})[name] = report
    without = kinds.pop((), {})
    if kinds:
        max(kinds.values(), key=len).update(without)
    return list(kinds.values())


def _names(report: Mapping) -> Value:
    return tuple(sorted(texts(gpus_of(report), "name")))


def _count(report: Mapping) -> Value:
    return (len(gpus_of(report)),)


def _drivers(report: Mapping) -> Value:
    return tuple(sorted(texts(gpus_of(report), "driver_version")))


def _distinct(key: str) -> t.Callable[[Mapping], Value]:
    return lambda report: tuple(numbers(gpus_of(report), key))


_ATTRIBUTES: tuple[tuple[str, t.Callable[[Mapping], Value]], ...] = (
    ("count", _count),
    ("driver_version", _drivers),
    ("memory_total_mib", _distinct("memory_total_mib")),
    ("pcie_width", _distinct("pcie_width")),
    ("nvlinks_active", _distinct("nvlinks_active")),
)
# What people call it, and its unit.
_WORDS = {
    "driver_version": ("driver", ""),
    "memory_total_mib": ("memory", " MiB"),
    "pcie_width": ("link width", ""),
    "nvlinks_active": ("NVLinks", ""),
    "temperature_c": ("temperature", " C"),
}


def _odd(what: str, values: t.Mapping[str, Value]) -> list[dict[str, t.Any]]:
    """Return the hosts whose value no other has, or few have where most have the same one.

    An empty value is unknown, and says nothing.
    """
    known = {name: value for name, value in values.items() if value}
    hosts_with = {value: list(known.values()).count(value) for value in known.values()}
    common = max(hosts_with, key=lambda value: hosts_with[value], default=())
    usual = common if 2 * hosts_with.get(common, 0) > len(known) else None
    if len(hosts_with) < 2:
        return []
    return [
        _difference(name, what, value, usual, hosts_with.get(usual, 0) if usual else 0)
        for name, value in known.items()
        if value != usual and (usual or hosts_with[value] == 1)
    ]


def _hot(kind: Fleet) -> list[dict[str, t.Any]]:
    hottest = {
        name: max(found)
        for name, report in kind.items()
        if (found := numbers(gpus_of(report), "temperature_c"))
    }
    if len(hottest) < _HOSTS_FOR_HEAT:
        return []
    median = int(statistics.median_low(list(hottest.values())))
    return [
        _difference(name, "temperature_c", (degrees,), (median,), len(hottest) - 1)
        for name, degrees in hottest.items()
        if degrees >= median + HOTTER_BY
    ]


def _difference(
    host: str, what: str, value: Value, usual: Value | None, others: int
) -> dict[str, t.Any]:
    shown = _shown(what, value)
    label = f"{host}: {_WORDS.get(what, (what, ''))[0]} {shown}"
    if usual is None:
        text = f"{label}, as no other host"
        usually = None
    else:
        usually = _shown(what, usual)
        # More than half have it, so there are several.
        text = f"{label}; {others} others have {usually}"
        if what == "temperature_c":
            text = f"{label}; the median of the hosts is {usually}"
    return {
        "host": host,
        "what": what,
        "value": shown,
        "usual": usually,
        "others": others,
        "text": text,
    }


def _shown(what: str, value: Value) -> str:
    if what == "count":
        return count_of(value[0], "GPU") if value[0] else _NO_GPU
    if what == "pcie_width":
        return "PCIe " + ", ".join(f"x{width}" for width in value)
    return listed([str(one) for one in value]) + _WORDS.get(what, ("", ""))[1]

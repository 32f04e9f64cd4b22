# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Known bad: a file of GPUs that are not to be had again, with the reason and the date."""

from __future__ import annotations

import datetime
import json
import re
import typing as t
from dataclasses import dataclass
from pathlib import Path

import yaml

from ...module_utils._options import OptionError
from ...module_utils._phrases import count_of, json_type
from ...module_utils._text import printable, quoted
from .files import shown, usable
from .values import Mapping, gpus_of, number_of, text_of

CHECK = "known_bad"
"""The name of the check in a report."""

_KEYS = ("uuid", "reason", "date")
_MOST_BYTES = 8 * 1024 * 1024
_UUID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{3,95}", re.ASCII)
# A time may follow.
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?", re.ASCII | re.DOTALL)
_FORM = "a list of entries with uuid, reason and date"
_REASON_LENGTH = 160
_Loader: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Entry:
    """A GPU, why it is bad, and when that was seen."""

    uuid: str
    reason: str
    date: str


def read_known_bad(option: str, path: str) -> dict[str, Entry]:
    """Return the entries of a file in YAML or JSON by UUID, in lower case.

    Raises OptionError, which names the option, the file and the place in it.
    """
    problem = "cannot be read"
    with usable(option, path, problem), Path(path).open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise OptionError(
            option, f"{shown(path)} {problem}: it has more than {_MOST_BYTES >> 20} MiB"
        )
    try:
        entries = [_entry(number, one) for number, one in enumerate(_list(content), 1)]
    except ValueError as exc:
        raise OptionError(option, f"{shown(path)}, {exc}") from None
    found: dict[str, Entry] = {}
    for entry in entries:
        # The first reason stays, also if the GPU was found again later.
        found.setdefault(entry.uuid.lower(), entry)
    return found


def judge_known_bad(report: Mapping, known: t.Mapping[str, Entry] | None) -> dict[str, t.Any]:
    """Return the check for a report: ``name``, ``verdict``, ``detail`` and ``action``.

    ``known`` is None where no list is given. A list is asked for, so a GPU that cannot be looked up
    in it is inconclusive, except where the verdict is settled without it.
    """
    gpus = gpus_of(report)
    if known is None:
        return _check("skip", "no list of bad GPUs is given")
    with_uuid = [gpu for gpu in gpus if text_of(gpu, "uuid")]
    bad = [
        f"GPU {number_of(gpu, 'index')} ({text_of(gpu, 'uuid', 96)}) is known to be bad since "
        f"{entry.date}: {printable(entry.reason, _REASON_LENGTH).rstrip('.')}"
        for gpu in with_uuid
        if (entry := known.get(text_of(gpu, "uuid").lower()))
    ]
    if bad:
        return _check("fail", f"{'; '.join(bad)}. Return the machine, and ask for another one.")
    if len(with_uuid) < len(gpus) or not gpus:
        return _unmade(report, len(gpus) - len(with_uuid), len(gpus))
    return _check("pass", f"none of {len(with_uuid)} is among the {len(known)} that are known")


def with_known_bad(report: dict[str, t.Any], check: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return a report of gpu_facts with this check, and with the verdict that follows."""
    checks = [*report["checks"], check]
    detail = check["detail"]
    reason = detail[:1].upper() + detail[1:]
    if check["verdict"] == "inconclusive":
        reasons = [*report["reasons"], reason]
        return {**report, "verdict": "inconclusive", "reasons": reasons, "checks": checks}
    if check["verdict"] != "fail":
        return {**report, "checks": checks}
    # The other reasons are those of its verdict; what was merely unclear is no longer one.
    others = report["reasons"] if report["verdict"] == "fail" else []
    return {
        **report,
        "verdict": "fail",
        "reasons": [reason, *others],
        "checks": checks,
        "action": check["action"],
    }


def _unmade(report: Mapping, without: int, count: int) -> dict[str, t.Any]:
    """Return the check where so many of the GPUs cannot be looked up in the list."""
    verb = "has" if without == 1 else "have"
    why = f"{without} of {count_of(count, 'GPU')} {verb} no UUID" if count else "no GPU is listed"
    if report["verdict"] in ("fail", "no_gpu"):
        return _check("skip", why)
    to_do = "Fix the tool of the GPUs' maker, or look by hand whether the file has them"
    return _check("inconclusive", f"the check {CHECK} could not be made: {why}. {to_do}.")


def _check(verdict: str, detail: str) -> dict[str, t.Any]:
    action = "return_machine" if verdict == "fail" else None
    return {
        "name": CHECK,
        "verdict": verdict,
        "detail": printable(detail, 400),
        "action": action,
    }


def _list(content: bytes) -> list[t.Any]:
    """Return the list in a file. Raises ValueError, with the place."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content[: exc.start].count(b"\n") + 1
        raise ValueError(f"line {line}: it is not UTF-8") from None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = _from_yaml(text)
    if found is None:
        raise ValueError("line 1: it is empty; write [] if no GPU is known to be bad")
    if not isinstance(found, list):
        raise ValueError(f"line 1: it must be {_FORM}, not {json_type(found)}")
    return found


def _from_yaml(text: str) -> t.Any:
    try:
        loader = _Loader(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        said = printable(str(getattr(exc, "problem", None) or "it cannot be parsed"), 80)
        raise ValueError(f"line {line}: it is neither YAML nor JSON: {said}") from None
    except (ValueError, RecursionError) as exc:
        # A date such as 2026-13-01, or a thousand brackets.
        raise ValueError(f"line 1: it cannot be parsed: {printable(str(exc), 80)}") from None


def _entry(number: int, one: t.Any) -> Entry:
    where = f"entry {number}"
    if not isinstance(one, dict):
        raise ValueError(f"{where}: it must have uuid, reason and date, and is {json_type(one)}")
    unknown = [str(key) for key in one if key not in _KEYS]
    if unknown:
        raise ValueError(f"{where}: there is no key {quoted(unknown[0])}, only {', '.join(_KEYS)}")
    uuid, reason, date = (one.get(key) for key in _KEYS)
    if not isinstance(uuid, str) or not _UUID.fullmatch(uuid):
        raise ValueError(
            f"{where}: uuid must be one such as GPU-b42dd28e-ffdd-8720-1df0-98bd8cdc05b1"
        )
    if not isinstance(reason, str) or not reason.strip():
        raise ValueError(f"{where}: reason must be a text")
    return Entry(str(uuid), printable(reason, 400), _day(where, date))


def _day(where: str, value: t.Any) -> str:
    """Return a date as text. YAML makes one of what looks like it."""
    text = value.isoformat() if isinstance(value, datetime.date) else value
    try:
        if not isinstance(text, str) or not _DATE.fullmatch(text):
            raise ValueError
        return datetime.date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        raise ValueError(f"{where}: date must be one such as 2026-10-03") from None

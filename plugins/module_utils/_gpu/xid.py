# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Xids of GPUs and SXids of NVSwitches: what a kernel log has of them, weighed.

>>> tally = XidTally()
>>> tally.add(154, "0000:3b:00.0", "GPU recovery action changed from ... to 0x0 (None)")
>>> tally.xids(64)
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .._text import printable
from .action import REBOOT_AND_RETEST, RESET_GPU, WATCH, is_fault, most_severe
from .xid_table import (
    NVLINK5,
    RECOVERY_ACTION,
    SXID_FATAL,
    SXID_NON_FATAL,
    UNKNOWN,
    Meaning,
    meaning_of,
)

# GPU recovery action changed from 0x2 (Node Reboot Required) to 0x0 (None). The names of the same
# number differ between drivers.
_CHANGED = re.compile(r"changed from .{0,80}? to (0x[0-9a-f]{1,8})(?: \(([^()]{1,40})\))?", re.I)
# 149, NETIR_LINK_EVT Fatal XC0 i0 Link 01 (...). 20009, Non-fatal, Link 04 ...
_SEVERITY = re.compile(r"\b(non-?)?fatal\b", re.IGNORECASE)
# The name of a program is whatever its user likes.
_PROGRAM = re.compile(r"pid=[^,]{0,80}, *(?:name=[^,]{0,80}, *)?")

_TEXT_LENGTH = 160


@dataclass(frozen=True)
class Xid:
    """One kind of error on one GPU, or on one switch. ``action`` is for the machine."""

    code: int
    address: str
    text: str = ""
    switch: bool = False
    kind: str = UNKNOWN
    action: str | None = None
    count: int = 1

    def as_dict(self) -> dict[str, t.Any]:
        """Return it as plain data."""
        return {
            "code": self.code,
            "switch": self.switch,
            "pci_bus_id": self.address or None,
            "kind": self.kind,
            "action": self.action,
            "text": self.text,
            "count": self.count,
        }

    @property
    def is_fault(self) -> bool:
        """Whether the machine is at fault, not a program."""
        return is_fault(self.action)

    def __str__(self) -> str:
        name = "SXid" if self.switch else "Xid"
        return f"{name} {self.code} on {self.address}" + (f" ({self.text})" if self.text else "")


def meaning_of_xid(code: int, text: str) -> Meaning:
    """Return what an Xid means by its number and its words."""
    meaning = meaning_of(code)
    words = _PROGRAM.sub("", text)
    if meaning.kind == RECOVERY_ACTION:
        return Meaning(meaning.kind, _recovery(words))
    if meaning.kind == NVLINK5:
        severity = _SEVERITY.search(words)
        return Meaning(meaning.kind, WATCH) if severity and severity[1] else meaning
    return meaning


def _recovery(words: str) -> str | None:
    """Return the action that an Xid 154 ends with."""
    changes = list(_CHANGED.finditer(words))
    if not changes:
        return WATCH
    number, name = changes[-1][1], (changes[-1][2] or "").strip().lower()
    if name == "none" or int(number, 16) == 0:
        return None
    return REBOOT_AND_RETEST if "reboot" in name else RESET_GPU


def meaning_of_sxid(text: str) -> Meaning:
    """Return what an SXid means: it says itself whether it is fatal."""
    severity = _SEVERITY.match(text)
    if not severity:
        return Meaning(UNKNOWN)
    if severity[1]:
        return Meaning(SXID_NON_FATAL, WATCH)
    return Meaning(SXID_FATAL, REBOOT_AND_RETEST)


class _Seen:
    """What is known of one kind of error on one device."""

    def __init__(self, meaning: Meaning, text: str) -> None:
        self.meaning = meaning
        self.text = text
        self.last = 0
        self.counts: dict[int, int] = {}

    def again(self, meaning: Meaning, text: str) -> None:
        """Of a recovery action the last one counts, of all others the worst."""
        worse = most_severe((meaning.action, self.meaning.action)) != self.meaning.action
        if meaning.kind == RECOVERY_ACTION or worse:
            self.meaning, self.text = meaning, text


class XidTally:
    """Takes the errors of one or more logs, the one that ends last at the end."""

    def __init__(self) -> None:
        self._seen: dict[tuple[bool, int, str], _Seen] = {}
        self._position = 0
        self._log = 0

    def next_log(self) -> None:
        """The errors that follow are from another log, which may repeat those of the first."""
        self._log += 1

    def add(self, code: int, address: str, text: str, *, switch: bool = False) -> None:
        """Take one line."""
        self._position += 1
        meaning = meaning_of_sxid(text) if switch else meaning_of_xid(code, text)
        shown = printable(text, _TEXT_LENGTH).rstrip(".")
        key = (switch, code, address)
        if key not in self._seen:
            self._seen[key] = _Seen(meaning, shown)
        seen = self._seen[key]
        seen.again(meaning, shown)
        seen.last = self._position
        seen.counts[self._log] = seen.counts.get(self._log, 0) + 1

    def xids(self, most: int) -> tuple[Xid, ...]:
        """Return each kind of error once for each device, in order; faults first if too many."""
        found = [self._xid(*key) for key in self._seen]
        if len(found) > most:
            found.sort(key=lambda xid: not xid.is_fault)
        return tuple(found[:most])

    def _xid(self, switch: bool, code: int, address: str) -> Xid:
        seen = self._seen[switch, code, address]
        action = seen.meaning.action
        if not switch and action == RESET_GPU and self._has_recovered(address, seen.last):
            action = None
        return Xid(
            code, address, seen.text, switch, seen.meaning.kind, action, max(seen.counts.values())
        )

    def _has_recovered(self, address: str, position: int) -> bool:
        """Return whether the driver has said after this that nothing is left to do."""
        said = self._seen.get((False, 154, address))
        return said is not None and said.meaning.action is None and said.last > position

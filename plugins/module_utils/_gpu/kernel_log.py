# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the kernel log for GPUs: Xid errors, lost devices, mismatched versions."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .._text import printable
from .pci import normal_address

# NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, name=python, GPU has fallen off the bus.
_XID = re.compile(
    r"NVRM: Xid \((?:PCI:)?([0-9a-fA-F:.]{5,16})\): ([0-9]{1,5})(?:, *(.*))?", re.ASCII
)
# Or, while the driver starts, in three lines: NVRM: The NVIDIA GPU 0000:b3:00.0 / NVRM: (PCI ID:
# 10de:26b5) installed in this system has / NVRM: fallen off the bus and is not responding.
_THE_GPU = re.compile(r"NVRM: The NVIDIA GPU ([0-9a-fA-F:.]{7,16})", re.ASCII)
_FALLEN = "fallen off the bus"
_OFF_THE_BUS = re.compile(r"NVRM: (?:GPU (?:at )?(?:PCI:)?([0-9a-fA-F:.]{7,16}):? )?", re.ASCII)
# NVRM: API mismatch: the client has the version 535.86.05, but
# NVRM: this kernel module has the version 535.54.03.
_CLIENT = re.compile(r"NVRM: API mismatch: the client has the version ([0-9.]{1,40})")
_MODULE = re.compile(r"this kernel module has the version ([0-9.]{1,40})")

# Caused by programs, or judged by other checks by their effect: remapped memory (63) and contained
# errors (94). The numbers are from NVIDIA's page "Xid Errors". A machine that was just handed over
# should have no others.
_OF_PROGRAMS = frozenset((13, 31, 32, 43, 45, 63, 68, 69, 94))

# A log may repeat one error a million times.
_KEPT = 50


@dataclass(frozen=True)
class Xid:
    """One kind of error on one GPU."""

    code: int
    address: str
    text: str = ""

    @property
    def is_fault(self) -> bool:
        """Whether the machine is at fault, not a program."""
        return self.code not in _OF_PROGRAMS

    def __str__(self) -> str:
        return f"Xid {self.code} on {self.address}" + (f" ({self.text})" if self.text else "")


@dataclass(frozen=True)
class KernelLog:
    """Each kind of error once per GPU."""

    xids: tuple[Xid, ...] = ()
    off_the_bus: tuple[str, ...] = ()
    client_version: str | None = None
    module_version: str | None = None

    @property
    def faults(self) -> list[str]:
        """The faults of the machine, in words."""
        lost = [f"{address} has fallen off the bus" for address in self.off_the_bus]
        return [str(xid) for xid in self.xids if xid.is_fault] + lost


def parse_kernel_log(text: str) -> KernelLog:
    """Read a kernel log in the format of dmesg or journalctl."""
    xids: dict[tuple[int, str], Xid] = {}
    lost: dict[str, None] = {}
    client = module = named = None
    for line in text.splitlines():
        if "NVRM" not in line:
            continue
        if match := _XID.search(line):
            xid = Xid(int(match[2]), _address(match[1]), printable(match[3] or "", 80).rstrip("."))
            if len(xids) < _KEPT:
                xids.setdefault((xid.code, xid.address), xid)
        elif match := _OFF_THE_BUS.search(line.rpartition(_FALLEN)[0]):
            address = match[1] or named
            lost.setdefault(_address(address) if address else "a GPU")
        named = _first(_THE_GPU, line) or named
        client = _first(_CLIENT, line) or client
        module = _first(_MODULE, line) or module
    # Most drivers report a lost GPU twice, also as Xid 79.
    reported = {xid.address for xid in xids.values() if xid.code == 79}
    gone = [address for address in lost if address not in reported]
    if reported:
        gone = [address for address in gone if address != "a GPU"]
    return KernelLog(tuple(xids.values()), tuple(gone[:_KEPT]), client, module)


def _first(pattern: t.Pattern[str], line: str) -> str | None:
    match = pattern.search(line)
    return match[1].strip(".") if match else None


def _address(text: str) -> str:
    """Return a full PCI address: an Xid is logged without the function."""
    address = normal_address(text.strip(":."))
    return address if "." in address else f"{address}.0"

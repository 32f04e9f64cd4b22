# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the kernel log for GPUs: Xids, lost devices, mismatched versions, slow PCIe links."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .pci import normal_address
from .xid import Xid, XidTally

# NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, name=python, GPU has fallen off the bus.
# With MIG the instance follows: (PCI:0000:18:00 GPU-I:01 GPU-CI:02).
_XID = re.compile(
    r"NVRM: Xid \((?:PCI:)?([0-9a-fA-F:.]{5,16})(?: GPU-C?I:[0-9]{1,3}){0,2}\): "
    r"([0-9]{1,5})(?:, *(.*))?",
    re.ASCII,
)
# nvidia-nvswitch2: SXid (PCI:0000:07:00.0): 20034, Fatal, Link 30 LTSSM Fault Up
_SXID = re.compile(
    r"nvswitch[0-9]{1,4}: SXid \(PCI:([0-9a-fA-F:.]{5,16})\): ([0-9]{1,5}), *(.*)", re.ASCII
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
# pci 0000:02:00.0: 31.504 Gb/s available PCIe bandwidth, limited by 8.0 GT/s PCIe x4 link at
# 0000:00:1c.4 (capable of 126.016 Gb/s with 8.0 GT/s PCIe x16 link), in one line.
# Older kernels write 8 GT/s x4 link.
_LIMITED = re.compile(
    r"([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]): [0-9.]{1,12} Gb/s available PCIe bandwidth, "
    r"limited by ([0-9.]{1,6}) GT/s (?:PCIe )?x([0-9]{1,2}) link at ([0-9a-f:.]{1,16}) "
    r"\(capable of [0-9.]{1,12} Gb/s with ([0-9.]{1,6}) GT/s (?:PCIe )?x([0-9]{1,2}) link\)",
    re.ASCII,
)

# A log may repeat one error a million times.
MOST_XIDS = 64
_KEPT = 50


@dataclass(frozen=True)
class PcieLimit:
    """A link that is slower than a device, as the kernel found it when it started."""

    address: str
    speed: str
    width: int
    at: str
    capable_speed: str
    capable_width: int

    @property
    def is_narrow(self) -> bool:
        """Whether it lacks lanes; if not, it is only slow, as links are at rest."""
        return self.width < self.capable_width

    @property
    def is_at_rest(self) -> bool:
        """Whether it has the lowest speed, which a link that is not used has."""
        return self.speed in ("2.5", "2") and not self.is_narrow

    def __str__(self) -> str:
        return (
            f"{self.address} is limited by a link of {self.speed} GT/s x{self.width} at {self.at}, "
            f"and can do {self.capable_speed} GT/s x{self.capable_width}"
        )


@dataclass(frozen=True)
class KernelLog:
    """Each kind of error once per device."""

    xids: tuple[Xid, ...] = ()
    off_the_bus: tuple[str, ...] = ()
    client_version: str | None = None
    module_version: str | None = None
    limits: tuple[PcieLimit, ...] = ()

    @property
    def faults(self) -> list[str]:
        """The faults of the machine, in words."""
        lost = [f"{address} has fallen off the bus" for address in self.off_the_bus]
        return [str(xid) for xid in self.xids if xid.is_fault] + lost

    @property
    def tells_of_a_gpu(self) -> bool:
        """Whether there was one, and it has had an error."""
        return bool(self.xids or self.off_the_bus)


def parse_kernel_log(*texts: str) -> KernelLog:
    """Read kernel logs in the format of dmesg or journalctl, the one that ends last at the end."""
    reader = _Reader()
    for text in texts:
        for line in text.splitlines():
            reader.read(line)
        reader.tally.next_log()
    return reader.result()


class _Reader:
    """Takes the lines."""

    def __init__(self) -> None:
        self.tally = XidTally()
        self._lost: dict[str, None] = {}
        self._reported: set[str] = set()
        self._limits: dict[str, PcieLimit] = {}
        self._client: str | None = None
        self._module: str | None = None
        self._named: str | None = None

    def read(self, line: str) -> None:
        """Take one line."""
        if "NVRM" in line:
            self._read_driver(line)
        elif match := _SXID.search(line) if "SXid" in line else None:
            self.tally.add(int(match[2]), _address(match[1]), match[3], switch=True)
        elif match := _LIMITED.search(line) if "available PCIe bandwidth" in line else None:
            limit = PcieLimit(
                normal_address(match[1]), match[2], int(match[3]), match[4], match[5], int(match[6])
            )
            self._limits[limit.address] = limit

    def _read_driver(self, line: str) -> None:
        if match := _XID.search(line):
            code, address = int(match[2]), _address(match[1])
            self.tally.add(code, address, match[3] or "")
            if code == 79:
                self._reported.add(address)
        elif match := _OFF_THE_BUS.search(line.rpartition(_FALLEN)[0]):
            found = match[1] or self._named
            self._lost.setdefault(_address(found) if found else "a GPU")
        self._named = _first(_THE_GPU, line) or self._named
        self._client = _first(_CLIENT, line) or self._client
        self._module = _first(_MODULE, line) or self._module

    def result(self) -> KernelLog:
        """Return what was read."""
        # Most drivers report a lost GPU twice, also as Xid 79.
        gone = [address for address in self._lost if address not in self._reported]
        if self._reported:
            gone = [address for address in gone if address != "a GPU"]
        return KernelLog(
            self.tally.xids(MOST_XIDS),
            tuple(gone[:_KEPT]),
            self._client,
            self._module,
            tuple(self._limits.values())[:_KEPT],
        )


def _first(pattern: t.Pattern[str], line: str) -> str | None:
    match = pattern.search(line)
    return match[1].strip(".") if match else None


def _address(text: str) -> str:
    """Return a full PCI address: an Xid is logged without the function."""
    address = normal_address(text.strip(":."))
    return address if "." in address else f"{address}.0"

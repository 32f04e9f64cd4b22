# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The PCI functions of a machine: everything plugged in, with or without a driver."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass

SYSFS = "/sys/bus/pci/devices"

NVIDIA = "10de"
AMD = "1002"

# VGA and 3D controllers.
_NVIDIA_CLASSES = ("0300", "0302")
# Display controllers and processing accelerators: AMD's compute GPUs. Not the VGA class: nothing
# here tells a Radeon from the graphics in a CPU, which many servers without GPUs have (Ryzen 7000,
# EPYC 4004) and which must not make them inconclusive. So a Radeon counts only if AMD's tool lists
# it; without the tool it is no GPU, as the README of the role says.
_AMD_CLASSES = ("0302", "0380", "1200")

# `lspci -Dn`: address, class, vendor, device, and a revision. Old ones write "Class" before it.
_LSPCI_LINE = re.compile(
    r"([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) (?:class )?([0-9a-f]{4}): "
    r"([0-9a-f]{4}):([0-9a-f]{4})(?: \(rev ([0-9a-f]{2})\))?",
    re.ASCII,
)


@dataclass(frozen=True)
class PciFunction:
    """One function. Numbers are hexadecimal and in lower case, as lspci prints them."""

    address: str
    class_code: str
    vendor: str
    device: str
    revision: str = ""

    @property
    def is_nvidia_gpu(self) -> bool:
        """Whether it is an NVIDIA GPU."""
        return self.vendor == NVIDIA and self.class_code in _NVIDIA_CLASSES

    @property
    def is_amd_gpu(self) -> bool:
        """Whether it is an AMD compute GPU."""
        return self.vendor == AMD and self.class_code in _AMD_CLASSES

    @property
    def is_nvswitch(self) -> bool:
        """Whether it is an NVSwitch: a bridge newer than those of NVIDIA's old chipsets."""
        return self.vendor == NVIDIA and self.class_code == "0680" and int(self.device, 16) > 0x1000

    @property
    def is_dead(self) -> bool:
        """Whether it has stopped responding: every bit reads as one."""
        return self.revision == "ff"


def normal_address(text: str) -> str:
    """Return a PCI address as the kernel writes it: ``0000:3b:00.0`` for ``00000000:3B:00.0``.

    Anything else comes back in lower case.
    """
    domain, colon, rest = text.strip().lower().partition(":")
    if not colon or rest.count(":") != 1:
        return text.strip().lower()
    return f"{domain[-4:] if set(domain[:-4]) <= {'0'} else domain}:{rest}"


def parse_lspci(text: str) -> list[PciFunction]:
    """Return the functions in the output of ``lspci -Dn``; other lines are ignored."""
    found = (_LSPCI_LINE.match(line.strip().lower()) for line in text.splitlines())
    return [PciFunction(normal_address(m[1]), m[2], m[3], m[4], m[5] or "") for m in found if m]


def read_sysfs(folder: str = SYSFS) -> list[PciFunction] | None:
    """Return the functions that the kernel knows; None if it shows none at all."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return None
    found = [_read_function(os.path.join(folder, name)) for name in names]
    return [function for function in found if function] or None


def _read_function(folder: str) -> PciFunction | None:
    class_code, vendor, device, revision = (
        _hexadecimal(os.path.join(folder, name))
        for name in ("class", "vendor", "device", "revision")
    )
    if not (class_code and vendor and device):
        return None
    return PciFunction(
        normal_address(os.path.basename(folder)),
        # Base class, subclass and programming interface; lspci shows the first two.
        class_code.rjust(6, "0")[:4],
        vendor.rjust(4, "0"),
        device.rjust(4, "0"),
        revision,
    )


def addresses(functions: t.Iterable[PciFunction]) -> str:
    """Return the addresses of functions, for a sentence."""
    return ", ".join(sorted(function.address for function in functions))


def _hexadecimal(path: str) -> str:
    """Return the number in a file of sysfs (``0x10de``) without its prefix; empty if unreadable."""
    try:
        with open(path, encoding="ascii") as file:
            value = file.read(32).strip().lower()
    except (OSError, ValueError):
        return ""
    match = re.fullmatch(r"0x([0-9a-f]+)", value, re.ASCII)
    return match[1] if match else ""

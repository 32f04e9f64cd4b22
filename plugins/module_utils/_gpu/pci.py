# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The PCI functions of a machine: what is plugged in, whether a driver sees it or not."""

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
# Display controllers and processing accelerators: what AMD's compute GPUs are. Not the VGA class,
# which is also that of the graphics in many of its CPUs.
_AMD_CLASSES = ("0302", "0380", "1200")

# `lspci -Dn`: address, class, vendor, device, and a revision. Old ones write "Class" before it.
_LSPCI_LINE = re.compile(
    r"([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) (?:class )?([0-9a-f]{4}): "
    r"([0-9a-f]{4}):([0-9a-f]{4})(?: \(rev ([0-9a-f]{2})\))?",
    re.ASCII,
)


@dataclass(frozen=True)
class PciFunction:
    """One function; the numbers are hexadecimal, in lower case, as lspci writes them."""

    address: str
    class_code: str
    vendor: str
    device: str
    revision: str = ""

    @property
    def is_nvidia_gpu(self) -> bool:
        """Whether it is a GPU of NVIDIA."""
        return self.vendor == NVIDIA and self.class_code in _NVIDIA_CLASSES

    @property
    def is_amd_gpu(self) -> bool:
        """Whether it is a compute GPU of AMD."""
        return self.vendor == AMD and self.class_code in _AMD_CLASSES

    @property
    def is_nvswitch(self) -> bool:
        """Whether it is an NVSwitch: a bridge, and newer than the bridges of NVIDIA's chipsets."""
        return self.vendor == NVIDIA and self.class_code == "0680" and int(self.device, 16) > 0x1000

    @property
    def is_dead(self) -> bool:
        """Whether it does not answer any more; reading it gives ones only."""
        return self.revision == "ff"


def normal_address(text: str) -> str:
    """Return a PCI address as the kernel writes it: ``0000:3b:00.0`` for ``00000000:3B:00.0``.

    What is no address comes back in lower case.
    """
    domain, colon, rest = text.strip().lower().partition(":")
    if not colon or rest.count(":") != 1:
        return text.strip().lower()
    return f"{domain[-4:] if set(domain[:-4]) <= {'0'} else domain}:{rest}"


def parse_lspci(text: str) -> list[PciFunction]:
    """Return the functions in the output of ``lspci -Dn``; lines of another form are ignored."""
    found = (_LSPCI_LINE.match(line.strip().lower()) for line in text.splitlines())
    return [PciFunction(normal_address(m[1]), m[2], m[3], m[4], m[5] or "") for m in found if m]


def read_sysfs(folder: str = SYSFS) -> list[PciFunction] | None:
    """Return the functions that the kernel knows; None if it shows none at all."""
    try:
        addresses = sorted(os.listdir(folder))
    except OSError:
        return None
    functions = []
    for address in addresses:
        values = {
            name: _hexadecimal(os.path.join(folder, address, name))
            for name in ("class", "vendor", "device", "revision")
        }
        if values["class"] and values["vendor"] and values["device"]:
            functions.append(
                PciFunction(
                    normal_address(address),
                    # Base class, subclass and programming interface; lspci shows the first two.
                    values["class"].rjust(6, "0")[:4],
                    values["vendor"].rjust(4, "0"),
                    values["device"].rjust(4, "0"),
                    values["revision"],
                )
            )
    return functions or None


def addresses(functions: t.Iterable[PciFunction]) -> str:
    """Return the addresses of functions, for a sentence."""
    return ", ".join(sorted(function.address for function in functions))


def _hexadecimal(path: str) -> str:
    """Return the number in a file of sysfs (``0x10de``) without its prefix, or nothing."""
    try:
        with open(path, encoding="ascii") as file:
            value = file.read(32).strip().lower()
    except (OSError, ValueError):
        return ""
    match = re.fullmatch(r"0x([0-9a-f]+)", value, re.ASCII)
    return match[1] if match else ""

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the tools of a machine with eight H100 SXM behind four NVSwitches.

A file of a machine says only what is different about it:

    h100:
      gpus: {3: {current_link_width: 8x}}   # elements of `nvidia-smi -q -x`, by index of the GPU
      lost: [7]                             # plugged in, but on the bus no more
      kernel_log: |                         # what follows a start without trouble
        [    9.000000] NVRM: Xid (PCI:$pci2): 154, ...

In the kernel log, $pci2 is the address of GPU 2 as the driver writes it, $uuid2 its UUID.
"""

from __future__ import annotations

import hashlib
import re
import string
import typing as t
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

DRIVER, CUDA = "565.57.01", "12.7"
NAME = "NVIDIA H100 80GB HBM3"
LINKS = 18

# What was recorded: bus, UUID, temperature, margin below the limit.
_RECORDED = (
    ("18", "GPU-b42dd28e-ffdd-8720-1df0-98bd8cdc05b1", 30, 57),
    ("2A", "GPU-7c3cadbd-17e5-0913-f69b-c618122ea0cd", 30, 57),
    ("3A", "GPU-2d50cdf6-dd67-9f2e-855e-0d4d6d395a2f", 31, 56),
    ("5D", "GPU-d1838e76-90e6-4408-711d-aeeaa2e1fd14", 29, 58),
    ("9A", "GPU-72be6e5d-3c1b-0d37-98ac-d3ef159f2589", 28, 59),
    ("AB", "GPU-52378fbc-3124-3895-13b6-1dd179563e0f", 30, 57),
    ("BA", "GPU-83a5aebb-b71c-c570-aa83-185e1233fe97", 29, 54),
    ("DB", "GPU-33135771-a848-ece1-b61e-489e221d663c", 29, 58),
)
_BOOT = f"""\
[    0.000000] Linux version 6.8.0-1015
[   12.345678] NVRM: loading NVIDIA UNIX Open Kernel Module for x86_64  {DRIVER}  Release Build
"""
_OTHERS = """\
0000:00:00.0 0600: 8086:09a2 (rev 20)
0000:02:00.0 0300: 1a03:2000 (rev 52)
0000:05:00.0 0680: 10de:22a3 (rev a1)
0000:06:00.0 0680: 10de:22a3 (rev a1)
0000:07:00.0 0680: 10de:22a3 (rev a1)
0000:08:00.0 0680: 10de:22a3 (rev a1)
"""
_TEMPLATE = Path(__file__).with_name("h100.xml")

Commands = t.Dict[str, t.Dict[str, t.Any]]


@dataclass(frozen=True)
class _Gpu:
    """One GPU; ``changes`` are the texts of elements that are not as in the template."""

    index: int
    bus: str
    uuid: str
    serial: str
    temperature: int
    margin: int
    lost: bool
    changes: t.Mapping[str, t.Any]

    @property
    def title(self) -> str:
        """Its line above a table."""
        return f"GPU {self.index}: {NAME} (UUID: {self.uuid})"

    def as_xml(self) -> str:
        """Return its part of ``nvidia-smi -q -x``."""
        words = {**vars(self), "bus_id": f"00000000:{self.bus}:00.0", "driver": DRIVER}
        text = string.Template(_TEMPLATE.read_text(encoding="utf-8")).safe_substitute(words)
        gpu = ElementTree.fromstring(text)
        for path, value in self.changes.items():
            found = gpu.findall(f".//{path}")
            if len(found) != 1:
                raise ValueError(f"{path!r} is {len(found)} elements of {_TEMPLATE.name}")
            found[0].text = str(value)
        return ElementTree.tostring(gpu, encoding="unicode")


def make(
    seed: str = "",
    gpus: t.Mapping[int, t.Mapping[str, t.Any]] | None = None,
    lost: t.Sequence[int] = (),
    kernel_log: str = "",
) -> Commands:
    """Return the scripted commands of such a machine, as a timeline of the simulator has them.

    Machines with different seeds have different GPUs; without one they are the recorded ones.
    Raises ValueError if a change does not name one element.
    """
    made = [_gpu(seed, index, index in lost, (gpus or {}).get(index, {})) for index in range(8)]
    log = _BOOT + string.Template(kernel_log).substitute(_words(made))
    fabric = f"Fabric Manager version is : {DRIVER}\n"
    return {
        "nvidia-smi": _nvidia_smi([gpu for gpu in made if not gpu.lost]),
        "lspci": {"stdout": _OTHERS + "".join(map(_lspci_line, made))},
        "dmesg": {"stdout": log},
        "journalctl": {"stdout": _in_the_journal(log)},
        "systemctl": {
            "answers": [{"args": "is-active nvidia-fabricmanager", "stdout": "active\n"}],
            "rc": 1,
        },
        "nv-fabricmanager": {"stdout": fabric},
    }


def _gpu(seed: str, index: int, lost: bool, changes: t.Mapping[str, t.Any]) -> _Gpu:
    bus, uuid, temperature, margin = _RECORDED[index]
    digest = hashlib.sha256(f"{seed}/{index}".encode()).hexdigest()
    if seed:
        cuts = (0, 8), (8, 12), (12, 16), (16, 20), (20, 32)
        uuid = "GPU-" + "-".join(digest[begin:end] for begin, end in cuts)
    uuid = str(changes.get("uuid", uuid))
    serial = f"1654{int(digest[32:48], 16) % 10**9:09d}"
    return _Gpu(index, bus, uuid, serial, temperature, margin, lost, changes)


def _words(gpus: t.Sequence[_Gpu]) -> dict[str, str]:
    """Return what stands for the $words of a kernel log."""
    found = {f"pci{gpu.index}": f"0000:{gpu.bus.lower()}:00" for gpu in gpus}
    return {**found, **{f"uuid{gpu.index}": gpu.uuid for gpu in gpus}}


def _nvidia_smi(gpus: t.Sequence[_Gpu]) -> dict[str, t.Any]:
    status = _table(gpus, ["\t Link {link}: 26.562 GB/s"])
    kinds = ("Replay", "Recovery", "CRC")
    errors = _table(gpus, [*(f"\t Link {{link}}: {kind} Errors: 0" for kind in kinds), ""])
    answers = {
        "-q -x": _document(gpus),
        "-L": "".join(f"{gpu.title}\n" for gpu in gpus),
        "nvlink --status": status,
        "nvlink -s": status,
        "nvlink --errorcounters": errors,
        "nvlink -e": errors,
    }
    return {
        "answers": [{"args": args, "stdout": stdout} for args, stdout in answers.items()],
        "stderr": f"nvidia-smi: this one answers only {', '.join(answers)}\n",
        "rc": 2,
    }


def _document(gpus: t.Sequence[_Gpu]) -> str:
    inner = "\n".join(
        [
            f"<driver_version>{DRIVER}</driver_version>",
            f"<cuda_version>{CUDA}</cuda_version>",
            f"<attached_gpus>{len(gpus)}</attached_gpus>",
            *(gpu.as_xml() for gpu in gpus),
        ]
    )
    # The real one indents by tabs.
    tabbed = re.sub(
        "^( *)<", lambda match: "\t" * (1 + len(match[1]) // 2) + "<", inner, flags=re.MULTILINE
    )
    return (
        '<?xml version="1.0" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">\n'
        f"<nvidia_smi_log>\n{tabbed}\n</nvidia_smi_log>\n"
    )


def _table(gpus: t.Sequence[_Gpu], lines: t.Sequence[str]) -> str:
    """Return a table that has these lines for each link of each GPU."""
    rows = []
    for gpu in gpus:
        rows.append(gpu.title)
        rows += [line.format(link=link) for link in range(LINKS) for line in lines]
    return "".join(f"{row}\n" for row in rows)


def _lspci_line(gpu: _Gpu) -> str:
    return f"0000:{gpu.bus.lower()}:00.0 0302: 10de:2330 (rev {'ff' if gpu.lost else 'a1'})\n"


def _in_the_journal(log: str) -> str:
    """Return a kernel log as ``journalctl -k -o short-monotonic`` prints it."""
    return re.sub(r"^(\[ *[0-9.]+\]) ", r"\1 node kernel: ", log, flags=re.MULTILINE)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tool that was asked about the GPUs: its answer, or how it failed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .._text import printable, tail
from .command import Ran
from .gpu import Gpu

# How a tool fails. FAILED is any other way.
MISSING = "missing"
TIMED_OUT = "timed_out"
MISMATCH = "mismatch"
NO_DRIVER = "no_driver"
NO_DEVICES = "no_devices"
LOST = "lost"
FAILED = "failed"

# Complaints come last, whatever was printed before them.
_LAST_WORDS = 20_000

# Texts first: one exit code means several things. nvidia-smi prints both to either stream.
_COMPLAINTS = (
    (MISMATCH, re.compile(r"driver/library version mismatch", re.IGNORECASE)),
    (LOST, re.compile(r"unable to determine the device handle|GPU is lost", re.IGNORECASE)),
    (NO_DRIVER, re.compile(r"couldn.t communicate with the NVIDIA driver", re.IGNORECASE)),
    (NO_DRIVER, re.compile(r"NVML: (driver not loaded|unknown error)", re.IGNORECASE)),
    (NO_DEVICES, re.compile(r"no devices were found", re.IGNORECASE)),
)
# From the manual page of nvidia-smi.
_CODES = {6: NO_DEVICES, 9: NO_DRIVER, 12: NO_DRIVER, 15: LOST}

_MAX_INFOROMS = 16


class UnreadableOutput(ValueError):
    """A tool printed something other than its usual format."""

    def __init__(self, tool: str, problem: str) -> None:
        super().__init__(f"{tool}: {problem}")
        self.problem = problem


@dataclass(frozen=True)
class Tool:
    """A tool's answer. ``kind`` is the kind of its failure, None if it listed its GPUs."""

    name: str
    gpus: tuple[Gpu, ...] = ()
    kind: str | None = None
    complaint: str = ""
    driver_version: str | None = None
    cuda_version: str | None = None
    library_version: str | None = None
    corrupted_inforoms: tuple[str, ...] = ()

    @property
    def answered(self) -> bool:
        """Whether it listed its GPUs, even if there are none."""
        return self.kind is None

    @property
    def finds_nothing(self) -> bool:
        """Whether there is no GPU or no driver for it, or no such tool at all."""
        return self.kind in (MISSING, NO_DEVICES, NO_DRIVER)


NO_NVIDIA_SMI = Tool("nvidia-smi", kind=MISSING)
NO_AMD_TOOL = Tool("amd-smi or rocm-smi", kind=MISSING)


def failed_tool(name: str, ran: Ran, problem: str = "") -> Tool:
    """Return a tool that listed no GPUs; ``problem`` is the reason if it did not say so itself."""
    said = _last_words(ran)
    return Tool(
        name,
        kind=FAILED if ran.ok else complaint_kind(name, ran),
        complaint=problem if ran.ok else complaint_text(ran),
        library_version=library_version(said),
        corrupted_inforoms=corrupted_inforoms(said),
    )


def complaint_kind(name: str, ran: Ran) -> str:
    """Return the kind of a tool's failure."""
    if ran.timed_out:
        return TIMED_OUT
    if name != NO_NVIDIA_SMI.name:
        return FAILED
    text = _last_words(ran)
    for kind, pattern in _COMPLAINTS:
        if pattern.search(text):
            return kind
    return _CODES.get(ran.code or 0, FAILED)


def complaint_text(ran: Ran) -> str:
    """Return a tool's own words about its failure, in one line."""
    if ran.problem:
        return printable(ran.problem)
    if ran.flooded:
        return "it produced too much output"
    text = printable(ran.stderr.strip() or ran.stdout.strip() or "it printed nothing").rstrip(".")
    return f"{text} (exit code {ran.code})"


def library_version(text: str) -> str | None:
    """Return the version of the library that a complaint about a mismatch names."""
    match = re.search(r"library version:?\s{0,9}([0-9.]{1,40})", text)
    return match[1].strip(".") if match else None


def corrupted_inforoms(text: str) -> tuple[str, ...]:
    """Return the addresses of the GPUs whose infoROM ``nvidia-smi`` calls corrupted."""
    found = re.findall(r"infoROM is corrupted at gpu ([0-9A-Fa-f:.]{7,16})", text)
    return tuple(found[:_MAX_INFOROMS])


def _last_words(ran: Ran) -> str:
    """Return the end of both outputs."""
    return tail(ran.stdout, _LAST_WORDS) + tail(ran.stderr, _LAST_WORDS)

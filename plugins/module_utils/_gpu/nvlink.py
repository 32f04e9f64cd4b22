# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads ``nvidia-smi nvlink --status`` and ``nvidia-smi nvlink --errorcounters``."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

_GPU = re.compile(r"\s*GPU ([0-9]{1,4}):", re.ASCII)
# Link 3: 26.562 GB/s, or Link 3: <inactive>
_STATUS = re.compile(r"\s*Link ([0-9]{1,4}): *(?:(<?inactive)|[0-9.]{1,10} *GB/s)", re.ASCII | re.I)
# In place of the links of a GPU, if none is up:
# NVML: Unable to retrieve NVLink information as all links are inActive
_ALL_DOWN = re.compile(r"all links are in-?active", re.ASCII | re.IGNORECASE)
# Link 0: Replay Errors: 0
_ERRORS = re.compile(
    r"\s*Link ([0-9]{1,4}): *(Replay|Recovery|CRC)[A-Za-z ]{0,20}Errors?: *([0-9]{1,15})\s*$",
    re.ASCII | re.IGNORECASE,
)


@dataclass
class Links:
    """The NVLinks of one GPU. None means that the tool does not count errors.

    If all are down the tool may not name them: then ``all_down`` is set, and ``inactive`` is empty.
    """

    active: int = 0
    inactive: list[int] = field(default_factory=list)
    all_down: bool = False
    recoveries: int | None = None
    corrected: int | None = None

    @property
    def errors(self) -> int | None:
        """All errors together."""
        if self.recoveries is None and self.corrected is None:
            return None
        return (self.recoveries or 0) + (self.corrected or 0)


def read_links(status: str, errors: str) -> dict[int, Links]:
    """Return the links by the index of their GPU; a GPU whose kind has none is left out."""
    found: dict[int, Links] = {}
    for gpu, line in _lines_of_gpus(status):
        if match := _STATUS.match(line):
            links = found.setdefault(gpu, Links())
            if match[2]:
                links.inactive.append(int(match[1]))
            else:
                links.active += 1
        elif _ALL_DOWN.search(line):
            found.setdefault(gpu, Links(all_down=True))
    for gpu, line in _lines_of_gpus(errors):
        match = _ERRORS.match(line)
        if match and gpu in found:
            _count(found[gpu], match[2].lower(), int(match[3]))
    return found


def _count(links: Links, kind: str, number: int) -> None:
    """A recovery trained the link anew. Whatever a replay or a checksum caught was corrected."""
    if kind == "recovery":
        links.recoveries = (links.recoveries or 0) + number
    else:
        links.corrected = (links.corrected or 0) + number


def _lines_of_gpus(text: str) -> t.Iterator[tuple[int, str]]:
    gpu: int | None = None
    for line in text.splitlines():
        if match := _GPU.match(line):
            gpu = int(match[1])
        elif gpu is not None:
            yield gpu, line

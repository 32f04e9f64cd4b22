# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of each mutant, which of them are to be tried, and what that makes for a room."""

from __future__ import annotations

import hashlib
import json
import typing as t
from dataclasses import dataclass
from pathlib import Path

from .tree import Tree

# Of every number that mutmut notes; what is not listed is a process that died in another way.
FATES: dict[int | None, str] = {
    None: "waiting",
    0: "survived",
    1: "killed",
    3: "killed",
    5: "no tests",
    24: "timeout",
    33: "no tests",
    34: "left out",
    36: "timeout",
    152: "timeout",
    255: "timeout",
    -9: "timeout",
    -24: "timeout",
}
LEFT_OUT = 34
# What a better test may change.
BAD = ("survived", "no tests")
# For the choice of a sample, so that it is the same every time, and a larger one contains it.
SEED = 1


@dataclass(frozen=True)
class Mutant:
    """One planted mistake."""

    name: str
    room: str
    fate: str

    @property
    def is_tried(self) -> bool:
        return self.fate not in ("waiting", "left out")

    @property
    def is_killed(self) -> bool:
        """Whether something went wrong, as it should: a test failed, hung or took Python along."""
        return self.is_tried and self.fate not in BAD


def mutants_of(tree: Tree) -> list[Mutant]:
    """Return all mutants that were planted so far."""
    found = []
    for meta in tree.metas():
        try:
            noted = json.loads(meta.read_bytes())["exit_code_by_key"]
        except ValueError:
            continue  # is being written
        room = room_of(meta)
        found += [Mutant(name, room, FATES.get(code, "died")) for name, code in noted.items()]
    return found


def room_of(meta: Path) -> str:
    """Return `_offers` for what lies in plugins/module_utils/_offers, `_text` for _text.py."""
    below = [part for part in meta.parts if part.startswith("_")]
    return below[0].partition(".")[0]


def choose(tree: Tree, rooms: list[str], share: float, again: set[str]) -> int:
    """Note which mutants mutmut is to try. Returns how many.

    These are a share of those in the rooms, or in all if there are none, that were not tried; and
    in the rooms `again`, those that no test found.
    """
    chosen = 0
    for meta in tree.metas():
        noted = json.loads(meta.read_bytes())
        room = room_of(meta)
        codes: dict[str, int | None] = noted["exit_code_by_key"]
        for name, code in codes.items():
            fate = FATES.get(code, "died")
            if fate in ("waiting", "left out") or (fate in BAD and room in again):
                wanted = (not rooms or room in rooms) and position(name) < share
                codes[name] = None if wanted else code if fate in BAD else LEFT_OUT
                chosen += wanted
        text = json.dumps(noted, indent=4)
        if text != meta.read_text(encoding="utf-8"):
            meta.write_text(text, encoding="utf-8")
    return chosen


def position(name: str) -> float:
    """Return a number from 0 to 1 by which a mutant gets into a sample, or not."""
    return int(hashlib.sha256(f"{SEED} {name}".encode()).hexdigest()[:8], 16) / 2**32


@dataclass
class Figures:
    """The counts of one room, or of all."""

    planted: int = 0
    tried: int = 0
    killed: int = 0
    hung: int = 0
    survived: int = 0
    untested: int = 0
    excused: int = 0

    @classmethod
    def of(cls, mutants: t.Iterable[Mutant], excused: t.Container[str]) -> Figures:
        """Count these mutants; ``excused`` has the names of those that no test can tell apart."""
        figures = cls()
        for mutant in mutants:
            figures.planted += 1
            figures.tried += mutant.is_tried
            figures.killed += mutant.is_killed
            figures.hung += mutant.fate == "timeout"
            figures.survived += mutant.fate == "survived"
            figures.untested += mutant.fate == "no tests"
            figures.excused += mutant.fate == "survived" and mutant.name in excused
        return figures

    @property
    def percent(self) -> float:
        """Of those that were tried."""
        return _percent(self.killed, self.tried)

    @property
    def percent_of_reached(self) -> float:
        """Of those that were tried and that a test reaches, whatever the reasons of survivors."""
        return _percent(self.killed, self.tried - self.untested)

    @property
    def percent_of_others(self) -> float:
        """Of those that a test reaches and could tell from the code."""
        return _percent(self.killed, self.tried - self.untested - self.excused)


def _percent(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else 100.0

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The figures of a run as a table, a room in a line."""

from __future__ import annotations

import typing as t

from .results import Figures, Mutant

HEAD = (
    *("room", "planted", "tried", "killed", "hung", "survived", "untested"),
    *("% of tried", "% of reached", "excused", "% of others"),
)


def figures(mutants: list[Mutant], excused: t.Container[str]) -> str:
    """Return the table; the last column leaves out survivors that have a reason."""
    rooms = sorted({mutant.room for mutant in mutants})
    lines = [HEAD]
    lines += [_row(room, total([m for m in mutants if m.room == room], excused)) for room in rooms]
    if len(rooms) > 1:
        lines.append(_row("all", total(mutants, excused)))
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def total(mutants: list[Mutant], excused: t.Container[str]) -> Figures:
    """Return the counts of all of them."""
    return Figures.of(mutants, excused)


def _row(room: str, one: Figures) -> tuple[str, ...]:
    counts = (one.planted, one.tried, one.killed, one.hung, one.survived, one.untested)
    return (
        room,
        *map(str, counts),
        f"{one.percent:.1f}",
        f"{one.percent_of_reached:.1f}",
        str(one.excused),
        f"{one.percent_of_others:.1f}",
    )

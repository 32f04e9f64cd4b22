# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of cells as lines that fit on the screen."""

from __future__ import annotations

import typing as t
import unicodedata

from ansible.module_utils.common.text.converters import to_text

from ...module_utils._text import printable

_CELL_LENGTH = 60
_LAST_CELL_LENGTH = 200
_GAP = "  "
# What a column keeps that gives up space, and what the last one needs to say anything.
_LEAST = 8
_LEAST_OF_LAST = 36


def table(
    rows: t.Sequence[t.Sequence[t.Any]], room: int, least_needed: t.Sequence[str]
) -> list[str]:
    """Return a line for each row, none of more than ``room`` columns of the screen.

    The rows have the same number of cells, and the first has the names of the columns. Those that
    are ``least_needed`` give up space first, in this order, down to 8 columns each; then the last
    column, then the widest. Where the last would get less than 36, they are left out altogether.
    """
    cells = [
        [
            *(printable(to_text(cell), _CELL_LENGTH) for cell in row[:-1]),
            printable(to_text(row[-1]), _LAST_CELL_LENGTH),
        ]
        for row in rows
    ]
    natural = [max(map(width_of, column)) for column in zip(*cells)]
    names = cells[0] if cells else []
    # The first column says what the row is about.
    order = [names.index(name) for name in least_needed if name in names[1:-1]]
    kept = _kept(natural, order, room)
    widths = _widths({number: natural[number] for number in kept}, order, room)
    return [_line([(row[number], widths[number]) for number in kept], room) for row in cells]


def _kept(natural: list[int], order: list[int], room: int) -> list[int]:
    """Return the numbers of the columns that there is room for."""
    least = {number: min(natural[number], _LEAST) for number in order}
    last = len(natural) - 1
    needed = {
        number: min(width, _LEAST_OF_LAST) if number == last else least.get(number, width)
        for number, width in enumerate(natural)
    }
    for number in order:
        if _total(needed) <= room:
            break
        needed.pop(number, None)
    return list(needed)


def _widths(widths: dict[int, int], order: list[int], room: int) -> dict[int, int]:
    """Return how wide these columns can be, by their numbers."""
    last = max(widths, default=0)
    givers = [(number, _LEAST) for number in order if number in widths]
    for number, least in [*givers, (last, _LEAST_OF_LAST)]:
        excess = _total(widths) - room
        if excess > 0:
            widths[number] -= max(0, min(excess, widths[number] - least))
    while _total(widths) > room and max(widths.values()) > 1:
        widths[max(widths, key=lambda number: widths[number])] -= 1
    return widths


def _total(widths: dict[int, int]) -> int:
    return sum(widths.values()) + len(_GAP) * (len(widths) - 1)


def _line(cells: list[tuple[str, int]], room: int) -> str:
    line = _GAP.join(_filled(_cut(text, width), width) for text, width in cells[:-1])
    text, width = cells[-1]
    return _cut((line + _GAP if cells[1:] else "") + _cut(text, width), room).rstrip()


def _filled(text: str, width: int) -> str:
    return text + " " * (width - width_of(text))


def _cut(text: str, width: int) -> str:
    """Return as much of the text as fits, with three dots if that is not all."""
    if width_of(text) <= width:
        return text
    room = width - 3
    end = 0
    while (room := room - width_of(text[end])) >= 0:
        end += 1
    return text[:end].rstrip(" .") + "..."[:width]


def width_of(text: str) -> int:
    """Return how many columns of the screen a printable text takes in JSON."""
    escapes = text.count('"') + text.count("\\")
    if text.isascii():
        return len(text) + escapes
    wide = sum(unicodedata.east_asian_width(character) in ("W", "F") for character in text)
    marks = sum(unicodedata.category(character) in ("Mn", "Me") for character in text)
    return len(text) + escapes + wide - marks

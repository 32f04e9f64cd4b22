# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draws the recording of the demo as a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape

from docsite import recording
from docsite.site import IMAGES

FILE = IMAGES / "demo.svg"
TITLE = "make demo, shortened"
# Of a character; whatever font there is, its lines are stretched to this.
WIDTH, HEIGHT = 7.2, 17
MARGIN, BAR = 16, 34
# By the number of the colour in an escape sequence.
COLOURS = {"32": "#7ee787", "33": "#e3b341", "35": "#d2a8ff", "36": "#79c0ff"}
HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" role="img"
viewBox="0 0 {width} {height}" width="{width}" height="{height}">
<title>{title}</title>
<style>
text {{ font: 12px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace }}
text {{ fill: #e6edf3; white-space: pre }}
.heading {{ font-weight: bold }}
.title {{ fill: #8b949e }}
{colours}
</style>
<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>
<circle cx="18" cy="17" r="5" fill="#ff5f57"/>
<circle cx="36" cy="17" r="5" fill="#febc2e"/>
<circle cx="54" cy="17" r="5" fill="#28c840"/>
<text class="title" x="{middle}" y="21" text-anchor="middle">{title}</text>
"""


def draw() -> str:
    """Return the picture as SVG."""
    rows = [row for line in recording.read() for row in wrapped(line, recording.COLUMNS)]
    while not recording.plain(rows[-1]):
        rows.pop()
    width = round(recording.COLUMNS * WIDTH + 2 * MARGIN)
    height = BAR + len(rows) * HEIGHT + MARGIN
    colours = "\n".join(f".c{number} {{ fill: {colour} }}" for number, colour in COLOURS.items())
    head = HEAD.format(width=width, height=height, middle=width // 2, title=TITLE, colours=colours)
    texts = [_text(row, BAR + number * HEIGHT) for number, row in enumerate(rows, 1)]
    return head + "".join(texts) + "</svg>\n"


def wrapped(line: str, columns: int) -> Iterator[str]:
    """Yield a line in pieces that fit into so many columns, each with the colour it begins in."""
    colour, row, used = "", "", 0
    for part in re.findall(r"\x1b\[[0-9;]*m|.", line):
        if part.startswith("\x1b"):
            colour = part
        elif used == columns:
            yield row
            row, used = colour, 0
        row += part
        used += not part.startswith("\x1b")
    yield row


def _text(row: str, y: int) -> str:
    """Return a row of the terminal as an element; nothing for an empty one."""
    plain = recording.plain(row)
    if not plain.strip():
        return ""
    spans, name = "", ""
    for part in re.split(r"(\x1b\[[0-9;]*m)", row):
        if match := re.fullmatch(r"\x1b\[[0-9;]*?(\d+)m", part):
            name = match[1] if match[1] in COLOURS else ""
        elif part:
            spans += f'<tspan class="c{name}">{escape(part)}</tspan>' if name else escape(part)
    attributes = f'x="{MARGIN}" y="{y}" textLength="{round(len(plain) * WIDTH, 1)}"'
    if recording.HEADING.match(plain):
        attributes += ' class="heading"'
    return f'<text {attributes} xml:space="preserve">{spans}</text>\n'

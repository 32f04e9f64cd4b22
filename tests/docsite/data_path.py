# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draws the way of the data: from the API to the roles that run on the machines."""

from __future__ import annotations

import typing as t
from xml.sax.saxutils import escape

from docsite.site import IMAGES

FILE = IMAGES / "data_path.svg"
TITLE = "From the API to your roles"


class Station(t.NamedTuple):
    """A box, from left to right."""

    name: str
    lines: tuple[str, ...]
    # What is left out here; it goes into the summary.
    left_out: str = ""


STATIONS = (
    Station("Supply API", ("one request", "for each offer")),
    Station("Offers", ("what you bought:", "ready or not"), "failed, expired, late"),
    Station("Instances", ("what the API lists:", "usable or not"), "not usable"),
    Station("Hosts", ("what Ansible has:", "name, address, user")),
    Station("Rounds", ("SSH, cloud-init, locks,", "Python, GPUs"), "not ready, bad GPUs"),
    Station("Your roles", ("on each machine", "that is fit"), "a task failed"),
)
# A bar below the stations that a piece of content covers: its row, and the first and last station.
BARS = (
    ("module offer_status, inventory plugin instances", 0, 0, 3),
    ("instance_ready, gpu_verify", 0, 4, 4),
    ("playbook configure", 1, 0, 5),
)
IN_SUMMARY = "Summary: each named once, with cause and next step"
WIDTH, HEIGHT = 1040, 330
BOX, GAP, LEFT, TOP, TALL = 142, 28, 24, 24, 84
SUMMARY = 150
HEAD = f"""\
<svg xmlns="http://www.w3.org/2000/svg" role="img"
viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">
<title>{TITLE}</title>
<style>
.paper {{ fill: #ffffff }}
.box {{ fill: #eef4fb; stroke: #2f6db3 }}
.bad {{ fill: #fdf1e7; stroke: #b35a00 }}
.bar {{ fill: #eeeeee; stroke: none }}
text {{ font: 12px system-ui, "DejaVu Sans", Verdana, sans-serif }}
text {{ fill: #1f2328; text-anchor: middle }}
.name {{ font-weight: bold; font-size: 15px }}
.line {{ stroke: #57606a; stroke-width: 1.5; fill: none }}
.head {{ fill: #57606a }}
@media (prefers-color-scheme: dark) {{
.paper {{ fill: #0d1117 }}
.box {{ fill: #152336; stroke: #6ea8e6 }}
.bad {{ fill: #2f2012; stroke: #e3a04f }}
.bar {{ fill: #262c36 }}
text {{ fill: #e6edf3 }}
.line {{ stroke: #9aa4af }}
.head {{ fill: #9aa4af }}
}}
</style>
<rect class="paper" width="{WIDTH}" height="{HEIGHT}" rx="8"/>
"""


def draw() -> str:
    """Return the picture as SVG."""
    parts = [_station(number, station) for number, station in enumerate(STATIONS)]
    parts += [_arrow(number) for number in range(1, len(STATIONS))]
    parts.append(_rect("bad", _x(1), TOP + SUMMARY, _right(5) - _x(1), 40))
    middle = (_x(1) + _right(5)) / 2
    parts.append(
        _text(middle, TOP + SUMMARY + 25, "Summary: each named once, with cause and next step")
    )
    parts += [_bar(*covered) for covered in BARS]
    return HEAD + "".join(parts) + "</svg>\n"


def _x(number: int) -> int:
    """Return where a station begins."""
    return LEFT + number * (BOX + GAP)


def _right(number: int) -> int:
    return _x(number) + BOX


def _station(number: int, station: Station) -> str:
    middle = _x(number) + BOX / 2
    drawn = _rect("box", _x(number), TOP, BOX, TALL)
    drawn += _text(middle, TOP + 27, station.name, "name")
    for row, line in enumerate(station.lines):
        drawn += _text(middle, TOP + 50 + 17 * row, line)
    if station.left_out:
        below = TOP + TALL
        drawn += _text(middle, below + 25, station.left_out)
        drawn += _line(f"M{middle} {below + 33}V{TOP + SUMMARY - 7}")
        drawn += _head(middle, TOP + SUMMARY - 1, down=True)
    return drawn


def _arrow(number: int) -> str:
    """Return the arrow that leads to a station."""
    y = TOP + TALL / 2
    return _line(f"M{_right(number - 1)} {y}H{_x(number) - 7}") + _head(_x(number) - 1, y)


def _bar(name: str, row: int, first: int, last: int) -> str:
    y = TOP + SUMMARY + 60 + 40 * row
    # So that a name may be a little longer than a box.
    x, width = _x(first) - 10, _right(last) - _x(first) + 20
    return _rect("bar", x, y, width, 30) + _text(x + width / 2, y + 20, name)


def _rect(kind: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>\n'


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x}" y="{y}">{escape(text)}</text>\n'


def _line(path: str) -> str:
    return f'<path class="line" d="{path}"/>\n'


def _head(x: float, y: float, down: bool = False) -> str:
    """Return the head of an arrow whose tip is here."""
    points = f"{x - 4},{y - 8} {x + 4},{y - 8}" if down else f"{x - 8},{y - 4} {x - 8},{y + 4}"
    return f'<polygon class="head" points="{x},{y} {points}"/>\n'

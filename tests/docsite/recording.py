# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `make demo` shows in a terminal: records it, and reads the kept recording."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

from support.tree import CHECKOUT

FILE = Path(__file__).with_name("recording.json")
DEMO = CHECKOUT / "tests" / "e2e" / "demo.py"
COLUMNS = 144
# Instead of the kernel of whoever records.
KERNEL = "6.12.57+deb13-amd64"
HEADING = re.compile(r"(?:PLAY|TASK) \[(.+?)\]")
# The parts of the main job that are shown; the others are left out between them.
SHOWN = (
    "Wait until machines answer",
    "compute_desk.supply.instance_ready : Wait until the machine is ready",
    "compute_desk.supply.gpu_verify : Look at the GPUs",
    "hello : Leave a note on the machine",
    "Summary",
)


def read() -> list[str]:
    """Return the lines of the kept recording, with the colours as escape sequences."""
    lines: list[str] = json.loads(FILE.read_text(encoding="utf-8"))["lines"]
    return lines


def plain(line: str) -> str:
    """Return a line without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


def record() -> None:
    """Run the demo in a terminal, and keep the best of what it shows. Needs half a minute."""
    lines = list(select(_run().splitlines()))
    text = json.dumps({"command": "make demo", "columns": COLUMNS, "lines": lines}, indent=1)
    FILE.write_text(text + "\n", encoding="utf-8")


def select(lines: list[str]) -> Iterator[str]:
    """Yield the lines of the tasks to show, from the output of the main job."""
    shown = False
    for line in lines:
        if line.startswith("PLAY RECAP"):
            return
        if heading := HEADING.match(plain(line)):
            shown = line.startswith("TASK") and heading[1] in SHOWN
        if shown:
            yield line


def read_all(terminal: int) -> str:
    """Return what is written to a terminal until nobody has it open."""
    said = b""
    try:
        while part := os.read(terminal, 65536):
            said += part
    except OSError:  # how Linux says that the other side is closed
        pass
    os.close(terminal)
    return said.decode()


def _run() -> str:
    """Return all that the demo shows."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    foreign = ("NO_COLOR", "COLUMNS")
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    with subprocess.Popen(
        [sys.executable, str(DEMO)],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**kept, "TERM": "xterm"},
    ) as demo:
        os.close(theirs)
        said = read_all(ours)
    if demo.returncode:
        raise SystemExit(f"The demo ended with exit code {demo.returncode}.")
    kernel = platform.release()
    return said.replace(kernel, KERNEL[: len(kernel)].ljust(len(kernel)))

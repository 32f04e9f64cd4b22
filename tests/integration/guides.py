# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a page of the documentation as somebody who types what it says, from top to bottom."""

from __future__ import annotations

import re
import textwrap
import typing as t
from pathlib import Path

from docsite import recording
from simulator import Simulator
from support.workspace import Workspace, last_lines

FILES = ("ini", "yaml", "yaml+jinja")
OUTPUT = ("text",)
# A code block of a guide, with the comment before it, or one of a README.
_RST = re.compile(
    r"^(?:\.\. Exit code: (?P<code>\d+)\n\n)?"
    r"(?P<indent> *)\.\. code-block:: (?P<language>\S+)\n\n"
    r"(?P<text>(?:(?P=indent)  .*\n|\n)+)",
    re.MULTILINE,
)
_MARKDOWN = re.compile(r"^```(?P<language>\S+)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
# The reader's own secret is there already, and would be replaced by three dots.
_SECRET = re.compile(r"^export COMPUTE_DESK_API_TOKEN=\.\.\.$", re.MULTILINE)


class Block(t.NamedTuple):
    """A code block of a page."""

    language: str
    text: str
    code: int = 0
    """The exit code that its commands should have."""

    @property
    def file(self) -> str:
        """The name of the file that the block is; nothing if it is none."""
        match = re.match(r"# (\S+\.\S+)\n", self.text)
        return match[1] if match and self.language in FILES else ""


def blocks(page: Path) -> list[Block]:
    """Return the code blocks of a page in order."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".md":
        return [Block(match["language"], match["text"]) for match in _MARKDOWN.finditer(text)]
    return [
        Block(match["language"], textwrap.dedent(match["text"]).strip() + "\n", int(match[1] or 0))
        for match in _RST.finditer(text)
    ]


class Reader:
    """Writes the files of a page, types its commands, and compares what they print."""

    def __init__(self, workspace: Workspace, simulator: Simulator) -> None:
        self._workspace = workspace
        self._simulator = simulator
        self._seen = "\n".join(map(recording.plain, recording.read()))

    def follow(self, page: Path) -> None:
        """Do all that a page says. Raises AssertionError."""
        for block in blocks(page):
            if block.file:
                path = self._workspace.folder / block.file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text)
            elif block.language == "shell":
                self._type(block)
            elif block.language in OUTPUT:
                self._compare(block.text)
            else:
                # Typed elsewhere, but it is a shell's.
                assert block.language == "console", block

    def _type(self, block: Block) -> None:
        commands = _SECRET.sub("", block.text)
        done = self._workspace.run("bash", "-e", "-c", commands, **self._simulator.env())
        assert done.returncode == block.code, f"{commands}\n{last_lines(done.stdout, 60)}"
        self._seen += done.stdout

    def _compare(self, text: str) -> None:
        seen = {_gist(line) for line in self._seen.splitlines()}
        for line in filter(None, map(_gist, text.splitlines())):
            pattern = re.compile(".*".join(map(re.escape, re.split(r" ?\.\.\. ?", line))))
            assert any(map(pattern.fullmatch, seen)), f"{line}\n{last_lines(self._seen, 60)}"


def _gist(line: str) -> str:
    """Return a line without what differs from run to run: numbers, widths, the time of day."""
    line = re.sub(r"^\d\d:\d\d:\d\d ", "", line.strip())
    line = re.sub(r"\*{3,}", "***", line).rstrip(",")
    return re.sub(r"\d+", "N", re.sub(r"\s+", " ", line))

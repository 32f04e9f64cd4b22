# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The login shell of a hostile machine: tells its lies, and does all else as /bin/sh would.

Runs as a script, once for each command, to start in no time: standard library only. `FOLDER` holds
`lies.json`, and for each lie a file whose length is how often it has been told.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shlex
import signal
import sys
import typing as t
from pathlib import Path

_SHELL = "/bin/sh"
_BLOCK = b"A" * (64 * 1024 - 1) + b"\n"
# With `become`, Ansible waits for this word, and sends and reads nothing before.
_BECOME = re.compile(r"echo (BECOME-SUCCESS-\w+) ?; ?")
Lie = dict[str, t.Any]


class Heard(t.NamedTuple):
    """What the client sent; `script` is what came on stdin for a Python, else None."""

    command: str
    script: bytes | None

    def fits(self, lie: Lie) -> bool:
        """Whether it is what the lie is for."""
        script = (self.script or b"").decode(errors="replace")
        if "when" in lie:
            return lie["when"] in self.command or lie["when"] in script
        name = r"\w+" if lie["module"] == "any" else lie["module"]
        packages = r"ansible\.(?:modules|legacy)|ansible_collections\.\w+\.\w+\.plugins\.modules"
        return bool(
            re.search(rf"python[^;&|]*/AnsiballZ_{name}\.py", self.command)
            or re.search(rf"['\"](?:{packages})\.(?:\w+\.)*{name}['\"]", script)
        )


def main(folder: str, command: str) -> int:
    """Does one command of the client; returns its exit code."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and so would children
        signal.signal(number, signal.SIG_DFL)
    heard = _listen(command)
    lies = json.loads(Path(folder, "lies.json").read_text(encoding="utf-8"))
    chosen = _choose(lies, heard, Path(folder))
    if not chosen:
        _do_as_told(heard)
    if "merge" in chosen[0]:
        return _embellish(heard, [lie["merge"] for lie in chosen])
    if marker := _BECOME.search(heard.command):
        _say(1, [marker[1] + "\n"])
    return _tell(chosen[0])


def _listen(command: str) -> Heard:
    """Reads stdin where a module comes that way, and nowhere else: it may stay open for ever."""
    if os.isatty(0) or not _takes_a_script(command):
        return Heard(command, None)
    if marker := _BECOME.search(command):
        _say(1, [marker[1] + "\n"])
        command = command.replace(marker[0], "", 1)
    return Heard(command, sys.stdin.buffer.read())


def _takes_a_script(command: str) -> bool:
    """Whether it is a Python without a file to run, as Ansible starts it to send it a module."""
    words = _words(_BECOME.sub("", command, count=1))
    while "-c" in words[1:-1]:
        place = words.index("-c", 1)
        if not words[place - 1].endswith("sh"):
            return False
        words = _words(words[place + 1])
    words = [word for word in words[: words.index("&&") if "&&" in words else None] if word != "-"]
    while words and re.match(r"\w+=", words[0]):
        words.pop(0)
    return len(words) == 1 and "python" in os.path.basename(words[0])


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # what only looks like quotes, as in a comment
        return []


def _choose(lies: list[Lie], heard: Heard, folder: Path) -> list[Lie]:
    """The first lie that is for this command; if that is a `merge`, all others of its kind too."""
    chosen: list[Lie] = []
    for number, lie in enumerate(lies):
        if chosen and "merge" not in lie:
            continue
        if heard.fits(lie) and _may_tell(folder / str(number), lie.get("times")):
            chosen.append(lie)
            if "merge" not in lie:
                break
    return chosen


def _may_tell(counter: Path, times: int | None) -> bool:
    """Whether it was told less than `times` times; counts it then. Others may ask meanwhile."""
    with counter.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if times is not None and os.fstat(file.fileno()).st_size >= times:
            return False
        file.write(b".")
        return True


def _tell(lie: Lie) -> int:
    if "hang" in lie:
        while True:
            signal.pause()
    if "flood" in lie:
        stream = 2 if lie["flood"] == "stderr" else 1
        while True:
            os.write(stream, _BLOCK)
    if "json" in lie:
        _say(1, [json.dumps(lie["json"]) + "\n"])
        return 0
    _say(1, _pieces(lie.get("stdout", "")))
    _say(2, _pieces(lie.get("stderr", "")))
    return int(lie.get("rc", 0))


def _pieces(output: t.Any) -> t.Iterator[str]:
    """A text, or the parts of one; never all of it at once, for that may be much."""
    for part in [output] if isinstance(output, str) else output:
        if isinstance(part, str):
            yield part
        else:
            for number in range(1, part["repeat"] + 1):
                yield part["text"].replace("{n}", str(number))


def _say(stream: int, pieces: t.Iterable[str]) -> None:
    with os.fdopen(os.dup(stream), "wb") as file:
        for piece in pieces:
            file.write(piece.encode("utf-8", "surrogatepass"))


def _do_as_told(heard: Heard) -> t.NoReturn:
    """Becomes the shell that an honest machine has."""
    if heard.script is not None:
        os.dup2(_file_of(heard.script), 0)
    os.execv(_SHELL, [_SHELL, "-c", heard.command])


def _embellish(heard: Heard, changes: list[dict[str, t.Any]]) -> int:
    """Does as told, and changes the JSON that comes out of it, if any does."""
    import subprocess  # most commands need it not

    stdin = None if heard.script is None else _file_of(heard.script)
    run = subprocess.run(
        [_SHELL, "-c", heard.command], stdin=stdin, stdout=subprocess.PIPE, check=False
    )
    said = run.stdout.decode("utf-8", "surrogateescape")
    sys.stdout.buffer.write(_changed(said, changes).encode("utf-8", "surrogateescape"))
    return run.returncode if run.returncode >= 0 else 128 - run.returncode


def _changed(said: str, changes: list[dict[str, t.Any]]) -> str:
    begin = re.search(r"^\{", said, re.MULTILINE)
    if not begin:
        return said
    try:
        truth, end = json.JSONDecoder().raw_decode(said, begin.start())
    except ValueError:
        return said
    for change in changes:
        truth = _merged(truth, change)
    return said[: begin.start()] + json.dumps(truth) + said[end:]


def _merged(truth: t.Any, change: t.Any) -> t.Any:
    if not isinstance(truth, dict) or not isinstance(change, dict):
        return change
    return truth | {key: _merged(truth.get(key), value) for key, value in change.items()}


def _file_of(data: bytes) -> int:
    """The descriptor of a file with `data`, to be read from its beginning."""
    import tempfile

    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        return os.dup(file.fileno())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An instance's own home, scripted commands and environment.

Instances share the file system and the processes of the machine they run on; `~`, `$HOME`,
`$TMPDIR` and the first folder on PATH are what tells them apart.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

from . import hostile_shell
from .lies import Lie
from .model import Command, Reply
from .reaper import MARK

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MARK_INSTANCE = "COMPUTE_DESK_SIMULATOR_INSTANCE"


class InstanceHome:
    """The folders of one instance, below `folder`, for the user `user`."""

    def __init__(self, folder: Path, user: str, simulator_id: str) -> None:
        self.home = folder / "home"
        self.user = user
        self._bin = folder / "bin"
        self._tmp = folder / "tmp"
        self._lies = folder / "lies"
        self._simulator_id = simulator_id
        # Ansible asks the shell for `~root`, and the shell would find the real home of root.
        self._tilde = re.compile(rf"(?<![\w/.~=-])~(?:{re.escape(user)}|root)(?![\w.-])")

    @property
    def mark(self) -> str:
        """The environment entry of every process of this instance."""
        return f"{MARK_INSTANCE}={self._simulator_id}/{self._bin.parent.name}"

    def create(self, commands: dict[str, Command]) -> None:
        """Makes the folders and the scripted commands."""
        for folder in (self.home, self._bin, self._tmp):
            folder.mkdir(mode=0o700, parents=True)
        for name, command in commands.items():
            _write_command(self._bin / name, command)
        if shutil.which("python3", path=_PATH) is None and "python3" not in commands:
            (self._bin / "python3").symlink_to(os.path.realpath(sys.executable))

    def learn(self, lies: list[Lie]) -> None:
        """Make it a hostile machine that tells these lies."""
        self._lies.mkdir(mode=0o700)
        text = json.dumps([lie.as_data() for lie in lies])
        (self._lies / "lies.json").write_text(text, encoding="utf-8")
        for number in range(len(lies)):
            (self._lies / str(number)).touch()

    def lies_told(self) -> list[int]:
        """How often each lie was told so far."""
        counters = [path for path in self._lies.glob("*") if path.name.isdigit()]
        return [path.stat().st_size for path in sorted(counters, key=lambda path: int(path.name))]

    def argv(self, command: str | None) -> list[str]:
        """The program that does what the client asked for; without a command, a shell."""
        if command is None:
            return ["/bin/sh"]
        if not self._lies.is_dir():
            return ["/bin/sh", "-c", self.localise(command)]
        program = [sys.executable, "-I", "-S", hostile_shell.__file__]
        return [*program, str(self._lies), self.localise(command)]

    def environment(self) -> dict[str, str]:
        """The complete environment: nothing of the simulator's own leaks in."""
        mark, value = self.mark.split("=")
        return {
            "HOME": str(self.home),
            "PATH": f"{self._bin}:{_PATH}",
            "USER": self.user,
            "LOGNAME": self.user,
            "SHELL": "/bin/sh",
            "LANG": "C.UTF-8",
            "TMPDIR": str(self._tmp),
            MARK: self._simulator_id,
            mark: value,
        }

    def localise(self, command: str) -> str:
        """`command` with the instance's home in place of `~root` and `~<its user>`."""
        return self._tilde.sub(str(self.home), command)

    def path(self, name: str) -> str:
        """Resolve a file name as SFTP and scp do: relative names and `~` start at home."""
        name = re.sub(rf"^~(?:{re.escape(self.user)}|root)?(?=/|$)", str(self.home), name)
        return str(self.home / name)


def _write_command(path: Path, command: Command) -> None:
    if command.script is not None:
        text = command.script
    else:
        text = '#!/bin/sh\ncase "$*" in\n'
        for number, reply in enumerate([*command.answers, command]):
            text += _case(path, number, reply)
        text += "esac\n"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o700)


def _case(path: Path, number: int, reply: Reply) -> str:
    """One branch of a scripted command. Its texts are in files, so that no shell reads them."""
    out, err = (path.with_name(f".{path.name}.{number}.{stream}") for stream in ("out", "err"))
    out.write_text(reply.stdout, encoding="utf-8")
    err.write_text(reply.stderr, encoding="utf-8")
    pause = f"sleep {reply.sleep}; " if reply.sleep else ""
    return f"{_pattern(reply)}) {pause}cat {out}; cat {err} >&2; exit {reply.rc};;\n"


def _pattern(reply: Reply) -> str:
    """`args` as a pattern of the shell, in which `*` alone is special."""
    if reply.args is None:
        return "*"
    return "*".join(shlex.quote(part) if part else "" for part in reply.args.split("*")) or "''"

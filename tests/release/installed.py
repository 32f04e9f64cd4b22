# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The artifact in an empty home, beside nothing but ansible-core and requests."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from simulator import Simulator
from support.tree import CHECKOUT
from support.workspace import last_lines, ssh_settings

# Where documented content lies in the artifact, by what ansible-doc calls it.
_CONTENT = {
    "module": re.compile(r"plugins/modules/([a-z]\w*)\.py"),
    "inventory": re.compile(r"plugins/inventory/([a-z]\w*)\.py"),
    "filter": re.compile(r"plugins/filter/([a-z]\w*)\.yml"),
    "role": re.compile(r"roles/([a-z]\w*)/meta/argument_specs\.yml"),
    "playbook": re.compile(r"playbooks/([a-z]\w*)\.yml"),
}


def names(content: Iterable[str]) -> dict[str, list[str]]:
    """Return the full names of what users can call, by kind, from the paths in an artifact."""
    listed = list(content)
    return {
        kind: [
            f"compute_desk.supply.{match[1]}"
            for path in listed
            if (match := pattern.fullmatch(path))
        ]
        for kind, pattern in _CONTENT.items()
    }


def differences(got: int, said: str, code: int, says: str) -> list[str]:
    """Return what is wrong with an exit code and an output, of which the last two are wanted."""
    found = [] if got == code else [f"exit code {got} instead of {code}"]
    if says not in said:
        found.append(f"it does not say {says!r}")
    if "[DEPRECATION WARNING]" in said:
        found.append("ansible-core will soon refuse what it uses")
    return found


class Installed:
    """A context manager: an environment of its own, an empty home and folder, and the artifact.

    ``version`` is that of ansible-core, such as 2.16, and ``python`` a Python it runs on.
    """

    def __init__(self, folder: Path, artifact: Path, version: str, python: str) -> None:
        self.core = f"ansible-core {version}"
        self._venv = folder / version / "venv"
        self.folder = folder / version / "empty"
        self._home = folder / version / "home"
        for made in (self.folder, self._home):
            made.mkdir(parents=True)
        _uv("venv", "--quiet", "--python", python, str(self._venv))
        packages = [f"ansible-core=={version}.*", "requests"]
        _uv("pip", "install", "--quiet", "--python", str(self._venv), *packages, core=version)
        # A socket's path has room for about a hundred characters.
        self._sockets = tempfile.mkdtemp(prefix="cd-")
        self._artifact = artifact

    def __enter__(self) -> Installed:
        return self

    def __exit__(self, *exc_info: object) -> None:
        shutil.rmtree(self._sockets, ignore_errors=True)

    def install(self) -> list[str]:
        """Install the artifact, and return what is wrong with that."""
        return self.problems("ansible-galaxy", "collection", "install", str(self._artifact))

    def run(self, *command: str, simulator: Simulator | None = None) -> tuple[int, str]:
        """Run a command of Ansible in the folder; return its exit code and output.

        It has the environment of a new terminal, and the variables of the simulator.
        """
        environment = {
            "PATH": f"{self._venv / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self._home),
            "LANG": "C.UTF-8",
            "COLUMNS": "999",
        }
        if simulator:
            environment |= ssh_settings(self._home, self._sockets) | simulator.env()
            environment["COMPUTE_DESK_OFFER_IDS"] = ",".join(simulator.offer_ids)
        done = subprocess.run(
            # It ends what hangs, and exits with 124.
            ("timeout", "300", *command),
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        return done.returncode, done.stdout

    def problems(
        self, *command: str, simulator: Simulator | None = None, code: int = 0, says: str = ""
    ) -> list[str]:
        """Run a command, and return what is wrong: its exit code, or what it says."""
        got, said = self.run(*command, simulator=simulator)
        wrong = differences(got, said, code, says)
        if not wrong:
            return []
        return [f"{' '.join(command)}: {', '.join(wrong)}. Its last lines:\n{last_lines(said)}"]

    def undocumented(self, kind: str, wanted: list[str]) -> list[str]:
        """Return what ansible-doc does not show of the content of a kind."""
        command = ("ansible-doc", "--json", "--type", kind, *wanted)
        code, said = self.run(*command)
        try:
            # Warnings come before it.
            shown = json.loads(said[said.index("{") :])
        except ValueError:
            return [f"{' '.join(command)}: exit code {code}, and no JSON:\n{last_lines(said)}"]
        return [
            f"ansible-doc --type {kind} {name} shows nothing: is it in the artifact, and valid?"
            for name in wanted
            if not shown.get(name)
        ]


def _uv(*arguments: str, core: str = "newest") -> None:
    # The session binds packages to those that go with the newest ansible-core it can run.
    pins = os.environ.get("UV_CONSTRAINT", "").replace("core-newest", f"core-{core}")
    # Where the checks run, because these paths are relative.
    subprocess.run(
        ["uv", *arguments], cwd=CHECKOUT, env={**os.environ, "UV_CONSTRAINT": pins}, check=True
    )

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A folder in which real Ansible commands run without touching anything outside of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from support.tree import collection_tree

# Who has Python unbuffered sees things at once that others see at the end.
_FOREIGN = re.compile(
    r"(ANSIBLE|COMPUTE_DESK|SSH)_|(HTTPS?|ALL|NO)_PROXY$|PYTHONUNBUFFERED$", re.IGNORECASE
)


def ssh_settings(folder: Path, sockets: str) -> dict[str, str]:
    """Return the variables with which Ansible's ssh leaves the files of the person alone.

    ``folder`` gets the known hosts, ``sockets`` the sockets; the latter must be a short path.
    """
    options = [
        "-F /dev/null",
        "-o ControlMaster=auto",
        "-o ControlPersist=60s",
        "-o IdentitiesOnly=yes",
        # Quoted for whoever splits the arguments, and for ssh, which splits the value again.
        f"-o 'UserKnownHostsFile=\"{folder / 'known_hosts'}\"'",
    ]
    return {
        "ANSIBLE_SSH_ARGS": " ".join(options),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": sockets,
        # The tilde would be the home of the machine's user, also on a simulated instance.
        "ANSIBLE_REMOTE_TMP": "$HOME/.ansible/tmp",
    }


class Workspace:
    """Settings, sockets and known hosts of its own; a context manager that removes the latter.

    ``folder`` is an existing folder. The commands are those of the Python that runs this.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.collections = collection_tree(folder)
        (folder / "home").mkdir()
        # Empty, so that no other configuration is looked for.
        (folder / "ansible.cfg").touch()
        # A socket's path has room for about a hundred characters, and the folder may be deep.
        self._sockets = tempfile.mkdtemp(prefix="cd-")

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove what lies outside the folder."""
        shutil.rmtree(self._sockets, ignore_errors=True)

    def environment(self, **extra: str) -> dict[str, str]:
        """Return the environment for Ansible's commands, without the settings of the caller."""
        kept = {name: value for name, value in os.environ.items() if not _FOREIGN.match(name)}
        return {
            **kept,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")]),
            "HOME": str(self.folder / "home"),
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ANSIBLE_ASYNC_DIR": str(self.folder / "async"),
            **ssh_settings(self.folder, self._sockets),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_RETRY_FILES_ENABLED": "false",
            # So wide that no table is cut.
            "COLUMNS": "999",
            **extra,
        }

    def run(
        self, *command: str, timeout: float = 120, folder: Path | None = None, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of Ansible in the folder, or another, and return it with what it printed.

        ``extra`` is added to the environment; stdout and stderr come as one text in ``stdout``.
        """
        return subprocess.run(
            command,
            cwd=folder or self.folder,
            env=self.environment(**extra),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )

    def run_apart(
        self, *command: str, environment: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of Ansible in the folder, and return it with both outputs apart."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, *command: str, **extra: str) -> subprocess.Popen[str]:
        """Start a command of Ansible whose output goes where this program's goes."""
        return subprocess.Popen(command, cwd=self.folder, env=self.environment(**extra), text=True)


def last_lines(text: str, count: int = 30) -> str:
    """Return the end of an output, for the message of a failed test."""
    return "\n".join(text.splitlines()[-count:])

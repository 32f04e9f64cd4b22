# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs and synchronizations as AWX runs them, in a container of the image."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from awx.jobs import Awx
from simulator import Simulator
from support.workspace import Workspace

from .podman import Podman

# In every container, the folder of the job.
INSIDE = Path("/runner")

_COMMAND = """
import ansible_runner, json, sys
given = json.loads(sys.argv[1])
output, errors, code = ansible_runner.run_command(quiet=True, **given)
sys.stdout.write(output + errors)
sys.exit(code)
"""


class ContainerAwx(Awx):
    """Runs them with ansible-runner's process isolation, as the user that AWX takes."""

    def __init__(
        self, workspace: Workspace, simulator: Simulator, podman: Podman, image: str
    ) -> None:
        super().__init__(workspace, simulator)
        self._podman = podman.environment(workspace.environment()["PATH"])
        self._image = image

    # Nothing of this machine's environment is in a container, so there is nothing to replace.
    def runner_environment(self, folder: Path) -> dict[str, str]:
        """Return the environment of ansible-runner."""
        return self._podman

    def runner_options(self) -> list[str]:
        """Return options of ansible-runner."""
        return [
            "--process-isolation",
            "--process-isolation-executable",
            "podman",
            "--container-image",
            self._image,
            "--container-option=--user=root",
        ]

    def fetch_requirements(self, folder: Path) -> None:
        """Put nothing there: the image has the collections."""

    def inside(self, folder: Path) -> Path:
        """Return what the job sees a folder as."""
        return INSIDE

    def command(
        self, folder: Path, *command: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of Ansible for a job."""
        given = {
            "private_data_dir": str(folder),
            "executable_cmd": command[0],
            "cmdline_args": list(command[1:]),
            "envvars": environment,
            "process_isolation": True,
            "process_isolation_executable": "podman",
            "container_image": self._image,
            "container_options": ["--user=root"],
        }
        return self.workspace.run(
            sys.executable, "-c", _COMMAND, json.dumps(given), timeout=300, **self._podman
        )

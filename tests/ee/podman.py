# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Podman, kept apart from the one that people use."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from machines import NotRoot, base, commands, host

# Debian's packages by a file that they bring.
PACKAGES = {
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
    "crun": "crun",
    "mmdebstrap": "mmdebstrap",
    "podman": "podman",
    "unshare": "util-linux",
}
HERE = Path(__file__).parent


class Podman:
    """Runs podman with images of its own, which outlive the run, in the user's cache.

    Raises NotRoot or NotPossible.
    """

    def __init__(self) -> None:
        if os.geteuid() != 0:
            raise NotRoot("Podman is run as root here, as it has to work inside containers as well")
        host.install_packages(PACKAGES)
        self.folder = base.cache("ee")
        self._bin = self.folder / "bin"
        self._bin.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(HERE / "containers.conf", self.folder / "containers.conf")
        shutil.copyfile(HERE / "podman.sh", self._bin / "podman")
        (self._bin / "podman").chmod(0o755)

    def environment(self, path: str) -> dict[str, str]:
        """Return what commands need that call podman, besides a PATH with the rest."""
        return {
            "PATH": os.pathsep.join([str(self._bin), path]),
            "COMPUTE_DESK_EE_FOLDER": str(self.folder),
        }

    def run(self, *arguments: str, timeout: float = 120) -> str:
        """Return what podman writes to stdout. Raises MachineError if it fails."""
        environment = {**commands.environment(), **self.environment(commands.PATH)}
        return commands.run("podman", *arguments, timeout=timeout, env=environment)

    def has_image(self, name: str) -> bool:
        """Return whether there is an image of that name."""
        return bool(self.run("images", "--quiet", name))

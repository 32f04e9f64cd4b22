# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The image that the execution environment starts from: Debian with Python."""

from __future__ import annotations

import hashlib

from machines import MachineError, NotPossible, base

from .podman import Podman

NAME = "localhost/compute-desk-ee"
# Its Python is one that the ansible-core of examples/awx supports.
SUITE = "trixie"
PACKAGES = ("ca-certificates", "git", "openssh-client", "python3", "python3-pip")


def ensure_base(podman: Podman) -> str:
    """Return the name of the image, and make it if it is not there yet. Raises NotPossible."""
    digest = hashlib.sha256(repr((SUITE, PACKAGES)).encode()).hexdigest()[:12]
    name = f"{NAME}-base:{digest}"
    try:
        if not podman.has_image(name):
            print(f"Making the base image {name} (once, a minute or two) ...", flush=True)
            archive = podman.folder / "base.tar"
            base.bootstrap(SUITE, PACKAGES, archive)
            podman.run("import", "--quiet", str(archive), name, timeout=300)
            archive.unlink()
        podman.run("run", "--rm", name, "true")
    except MachineError as exc:
        raise NotPossible(f"containers do not work here: {exc}") from exc
    return name

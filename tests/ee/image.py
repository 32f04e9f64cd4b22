# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The image: the definition in examples/awx with its own base, and the collections of this machine.

CentOS's base and Galaxy cannot be reached from everywhere, Debian's and Python's packages can.
Versions, Python libraries and everything else stay as the definition has them.
"""

from __future__ import annotations

import os
import shlex
import shutil
import typing as t
from pathlib import Path

import yaml
from awx.conftest import AWX_COLLECTION, PROJECT
from support.tree import CHECKOUT
from support.workspace import Workspace, last_lines

from .base_image import NAME, ensure_base
from .podman import Podman


def adapted(definition: dict[str, t.Any], base_image: str, files: t.Iterable[str]) -> None:
    """Change the definition of an image so that it can be built from what is here."""
    definition["images"]["base_image"]["name"] = base_image
    dependencies = definition["dependencies"]
    # The base has both.
    dependencies["python_interpreter"] = {"python_path": "/usr/bin/python3"}
    dependencies["system"] = ["openssh-client [platform:dpkg]", "git [platform:dpkg]"]
    kinds = {name: "file" if name.endswith(".tar.gz") else "dir" for name in files}
    dependencies["galaxy"]["collections"] = [
        {"name": f"/build/collections/{name}", "type": kind} for name, kind in kinds.items()
    ]
    definition["additional_build_files"] = [
        {"src": name, "dest": "collections" if kind == "file" else f"collections/{name}"}
        for name, kind in kinds.items()
    ]
    definition["options"] = {"package_manager_path": "/usr/bin/apt-get", "skip_pip_install": True}


def pip_options(folder: Path) -> list[str]:
    """Return options of podman that let pip fetch from where this machine's pip does."""
    settings, volumes = ["[global]"], {}
    for name in ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        if os.environ.get(name):
            settings.append(f"cert = {os.environ[name]}")
            volumes[os.environ[name]] = os.environ[name]
            break
    if os.environ.get("PIP_INDEX_URL"):
        settings.append(f"index-url = {os.environ['PIP_INDEX_URL']}")
    written = folder / "pip.conf"
    written.write_text("\n".join(settings) + "\n")
    volumes[str(written)] = "/etc/pip.conf"
    return [f"--volume={outside}:{inside}:ro" for outside, inside in volumes.items()]


def build(podman: Podman, workspace: Workspace) -> str:
    """Build the image, and return its name."""
    base_image = ensure_base(podman)
    project = workspace.folder / "image"
    project.mkdir()
    done = workspace.run(
        "ansible-galaxy", "collection", "build", str(CHECKOUT), "--output-path", str(project)
    )
    assert done.returncode == 0, done.stdout
    (archive,) = project.glob("*.tar.gz")
    shutil.copytree(AWX_COLLECTION / "ansible_collections" / "awx" / "awx", project / "awx")
    definition = yaml.safe_load((PROJECT / "execution-environment.yml").read_text())
    adapted(definition, base_image, [archive.name, "awx"])
    (project / "execution-environment.yml").write_text(yaml.safe_dump(definition))

    environment = workspace.environment()
    done = workspace.run(
        "ansible-builder",
        "build",
        "--file",
        str(project / "execution-environment.yml"),
        "--context",
        str(project / "context"),
        "--tag",
        NAME,
        "--container-runtime",
        "podman",
        "--extra-build-cli-args",
        shlex.join(["--isolation=chroot", *pip_options(project)]),
        "--verbosity",
        "3",
        timeout=900,
        **podman.environment(environment["PATH"]),
    )
    assert done.returncode == 0, last_lines(done.stdout, 60)
    # What the image of the last time had and this one has not.
    podman.run("image", "prune", "--force")
    return NAME

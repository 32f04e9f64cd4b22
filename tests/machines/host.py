# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requirements on the host: root, Debian packages, permission to make namespaces."""

from __future__ import annotations

import contextlib
import os
import shutil
import typing as t
from pathlib import Path

from .commands import PATH, attempt, run
from .errors import MachineError, NotPossible, NotRoot

# Debian packages, by a file each contains.
PACKAGES = {
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "ssh": "openssh-client",
    "systemd-nspawn": "systemd-container",
    "unshare": "util-linux",
}

# Tries everything a machine needs, inside namespaces that are thrown away.
_PROBE = """
set -e
mount -t tmpfs tmpfs /mnt
mkdir /mnt/lower /mnt/upper /mnt/work /mnt/root
mount -t overlay -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
mount -t proc proc /mnt/root
mknod /mnt/upper/null c 1 3
ip link add probe0 type bridge
ip link add probe1 type veth peer name probe2
"""
# How many inotify instances root may have, usually 128. A few machines that boot at the same time
# use them up; one of them then never finishes booting.
WATCHERS = Path("/proc/sys/fs/inotify/max_user_instances")
_ENOUGH_WATCHERS = 1024

_NAMESPACES = ("--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--kill-child")


def require_root() -> None:
    """Raise NotRoot unless this is root."""
    if os.geteuid() != 0:
        raise NotRoot("Machines need root, as they are made of namespaces and mounts")


def install_packages(packages: t.Mapping[str, str]) -> None:
    """Install missing Debian packages, given by file. Raises NotPossible."""
    missing = [package for file, package in packages.items() if not _is_there(file)]
    if not missing:
        return
    if not shutil.which("apt-get", path=PATH):
        raise NotPossible(f"there is no apt-get to install {', '.join(missing)} with")
    install = ("apt-get", "-qq", "install", "--yes", "--no-install-recommends", *missing)
    # A broken package source matters only if the packages come from it.
    attempt("apt-get", "-qq", "update", timeout=300)
    try:
        run(*install, timeout=600)
    except MachineError as exc:
        raise NotPossible(f"{', '.join(missing)} cannot be installed: {exc}") from exc


def require_permissions() -> None:
    """Raise NotPossible unless namespaces, overlays and bridges can be made."""
    done = attempt("unshare", *_NAMESPACES, "sh", "-c", _PROBE)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise NotPossible(f"namespaces, overlays and bridges cannot be made here: {said[-1]}")


def allow_watchers() -> None:
    """Raise the kernel's limit of inotify instances, where possible, so that machines can boot."""
    with contextlib.suppress(OSError, ValueError):
        if int(WATCHERS.read_text(encoding="ascii")) < _ENOUGH_WATCHERS:
            WATCHERS.write_text(str(_ENOUGH_WATCHERS), encoding="ascii")


def _is_there(file: str) -> bool:
    return Path(file).exists() if file.startswith("/") else bool(shutil.which(file, path=PATH))

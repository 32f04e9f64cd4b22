# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Root file systems of machines: an overlay in memory over the shared one."""

from __future__ import annotations

from pathlib import Path

from .commands import run

_DISKS = "disks"


def make_disks(run_folder: Path) -> None:
    """Make room for the root file systems of a run."""
    disks = run_folder / _DISKS
    disks.mkdir()
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(disks))


def add_disk(run_folder: Path, name: str, base: Path) -> Path:
    """Return the root of a new overlay over the shared file system."""
    disk = run_folder / _DISKS / name
    root = disk / "root"
    for part in ("upper", "work", "root"):
        (disk / part).mkdir(parents=True)
    layers = f"lowerdir={base},upperdir={disk / 'upper'},workdir={disk / 'work'}"
    run("mount", "-t", "overlay", "-o", layers, "overlay", str(root))
    return root


def remove_disk(run_folder: Path, name: str) -> None:
    """Remove a file system that is no longer in use."""
    disk = run_folder / _DISKS / name
    run("umount", str(disk / "root"))
    run("rm", "-rf", str(disk))

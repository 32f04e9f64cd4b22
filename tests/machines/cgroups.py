# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Control groups of whole machines: systemd needs its own branch of the tree."""

from __future__ import annotations

import contextlib
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")


def hierarchies() -> list[Path]:
    """Return the hierarchies that systemd uses: one on a new host, two on an older one."""
    if (_ROOT / "cgroup.controllers").exists():
        return [_ROOT]
    return [path for path in (_ROOT / "systemd", _ROOT / "unified") if path.is_dir()]


def remove(prefix: str) -> None:
    """Remove the groups with this prefix. Their processes must have ended."""
    for hierarchy in hierarchies():
        for top in hierarchy.glob(f"{prefix}*"):
            below = sorted(path for path in top.rglob("*") if path.is_dir())
            for group in [*reversed(below), top]:
                with contextlib.suppress(FileNotFoundError):
                    group.rmdir()

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Control groups of whole machines: systemd needs its own branch of the tree."""

from __future__ import annotations

import errno
import time
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
# How long processes that were killed may take to be gone.
_PATIENCE = 10.0


def hierarchies() -> list[Path]:
    """Return the hierarchies that systemd uses: one on a new host, two on an older one."""
    if (_ROOT / "cgroup.controllers").exists():
        return [_ROOT]
    return [path for path in (_ROOT / "systemd", _ROOT / "unified") if path.is_dir()]


def remove(prefix: str) -> None:
    """Remove the groups with this prefix. Their processes must have ended, or be about to."""
    for hierarchy in hierarchies():
        for top in hierarchy.glob(f"{prefix}*"):
            below = sorted(path for path in top.rglob("*") if path.is_dir())
            for group in [*reversed(below), top]:
                _remove(group, time.monotonic() + _PATIENCE)


def _remove(group: Path, give_up_at: float) -> None:
    while True:
        try:
            group.rmdir()
        except FileNotFoundError:
            return
        except OSError as exc:
            if exc.errno != errno.EBUSY or time.monotonic() >= give_up_at:
                raise
            time.sleep(0.05)
        else:
            return

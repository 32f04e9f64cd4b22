# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts of machines besides root."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .commands import run


@dataclass(frozen=True)
class User:
    """A user who logs in with the run's key, with or without passwordless sudo."""

    name: str
    sudo: bool = False

    def add(self, root: Path) -> Path:
        """Add the account to a root file system; return the path of its authorized keys."""
        run("chroot", str(root), "useradd", "--create-home", "--shell", "/bin/bash", self.name)
        if self.sudo:
            rule = root / "etc" / "sudoers.d" / self.name
            rule.write_text(f"{self.name} ALL=(ALL) NOPASSWD: ALL\n")
            rule.chmod(0o440)
        return Path("/home") / self.name / ".ssh" / "authorized_keys"

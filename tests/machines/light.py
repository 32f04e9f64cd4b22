# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Light machines: namespaces, a root file system and sshd, without systemd; up in a blink."""

from __future__ import annotations

from pathlib import Path

from . import network
from .machine import Access, Machine

INIT = Path(__file__).with_name("light-init.sh")
"""Becomes, in namespaces of its own, a command with another root."""

# Its argument: seconds to wait before sshd starts.
_SSHD = """
[ ! -x /usr/local/sbin/let-key-in ] || /usr/local/sbin/let-key-in &
sleep "$1"
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
  /usr/sbin/sshd -D -e
"""


class LightMachine(Machine):
    """Its first process is sshd. It has no cloud-init, and it cannot reboot."""

    def remove_python(self) -> None:
        """Remove Python."""
        self._remove_commands("python3*")

    def _adapt_root(self, access: Access) -> None:
        # Its command would wait forever for systemd.
        self._remove_commands("cloud-*")

    def _command(self, access: Access) -> list[str]:
        namespace = network.NAMESPACES / self._place.run.network.namespace(self.name)
        return [
            *("nsenter", f"--net={namespace}"),
            *("unshare", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child"),
            *("sh", str(INIT), str(self.root), self.name),
            *("sh", "-c", _SSHD, "sh", str(access.sshd_after)),
        ]

    def _remove_commands(self, pattern: str) -> None:
        for command in (self.root / "usr" / "bin").glob(pattern):
            command.unlink()

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole machines: systemd as the first process, with cloud-init and reboot, in systemd-nspawn."""

from __future__ import annotations

import secrets
from pathlib import Path

from . import cgroups, network
from .machine import Access, Machine, Place

_INIT = Path(__file__).with_name("whole-init.sh")
_NOTHING_TO_DO = "#cloud-config\n{}\n"
_LET_KEY_IN_UNIT = """\
[Service]
ExecStart=/usr/local/sbin/let-key-in
"""


class WholeMachine(Machine):
    """It boots, runs cloud-init with the given user data, and can be told to reboot."""

    def __init__(self, place: Place, access: Access, user_data: str | None = None) -> None:
        self._user_data = user_data or _NOTHING_TO_DO
        super().__init__(place, access)

    def boot_id(self) -> str:
        """Return the boot ID, which changes with each reboot."""
        return self.run("cat", "/proc/sys/kernel/random/boot_id").stdout.strip()

    def reboot(self) -> None:
        """Start a reboot."""
        self.run("systemctl", "reboot")

    def destroy(self) -> None:
        """Remove it at once; its name and its address are free again."""
        super().destroy()
        cgroups.remove(self._namespace)

    @property
    def _namespace(self) -> str:
        return self._place.run.network.namespace(self.name)

    def _adapt_root(self, access: Access) -> None:
        seed = self.root / "var" / "lib" / "cloud" / "seed" / "nocloud"
        seed.mkdir(parents=True)
        (seed / "user-data").write_text(self._user_data)
        identity = f"instance-id: {self.name}-{secrets.token_hex(4)}\nlocal-hostname: {self.name}\n"
        (seed / "meta-data").write_text(identity)
        units = self.root / "etc" / "systemd" / "system"
        if access.sshd_after:
            wait = f"[Service]\nTimeoutStartSec=infinity\nExecStartPre=sleep {access.sshd_after}\n"
            (units / "ssh.service.d").mkdir()
            (units / "ssh.service.d" / "late.conf").write_text(wait)
        if access.key_after:
            (units / "let-key-in.service").write_text(_LET_KEY_IN_UNIT)
            (units / "multi-user.target.wants" / "let-key-in.service").symlink_to(
                "/etc/systemd/system/let-key-in.service"
            )

    def _command(self, access: Access) -> list[str]:
        groups = [str(hierarchy / self._namespace) for hierarchy in cgroups.hierarchies()]
        return [
            *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
            *("sh", str(_INIT), str(self.root), self.name),
            *(str(network.NAMESPACES / self._namespace), *groups),
        ]

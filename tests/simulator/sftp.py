# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SFTP and scp on an instance: relative names start in its home."""

from __future__ import annotations

import os

import asyncssh

from .instance_home import InstanceHome


class HomeSFTPServer(asyncssh.SFTPServer):
    """Asyncssh's server with the home of an instance."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], home: InstanceHome) -> None:
        super().__init__(channel)
        self._home = home

    def map_path(self, path: bytes) -> bytes:
        """The file the client asks for."""
        return os.fsencode(self._home.path(os.fsdecode(path)))

    def exit(self) -> None:
        """Send an exit status: asyncssh sends none after SFTP, and `scp` would exit with 1."""
        if not self.channel.is_closing():
            self.channel.exit(0)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pseudo terminal whose master end is read and written by asyncio."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import struct
import termios

Size = tuple[int, int, int, int]


class Terminal:
    """Give `slave` to the child as its streams, with `take` before it execs; then `attach`."""

    def __init__(self, size: Size) -> None:
        self._master, self.slave = pty.openpty()
        self._transports: list[asyncio.BaseTransport] = []
        self.resize(size)

    @staticmethod
    def take() -> None:
        """In the child, as leader of its session: makes it the controlling terminal."""
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def resize(self, size: Size) -> None:
        """Columns, rows, and the same in pixels."""
        columns, rows, width, height = size
        fcntl.ioctl(
            self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, width, height)
        )

    async def attach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Close the slave end and return the streams of the master end."""
        self.release_slave()
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        protocol = _ReaderProtocol(reader)
        readable = os.fdopen(os.dup(self._master), "rb", buffering=0)
        source, _protocol = await loop.connect_read_pipe(lambda: protocol, readable)
        writable = os.fdopen(os.dup(self._master), "wb", buffering=0)
        target, flow = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, writable)
        self._transports = [source, target]
        return reader, asyncio.StreamWriter(target, flow, None, loop)

    def release_slave(self) -> None:
        """Closes the slave end here; the child has its own."""
        if self.slave >= 0:
            os.close(self.slave)
            self.slave = -1

    def close(self) -> None:
        """Closes everything that is still open."""
        self.release_slave()
        for transport in self._transports:
            transport.close()
        os.close(self._master)


class _ReaderProtocol(asyncio.StreamReaderProtocol):
    """Hide the EIO at the end of a terminal, which would discard what was read before."""

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(None)

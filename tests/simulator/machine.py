# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One machine: a real address and port, and an sshd there that behaves as the timeline says."""

from __future__ import annotations

import asyncio
import collections
import errno
import hashlib
import random
import socket
import time
import typing as t
from pathlib import Path

import asyncssh
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from . import reaper
from .clock import OfferClock
from .instance_home import InstanceHome
from .model import OfferScript, Ssh
from .session import Process, run_session
from .sftp import HomeSFTPServer
from .state_dir import write_private_key
from .story import Address, Event, machine_events

_BACKLOG = 128
_PATIENCE = 5.0


class Machine:
    """The instance `key` of an offer; `folder` is its own, and `client_key` is let in."""

    def __init__(
        self,
        script: OfferScript,
        key: str,
        folder: Path,
        simulator_id: str,
        client_key: asyncssh.SSHKey,
        clock: OfferClock,
    ) -> None:
        machine = script.instances[key]
        assert machine.ssh is not None
        self.key = key
        self.offer_id = str(script.offer_id)
        self.ssh: Ssh = machine.ssh
        self.home = InstanceHome(folder, self.ssh.user, simulator_id)
        self.home.create(machine.commands)
        if machine.personality == "hostile":
            self.home.learn(machine.all_lies())
        self._events = collections.deque(machine_events(script, key, self.ssh))
        self._clock = clock
        self._client_key = client_key.public_data
        self._folder = folder
        self._instance_id = machine.instance_id
        self._host_keys = 0
        self._new_host_key()
        self._socket = _bind_somewhere()
        host, port = self._socket.getsockname()
        self.address = Address(host, port, self.ssh.user)
        self.listening = False
        self._booted_at = 0.0
        self._accepted = 0
        self._accepting: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._sessions: set[asyncio.Task[t.Any]] = set()
        self._connections: set[asyncssh.SSHServerConnection] = set()

    def describe(self) -> dict[str, t.Any]:
        """The machine's state, for tests."""
        return {
            "offer_id": self.offer_id,
            "key": self.key,
            "host": self.address.host,
            "port": self.address.port,
            "user": self.address.user,
            "home": str(self.home.home),
            "host_key": self._host_key.export_public_key().decode().strip(),
            "listening": self.listening,
            "connections": self._accepted,
            "lies_told": self.home.lies_told(),
        }

    async def run(self) -> None:
        """Process its events until the simulator ends."""
        try:
            for event in list(self._events):
                await self._clock.sleep_until(event.at)
                self.catch_up()
            await asyncio.Event().wait()
        finally:
            self._silence()
            self._disconnect()
            if self._sessions:
                await asyncio.wait(self._sessions, timeout=_PATIENCE)

    def catch_up(self) -> None:
        """Apply due events. The API calls it first, so it announces only machines that are up."""
        while self._events and self._events[0].at <= self._clock.now():
            self._happen(self._events.popleft())

    def _happen(self, event: Event) -> None:
        if event.action == "boot":
            self._booted_at = event.at
        elif event.action == "listen":
            self._listen()
        elif event.action == "silence":
            self._silence()
            self._disconnect()
        elif event.action == "rekey":
            self._new_host_key()
            self._disconnect()
        else:
            self._silence()
            self._disconnect()
            self._keep(asyncio.to_thread(reaper.kill_marked, self.home.mark))

    def _keep(self, work: t.Coroutine[t.Any, t.Any, None]) -> None:
        """Run it in the background; keep a reference, because asyncio does not."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _new_host_key(self) -> None:
        """Gives it its first host key, or the next one.

        The keys follow from the instance's ids, so the same machine has the same key when the
        simulator is started again: whoever has logged in before knows it already.
        """
        self._host_keys += 1
        name = f"{self.offer_id} {self.key} {self._instance_id} {self._host_keys}"
        seed = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
        self._host_key = asyncssh.import_private_key(
            Ed25519PrivateKey.from_private_bytes(seed).private_bytes(
                Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()
            )
        )
        write_private_key(self._host_key, self._folder / "ssh_host_ed25519_key")

    def _listen(self) -> None:
        self._socket.listen(_BACKLOG)
        self.listening = True
        self._accepting = asyncio.create_task(self._accept())

    def _silence(self) -> None:
        """Connections are refused from now on; the port stays ours, bound but not listening."""
        if self._accepting is None:
            return
        self._accepting.cancel()
        self._accepting = None
        self.listening = False
        self._socket.close()
        self._socket = _bind_again(self.address.host, self.address.port)

    def _disconnect(self) -> None:
        for connection in list(self._connections):
            connection.abort()
        for task in list(self._tasks):
            task.cancel()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connected, _address = await loop.sock_accept(self._socket)
            except OSError:  # out of file descriptors, or the client went at once
                await asyncio.sleep(0.05)
                continue
            self._accepted += 1
            self._keep(self._serve(connected, self._accepted))

    async def _serve(self, connected: socket.socket, number: int) -> None:
        """From the TCP connection to the end of the login; sessions go on by themselves."""
        with connected:
            if self.ssh.behaviour == "drop" or number <= self.ssh.drop_first:
                return
            if self.ssh.behaviour == "silent":
                await asyncio.Event().wait()
            try:
                await asyncssh.run_server(connected.dup(), **self._options())
            except (OSError, asyncssh.Error, TimeoutError):
                return

    def _options(self) -> dict[str, t.Any]:
        async def run(process: Process) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._sessions.add(task)
            task.add_done_callback(self._sessions.discard)
            await run_session(process, self.home)

        return {
            "server_factory": lambda: _Login(self),
            "server_host_keys": [self._host_key],
            "process_factory": run,
            "sftp_factory": lambda channel: HomeSFTPServer(channel, self.home),
            "allow_scp": True,
            "encoding": None,
            "line_editor": False,
            "agent_forwarding": False,
        }

    def lets_in(self, user: str, key: asyncssh.SSHKey) -> bool:
        """Whether the key is accepted now."""
        early = self._clock.now() < self._booted_at + self.ssh.key_after
        known = user == self.ssh.user and key.public_data == self._client_key
        return known and not early and self.ssh.behaviour != "deny"

    def connected(self, connection: asyncssh.SSHServerConnection) -> None:
        """Remembers a connection, to cut it when the machine goes."""
        self._connections.add(connection)

    def disconnected(self, connection: asyncssh.SSHServerConnection) -> None:
        """Forgets it."""
        self._connections.discard(connection)


class _Login(asyncssh.SSHServer):
    """Accepts public keys only."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._machine.connected(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        self._machine.disconnected(self._connection)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return self._machine.lets_in(username, key)


def _bind(host: str, port: int, again: bool = True) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if again:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setblocking(False)
    sock.bind((host, port))
    # Connections inherit it. Without it the kernel refuses us our port for a minute, when we were
    # the first to close one.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return sock


def _bind_again(host: str, port: int) -> socket.socket:
    """Bind a port that was just released; a child process being started may still hold a copy."""
    for _attempt in range(100):
        try:
            return _bind(host, port)
        except OSError as exc:
            if exc.errno != errno.EADDRINUSE:
                raise
            time.sleep(0.01)
    return _bind(host, port)


def _bind_somewhere() -> socket.socket:
    """A loopback address of its own, drawn by chance, so that simulators side by side do not meet.

    Only Linux has all of 127.0.0.0/8 on its loopback device; elsewhere the port alone is its own.
    """
    draw = random.SystemRandom()
    host = f"127.{draw.randint(1, 254)}.{draw.randint(0, 255)}.{draw.randint(1, 254)}"
    try:
        return _bind(host, 0, again=False)
    except OSError:
        return _bind("127.0.0.1", 0, again=False)

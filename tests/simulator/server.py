# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Assembles the simulator and runs it until a signal."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import itertools
import logging
import os
import signal
import socket
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import asyncssh
import uvicorn

from .api import build_api
from .errors import UsageError
from .machine import Machine
from .model import Timeline
from .offers import Offers
from .request_log import RequestLog
from .story import Address
from .tokens import Tokens
from .wire import WireProtocol

_PARENT_CHECK = 0.5


class _ApiServer(uvicorn.Server):
    """Uvicorn that leaves the signals to us, and says when it serves."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Abort hanging requests, or they would get a 500 that no timeline asked for."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets=sockets)


class Simulation:
    """The API and the machines of one timeline, with the state in `folder`."""

    def __init__(
        self,
        timeline: Timeline,
        tokens: Tokens,
        speed: float,
        folder: Path,
        client_key: asyncssh.SSHKey,
        simulator_id: str,
    ) -> None:
        self._offers = Offers(timeline, speed, self._addresses)
        self._machines: dict[UUID, list[Machine]] = {}
        for number, offer in enumerate(self._offers, 1):
            self._machines[offer.script.offer_id] = [
                Machine(
                    offer.script,
                    key,
                    folder / "instances" / f"{number}-{key}",
                    simulator_id,
                    client_key,
                    offer.clock,
                )
                for key, machine in offer.script.instances.items()
                if machine.ssh is not None
            ]
        self._app = build_api(self._offers, tokens, RequestLog(), self._describe)

    def _addresses(self, offer_id: UUID) -> dict[str, Address]:
        """Apply due events, then return the addresses of an offer's machines."""
        for machine in self._machines[offer_id]:
            machine.catch_up()
        return {machine.key: machine.address for machine in self._machines[offer_id]}

    def _all_machines(self) -> list[Machine]:
        return list(itertools.chain.from_iterable(self._machines.values()))

    def _describe(self) -> list[dict[str, t.Any]]:
        return [machine.describe() for machine in self._all_machines()]

    async def run(
        self,
        api_socket: socket.socket,
        verbose: bool,
        parent: int | None,
        on_start: Callable[[], None],
    ) -> None:
        """Serves until SIGINT, SIGTERM or SIGHUP comes, or the process `parent` is gone."""
        stop = _stop_on_signals()
        api = _ApiServer(_config(self._app, verbose), on_start)
        tasks = [asyncio.create_task(machine.run()) for machine in self._all_machines()]
        if parent is not None:
            tasks.append(asyncio.create_task(_watch_parent(parent, stop)))
        serving = asyncio.create_task(api.serve(sockets=[api_socket]))
        self._offers.launch()
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        api.should_exit = True
        for task in (*tasks, stopping):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await serving


def _config(app: t.Any, verbose: bool) -> uvicorn.Config:
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING)
    # Clients may send garbage and disconnect at will; do not log that to the terminal.
    asyncssh.set_log_level(logging.WARNING)
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    return uvicorn.Config(
        app,
        http=WireProtocol,
        ws="none",
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=verbose,
        # Longer than clients pause between polls: a connection closed in between would be a
        # fault that no timeline asked for.
        timeout_keep_alive=120,
        timeout_graceful_shutdown=5,
    )


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _watch_parent(parent: int, stop: asyncio.Event) -> None:
    """Notice by the changed parent that the test process was killed."""
    while os.getppid() == parent:
        await asyncio.sleep(_PARENT_CHECK)
    stop.set()


def bind_api(host: str, port: int) -> socket.socket:
    """The listening socket of the API, on loopback only; raises UsageError."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise UsageError(f"--host {host!r} is not an IP address") from None
    if not address.is_loopback:
        raise UsageError(
            f"--host {host} is not a loopback address; the simulator listens on loopback only"
        )
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    # asyncio enables TCP_NODELAY only if the protocol is given. Without it, each answer on a reused
    # connection is 40 ms late, unlike with any real server.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((str(address), port))
        sock.listen(128)
    except OSError as exc:
        sock.close()
        raise UsageError(f"cannot listen on {host}, port {port}: {exc.strerror}") from exc
    return sock


def url_of(sock: socket.socket) -> str:
    """The API's base URL."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One command on an instance: a child process whose streams are those of an SSH session."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import typing as t

import asyncssh

from .instance_home import InstanceHome
from .terminal import Terminal

_CHUNK = 64 * 1024
_PATIENCE = 3.0
Process = asyncssh.SSHServerProcess[bytes]


async def run_session(process: Process, home: InstanceHome) -> None:
    """Runs the client's command until it ends or the client disconnects.

    Not with asyncssh's own `redirect`: that sends the end of the output before the exit status,
    which OpenSSH as a ControlPersist master takes for a broken connection.
    """
    if process.subsystem:
        process.exit(127)
        return
    # Ansible asks for a terminal unless it pipelines; people do when they paste `ssh_command`.
    # Whose type is empty where the client has no TERM.
    terminal = Terminal(process.term_size) if process.term_type is not None else None
    try:
        session = _Session(process, terminal)
        await session.start(home)
        await session.run()
    finally:
        if terminal:
            terminal.close()


class _Session:
    """A child process and the tasks that pump its streams."""

    def __init__(self, process: Process, terminal: Terminal | None) -> None:
        self._process = process
        self._terminal = terminal
        self._tasks: list[asyncio.Task[t.Any]] = []

    async def start(self, home: InstanceHome) -> None:
        """Starts the child and the pumps."""
        argv = home.argv(self._process.command)
        if self._terminal:
            await self._start_on_terminal(argv, home, self._terminal)
        else:
            await self._start_on_pipes(argv, home)

    async def _start_on_pipes(self, argv: list[str], home: InstanceHome) -> None:
        pipe = asyncio.subprocess.PIPE
        self._child = await self._spawn(argv, home.environment(), home, pipe, pipe)
        streams = self._child
        assert streams.stdin and streams.stdout and streams.stderr
        self._outputs = [
            self._task(_pump_out(streams.stdout, self._process.stdout)),
            self._task(_pump_out(streams.stderr, self._process.stderr)),
        ]
        self._task(self._pump_in(streams.stdin))

    async def _start_on_terminal(
        self, argv: list[str], home: InstanceHome, terminal: Terminal
    ) -> None:
        environment = home.environment() | {"TERM": self._process.term_type or "dumb"}
        slave = terminal.slave
        self._child = await self._spawn(
            argv, environment, home, slave, slave, preexec_fn=terminal.take
        )
        reader, writer = await terminal.attach()
        self._outputs = [self._task(_pump_out(reader, self._process.stdout))]
        self._task(self._pump_in(writer))

    @staticmethod
    async def _spawn(
        argv: list[str],
        environment: dict[str, str],
        home: InstanceHome,
        stdin: int,
        out: int,
        **options: t.Any,
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *argv,
            stdin=stdin,
            stdout=out,
            stderr=out,
            cwd=home.home,
            env=environment,
            start_new_session=True,
            **options,
        )

    def _task(self, work: t.Coroutine[t.Any, t.Any, t.Any]) -> asyncio.Task[t.Any]:
        task = asyncio.create_task(work)
        self._tasks.append(task)
        return task

    async def run(self) -> None:
        """Returns when the child has ended and all its output is sent, or the client has gone."""
        closed = self._task(self._process.channel.wait_closed())
        ended = self._task(self._finished())
        try:
            await asyncio.wait({closed, ended}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                self._report(ended.result())
        finally:
            if not ended.done():
                self._signal(signal.SIGKILL)
            for task in self._tasks:
                task.cancel()
            # With a limit: a daemon that keeps our pipes open would keep asyncio waiting.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._child.wait(), _PATIENCE)

    async def _finished(self) -> int:
        await asyncio.gather(*self._outputs)
        return await self._child.wait()

    def _report(self, returncode: int) -> None:
        if self._process.channel.is_closing():
            return
        if returncode >= 0:
            self._process.exit(returncode)
        else:
            self._process.exit_with_signal(signal.Signals(-returncode).name.removeprefix("SIG"))

    def _signal(self, number: int) -> None:
        """Signal the child and its children, except daemons, which have left the group."""
        with contextlib.suppress(OSError):
            os.killpg(self._child.pid, number)

    async def _pump_in(self, target: asyncio.StreamWriter) -> None:
        """Input to the child; its end closes a pipe, and is ^D on a terminal."""
        try:
            while data := await self._next_input():
                target.write(data)
                await target.drain()
            if self._terminal:
                target.write(b"\x04")
        except (OSError, asyncssh.Error):
            pass
        finally:
            if not self._terminal:
                target.close()

    async def _next_input(self) -> bytes:
        """The next bytes; acts on signals and window sizes that come before them."""
        while True:
            try:
                return await self._process.stdin.read(_CHUNK)
            except asyncssh.TerminalSizeChanged as change:
                if self._terminal:
                    self._terminal.resize(
                        (change.width, change.height, change.pixwidth, change.pixheight)
                    )
            except asyncssh.SignalReceived as received:
                number = getattr(signal, f"SIG{received.signal}", None)
                if number is not None:
                    self._signal(number)
            except asyncssh.BreakReceived:
                continue


async def _pump_out(source: asyncio.StreamReader, target: asyncssh.SSHWriter[bytes]) -> None:
    try:
        while data := await source.read(_CHUNK):
            target.write(data)
            await target.drain()
    except (OSError, asyncssh.Error):
        return

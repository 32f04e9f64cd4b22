# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The common part of light and whole machines."""

from __future__ import annotations

import abc
import contextlib
import ipaddress
import os
import shlex
import signal
import subprocess
import time
import typing as t
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import network
from .commands import PATH, attempt, environment, run
from .disk import add_disk, remove_disk
from .errors import MachineError
from .runs import Run
from .users import User

_HOST_KEY = Path("etc/ssh/ssh_host_ed25519_key")
_LET_KEY_IN = Path("usr/local/sbin/let-key-in")
# Takes the lock the way dpkg and apt do, and prints a line once it holds it.
_HOLD_LOCK = """
import fcntl, sys, time
with open("/var/lib/dpkg/lock-frontend", "w") as lock:
    fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    print("held", flush=True)
    time.sleep(float(sys.argv[1]))
"""


@dataclass(frozen=True)
class Place:
    """Where a machine lives."""

    run: Run
    base: Path
    name: str
    address: ipaddress.IPv4Address
    key_file: Path
    """The private key that opens all machines of the run."""


@dataclass(frozen=True)
class Access:
    """Who can log in, and when, in seconds after the machine's start."""

    sshd_after: float = 0
    """Until then connections are refused; on a whole machine again after each reboot."""
    key_after: float = 0
    """Until then the key is denied."""
    users: tuple[User, ...] = ()
    """Accounts besides root."""


class Machine(abc.ABC):
    """A machine of a run. Made by ``Machines``; started, but may not answer yet."""

    def __init__(self, place: Place, access: Access) -> None:
        self._place = place
        self._started: list[subprocess.Popen[str]] = []
        self.root = add_disk(place.run.folder, self.name, place.base)
        """Its root file system, as a path on the host."""
        self._set_name()
        self._make_host_key()
        self._authorize(access)
        self._adapt_root(access)
        place.run.network.attach(self.name, place.address)
        with self._log.open("w") as log:
            self._supervisor = subprocess.Popen(
                self._command(access),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment(),
                # Ctrl-C must reach only the process that made the machine.
                start_new_session=True,
            )

    @property
    def name(self) -> str:
        """Its name and host name."""
        return self._place.name

    @property
    def address(self) -> str:
        """Its address."""
        return str(self._place.address)

    @property
    def host_key(self) -> str:
        """Its public host key: type and base64."""
        public = self.root / _HOST_KEY.with_suffix(".pub")
        return " ".join(public.read_text().split()[:2])

    @property
    def key_file(self) -> Path:
        """The private key to log in with."""
        return self._place.key_file

    def is_running(self) -> bool:
        """Return whether it is still running."""
        return self._supervisor.poll() is None

    def run(self, *command: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command as root on the machine, without ssh, and return the result."""
        return attempt(*self._entered(), *command, timeout=timeout)

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command as root on the machine; it ends with the machine at the latest."""
        process = subprocess.Popen(
            [*self._entered(), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._started.append(process)
        return process

    def ssh_options(self) -> list[str]:
        """Return ssh options that reach the machine and accept only its host key."""
        return [
            *("-F", "/dev/null", "-o", "IdentitiesOnly=yes", "-i", str(self.key_file)),
            *("-o", f"UserKnownHostsFile={self._known_hosts}", "-o", f"HostKeyAlias={self.name}"),
        ]

    def ssh(
        self, *command: str, user: str = "root", timeout: float = 30
    ) -> subprocess.CompletedProcess[str]:
        """Run a command line over ssh and return the result; code 255 means ssh itself failed."""
        options = ("-o", "BatchMode=yes", "-o", "ConnectTimeout=5")
        target = f"{user}@{self.address}"
        return attempt("ssh", *self.ssh_options(), *options, target, *command, timeout=timeout)

    def ansible_variables(self, user: str = "root") -> dict[str, str]:
        """Return the inventory variables for the machine."""
        return {
            "ansible_host": self.address,
            "ansible_user": user,
            "ansible_ssh_common_args": shlex.join(self.ssh_options()),
        }

    def wait_for_sshd(self, timeout: float = 60) -> None:
        """Wait until sshd answers. Raises MachineError on a timeout, or if the machine ended."""
        self.wait_for(lambda: network.answers(self._place.address), "sshd to answer", timeout)

    def wait_for_login(self, user: str = "root", timeout: float = 60) -> None:
        """Wait until a user can log in: sshd answers, the key is there, and the boot is over."""
        self.wait_for(
            lambda: self.ssh("true", user=user).returncode == 0, f"{user}'s login", timeout
        )

    def wait_for(self, condition: Callable[[], bool], what: str, timeout: float = 60) -> None:
        """Wait until a condition is true. Raises MachineError, naming ``what`` it waited for."""
        deadline = time.monotonic() + timeout
        while not condition():
            if not self.is_running():
                raise MachineError(
                    f"{self.name} has ended; waited for {what}: {self._last_words()}"
                )
            if time.monotonic() > deadline:
                raise MachineError(f"{self.name}: waited for {what} for {timeout:.0f} s in vain")
            time.sleep(0.1)

    def replace_host_key(self) -> None:
        """Replace its host key, as if the machine was reinstalled."""
        self._make_host_key()
        daemon = min(self._processes_of("sshd"), default=None)
        if daemon:
            os.kill(daemon, signal.SIGHUP)

    def hold_package_lock(self, seconds: float) -> subprocess.Popen[str]:
        """Make a process on the machine hold dpkg's lock; return once it does."""
        process = self.start("python3", "-c", _HOLD_LOCK, str(seconds))
        said = t.cast("t.IO[str]", process.stdout).readline()
        if said != "held\n":
            raise MachineError(f"{self.name}: the lock of dpkg cannot be held: {said.strip()}")
        return process

    def destroy(self) -> None:
        """Remove it at once; its name and its address are free again."""
        for process in self._place.run.network.processes(self.name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._supervisor.kill()
        self._supervisor.wait()
        for started in self._started:
            started.communicate()
        run_ = self._place.run
        run_.network.detach(self.name, self._place.address)
        remove_disk(run_.folder, self.name)

    @abc.abstractmethod
    def _adapt_root(self, access: Access) -> None:
        """Change the root file system before the machine starts."""

    @abc.abstractmethod
    def _command(self, access: Access) -> list[str]:
        """Return the command that runs the machine; killing it kills everything on it."""

    @property
    def _log(self) -> Path:
        return self._place.run.folder / f"{self.name}.log"

    @property
    def _known_hosts(self) -> Path:
        return self._place.run.folder / f"{self.name}.known_hosts"

    def _set_name(self) -> None:
        (self.root / "etc" / "hostname").write_text(f"{self.name}\n")
        hosts = f"127.0.0.1 localhost\n::1 localhost\n{self.address} {self.name}\n"
        (self.root / "etc" / "hosts").write_text(hosts)

    def _make_host_key(self) -> None:
        key = self.root / _HOST_KEY
        key.unlink(missing_ok=True)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", self.name, "-f", str(key))
        self._known_hosts.write_text(f"{self.name} {self.host_key}\n")

    def _authorize(self, access: Access) -> None:
        """Accept the key, now or later."""
        files = [Path("/root/.ssh/authorized_keys")]
        files += [user.add(self.root) for user in access.users]
        lines = ["#!/bin/sh", f"sleep {access.key_after}"]
        for file in files:
            later = file.with_suffix(".later") if access.key_after else file
            inside = self.root / later.relative_to("/")
            inside.parent.mkdir(mode=0o700, exist_ok=True)
            inside.write_text(self._place.key_file.with_suffix(".pub").read_text())
            inside.chmod(0o600)
            owner = inside.parent.parent.stat()
            for path in (inside, inside.parent):
                os.chown(path, owner.st_uid, owner.st_gid)
            lines.append(f"[ ! -e {later} ] || mv {later} {file}")
        if access.key_after:
            script = self.root / _LET_KEY_IN
            script.write_text("\n".join(lines) + "\n")
            script.chmod(0o755)

    def _entered(self) -> list[str]:
        """Return the prefix that runs a command line on the machine."""
        enter = ["nsenter", "--target", str(self._leader())]
        enter += ["--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd=/"]
        return [*enter, "env", "-i", f"PATH={PATH}", "HOME=/root", "LC_ALL=C.UTF-8"]

    def _leader(self) -> int:
        """Return the host's process ID of the machine's first process."""
        found: list[int] = []

        def look() -> bool:
            found[:] = [pid for pid in self._processes() if _is_first(pid)]
            return bool(found)

        self.wait_for(look, "its first process", timeout=20)
        return found[0]

    def _processes(self) -> set[int]:
        return self._place.run.network.processes(self.name)

    def _processes_of(self, command: str) -> list[int]:
        """Return the processes of the machine that run a command."""
        return [pid for pid in self._processes() if _status(pid).get("Name") == command]

    def _last_words(self) -> str:
        return (self._log.read_text(errors="replace").splitlines() or ["nothing"])[-1]


def _is_first(pid: int) -> bool:
    """Return whether a process is number 1 of its namespace."""
    return _status(pid).get("NSpid", "").split()[-1:] == ["1"]


def _status(pid: int) -> dict[str, str]:
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return {name: value.strip() for name, _colon, value in (x.partition(":") for x in lines)}
    return {}

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`Machines`: a run of machines, as a context manager for tests."""

from __future__ import annotations

import ipaddress
import json
import re
import typing as t
from collections.abc import Sequence
from pathlib import Path

from . import base, host
from .commands import run
from .disk import make_disks
from .errors import MachineError
from .light import LightMachine
from .machine import Access, Machine, Place
from .runs import Run
from .users import User
from .whole import WholeMachine

_M = t.TypeVar("_M", bound=Machine)

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


def prepare() -> Path:
    """Check that this host can run machines and return their root file system.

    Raises NotRoot or NotPossible.
    """
    host.require_root()
    host.install_packages(host.PACKAGES)
    host.require_permissions()
    host.allow_watchers()
    made = base.ensure_base()
    base.require_containers(made)
    return made


class Machines:
    """Makes machines on their own network; removes every trace of them at the end.

        with Machines() as machines:
            late = machines.light("late", sshd_after=20)
            late.wait_for_sshd()
            assert late.ssh("hostname").stdout == "late\\n"

    Any number can be used at once. Raises NotRoot or NotPossible where there cannot be any.
    """

    key_file: Path
    """The private key that opens all machines."""

    def __init__(self) -> None:
        self._machines: dict[str, Machine] = {}
        self._used: set[str] = set()
        self._kept = False

    def __enter__(self) -> Machines:
        self._base = prepare()
        self._run = Run.claim()
        try:
            self._run.network.make()
            make_disks(self._run.folder)
            self.key_file = self.folder / "id_ed25519"
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key_file))
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        if not self._kept:
            self.remove()

    @property
    def folder(self) -> Path:
        """The folder of the run, with keys and the logs of the machines."""
        return self._run.folder

    def light(
        self,
        name: str,
        *,
        address: str | None = None,
        sshd_after: float = 0,
        key_after: float = 0,
        users: Sequence[User] = (),
    ) -> LightMachine:
        """Start a light machine. Its address is the next one, unless one is given."""
        access = Access(sshd_after, key_after, tuple(users))
        return self._add(LightMachine(self._place(name, address), access))

    def whole(
        self,
        name: str,
        *,
        address: str | None = None,
        sshd_after: float = 0,
        key_after: float = 0,
        users: Sequence[User] = (),
        user_data: str | None = None,
    ) -> WholeMachine:
        """Start a whole machine with this cloud-init user data."""
        access = Access(sshd_after, key_after, tuple(users))
        return self._add(WholeMachine(self._place(name, address), access, user_data))

    def new_address(self) -> str:
        """Reserve and return an address that no machine has had yet."""
        _of_host, *possible = map(str, self._run.network.addresses.hosts())
        for address in possible:
            if address not in self._used:
                self._used.add(address)
                return address
        raise MachineError(f"All addresses of {self._run.network.addresses} are taken")

    def destroy(self, machine: Machine) -> None:
        """Remove one machine at once; its name and its address are free again."""
        del self._machines[machine.name]
        machine.destroy()

    def write_inventory(self) -> Path:
        """Write an inventory of all machines, and return it."""
        hosts = {name: machine.ansible_variables() for name, machine in self._machines.items()}
        inventory = self.folder / "inventory.json"
        inventory.write_text(json.dumps({"all": {"hosts": hosts}}, indent=2) + "\n")
        return inventory

    def keep(self) -> None:
        """Keep the machines after this process ends, until `make machines-down`."""
        self._run.keep()
        self._kept = True

    def remove(self) -> None:
        """Remove everything."""
        self._machines.clear()
        self._run.remove()

    def _place(self, name: str, address: str | None) -> Place:
        if not _NAME.fullmatch(name):
            raise MachineError(f"{name!r} is no name: small letters, digits and dashes, at most 31")
        if name in self._machines:
            raise MachineError(f"There is a machine {name} already")
        place = self._address(address or self.new_address())
        return Place(self._run, self._base, name, place, self.key_file)

    def _address(self, wanted: str) -> ipaddress.IPv4Address:
        taken = {machine.address for machine in self._machines.values()}
        _of_host, *possible = self._run.network.addresses.hosts()
        for address in possible:
            if str(address) == wanted and wanted not in taken:
                self._used.add(wanted)
                return address
        raise MachineError(f"{wanted} is not free in {self._run.network.addresses}")

    def _add(self, machine: _M) -> _M:
        self._machines[machine.name] = machine
        return machine

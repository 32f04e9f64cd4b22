# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The network of a run: a bridge, and for each machine a namespace with an address on it."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import re
import typing as t
from dataclasses import dataclass
from pathlib import Path

from .commands import attempt, run, succeeds
from .errors import MachineError

NAMESPACES = Path("/run/netns")


@dataclass(frozen=True)
class Network:
    """The network of the run with this number: the host has .1, machines have .2 to .254."""

    number: int

    @property
    def prefix(self) -> str:
        """Prefix of the names of namespaces and control groups."""
        return f"cdm{self.number}-"

    @property
    def bridge(self) -> str:
        """The name of the bridge."""
        return f"cdm{self.number}"

    @property
    def addresses(self) -> ipaddress.IPv4Network:
        """All addresses."""
        return ipaddress.IPv4Network(f"10.77.{self.number}.0/24")

    def is_free(self) -> bool:
        """Return whether neither the name nor the addresses are in use on this host."""
        listed = run("ip", "-json", "route", "show", "root", "10.77.0.0/16")
        routes = [route["dst"] for route in json.loads(listed or "[]") if route["dst"] != "default"]
        taken = any(self.addresses.overlaps(ipaddress.IPv4Network(route)) for route in routes)
        return not taken and self.number not in numbers()

    def make(self) -> None:
        """Make the bridge."""
        run("ip", "link", "add", self.bridge, "type", "bridge")
        run("ip", "address", "add", f"{self.addresses[1]}/24", "dev", self.bridge)
        run("ip", "link", "set", self.bridge, "up")

    def remove(self) -> None:
        """Remove the bridge and the namespaces of all machines."""
        for name in self._namespaces():
            self.detach(name)
        for link in _links():
            if link.startswith(f"v{self.prefix}"):
                attempt("ip", "link", "delete", link)
        if self.bridge in _links():
            run("ip", "link", "delete", self.bridge)

    def namespace(self, name: str) -> str:
        """Return the name of a machine's namespace."""
        return f"{self.prefix}{name}"

    def attach(self, name: str, address: ipaddress.IPv4Address) -> None:
        """Make the namespace of a machine, with this address."""
        namespace, link = self.namespace(name), self._link(address)
        if link in _links():
            raise MachineError(f"There is a machine at {address} already")
        run("ip", "netns", "add", namespace)
        peer = ("peer", "name", "eth0", "netns", namespace, "address", _hardware(address))
        run("ip", "link", "add", link, "type", "veth", *peer)
        run("ip", "link", "set", link, "master", self.bridge, "up")
        inside = ("ip", "-netns", namespace)
        run(*inside, "link", "set", "lo", "up")
        run(*inside, "address", "add", f"{address}/24", "dev", "eth0")
        run(*inside, "link", "set", "eth0", "up")

    def detach(self, name: str, address: ipaddress.IPv4Address | None = None) -> None:
        """Remove the namespace of a machine."""
        if address:
            # Deleting only the namespace would remove the link some time later.
            attempt("ip", "link", "delete", self._link(address))
        attempt("ip", "netns", "delete", self.namespace(name))

    def processes(self, name: str | None = None) -> set[int]:
        """Return the processes of a machine, or of all machines."""
        names = self._namespaces() if name is None else [name]
        found: set[int] = set()
        for each in names:
            listed = attempt("ip", "netns", "pids", self.namespace(each)).stdout
            found.update(int(process) for process in listed.split())
        return found

    def _link(self, address: ipaddress.IPv4Address) -> str:
        return f"v{self.prefix}{int(address) & 255}"

    def _namespaces(self) -> list[str]:
        names = [path.name for path in _entries(NAMESPACES)]
        return [name.removeprefix(self.prefix) for name in names if name.startswith(self.prefix)]


def numbers() -> set[int]:
    """Return the numbers of the runs that have a bridge or a namespace."""
    names = [*_links(), *(path.name for path in _entries(NAMESPACES))]
    found = (re.fullmatch(r"v?cdm(\d+)(-.*)?", name) for name in names)
    return {int(match[1]) for match in found if match}


def answers(address: ipaddress.IPv4Address) -> bool:
    """Return whether something listens at port 22 of an address."""
    return succeeds("ssh-keyscan", "-T", "2", "-t", "ed25519", str(address))


def _links() -> list[str]:
    return [path.name for path in _entries(Path("/sys/class/net"))]


def _entries(folder: Path) -> t.Iterator[Path]:
    with contextlib.suppress(FileNotFoundError):
        yield from folder.iterdir()


def _hardware(address: ipaddress.IPv4Address) -> str:
    """Return the hardware address for an address.

    So a machine behind the address of another one is found at once: what the host has remembered
    of the first is still right.
    """
    return "02:cd:" + ":".join(f"{byte:02x}" for byte in address.packed)

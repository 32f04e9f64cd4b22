# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who holds the locks of a machine's package manager: the command that looks, and what it saw.

Private to this collection. Plain Python, no Ansible import. Needs neither root nor Python on the
machine, and takes no lock: the kernel lists all locks in /proc/locks, for everybody to read.
"""

from __future__ import annotations

import re
import shlex
import typing as t
from dataclasses import dataclass

from ._problem import PACKAGE_LOCK, Problem
from ._text import printable

FILES = (
    "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/lock",
    "/var/lib/apt/lists/lock",
    "/var/cache/apt/archives/lock",
    "/var/lib/rpm/.rpm.lock",
    "/usr/lib/sysimage/rpm/.rpm.lock",
    "/run/dnf/rpmtransaction.lock",
    "/var/lib/dnf/rpmdb_lock.pid",
    "/var/cache/dnf/metadata_lock.pid",
    "/var/cache/dnf/download_lock.pid",
    "/run/yum.pid",
)
"""Locks of apt and dnf. What ends in ``.pid`` holds the process id of its owner instead."""

# A pid file outlives its process when that was killed, and somebody else may have the number now.
_WRITERS_OF_PID_FILES = ("dnf", "yum", "microdnf", "python", "platform-python", "packagekitd")

_LOOK = r"""
owners=
for f in {files}; do
  [ -e "$f" ] || continue
  case $f in
  *.pid) pid=; read -r pid < "$f"; echo "pidfile $pid $f"; owners="$owners $pid";;
  *) stat -c 'file %d %i %n' "$f";;
  esac
done 2>/dev/null
sed 's/^/lock /' /proc/locks 2>/dev/null
pids='s/^.* \([0-9]*\) [0-9a-f]*:[0-9a-f]*:[0-9]* .*$/\1/p'
owners="$owners $(sed -n "$pids" /proc/locks 2>/dev/null)"
for pid in $owners; do
  read -r name < "/proc/$pid/comm" && echo "process $pid $name"
done 2>/dev/null
exit 0
"""

_LOCK = re.compile(
    r"^lock \d+: \w+ +\S+ +\S+ +([1-9]\d{0,9}) ([0-9a-f]+):([0-9a-f]+):(\d{1,20}) ",
    re.ASCII | re.MULTILINE,
)
_FILE = re.compile(r"^file (\d{1,20}) (\d{1,20}) (.+)$", re.ASCII | re.MULTILINE)
_PID_FILE = re.compile(r"^pidfile (\d{1,10}) (.+)$", re.ASCII | re.MULTILINE)
_PROCESS = re.compile(r"^process (\d{1,10}) (.*)$", re.ASCII | re.MULTILINE)


@dataclass(frozen=True)
class Holder:
    """A process that holds a lock; its name may be unknown."""

    file: str
    pid: int
    name: str

    def __str__(self) -> str:
        return f"{printable(self.name or 'an unknown process', 40)} (pid {self.pid})"


def command(files: t.Iterable[str]) -> str:
    """Return the command that looks at the locks."""
    return _LOOK.format(files=" ".join(shlex.quote(file) for file in files)).strip()


def holders(stdout: str) -> list[Holder]:
    """Return who holds which of the files, by what ``command`` printed."""
    files: dict[str, list[tuple[int, str]]] = {}
    for device, inode, name in _FILE.findall(stdout):
        files.setdefault(inode, []).append((int(device), name))
    names: dict[str, str] = dict(_PROCESS.findall(stdout))
    found: list[tuple[str, str]] = []
    for pid, major, minor, inode in _LOCK.findall(stdout):
        device = (int(major, 16), int(minor, 16))
        found += [(name, pid) for number, name in files.get(inode, []) if _is_on(device, number)]
    for pid, name in _PID_FILE.findall(stdout):
        if names.get(pid, "").startswith(_WRITERS_OF_PID_FILES):
            found.append((name, pid))
    return [Holder(name, int(pid), names.get(pid, "")) for name, pid in dict.fromkeys(found)]


def held(by: t.Sequence[Holder]) -> Problem:
    """Return the problem that held locks are."""
    who = ", ".join(dict.fromkeys(str(holder) for holder in by))
    return Problem(
        PACKAGE_LOCK,
        f"the package manager is locked by {who}, which holds {printable(by[0].file)}",
        "See what that process waits for, or raise instance_ready_package_lock_timeout (0 does "
        "not wait for locks).",
    )


def _is_on(device: tuple[int, int], number: int) -> bool:
    """Return whether a device of /proc/locks is the one whose number stat gives.

    On file systems without a device of their own (overlay, btrfs) both have major number 0, and
    the minor ones differ.
    """
    major = (number >> 8) & 0xFFF
    minor = (number & 0xFF) | ((number >> 12) & 0xFFF00)
    return device == (major, minor) or device[0] == major == 0

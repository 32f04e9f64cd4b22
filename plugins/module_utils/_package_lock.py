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
  *.pid) read -r pid < "$f" && echo "pidfile $pid $f" && owners="$owners $pid";;
  *) stat -c 'file %d %i %n' "$f";;
  esac
done 2>/dev/null
sed 's/^/lock /' /proc/locks 2>/dev/null
owners="$owners $(sed -n 's/^.* \([0-9]*\) [0-9a-f]*:[0-9a-f]*:[0-9]* .*$/\1/p' /proc/locks 2>/dev/null)"
for pid in $owners; do
  read -r name < "/proc/$pid/comm" && echo "process $pid $name"
done 2>/dev/null
exit 0
"""

_LOCK = re.compile(r"^lock \d+: (?:POSIX|FLOCK|OFDLCK) +\S+ +\S+ +(\d+) (\w+):(\w+):(\d+) ")


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
    return _LOOK.format(files=" ".join(shlex.quote(file) for file in files))


def holders(stdout: str) -> list[Holder]:
    """Return who holds which of the files, by what ``command`` printed."""
    files: dict[int, list[tuple[int, str]]] = {}
    names: dict[int, str] = {}
    found: list[tuple[str, int]] = []
    pid_files: list[tuple[str, int]] = []
    for line in stdout.splitlines():
        kind, _space, rest = line.partition(" ")
        first, _space, last = rest.partition(" ")
        if kind == "process" and first.isdigit():
            names[int(first)] = last
        elif kind == "pidfile" and first.isdigit():
            pid_files.append((last, int(first)))
        elif kind == "file":
            inode, _space, name = last.partition(" ")
            files.setdefault(int(inode), []).append((int(first), name))
        elif (match := _LOCK.match(line)) and int(match[1]):
            device = (int(match[2], 16), int(match[3], 16))
            same = files.get(int(match[4]), [])
            found += [(name, int(match[1])) for dev, name in same if _is_same(dev, device)]
    for name, pid in pid_files:
        if names.get(pid, "").startswith(_WRITERS_OF_PID_FILES):
            found.append((name, pid))
    return [Holder(name, pid, names.get(pid, "")) for name, pid in dict.fromkeys(found)]


def held(by: t.Sequence[Holder]) -> Problem:
    """Return the problem that held locks are."""
    who = ", ".join(dict.fromkeys(str(holder) for holder in by))
    return Problem(
        PACKAGE_LOCK,
        f"the package manager is locked by {who}, which holds {printable(by[0].file)}",
        "See what that process waits for, or raise instance_ready_package_lock_timeout (0 does "
        "not wait for locks).",
    )


def _is_same(dev: int, device: tuple[int, int]) -> bool:
    """Return whether stat's device number and that of /proc/locks are one device.

    On file systems without a device of their own (overlay, btrfs) both have major number 0, and
    the minor ones differ.
    """
    major = (dev >> 8) & 0xFFF
    minor = (dev & 0xFF) | ((dev >> 12) & 0xFFF00)
    return (major, minor) == device or major == device[0] == 0

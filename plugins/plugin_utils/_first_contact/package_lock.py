# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who holds the locks of a machine's package manager: the command that looks, and what it saw.

Needs neither root nor Python on the machine, and takes no lock: the kernel lists all locks in
/proc/locks, for everybody to read.
"""

from __future__ import annotations

import re
import shlex
import typing as t
from dataclasses import dataclass

from ...module_utils._text import head, listed, printable
from .problem import PACKAGE_LOCK, Problem

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

# Even 10,000 locks, of a database and a file server, are less; and a machine may list more.
_KEPT = 1024 * 1024
_KEPT_HOLDERS = 50
_SHOWN_HOLDERS = 4

_Place = t.Tuple[int, int, str]

_LOCK = re.compile(
    r"^lock \d{1,10}: \w{1,10} +\w{1,10} +\w{1,10} +([1-9]\d{0,9}) "
    r"([0-9a-f]{1,8}):([0-9a-f]{1,8}):(\d{1,20}) ",
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
    """Return who holds which of the files, by what ``command`` printed; not all of very many."""
    stdout = head(stdout, _KEPT)
    names: dict[str, str] = dict(_PROCESS.findall(stdout))
    found: dict[tuple[str, str], Holder] = {}
    for pid, file in _held_files(stdout, names):
        found[pid, file] = Holder(file, int(pid), names.get(pid, ""))
        if len(found) == _KEPT_HOLDERS:
            break
    return list(found.values())


def _held_files(stdout: str, names: dict[str, str]) -> t.Iterator[tuple[str, str]]:
    """Yield the processes and the files that they hold."""
    files: dict[_Place, dict[str, None]] = {}
    for device, inode, file in _FILE.findall(stdout):
        files.setdefault(_place(*_numbers(int(device)), inode), {})[file] = None
    # Once for each process: there is a line for each part of a file that is locked.
    locks = (
        (lock[1], _place(int(lock[2], 16), int(lock[3], 16), lock[4]))
        for lock in _LOCK.finditer(stdout)
    )
    for pid, place in dict.fromkeys(locks):
        for file in files.get(place, ()):
            yield pid, file
    for pid, file in _PID_FILE.findall(stdout):
        if names.get(pid, "").startswith(_WRITERS_OF_PID_FILES):
            yield pid, file


def held(by: t.Sequence[Holder]) -> Problem:
    """Return the problem that held locks are."""
    who = listed(list(dict.fromkeys(map(str, by))), _SHOWN_HOLDERS)
    return Problem(
        PACKAGE_LOCK,
        f"the package manager is locked by {who}, which holds {printable(by[0].file)}",
        "See what that process waits for, or raise instance_ready_package_lock_timeout (0 does "
        "not wait for locks).",
    )


def _numbers(device: int) -> tuple[int, int]:
    """Return the major and the minor number in the one number that stat gives for a device."""
    return (device >> 8) & 0xFFF, (device & 0xFF) | ((device >> 12) & 0xFFF00)


def _place(major: int, minor: int, inode: str) -> _Place:
    """Return what a file of stat and a lock of /proc/locks have in common if they are one.

    On file systems without a device of their own (overlay, btrfs) both have major number 0, and
    the minor ones differ.
    """
    return (major, minor if major else 0, inode)

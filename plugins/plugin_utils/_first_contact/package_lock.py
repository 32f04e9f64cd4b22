# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who holds the locks of a machine's package manager.

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
"""Locks of apt and dnf. A file that ends in ``.pid`` holds the process id of its owner."""

# A pid file outlives a process that was killed, and another process may have the number now.
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

# More than the 10,000 locks of a database and a file server; a machine may list any number.
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
    """A process that holds a lock. Its name may be empty."""

    file: str
    pid: int
    name: str

    def __str__(self) -> str:
        return f"{printable(self.name or 'an unknown process', 40)} (pid {self.pid})"


def command(files: t.Iterable[str]) -> str:
    """Return the command that looks at the locks."""
    return _LOOK.format(files=" ".join(shlex.quote(file) for file in files)).strip()


def read(stdout: str) -> list[Holder]:
    """Return who holds which of the files, from the output of ``command``: the first few."""
    stdout = head(stdout, _KEPT)
    names: dict[str, str] = dict(_PROCESS.findall(stdout))
    found: dict[tuple[str, str], Holder] = {}
    for pid, file in _held_files(stdout, names):
        found[pid, file] = Holder(file, int(pid), names.get(pid, ""))
        if len(found) == _KEPT_HOLDERS:
            break
    return list(found.values())


def _held_files(stdout: str, names: dict[str, str]) -> t.Iterator[tuple[str, str]]:
    """Yield each process with each file that it holds."""
    files: dict[_Place, dict[str, None]] = {}
    for device, inode, file in _FILE.findall(stdout):
        files.setdefault(_place(*_numbers(int(device)), inode), {})[file] = None
    # Once for each process: each locked part of a file has a line of its own.
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


def problem(holders: t.Sequence[Holder]) -> Problem | None:
    """Return the problem for a package manager that is locked."""
    if not holders:
        return None
    who = listed(list(dict.fromkeys(map(str, holders))), _SHOWN_HOLDERS)
    return Problem(
        PACKAGE_LOCK,
        f"the package manager is locked by {who}, which holds {printable(holders[0].file)}",
        "Find out why that process does not finish, or raise instance_ready_package_lock_timeout "
        "(0 skips this check).",
    )


def _numbers(device: int) -> tuple[int, int]:
    """Return the major and the minor number of a device number as stat prints it."""
    return (device >> 8) & 0xFFF, (device & 0xFF) | ((device >> 12) & 0xFFF00)


def _place(major: int, minor: int, inode: str) -> _Place:
    """Return a key by which a file in stat and its lock in /proc/locks are the same.

    On file systems without a device of their own (overlay, btrfs) the major number is 0 in both,
    and the minor numbers differ.
    """
    return (major, minor if major else 0, inode)

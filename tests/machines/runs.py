# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run: a number that is part of the name of everything it owns.

Run 0 has the folder /run/compute-desk-machines/0, the bridge cdm0 with the network 10.77.0.0/24,
and the network namespaces cdm0-NAME; run 1 likewise. So any number of them live side by side, and
whatever became of the process that made one, its traces are found and removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import time
import typing as t
from pathlib import Path

from . import cgroups, network
from .commands import attempt
from .errors import MachineError

RUNS = Path("/run/compute-desk-machines")
_HIGHEST = 255
# Marks a run that outlives the process that made it.
_KEPT = "kept"
# Processes that run machines have one of these on their command line, and a folder of the run.
INIT_SCRIPTS = ("light-init.sh", "whole-init.sh")
# How long killed processes may take to end.
_PATIENCE = 10.0


class Run:
    """One run that this process owns. Nobody removes it while this process lives."""

    def __init__(self, number: int, owner: t.IO[str]) -> None:
        self.number = number
        self._owner = owner
        self.folder = RUNS / str(number)
        self.network = network.Network(number)

    @classmethod
    def claim(cls) -> Run:
        """Return a new run, with its bridge. Removes dead ones first."""
        with _registry():
            sweep([number for number in _numbers() if not _is_kept(number)])
            number = next((n for n in range(_HIGHEST + 1) if _is_free(n)), None)
            if number is None:
                raise MachineError("All networks of 10.77.0.0/16 are taken: make machines-down")
            folder = RUNS / str(number)
            folder.mkdir(mode=0o755, parents=True)
            owner = (folder / "owner").open("w")
            fcntl.flock(owner, fcntl.LOCK_EX)
            owner.write(str(os.getpid()))
            owner.flush()
            return cls(number, owner)

    def keep(self) -> None:
        """Keep everything when this process ends."""
        (self.folder / _KEPT).touch()
        self._owner.close()

    def remove(self) -> None:
        """Remove everything this run owns."""
        with _registry():
            remove_traces(self.number)
        self._owner.close()


def sweep(numbers: t.Iterable[int]) -> tuple[list[int], dict[int, str]]:
    """Remove those of the runs whose processes are dead.

    Return the numbers of the removed, and for the others the process that has them.
    """
    removed: list[int] = []
    in_use: dict[int, str] = {}
    for number in numbers:
        owner = _living_owner(RUNS / str(number))
        if owner:
            in_use[number] = owner
        else:
            remove_traces(number)
            removed.append(number)
    return removed, in_use


def sweep_all(only: t.Collection[int] = ()) -> tuple[list[int], dict[int, str]]:
    """Remove dead runs, all or only these, while no other run starts or ends."""
    with _registry():
        return sweep([number for number in _numbers() if not only or number in only])


def remove_traces(number: int) -> None:
    """Remove processes, network, control groups, mounts and the folder of a run."""
    folder = RUNS / str(number)
    net = network.Network(number)
    _kill(folder, net)
    net.remove()
    cgroups.remove(net.prefix)
    _unmount(folder)
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        RUNS.rmdir()


@contextlib.contextmanager
def _registry() -> t.Iterator[None]:
    """Keeps other processes from starting or removing a run.

    The lock is on a folder that every host has, so that it leaves no trace.
    """
    folder = os.open(RUNS.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _numbers() -> list[int]:
    """Return the runs that still own something, even if only a network."""
    folders = [path.name for path in RUNS.glob("*")]
    return sorted({int(name) for name in folders if name.isdigit()} | network.numbers())


def _is_kept(number: int) -> bool:
    return (RUNS / str(number) / _KEPT).exists()


def _is_free(number: int) -> bool:
    return not (RUNS / str(number)).exists() and network.Network(number).is_free()


def _living_owner(folder: Path) -> str | None:
    """Return the ID of the process that owns the run; None if it is dead."""
    try:
        with (folder / "owner").open() as owner:
            fcntl.flock(owner, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return (folder / "owner").read_text() or "unknown"
    return None


def _kill(folder: Path, net: network.Network) -> None:
    """Kill the processes of all machines and wait until they end."""
    deadline = time.monotonic() + _PATIENCE
    while processes := _supervisors(folder) | net.processes():
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise MachineError(f"Processes do not end: {', '.join(map(str, processes))}")
        time.sleep(0.02)


def _supervisors(folder: Path) -> set[int]:
    """Return the processes that keep a run's machines alive; all others die with them."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = [os.fsdecode(word) for word in (process / "cmdline").read_bytes().split(b"\0")]
            ours = any(word.startswith(f"{folder}/") for word in words)
            if ours and any(Path(word).name in INIT_SCRIPTS for word in words):
                found.add(int(process.name))
    return found


def _unmount(folder: Path) -> None:
    """Unmount everything in a folder, innermost first."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for mount in reversed([mount for mount in mounts if mount.startswith(f"{folder}/")]):
        attempt("umount", "--lazy", mount)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who holds the locks of a package manager: real locks, and what /proc/locks looks like."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.package_lock import (
    FILES,
    Holder,
    command,
    problem,
    read,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.problem import (
    Problem,
)
from hypothesis import given

from ...helpers import ANY_TEXT

FRONTEND = "/var/lib/dpkg/lock-frontend"
LISTS = "/var/lib/apt/lists/lock"
RPMDB = "/var/lib/dnf/rpmdb_lock.pid"

# Debian 12 on a disk with major number 8: apt-get waits for unattended-upgrades.
APT = f"""file 2049 131090 {FRONTEND}
file 2049 131091 {LISTS}
lock 1: POSIX  ADVISORY  WRITE 714 08:01:131090 0 EOF
lock 1: -> POSIX  ADVISORY  WRITE 1999 08:01:131090 0 EOF
lock 2: FLOCK  ADVISORY  WRITE 321 00:19:1090 0 EOF
lock 3: OFDLCK ADVISORY  READ -1 08:01:131091 0 EOF
process 714 unattended-upgr
process 1999 apt-get
process 321 cron
"""


def look(*files: object) -> list[Holder]:
    """Look at real files, as the shell of a machine does."""
    done = subprocess.run(
        ["/bin/sh", "-c", command(map(str, files))],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stderr == ""
    return read(done.stdout)


def test_the_holder_is_named_and_nobody_who_waits() -> None:
    assert read(APT) == [Holder(FRONTEND, 714, "unattended-upgr")]
    assert problem(read(APT)) == Problem(
        "package_lock",
        f"the package manager is locked by unattended-upgr (pid 714), which holds {FRONTEND}",
        "Find out why that process does not finish, or raise instance_ready_package_lock_timeout "
        "(0 skips this check).",
    )
    assert problem([]) is None


def test_many_holders_are_counted_and_named_in_part() -> None:
    text = "".join(
        f"lock 1: POSIX  ADVISORY  WRITE {pid} 08:01:131090 0 EOF\n" for pid in range(100, 170)
    )
    text = f"file 2049 131090 {FRONTEND}\nprocess 100 {'x' * 60}\n{text}"

    found = read(text)

    assert [holder.pid for holder in found] == list(range(100, 150))
    shown = problem(found)
    assert shown and shown.message == (
        f"the package manager is locked by {'x' * 37}... (pid 100), an unknown process (pid 101), "
        "an unknown process (pid 102), an unknown process (pid 103), and 46 more, "
        f"which holds {FRONTEND}"
    )


def test_a_file_is_shown_without_what_could_rewrite_the_line() -> None:
    shown = problem([Holder("/a\x1b[2J", 1, "apt"), Holder("/b", 1, "apt")])

    assert shown and shown.message.endswith(" locked by apt (pid 1), which holds /a")


@pytest.mark.parametrize(
    ("lock", "is_held"),
    [
        ("08:01:131090", True),
        ("08:02:131090", False),
        ("8:1:131090", True),
        ("08:11:131090", False),
        ("00:1f:131090", False),
        ("08:01:131099", False),
    ],
)
def test_the_lock_of_another_file_is_none(lock: str, is_held: bool) -> None:
    assert bool(read(APT.replace("08:01:131090", lock))) is is_held


@pytest.mark.parametrize(
    ("device", "lock"),
    [
        (2049, "08:01"),
        (2065, "08:11"),
        (0x10301, "103:01"),
        (0xFFF00, "fff:00"),
        (0x123008FF, "08:123ff"),
    ],
)
def test_the_device_numbers_of_stat_and_of_the_kernel_are_the_same(device: int, lock: str) -> None:
    text = f"file {device} 7 /lock\nlock 1: FLOCK  ADVISORY  WRITE 9 {lock}:7 0 EOF\n"

    assert read(text) == [Holder("/lock", 9, "")]


def test_an_overlay_has_one_device_number_for_each_who_asks() -> None:
    text = "file 42 2525151 /lock\nlock 1: POSIX  ADVISORY  WRITE 7 00:28:2525151 0 EOF\n"

    assert read(text) == [Holder("/lock", 7, "")]
    assert "an unknown process (pid 7)" in str(problem(read(text)))


def test_a_lock_from_outside_of_a_container_has_no_process() -> None:
    assert read(APT.replace("714", "0")) == []


@pytest.mark.parametrize(
    ("name", "is_held"),
    [("dnf", True), ("dnf-automatic", True), ("yum", True), ("python3", True), ("sshd", False)],
)
def test_a_pid_file_counts_while_its_writer_lives(name: str, is_held: bool) -> None:
    text = f"pidfile 4242 {RPMDB}\nprocess 4242 {name}\n"

    assert read(text) == ([Holder(RPMDB, 4242, name)] if is_held else [])
    assert read(f"pidfile 4242 {RPMDB}\n") == []


@given(ANY_TEXT)
def test_any_output_is_read(text: str) -> None:
    for kind in ("file 1 ", "lock ", "pidfile ", "process ", ""):
        assert isinstance(read(kind + text), list)


def test_the_files_of_both_package_managers_are_looked_at() -> None:
    text = command(FILES)

    for name in ("dpkg", "apt", "rpm", "dnf", "yum"):
        assert name in text


@pytest.mark.skipif(not os.path.exists("/proc/locks"), reason="not on Linux")
class TestRealLocks:
    """Locks that are held for the moment of the test."""

    @pytest.mark.parametrize("take", ["fcntl.lockf", "fcntl.flock"])
    def test_a_lock_is_seen_while_it_is_held(self, tmp_path: Path, take: str) -> None:
        lock = tmp_path / "it's a lock"
        code = (
            f"import fcntl, sys; file = open(sys.argv[1], 'w'); {take}(file, fcntl.LOCK_EX); "
            "print('held', flush=True); sys.stdin.read()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code, str(lock)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin
            assert process.stdout
            assert process.stdout.readline() == "held\n"
            found = look(lock)
            process.stdin.close()

        assert [(holder.file, holder.pid) for holder in found] == [(str(lock), process.pid)]
        assert found[0].name.startswith("python")
        assert look(lock) == []

    def test_a_pid_file_names_its_owner(self, tmp_path: Path) -> None:
        pid_file = tmp_path / "rpmdb_lock.pid"
        pid_file.write_text(str(os.getpid()))
        comm = Path(f"/proc/{os.getpid()}/comm").read_text().strip()

        found = look(pid_file, tmp_path / "absent.pid")

        assert [holder.pid for holder in found] == (
            [os.getpid()] if comm.startswith("python") else []
        )

    def test_nothing_is_there(self, tmp_path: Path) -> None:
        with (tmp_path / "other").open("w") as other:
            fcntl.lockf(other, fcntl.LOCK_EX)

            assert look(tmp_path / "lock", tmp_path / "x.pid") == []

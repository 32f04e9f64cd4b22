# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs are isolated from each other and leave nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from . import MachineError, Machines
from .runs import RUNS

TESTS = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-m", "machines"]


def start(*command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        # In the background of a shell, and under nohup, it would be ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def finish(*command: str) -> tuple[int, str]:
    process = start(*command)
    output = process.communicate(timeout=120)[0]
    return process.returncode, output


def wait_for(condition: Callable[[], bool]) -> None:
    for _number in range(600):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("waited in vain")


def run_of(process: subprocess.Popen[str]) -> int | None:
    """Return the number of the run that a process owns."""
    for owner in RUNS.glob("*/owner"):
        if owner.read_text() == str(process.pid):
            return int(owner.parent.name)
    return None


def assert_gone(number: int, owner: int) -> None:
    """Assert that nothing is left of the run of a process; another one may have its number."""

    def is_gone() -> bool:
        found = traces(number)
        successor = RUNS / str(number) / "owner"
        return not found or (successor.exists() and successor.read_text() not in ("", str(owner)))

    wait_for(is_gone)


def traces(number: int) -> list[str]:
    """Return everything a run owns."""
    name, folder = f"cdm{number}", str(RUNS / str(number))
    found = [str(path) for path in Path("/run/netns").glob(f"{name}-*")]
    found += [str(path) for path in Path("/sys/class/net").glob("*cdm*") if name in path.name]
    found += [str(path) for path in Path("/sys/fs/cgroup").glob(f"*/{name}-*")]
    found += [str(path) for path in Path("/sys/fs/cgroup").glob(f"{name}-*")]
    mounts = Path("/proc/mounts").read_text().splitlines()
    found += [line for line in mounts if f" {folder}/" in line or f"/{name}-" in line]
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = process.read_bytes().decode(errors="replace")
        except OSError:
            continue
        found += [command] if f"{folder}/" in command else []
    return found + ([folder] if Path(folder).exists() else [])


def test_the_command_line_starts_machines_and_removes_them() -> None:
    up = start(*COMMAND, "up", "--count", "2")
    output = up.communicate(timeout=120)[0]
    assert up.returncode == 0, output
    logins = [line.split() for line in output.splitlines() if line.startswith("ssh ")]
    ping = re.search("ansible (-i .*)", output)
    number = run_of(up)
    assert ping and number is not None

    said = [finish(*login[:-1], "-o", "BatchMode=yes", login[-1], "hostname") for login in logins]
    pinged = finish(str(Path(sys.executable).with_name("ansible")), *ping[1].split())
    left = traces(number)
    down = finish(*COMMAND, "down", str(number))

    assert said == [(0, "m1\n"), (0, "m2\n")]
    assert pinged[0] == 0 and pinged[1].count('"ping": "pong"') == 2, pinged[1]
    assert len(left) > 10
    assert down == (0, "Removed 1 run of machines.\n")
    assert_gone(number, up.pid)


def test_two_runs_at_once_do_not_meet() -> None:
    with Machines() as these, Machines() as those:
        one, two = these.light("same"), those.light("same")
        for machine in (one, two):
            machine.wait_for_sshd()
            assert machine.ssh("ip -brief address show eth0").stdout.count(machine.address) == 1
        assert one.address != two.address
        assert one.host_key != two.host_key
        number = int(these.folder.name)

        code, output = finish(*COMMAND, "down", str(number))

        assert code == 1
        assert f"Run {number} is left alone, as process {os.getpid()} uses it." in output
        assert one.ssh("true").returncode == 0


@pytest.mark.parametrize("by_hand", [True, False])
def test_what_a_killed_process_left_is_removed(by_hand: bool) -> None:
    script = """if True:
        import time, machines
        with machines.Machines() as made:
            made.light("light").start("sleep", "600")
            made.whole("whole").wait_for_sshd()
            print("up", flush=True)
            time.sleep(600)
    """
    process = start(sys.executable, "-c", script)
    assert process.stdout and process.stdout.readline() == "up\n"
    number = run_of(process)
    assert number is not None
    kinds = "\n".join(traces(number))
    for kind in (
        "/run/netns/",
        "/sys/class/net/",
        "/sys/fs/cgroup/",
        "overlay",
        "tmpfs",
        "unshare",
    ):
        assert kind in kinds

    process.kill()
    process.wait()
    if by_hand:
        # Another test may have removed it already, and have its number now.
        finish(*COMMAND, "down", str(number))
    else:
        with Machines():
            pass

    assert_gone(number, process.pid)


@pytest.mark.parametrize("number_of_signal", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_start_leaves_nothing(number_of_signal: signal.Signals) -> None:
    process = start(*COMMAND, "up", "--count", "20", "--whole")
    wait_for(lambda: run_of(process) is not None)
    number = run_of(process)
    assert number is not None
    wait_for(lambda: "systemd-nspawn" in "\n".join(traces(number)))

    process.send_signal(number_of_signal)

    output = process.communicate(timeout=60)[0]
    assert (process.returncode, output) == (130, "\nInterrupted; everything is removed.\n")
    assert_gone(number, process.pid)


@pytest.mark.parametrize("command", ["prepare", "up", "down"])
def test_whoever_is_not_root_gets_a_sentence(command: str) -> None:
    script = """if True:
        import os, sys
        from machines.__main__ import main
        os.setresuid(65534, 65534, 65534)
        sys.exit(main(sys.argv[1:]))
    """

    code, output = finish(sys.executable, "-c", script, command)

    assert code == 2
    assert output == "machines: Machines need root, as they are made of namespaces and mounts.\n"


def test_what_is_wrong_is_said() -> None:
    with Machines() as machines:
        machine = machines.light("one")
        for name, address, problem in (
            ("One", None, "'One' is no name"),
            ("one", None, "There is a machine one already"),
            ("two", machine.address, "is not free in 10.77"),
            ("two", "192.0.2.1", "is not free in 10.77"),
        ):
            with pytest.raises(MachineError, match=problem):
                machines.light(name, address=address)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running a command that may hang or flood: it ends in time, with what it wrote, and all of it."""

from __future__ import annotations

import os
import signal
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu import command
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.command import (
    find_tool,
    run_command,
)

LONG = 60.0


def python(code: str, timeout: float = LONG, **options: t.Any) -> command.Ran:
    return run_command([sys.executable, "-I", "-c", code], timeout, **options)


def is_running(pid: int) -> bool:
    """Return whether a process is there, and not just waiting to be reaped by somebody else."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(pid: int) -> None:
    for _attempt in range(200):
        if not is_running(pid):
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    pytest.fail(f"process {pid} was left running")


def test_both_outputs_and_the_exit_code_come_back() -> None:
    ran = python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")

    assert (ran.stdout, ran.stderr, ran.code) == ("out\n", "err\n", 3)
    assert not ran.ok and not ran.timed_out
    assert python("print('fine')").ok


def test_an_environment_that_is_given_is_all_there_is() -> None:
    code = "import os; print(os.environ.get('A'), os.environ.get('HOME'), 'LC_ALL' in os.environ)"

    assert python(code, environment={"A": "b"}) == command.Ran(0, "b None False\n")


def test_what_is_no_text_does_no_harm() -> None:
    ran = python(r"import sys; sys.stdout.buffer.write(b'a\xff\xfe\x00b')")

    assert ran.stdout == "a\ufffd\ufffd\x00b"


def test_a_command_that_cannot_be_started_has_a_problem(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")

    assert run_command([str(tmp_path / "missing")], LONG).problem == "No such file or directory"
    assert run_command([str(tmp_path / "text")], LONG).problem == "Permission denied"
    assert not run_command([str(tmp_path / "missing")], LONG).ok


def hang(script: str, pid_file: Path) -> command.Ran:
    """Run a script that hangs once it has written a file; on a busy machine that takes a while."""
    for timeout in (1.0, 4.0, 16.0):
        ran = run_command(["/bin/sh", "-c", script], timeout)
        if pid_file.exists() and pid_file.read_text().strip():
            return ran
    pytest.fail("the script never came so far")


def test_a_command_that_hangs_is_killed_though_it_ignores_signals(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    ran = hang(f"trap '' TERM INT HUP; echo so far; echo $$ > {pid_file}; sleep 600", pid_file)

    assert ran.timed_out and not ran.ok and ran.code is None
    assert ran.stdout == "so far\n"
    wait_until_gone(int(pid_file.read_text()))


def test_a_command_that_closed_its_outputs_and_hangs_is_killed_as_well() -> None:
    ran = python("import os, time; os.close(1); os.close(2); time.sleep(600)", 1)

    assert ran.timed_out


def test_what_a_command_has_started_is_killed_with_it(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    ran = hang(f"sleep 600 & echo $! > {pid_file}; wait", pid_file)

    assert ran.timed_out
    wait_until_gone(int(pid_file.read_text()))


def test_what_a_command_leaves_behind_is_neither_waited_for_nor_left(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    # It has the outputs of the command, so they are not closed when the command ends.
    ran = run_command(["/bin/sh", "-c", f"sleep 600 & echo $! > {pid_file}; echo done"], LONG)

    assert ran.ok and ran.stdout == "done\n"
    wait_until_gone(int(pid_file.read_text()))


def test_a_daemon_that_a_command_has_started_stays() -> None:
    # It lets go of the outputs a moment after the command has ended.
    daemon = "sleep 0.2; exec sleep 600 >/dev/null 2>&1"
    ran = run_command(["/bin/sh", "-c", f"({daemon}) & echo $!"], LONG)

    pid = int(ran.stdout)
    assert ran.ok and is_running(pid)
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_command_that_floods_is_stopped(stream: str) -> None:
    ran = python(
        f"import sys\nwhile True: sys.{stream}.write('x' * 65536)", LONG, max_bytes=100_000
    )

    assert ran.flooded and not ran.ok and not ran.timed_out
    assert len(ran.stdout + ran.stderr) == 100_000


def test_a_process_that_cannot_be_killed_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that sleeps uninterruptibly in the kernel: it gets the signal, and stays."""
    killed: list[int] = []
    monkeypatch.setattr(os, "killpg", lambda pid, number: killed.append(pid))
    monkeypatch.setattr(command, "_GRACE", 0.1)

    ran = python("import time; time.sleep(600)", 0.5)
    monkeypatch.undo()
    try:
        assert ran.timed_out
        assert is_running(killed[0]), "it was waited for"
    finally:
        os.killpg(killed[0], signal.SIGKILL)
        os.waitpid(killed[0], 0)


def test_messages_are_asked_for_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")

    assert python("import os; print(os.environ['LC_ALL'])").stdout == "C\n"


def test_tools_are_found_on_path_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for folder in ("first", "usual"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "lspci").write_text("#!/bin/sh\n")
        (tmp_path / folder / "lspci").chmod(0o755)
    monkeypatch.setattr(command, "_MORE_FOLDERS", (str(tmp_path / "usual"),))

    monkeypatch.setenv("PATH", str(tmp_path / "first"))
    assert find_tool("lspci") == str(tmp_path / "first" / "lspci")
    monkeypatch.setenv("PATH", "")
    assert find_tool("lspci") == str(tmp_path / "usual" / "lspci")
    assert find_tool("dmesg") is None


def test_an_output_that_cannot_be_read_is_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    start = command._start

    def refuse(_descriptor: int, _size: int) -> bytes:
        raise OSError(5, "Input/output error")

    def started(*given: t.Any) -> t.Any:
        process = start(*given)
        monkeypatch.setattr(os, "read", refuse)
        return process

    monkeypatch.setattr(command, "_start", started)
    ran = python("print('lost')")
    monkeypatch.undo()

    assert ran.ok and ran.stdout == ""


def test_a_killed_process_leaves_no_zombie(monkeypatch: pytest.MonkeyPatch) -> None:
    start = command._start
    started: list[t.Any] = []

    def noted(*given: t.Any) -> t.Any:
        started.append(start(*given))
        return started[-1]

    monkeypatch.setattr(command, "_start", noted)
    python("import time; time.sleep(600)", 0.5)

    assert started[0].returncode == -signal.SIGKILL

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work that starts commands: it ends in time, and its commands with it."""

from __future__ import annotations

import contextvars
import os
import subprocess
import sys
import threading
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact import (
    time_limit,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.time_limit import (
    Flooded,
    OutOfTime,
    in_time,
)

ENDLESS = [sys.executable, "-c", "while True: print('A' * 65535, flush=True)"]
SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
# The size of what a command writes, from a command line that has it.
WRITER = "import sys; sys.stdout.write('A' * int(sys.argv[1]))"


@pytest.fixture(autouse=True)
def original_popen(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the rest of this process starts is not ours."""
    monkeypatch.setattr(subprocess, "Popen", subprocess.Popen)


def read_as_a_connection_does(command: t.Sequence[str], **options: t.Any) -> bytes:
    """Start a command with both outputs as pipes that do not block, and read all of one."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    said = b""
    while True:
        piece = process.stdout.read()
        if piece == b"":
            break
        said += piece or b""
    process.wait()
    return said


def test_what_the_work_returns_or_raises_comes_back() -> None:
    def fail() -> None:
        raise KeyError("lost")

    assert in_time(lambda: 42, 60) == 42
    with pytest.raises(KeyError, match="lost"):
        in_time(fail, 60)


def test_what_a_context_holds_is_there_in_the_work() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    variable.set("the task")

    assert in_time(variable.get, 60) == "the task"


def test_work_that_does_not_end_keeps_nobody_from_ending() -> None:
    assert in_time(lambda: threading.current_thread().daemon, 60)


def test_a_command_that_does_not_end_is_killed() -> None:
    started: list[subprocess.Popen[bytes]] = []

    def work() -> None:
        started.append(subprocess.Popen(SLEEPER, stdout=subprocess.PIPE))
        started[0].wait()

    with pytest.raises(OutOfTime):
        in_time(work, 0.5)

    assert started[0].wait(60) < 0


def test_work_that_was_left_behind_can_start_nothing_more() -> None:
    late, over = threading.Event(), threading.Event()
    outcome: list[str] = []

    def work() -> None:
        late.wait(60)
        try:
            subprocess.Popen([sys.executable, "-c", ""])
            outcome.append("started")
        except OSError as exc:
            outcome.append(str(exc))
        over.set()

    with pytest.raises(OutOfTime):
        in_time(work, 0.1)
    late.set()
    assert over.wait(60)

    assert outcome == ["the time for this command is up"]


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_command_that_writes_without_end_is_killed(stream: str) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def work() -> int:
        program = f"import sys\nwhile True: sys.{stream}.write('A' * 65536)"
        process = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        started.append(process)
        output = process.stdout if stream == "stdout" else process.stderr
        assert output is not None
        return len(output.read())

    with pytest.raises(Flooded):
        in_time(work, 60)

    assert started[0].wait(60) < 0


def test_what_is_kept_of_a_flood_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limit, "MAX_BYTES", 300_000)
    said: list[int] = []

    with pytest.raises(Flooded):
        in_time(lambda: said.append(len(read_as_a_connection_does(ENDLESS))), 60)

    assert said and said[0] <= 300_000


def test_as_much_as_is_allowed_is_no_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limit, "MAX_BYTES", 1000)

    def write(size: int) -> int:
        command = [sys.executable, "-c", WRITER, str(size)]
        return in_time(lambda: len(subprocess.check_output(command)), 60)

    assert write(1000) == 1000
    with pytest.raises(Flooded):
        write(1001)


@pytest.mark.parametrize("size", [0, 1, 65_536, 1_000_000])
def test_what_fits_comes_whole(size: int) -> None:
    command = [sys.executable, "-c", WRITER, str(size)]

    assert in_time(lambda: len(read_as_a_connection_does(command)), 60) == size
    assert in_time(lambda: len(subprocess.check_output(command)), 60) == size


def test_no_command_of_the_work_inherits_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPUTE_DESK_API_TOKEN", "secret")
    monkeypatch.setenv("COMPUTE_DESK_API_URL", "https://api.example.com")
    show = [sys.executable, "-c", "import os; print(dict(os.environ))"]

    inherited = in_time(lambda: read_as_a_connection_does(show), 60)
    given = in_time(lambda: read_as_a_connection_does(show, env={**os.environ, "OWN": "1"}), 60)
    outside = subprocess.check_output(show)

    assert b"secret" not in inherited and b"secret" not in given
    assert b"api.example.com" in inherited and b"'OWN'" in given
    assert b"secret" in outside


def test_a_command_that_starts_as_the_time_ends_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    started, may_go_on = threading.Event(), threading.Event()
    begun: list[subprocess.Popen[bytes]] = []
    over = threading.Event()
    begin = time_limit._Job.begin

    def late(job: t.Any, child: t.Any) -> None:
        begun.append(child)
        started.set()
        may_go_on.wait(60)
        begin(job, child)
        over.set()

    monkeypatch.setattr(time_limit._Job, "begin", late)

    with pytest.raises(OutOfTime):
        in_time(lambda: (subprocess.Popen(SLEEPER), over.wait(60)), 0.5)
    assert started.wait(60) and begun[0].poll() is None
    may_go_on.set()

    assert over.wait(60)
    assert begun[0].wait(60) < 0


def test_a_piece_of_an_output_is_no_more_than_was_asked_for() -> None:
    def work() -> tuple[bytes, bytes, bytes]:
        command = [sys.executable, "-c", WRITER, "5"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            return process.stdout.read(0), process.stdout.read(2), process.stdout.read()

    assert in_time(work, 60) == (b"", b"AA", b"AAA")


def test_a_command_whose_output_is_text_is_left_alone() -> None:
    command = [sys.executable, "-c", WRITER, "5"]

    assert in_time(lambda: subprocess.check_output(command, text=True), 60) == "AAAAA"

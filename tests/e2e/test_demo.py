# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo as a newcomer runs it: what it shows, and that nothing is left of it."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from docsite import recording

CHECKOUT = Path(__file__).resolve().parents[2]
SUMMARY = "TASK [Summary]"
DEMO = [sys.executable, str(CHECKOUT / "tests" / "e2e" / "demo.py")]


def start() -> subprocess.Popen[str]:
    # Not everybody has Python unbuffered.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.Popen(
        DEMO,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={
            **environment,
            "DEMO_MARK": str(os.getpid()),
            "COLUMNS": str(recording.COLUMNS),
        },
        start_new_session=True,
        # A shell's background jobs ignore Ctrl-C, and so would all that the tests start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def left_running() -> list[str]:
    """Return the command lines of processes that a demo of this test has started."""
    mark = f"DEMO_MARK={os.getpid()}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes().split(b"\0")
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if mark in environment and command and process.name != str(os.getpid()):
            found.append(command.replace(b"\0", b" ").decode())
    return found


def assert_nothing_is_left() -> None:
    # Processes that were told to end may take a moment.
    for _number in range(150):
        if not left_running():
            break
        time.sleep(0.1)
    assert left_running() == []


def assert_configured(summary: str) -> None:
    for host in ("h100-node-1-2c3d4e5f", "h100-node-2-3d4e5f60", "a100-node-vm77f3a9"):
        (row,) = [line for line in summary.splitlines() if f'"{host} ' in line]
        assert row.rstrip('",').endswith("configured")


def gist(lines: list[str]) -> list[list[str]]:
    """Return what is the same in every run: headings, ready offers, and rows of the summary."""
    found = []
    for line in map(recording.plain, lines):
        if heading := re.match(r"TASK \[.+\]", line):
            found.append([heading[0]])
        elif offer := re.search(r"offer \w+: ready, .+? \(", line):
            found.append([offer[0]])
        elif line.rstrip('",').endswith("configured"):
            cells = re.split(" {2,}", line.strip())
            host, _address, user, offer_id, _kernel, gpus, _after, _result = cells
            found.append([host, user, offer_id, gpus])
    return found


def test_two_demos_at_once_show_the_whole_way_and_leave_nothing() -> None:
    demos = [start(), start()]

    outputs = [demo.communicate(timeout=300)[0] for demo in demos]

    for demo, output in zip(demos, outputs, strict=True):
        assert demo.returncode == 0, output
        assert 'provisioning, 1 of 2 instances usable, "1/2 instances running"' in output
        assert "(503)" in output
        first, second = (output[: output.index("offers.yml:")], output[output.index("@all") :])
        assert "WAITING: [localhost]" in first and "WAITING: [localhost]" not in second
        assert "|--@compute_desk_zone_" in second
        assert second.index("|--h100-node-1-2c3d4e5f") < second.index(SUMMARY)
        assert "8 x NVIDIA H100 80GB HBM3" in first and "8 x NVIDIA H100 80GB HBM3" in second
        for summary in (first[first.index(SUMMARY) :], second[second.index(SUMMARY) :]):
            assert_configured(summary)
        assert "WARNING" not in output and "NOTE" not in output
        shown = recording.select(first.splitlines())
        assert sorted(gist(list(shown))) == sorted(gist(recording.read())), "run make pictures"
    assert_nothing_is_left()


@pytest.mark.parametrize("moment", ["WAITING: ", "Look at the GPUs"])
def test_an_interrupted_demo_leaves_nothing(moment: str) -> None:
    demo = start()
    assert demo.stdout is not None
    for line in demo.stdout:
        if moment in line:
            break

    # Ctrl-C in a terminal reaches the whole process group.
    os.killpg(demo.pid, signal.SIGINT)
    rest, _nothing = demo.communicate(timeout=120)

    assert demo.returncode == 130, rest
    assert "Interrupted; everything is stopped and removed." in rest
    assert_nothing_is_left()


# What the demo runs, with a shorter command.
SHOW_COLOURS = """
import sys, tempfile
from pathlib import Path

sys.path[:0] = sys.argv[1:]
import demo
from support.workspace import Workspace

class Nothing:
    env = dict

with tempfile.TemporaryDirectory() as folder, Workspace(Path(folder)) as workspace:
    demo._run(workspace, Nothing(), ["ansible", "localhost", "-m", "ping"])
"""


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
    ids=["terminal", "NO_COLOR", "dumb"],
)
def test_colours_are_for_terminals_that_want_them(
    environment: dict[str, str], coloured: bool
) -> None:
    ours, theirs = pty.openpty()
    cleared = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    with subprocess.Popen(
        [sys.executable, "-c", SHOW_COLOURS, DEMO[1].rpartition("/")[0], CHECKOUT / "tests"],
        stdout=theirs,
        stderr=subprocess.STDOUT,
        env={**cleared, "TERM": "xterm", **environment},
    ) as process:
        os.close(theirs)
        said = recording.read_all(ours)
    assert process.returncode == 0 and "SUCCESS" in said, said
    assert ("\x1b[" in said) is coloured, said

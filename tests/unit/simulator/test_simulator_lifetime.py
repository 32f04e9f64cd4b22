# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything ends with the simulator, however it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from simulator import Simulator, SimulatorError
from simulator.reaper import MARK, marked_processes

OFFER = "11111111-1111-4111-8111-111111111111"
TESTS = Path(__file__).resolve().parents[2]


def start_work(client) -> str:
    """A command of ours and two daemons on the instance; returns their mark in the environment."""
    client.ssh("setsid sleep 1000 </dev/null >/dev/null 2>&1 &")
    client.ssh("cd / && setsid sh -c 'sleep 1001 & sleep 1002' </dev/null >/dev/null 2>&1 &")
    target = f"root@{client.machine()['host']}"
    command = [*client.ssh_options(), target, f"echo ${MARK}; exec sleep 1000"]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert run.stdout is not None
    mark = f"{MARK}={run.stdout.readline().strip()}"
    run.stdout.close()
    wait(lambda: len(marked_processes(mark)) == 5)
    return mark


def wait(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def nothing_is_left(client, mark: str) -> None:
    wait(lambda: not marked_processes(mark))
    wait(lambda: not os.path.lexists(client.simulator.state_dir))
    place = urlsplit(client.simulator.url)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((place.hostname, place.port))
        sock.listen()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals(simulate, running, number: signal.Signals) -> None:
    client = simulate(running())
    mark = start_work(client)
    os.kill(client.simulator.pid, number)
    nothing_is_left(client, mark)
    client.simulator.stop()
    assert client.simulator.stderr() == ""


def test_stop_waits_until_nothing_is_left(simulate, running) -> None:
    client = simulate(running())
    mark = start_work(client)
    client.simulator.stop()
    assert not marked_processes(mark) and not os.path.lexists(client.simulator.state_dir)


def test_stop_does_not_wait_for_hanging_requests(simulate) -> None:
    client = simulate({"faults": [{"requests": "all", "kind": "hang"}]})
    place = urlsplit(client.simulator.url)
    with socket.create_connection((place.hostname, place.port), timeout=60) as sock:
        head = f"GET /offers/{OFFER}/status HTTP/1.1\r\nHost: x\r\n"
        sock.sendall(f"{head}Authorization: Bearer {client.simulator.token}\r\n\r\n".encode())
        client.simulator.wait_for(client.simulator.requests)
        client.simulator.stop()
        assert sock.recv(1) == b""
    assert client.simulator.stderr() == ""


def test_the_test_process_is_killed(tmp_path) -> None:
    (tmp_path / "t.yml").write_text(f"offers: [{{offer_id: {OFFER}}}]")
    program = (
        "import sys, time; from simulator import Simulator; s = Simulator(sys.argv[1]).start(); "
        "print(s.pid, s.state_dir, flush=True); time.sleep(1000)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "t.yml")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    ) as run:
        assert run.stdout is not None
        pid, state_dir = run.stdout.readline().split()
        run.kill()
    wait(lambda: not os.path.lexists(state_dir))
    wait(lambda: not Path(f"/proc/{pid}/cmdline").exists() or not _cmdline(pid))


def _cmdline(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_two_at_once(simulate, running) -> None:
    one, other = simulate(running()), simulate(running())
    assert one.simulator.url != other.simulator.url
    assert one.machine()["host"] != other.machine()["host"]
    assert one.simulator.token != other.simulator.token
    assert other.get(token=one.simulator.token).status_code == 401
    mark = start_work(one)
    one.simulator.stop()
    assert not marked_processes(mark)
    assert other.ssh("echo fine").stdout == b"fine\n"


def test_a_start_that_fails_says_why() -> None:
    with pytest.raises(SimulatorError, match=r"exit code 2: simulator: .*offers"):
        Simulator({"offers": []}).start()
    with pytest.raises(SimulatorError, match=r"not ready after 0.001 s"):
        Simulator({"offers": [{"offer_id": OFFER}]}, start_timeout=0.001).start()

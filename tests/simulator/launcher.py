# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`Simulator`: the simulator as a context manager for tests, in a process of its own.

Standard library only, so a test's environment need not have the web framework loaded.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
import urllib.request
from collections.abc import Mapping
from pathlib import Path

_TESTS = Path(__file__).resolve().parent.parent
_STOP_PATIENCE = 15.0


class SimulatorError(Exception):
    """The simulator did not start or does not answer; includes its stderr."""


class Simulator:
    """Starts the simulator with a timeline (a file, or the same as a dict); stops it at the end.

        with Simulator({"offers": [...]}) as simulator:
            subprocess.run([...], env={**os.environ, **simulator.env()})
            assert simulator.requests()[0]["code"] == 200

    Any number can run at once. It also ends when the process that started it is killed.
    """

    url: str
    token: str
    private_key_file: str
    state_dir: str
    offer_ids: list[str]
    pid: int

    def __init__(
        self,
        timeline: str | os.PathLike[str] | Mapping[str, t.Any],
        *,
        token: str | None = None,
        speed: float = 1.0,
        state_dir: str | os.PathLike[str] | None = None,
        start_timeout: float = 60.0,
        verbose: bool = False,
    ) -> None:
        self._timeline = timeline
        self._options = ["--json", "--speed", str(speed)]
        self._options += [f"--token={token}"] if token is not None else []
        self._options += [f"--state-dir={os.fspath(state_dir)}"] if state_dir is not None else []
        self._options += ["-v"] if verbose else []
        self._start_timeout = start_timeout
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def start(self) -> Simulator:
        """Starts it and waits until it serves; raises SimulatorError."""
        with contextlib.ExitStack() as files:
            self._stderr = files.enter_context(tempfile.TemporaryFile())
            self._files = files.pop_all()  # open until the stop
        with tempfile.TemporaryDirectory(prefix="compute-desk-timeline-") as folder:
            self._process = self._spawn(self._timeline_file(Path(folder)))
            try:
                ready = json.loads(self._first_line())
            except BaseException:
                self.stop()
                raise
        for name, value in ready.items():
            setattr(self, name, value)
        return self

    def _timeline_file(self, folder: Path) -> str:
        if not isinstance(self._timeline, Mapping):
            return os.fspath(self._timeline)
        path = folder / "timeline.json"
        path.write_text(json.dumps(self._timeline, indent=1), encoding="utf-8")
        return str(path)

    def _spawn(self, timeline: str) -> subprocess.Popen[str]:
        path = os.pathsep.join(filter(None, [str(_TESTS), os.environ.get("PYTHONPATH")]))
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "simulator",
                *self._options,
                "--parent",
                str(os.getpid()),
                "--",
                timeline,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            env={**_environment(), "PYTHONPATH": path},
        )

    def _first_line(self) -> str:
        """The line that says it is ready, read in a thread so that a timeout is possible."""
        assert self._process and self._process.stdout
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(
            target=lambda out: lines.put(out.readline()), args=(self._process.stdout,), daemon=True
        ).start()
        try:
            line = lines.get(timeout=self._start_timeout)
        except queue.Empty:
            raise SimulatorError(
                f"not ready after {self._start_timeout} s: {self.stderr()}"
            ) from None
        if not line:
            code = self._process.wait()
            raise SimulatorError(f"exit code {code}: {self.stderr()}")
        return line

    def stderr(self) -> str:
        """Its stderr so far, or until it was stopped."""
        if not self._stderr.closed:
            # Keep the file position: the simulator shares it and writes there.
            size = os.fstat(self._stderr.fileno()).st_size
            said = os.pread(self._stderr.fileno(), size, 0)
            self._said = said.decode(errors="replace").strip()
        return self._said

    def stop(self) -> None:
        """Stop it and wait until everything is gone. A second call does nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()  # the rest is up to the watchdog of the simulator
        if process.stdout:
            process.stdout.close()
        self.stderr()
        self._files.close()

    def env(self) -> dict[str, str]:
        """The environment variables that point the collection and Ansible's ssh here."""
        return {
            "COMPUTE_DESK_API_URL": self.url,
            "COMPUTE_DESK_API_TOKEN": self.token,
            "ANSIBLE_PRIVATE_KEY_FILE": self.private_key_file,
        }

    def requests(self) -> list[dict[str, t.Any]]:
        """The request log, in order of arrival."""
        return list(self._control("requests"))

    def instances(self) -> list[dict[str, t.Any]]:
        """The machines, each with `offer_id`, `key`, `host`, `port`, `user`, `home` and more."""
        return list(self._control("instances"))

    def jump(self, second: float, offer_id: str | None = None) -> None:
        """Sets the clock of an offer, or of all, to a later second of its timeline.

        With a low `speed` the clock stands still in between, and a test need not wait for anything.
        """
        self._control("clock", {"second": second, "offer_id": offer_id})

    def _control(self, what: str, body: Mapping[str, t.Any] | None = None) -> t.Any:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        url = f"{self.url}/_simulator/{what}"
        request = urllib.request.Request(url, data, headers)
        # No proxy from the environment: the simulator is on loopback.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as response:
                return json.loads(response.read() or "null")
        except OSError as exc:
            raise SimulatorError(f"no answer from {self.url}: {exc}") from exc

    def wait_for(self, condition: t.Callable[[], t.Any], timeout: float = 60.0) -> t.Any:
        """The first true value of `condition()`, asked often; raises SimulatorError."""
        deadline = time.monotonic() + timeout
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise SimulatorError(f"still not so after {timeout} s: {condition}")
            time.sleep(0.05)
        return value


def _environment() -> dict[str, str]:
    """The caller's environment without what makes every Python measure coverage.

    It costs a fifth of a second for each command that an instance runs, and measures nothing.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}

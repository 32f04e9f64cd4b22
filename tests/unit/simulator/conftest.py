# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts `simulator` on the path, and starts simulators that end with their test."""

from __future__ import annotations

import contextlib
import importlib.util
import subprocess
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TESTS))

_NEEDED = ("asyncssh", "fastapi", "hypothesis", "requests", "schemathesis", "uvicorn", "yaml")
if sys.version_info < (3, 11) or not all(map(importlib.util.find_spec, _NEEDED)):
    # The collection's own tests run where the simulator's requirements are not installed.
    collect_ignore_glob = ["test_*.py"]

OFFER = "11111111-1111-4111-8111-111111111111"


class Client:
    """A real HTTP client and a real SSH client of one simulator."""

    def __init__(self, simulator: t.Any) -> None:
        self.simulator = simulator

    def get(self, offer_id: str = OFFER, token: str | None = None, **options: t.Any) -> t.Any:
        """One request for the state of an offer, on a connection of its own."""
        import requests

        session = requests.Session()
        session.trust_env = False
        headers = {"Authorization": f"Bearer {token or self.simulator.token}"}
        options = {"timeout": 60, "allow_redirects": False} | options
        return session.get(
            f"{self.simulator.url}/offers/{offer_id}/status", headers=headers, **options
        )

    def machine(self, key: str = "gpu-a") -> dict[str, t.Any]:
        """What the simulator says of a machine."""
        return next(m for m in self.simulator.instances() if m["key"] == key)

    def ssh_options(self, *more: str, program: str = "ssh", key: str = "gpu-a") -> list[str]:
        """The beginning of a command line that neither asks nor remembers anything."""
        options = {
            "IdentitiesOnly": "yes",
            "IdentityFile": self.simulator.private_key_file,
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "BatchMode": "yes",
            "LogLevel": "ERROR",
            "Port": str(self.machine(key)["port"]),
        }
        pairs = [f"-o{name}={value}" for name, value in options.items()]
        return [program, "-F/dev/null", *more, *pairs]

    def ssh(self, command: str, *more: str, key: str = "gpu-a", **options: t.Any) -> t.Any:
        """Runs `command` on a machine."""
        machine = self.machine(key)
        target = f"{machine['user']}@{machine['host']}"
        options = {"capture_output": True, "timeout": 60} | options
        line = [*self.ssh_options(*more, key=key), target, command]
        return subprocess.run(line, check=False, **options)


@pytest.fixture
def simulate() -> Iterator[t.Callable[..., Client]]:
    """Starts a simulator with `offers` (one or a list), without what they need not say."""
    from simulator import Simulator

    with contextlib.ExitStack() as stack:

        def start(offers: t.Any, tokens: t.Any = (), **options: t.Any) -> Client:
            offers = offers if isinstance(offers, list) else [offers]
            timeline = {"offers": [{"offer_id": OFFER} | offer for offer in offers]}
            timeline |= {"tokens": tokens} if tokens else {}
            return Client(stack.enter_context(Simulator(timeline, **options)))

        yield start


def running(ssh: t.Any = None, **machine: t.Any) -> dict[str, t.Any]:
    """An offer whose only machine runs from the start, with the given `ssh` section."""
    identity = {"instance_id": "i-0a1b2c3d", "instance_name": "node-1"}
    return {
        "starts": "launch",
        "instances": {"gpu-a": identity | {"ssh": ssh or {}} | machine},
        "timeline": [
            {
                "at": 0,
                "status": "procured",
                "procurement_status": "ready",
                "instances": {"gpu-a": {"status": "running"}},
            }
        ],
    }


@pytest.fixture(name="running")
def _running() -> t.Callable[..., dict[str, t.Any]]:
    return running


@pytest.fixture(scope="session")
def session_client() -> Iterator[Client]:
    """A simulator with one running machine, for tests that leave it as it was."""
    from simulator import Simulator

    commands = {
        "nvidia-smi": {
            "answers": [
                {"args": "--query-gpu=name*", "stdout": "It's $HOME `a` \\ GPU\n"},
                {"args": "", "stdout": "all\n", "stderr": "warned\n", "rc": 7},
            ],
            "stdout": "else\n",
            "rc": 9,
        },
        "own": {"script": '#!/bin/sh\necho "own $1"\n'},
        "slow": {"sleep": 0.2, "stdout": "at last\n"},
    }
    timeline = {"offers": [{"offer_id": OFFER} | running(commands=commands)]}
    with Simulator(timeline) as simulator:
        yield Client(simulator)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a real Ansible hears from a hostile machine, with pipelining and without."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import typing as t

import pytest
from support.workspace import Workspace

# A `sudo` that asks for nothing, for the machine may have none.
SUDO = {"script": '#!/bin/sh\nwhile [ "$1" != /bin/sh ]; do shift; done\nexec "$@"\n'}
SETUP = ("-m", "setup", "-a", "gather_subset=!all,min")


class Controller:
    """Ansible's `ansible` command, and the machine that it talks to."""

    def __init__(self, client: t.Any, workspace: Workspace, pipelining: str) -> None:
        self.client = client
        self._workspace = workspace
        machine = client.machine()
        self._command = ["ansible", "-i", f"{machine['host']},", "all"]
        self._command += ["-e", f"ansible_port={machine['port']}", "-u", machine["user"]]
        self._environment = {
            **client.simulator.env(),
            "ANSIBLE_PIPELINING": pipelining,
            "ANSIBLE_HOST_KEY_CHECKING": "false",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        }

    def run(self, *arguments: str) -> tuple[int, dict[str, t.Any]]:
        """The exit code, and the result that is shown."""
        run = self._workspace.run(*self._command, *arguments, **self._environment)
        shown = re.search(r"^\S+ \|.*?(\{.*^\})", run.stdout, re.MULTILINE | re.DOTALL)
        assert shown, run.stdout
        return run.returncode, json.loads(shown[1])

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The running command, as leader of a group of its own."""
        return subprocess.Popen(
            [*self._command, *arguments],
            cwd=self._workspace.folder,
            env=self._workspace.environment(**self._environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def told(self) -> int:
        """How many lies it heard."""
        return sum(self.client.machine()["lies_told"])


@pytest.fixture(params=["true", "false"], ids=["pipelined", "in files"])
def controller(request, simulate, running, tmp_path):
    """Starts a simulator whose machine tells these lies, and gives an Ansible to hear them."""
    with Workspace(tmp_path) as workspace:

        def start(*told: t.Any, **machine: t.Any) -> Controller:
            client = simulate(running(personality="hostile", lies=list(told), **machine))
            return Controller(client, workspace, request.param)

        yield start


def test_facts_beside_the_true_ones(controller) -> None:
    ansible = controller({"module": "setup", "merge": {"ansible_facts": {"ansible_kernel": "?"}}})
    code, result = ansible.run(*SETUP)
    assert (code, ansible.told()) == (0, 1)
    assert result["ansible_facts"]["ansible_kernel"] == "?"
    assert result["ansible_facts"]["ansible_python_version"]


def test_a_result_instead_of_the_module_under_become(controller) -> None:
    ansible = controller(
        {"module": "ping", "json": {"ping": "a lie"}, "times": 1},
        ssh={"user": "ubuntu"},
        commands={"sudo": SUDO},
    )
    for answer in ("a lie", "pong"):  # the second time it is true
        code, result = ansible.run("-m", "ping", "--become")
        assert (code, result["ping"]) == (0, answer)
    assert ansible.told() == 1


def test_text_instead_of_the_module(controller) -> None:
    code, result = controller({"module": "any", "stdout": "no JSON", "rc": 3}).run("-m", "ping")
    assert (code, result["rc"], result["module_stdout"]) == (2, 3, "no JSON")


@pytest.mark.parametrize("answer", [{"hang": True}, {"flood": True}], ids=["hang", "flood"])
def test_what_does_not_end_is_ended(controller, answer: dict[str, t.Any]) -> None:
    ansible = controller({"module": "setup"} | answer)
    with ansible.start(*SETUP) as run:
        try:
            ansible.client.simulator.wait_for(ansible.told)
            assert run.poll() is None
        finally:
            os.killpg(run.pid, signal.SIGKILL)

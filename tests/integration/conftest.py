# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests with real Ansible commands share: a workspace, simulators, and a way to play."""

from __future__ import annotations

import contextlib
import json
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
from simulator import Simulator
from support.workspace import Workspace, last_lines


@pytest.fixture
def workspace(tmp_path: Path) -> t.Iterator[Workspace]:
    """A folder in which Ansible's commands run."""
    with Workspace(tmp_path) as made:
        yield made


@pytest.fixture
def simulate() -> t.Iterator[t.Callable[..., Simulator]]:
    """A function that starts a simulator from offers; it ends with the test."""
    with contextlib.ExitStack() as stack:

        def start(*offers: dict[str, t.Any], **options: t.Any) -> Simulator:
            tokens = options.pop("tokens", None)
            timeline = {"offers": list(offers), **({"tokens": tokens} if tokens else {})}
            return stack.enter_context(Simulator(timeline, **options))

        yield start


@dataclass(frozen=True)
class Played:
    """A playbook that ran."""

    output: str
    code: int
    results: dict[str, t.Any]
    """What was registered, by name."""

    @property
    def result(self) -> t.Any:
        """What was registered as ``result``."""
        assert self.results.get("result") is not None, last_lines(self.output)
        return self.results["result"]


@pytest.fixture
def play(workspace: Workspace) -> t.Callable[..., Played]:
    """A function that runs tasks on the controller and returns what they registered.

    A task is a dict; ``register`` makes it part of the results. Errors do not end the play.
    """

    def run(
        *tasks: dict[str, t.Any],
        simulator: Simulator | None = None,
        options: t.Sequence[str] = (),
        play_keys: t.Mapping[str, t.Any] | None = None,
        folder: Path | None = None,
        **environment: str,
    ) -> Played:
        names = [task["register"] for task in tasks if "register" in task]
        book = [
            {
                "hosts": "localhost",
                "gather_facts": False,
                "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
                **(play_keys or {}),
                "tasks": [{"ignore_errors": True, **task} for task in tasks]
                + [_save(names, workspace.folder)],
            }
        ]
        playbook = workspace.folder / "play.yml"
        playbook.write_text(json.dumps(book, indent=1))
        if simulator:
            environment = {**simulator.env(), **environment}
        command = ["ansible-playbook", *options, str(playbook)]
        done = workspace.run(*command, folder=folder, **environment)
        saved = workspace.folder / "results.json"
        registered = json.loads(saved.read_text()) if saved.exists() else {}
        return Played(done.stdout, done.returncode, registered)

    return run


def _save(names: list[str], folder: Path) -> dict[str, t.Any]:
    """Return a task that writes what was registered to files, without a module for each."""
    parts = [f"'{name}': {name} | default(none)" for name in names]
    return {
        "ansible.builtin.copy": {
            "content": "{{ {" + ", ".join(parts) + "} | to_json }}",
            "dest": str(folder / "results.json"),
            "mode": "0600",
        },
        "check_mode": False,
        "no_log": True,
    }


def offer_status(*offer_ids: str, register: str = "result", **arguments: t.Any) -> dict[str, t.Any]:
    """Return a task that asks for these offers; an argument with two underscores is a keyword."""
    keywords = {name[2:]: value for name, value in arguments.items() if name.startswith("__")}
    options = {name: value for name, value in arguments.items() if not name.startswith("__")}
    return {
        "compute_desk.supply.offer_status": {"offer_ids": list(offer_ids), **options},
        "register": register,
        **keywords,
    }

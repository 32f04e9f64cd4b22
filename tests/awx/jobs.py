# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs jobs and inventory syncs as AWX does: with ansible-runner and AWX's environment."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import typing as t
from dataclasses import dataclass
from pathlib import Path

from simulator import Simulator
from support.tree import CHECKOUT
from support.workspace import Workspace, last_lines

from . import rules
from .stored import StoredInventory

PROJECT = CHECKOUT / "examples" / "awx"
# What AWX sets for each job, some of it by its settings.
JOB_ENVIRONMENT = {
    "JOB_ID": "7",
    "INVENTORY_ID": "3",
    "PROJECT_REVISION": "f00",
    "MAX_EVENT_RES": "700000",
    "AWX_HOST": "https://awx.example.com",
    "ANSIBLE_RETRY_FILES_ENABLED": "False",
    "ANSIBLE_HOST_KEY_CHECKING": "False",
    "ANSIBLE_PARAMIKO_RECORD_HOST_KEYS": "False",
    "ANSIBLE_FORCE_COLOR": "True",
    "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
    "ANSIBLE_UNSAFE_WRITES": "1",
}
# Where jobs look for what the project asks for, and after that for what the image has.
_COLLECTIONS = "requirements_collections:~/.ansible/collections:/usr/share/ansible/collections"
JOB_PATHS = {
    "ANSIBLE_COLLECTIONS_PATH": _COLLECTIONS,
    "ANSIBLE_COLLECTIONS_PATHS": _COLLECTIONS,
    "ANSIBLE_ROLES_PATH": (
        "requirements_roles:~/.ansible/roles:/usr/share/ansible/roles:/etc/ansible/roles"
    ),
}
SOURCE = {"enabled_var": "compute_desk_usable", "enabled_value": "True"}


@dataclass(frozen=True)
class Job:
    """A finished job."""

    code: int
    events: list[dict[str, t.Any]]
    folder: Path

    @property
    def output(self) -> str:
        """The output AWX shows: all events, without colors."""
        return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(event["stdout"] for event in self.events))

    @property
    def artifacts(self) -> dict[str, t.Any]:
        """The data from set_stats; AWX reads it from the last stats event."""
        stats = [event for event in self.events if event["event"] == "playbook_on_stats"]
        found: dict[str, t.Any] = stats[-1]["event_data"].get("artifact_data", {})
        return found

    def results(self, task: str) -> dict[str, t.Any]:
        """Return the results of a task by host."""
        return {
            event["event_data"]["host"]: event["event_data"]["res"]
            for event in self.events
            if event["event_data"].get("task") == task and "res" in event["event_data"]
        }


class Awx:
    """Runs jobs and syncs against a simulator, each in a private folder like AWX's."""

    def __init__(self, workspace: Workspace, simulator: Simulator) -> None:
        self.workspace = workspace
        self.simulator = simulator
        self.project = PROJECT
        self.credential = {
            "COMPUTE_DESK_API_TOKEN": simulator.token,
            "COMPUTE_DESK_API_URL": simulator.url,
        }
        self._count = 0

    def private_folder(self) -> Path:
        """Return a new private folder with the project in it."""
        self._count += 1
        folder = self.workspace.folder / f"job{self._count}"
        shutil.copytree(self.project, folder / "project")
        (folder / "env").mkdir()
        (folder / "inventory").mkdir()
        self.fetch_requirements(folder)
        return folder

    def fetch_requirements(self, folder: Path) -> None:
        """Put the collections there that the project asks for, as a project update does."""
        (folder / "requirements_collections").symlink_to(self.workspace.collections)

    def job(
        self,
        playbook: str,
        inventory: StoredInventory | None = None,
        part: tuple[int, int] = (1, 1),
        environment: t.Mapping[str, str] | None = None,
        **variables: t.Any,
    ) -> Job:
        """Run a playbook of the project. ``part`` is the slice's number and their count."""
        folder = self.private_folder()
        (inventory or StoredInventory()).write_script(folder / "inventory" / "hosts", *part)
        paths = {name: f"{self.inside(folder)}/{value}" for name, value in JOB_PATHS.items()}
        chosen = {**JOB_ENVIRONMENT, **paths, **self.credential, **(environment or {})}
        (folder / "env" / "envvars").write_text(json.dumps(chosen))
        (folder / "env" / "extravars").write_text(json.dumps(variables))
        key = Path(self.simulator.private_key_file).read_text(encoding="utf-8")
        (folder / "env" / "ssh_key").write_text(key, encoding="utf-8")
        # This is ansible-runner's own output; AWX shows only the job's.
        done = self.workspace.run(
            "ansible-runner",
            "run",
            str(folder),
            "-p",
            playbook,
            "--ident",
            "7",
            "--quiet",
            *self.runner_options(),
            timeout=300,
            **self.runner_environment(folder),
        )
        files = sorted(
            (folder / "artifacts" / "7" / "job_events").glob("*.json"),
            key=lambda path: int(path.name.split("-")[0]),
        )
        events = [json.loads(path.read_text(encoding="utf-8")) for path in files]
        assert events, last_lines(done.stdout)
        return Job(done.returncode, events, folder)

    def runner_options(self) -> list[str]:
        """Return options of ansible-runner."""
        return []

    def runner_environment(self, folder: Path) -> dict[str, str]:
        """Return the environment of ansible-runner."""
        # Keys come from the SSH agent that ansible-runner starts.
        options = "-F /dev/null -o ControlMaster=auto -o ControlPersist=2s"
        return {"ANSIBLE_SSH_ARGS": f"{options} -o UserKnownHostsFile={folder / 'known_hosts'}"}

    def inside(self, folder: Path) -> Path:
        """Return the path at which a job sees its folder."""
        return folder

    def command(
        self, _folder: Path, *command: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run an Ansible command in a job's folder."""
        return self.workspace.run(*command, **environment)

    def synchronize(self, *offer_ids: str, source_file: str = "offers.yml") -> dict[str, t.Any]:
        """Run AWX's command line for an inventory source and return the inventory."""
        folder = self.private_folder()
        code, output, printed = self.try_to_synchronize(folder, offer_ids, source_file)
        assert code == 0, last_lines(output)
        assert self.simulator.token not in output
        assert self.simulator.token not in json.dumps(printed)
        return printed

    def try_to_synchronize(
        self, folder: Path, offer_ids: t.Sequence[str], source_file: str = "offers.yml"
    ) -> tuple[int, str, dict[str, t.Any]]:
        """Run that command line; return the exit code, the log and the inventory."""
        project, name = self.inside(folder) / "project", "output.json"
        done = self.command(
            folder,
            "ansible-inventory",
            "--list",
            "--export",
            "-i",
            str(project / source_file),
            "--output",
            str(self.inside(folder) / name),
            "--playbook-dir",
            str(project),
            "-vvv",
            **self.credential,
            **rules.SYNC_ENVIRONMENT,
            COMPUTE_DESK_OFFER_IDS=",".join(offer_ids),
        )
        written = folder / name
        printed = json.loads(written.read_text(encoding="utf-8")) if written.exists() else {}
        return done.returncode, done.stdout, printed

    def stored(self, *offer_ids: str) -> StoredInventory:
        """Sync the inventory and return what AWX stores."""
        return StoredInventory.from_output(self.synchronize(*offer_ids), SOURCE)

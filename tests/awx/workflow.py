# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the workflow that the role awx_setup describes, node by node, by the rules of AWX 24."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field

from support.tree import CHECKOUT

from .conftest import ansible_yaml
from .jobs import SOURCE, Awx, Job
from .standin import StandIn
from .stored import StoredInventory

_ROLE = ansible_yaml(CHECKOUT / "roles" / "awx_setup" / "vars" / "main.yml")
_SOURCE_NAME = "Compute Desk offers"


@dataclass
class Run:
    """A workflow that has ended: its nodes in the order they ran, and whether AWX shows it red."""

    nodes: dict[str, bool] = field(default_factory=dict)
    """Whether each of them succeeded."""
    jobs: dict[str, Job] = field(default_factory=dict)
    artifacts: dict[str, t.Any] = field(default_factory=dict)
    failed: bool = False


class Workflow:
    """The workflow; ``variables`` are those of all its jobs."""

    def __init__(self, awx: Awx, standin: StandIn, **variables: t.Any) -> None:
        self._awx = awx
        self._standin = standin
        self._variables = variables
        self._inventory: StoredInventory | None = None
        self._nodes = {one["identifier"]: one for one in _ROLE["awx_setup_workflow_nodes"]}
        self._playbooks = {one["name"]: one["playbook"] for one in _ROLE["awx_setup_job_templates"]}
        standin.add("inventories", {"name": "Compute Desk machines", "organization": 1})
        number = standin.one("inventories", "Compute Desk machines")["id"]
        standin.add(
            "inventory_sources", {"name": _SOURCE_NAME, "inventory": number, "source": "scm"}
        )

    def run(self, **variables: t.Any) -> Run:
        """Run the nodes, each on the path that the one before it decides.

        ``variables`` are for this run, and the inventory is what the run before has left.
        """
        self._variables = {**self._variables, **variables}
        run, node = Run(), "wait"
        while node:
            run.nodes[node] = self._succeeds(node, run)
            links = self._nodes[node].get("related", {})
            following = links.get("success_nodes" if run.nodes[node] else "failure_nodes", [])
            # AWX counts a failed node as handled if another one follows.
            run.failed = run.failed or not (run.nodes[node] or following)
            node = following[0]["identifier"] if following else ""
        return run

    def _succeeds(self, node: str, run: Run) -> bool:
        template = self._nodes[node]["unified_job_template"]
        if template["type"] == "inventory_source":
            return self.sync()
        job = self._awx.job(
            self._playbooks[template["name"]],
            self._inventory,
            environment=self._standin.env(),
            **{"compute_desk_inventory_follows": True, **self._variables, **run.artifacts},
        )
        run.jobs[node] = job
        run.artifacts.update(job.artifacts)
        return job.code == 0

    def hosts(self) -> list[str]:
        """Return the hosts of the inventory."""
        return sorted(self._inventory.variables) if self._inventory else []

    def job(self, playbook: str, **variables: t.Any) -> Job:
        """Run another job of the project."""
        return self._awx.job(
            playbook, self._inventory, environment=self._standin.env(), **variables
        )

    def offers(self) -> list[str]:
        """Return the offers of the inventory source."""
        source = self._standin.one("inventory_sources", _SOURCE_NAME)["source_vars"] or "{}"
        ids: str = json.loads(source).get("COMPUTE_DESK_OFFER_IDS", "")
        return ids.split(",")

    def sync(self) -> bool:
        """Sync the inventory source; return whether that worked."""
        folder = self._awx.private_folder()
        code, _log, printed = self._awx.try_to_synchronize(folder, self.offers())
        if code == 0:
            self._inventory = StoredInventory.from_output(printed, SOURCE)
        return code == 0

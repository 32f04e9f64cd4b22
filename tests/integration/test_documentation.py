# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documentation promises: its examples run, and nothing is left out."""

from __future__ import annotations

import importlib
import json
import typing as t
from pathlib import Path

import pytest
import yaml
from simulator import Simulator
from support.workspace import Workspace, last_lines

from .module_docs import documentation
from .offers import offer, ready
from .sources import PLUGIN, listing

CHECKOUT = Path(__file__).resolve().parents[2]
DEMO_OFFERS = ("4f9d2c1e-8a37-4b65-9d0e-2c7f81a6b3d4", "9b1e7a50-63cd-4f0a-8e21-5d4c3b2a1f09")

Simulate = t.Callable[..., Simulator]


def offer_status_docs(workspace: Workspace) -> dict[str, t.Any]:
    return documentation(workspace, "offer_status")["offer_status"]


def test_the_examples_of_the_module_run(workspace: Workspace, simulate: Simulate) -> None:
    examples = yaml.safe_load(offer_status_docs(workspace)["examples"])
    simulator = simulate(*[offer(offer_id, ready()) for offer_id in DEMO_OFFERS])
    token = workspace.folder / "home" / ".config" / "compute-desk" / "token"
    token.parent.mkdir(parents=True)
    token.write_text(simulator.token)
    book = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"my_offer_ids": list(DEMO_OFFERS)},
            # One machine an offer is all there is here, and the example is content with two.
            "tasks": [
                json.loads(json.dumps(task).replace('"min_instances": 2', '"min_instances": 1'))
                for task in examples
            ],
        }
    ]
    (workspace.folder / "play.yml").write_text(json.dumps(book))

    done = workspace.run("ansible-playbook", "play.yml", **simulator.env())

    assert done.returncode == 0, last_lines(done.stdout)
    assert "failed=0" in done.stdout
    assert len(simulator.requests()) == 5


def test_examples_on_localhost_ask_once_and_not_for_every_host(workspace: Workspace) -> None:
    tasks = yaml.safe_load(offer_status_docs(workspace)["examples"])

    delegated = [task for task in tasks if task.get("delegate_to") == "localhost"]

    assert delegated
    assert [task["name"] for task in delegated if not task.get("run_once")] == []


def test_the_example_of_the_inventory_plugin_runs(workspace: Workspace, simulate: Simulate) -> None:
    done = workspace.run("ansible-doc", "--json", "-t", "inventory", PLUGIN)
    simulator = simulate(*[offer(offer_id, ready()) for offer_id in DEMO_OFFERS[:1]])
    (workspace.folder / "home" / ".compute-desk-token").write_text(simulator.token)
    (workspace.folder / "offers.yml").write_text(json.loads(done.stdout)[PLUGIN]["examples"])
    given = ["-e", f"my_offers={DEMO_OFFERS[0]}"]

    listed = listing(workspace, None, None, *given, COMPUTE_DESK_API_URL=simulator.url)

    assert listed.group("zone_eu_west_1a") == ["gpu.gpu"]
    assert listed.hosts["gpu.gpu"]["gpu_zone"] == "EU-WEST-1A"


def test_the_records_have_the_documented_variables(
    workspace: Workspace, simulate: Simulate
) -> None:
    contains = offer_status_docs(workspace)["return"]
    simulator = simulate(offer(DEMO_OFFERS[0], ready()))
    done = workspace.run(
        "ansible",
        "localhost",
        "-m",
        "compute_desk.supply.offer_status",
        "-a",
        f"offer_id={DEMO_OFFERS[0]}",
        **simulator.env(),
    )
    result = json.loads(done.stdout[done.stdout.index("{") :])

    (record,), (entry,) = result["hosts"], result["offers"]
    assert set(record) == set(contains["hosts"]["contains"])
    assert set(entry) == set(contains["offers"]["contains"])
    assert set(result) == {*contains, "changed"}


def test_the_version_is_the_same_everywhere(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(workspace.collections))
    client = importlib.import_module(
        "ansible_collections.compute_desk.supply.plugins.module_utils._api.client"
    )
    galaxy = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"))

    assert galaxy["version"] == client.VERSION

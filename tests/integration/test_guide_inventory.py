# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide "From offers to inventory": every configuration gives the hosts that are kept here.

``UPDATE_GOLDEN=1 pytest tests/integration/test_guide_inventory.py`` writes the kept listings anew.
"""

from __future__ import annotations

import json
import os
import re
import typing as t
from pathlib import Path

import pytest
from simulator import Simulator
from support.workspace import Workspace

from .offers import ready_offer
from .sources import listing

CHECKOUT = Path(__file__).resolve().parents[2]
GUIDE = (CHECKOUT / "docs/docsite/rst/guide_inventory.rst").read_text(encoding="utf-8")
GOLDEN = Path(__file__).parent / "golden"

FIRST, SECOND = "4f9d2c1e-8a37-4b65-9d0e-2c7f81a6b3d4", "9b1e7a50-63cd-4f0a-8e21-5d4c3b2a1f09"


def configurations() -> dict[str, str]:
    """Return the configurations of the guide by the file name in their first line."""
    blocks = re.findall(
        r"^\.\. code-block:: yaml\+jinja\n\n((?:    .*\n|\n)+)", GUIDE, re.MULTILINE
    )
    texts = [re.sub(r"^    ", "", block, flags=re.MULTILINE).strip() + "\n" for block in blocks]
    return {text.splitlines()[0].removeprefix("# "): text for text in texts}


def machine(name: str, number: int, **state: t.Any) -> dict[str, t.Any]:
    return {
        "status": "running",
        "instance_name": name,
        "instance_id": f"i-0c4d{number:08d}",
        "external_ip": f"203.0.113.{number}",
        "internal_ip": f"10.20.0.{number}",
        "ssh_command": f"ssh -p 2222 ubuntu@203.0.113.{number}",
        **state,
    }


def an_offer(offer_id: str, *states: dict[str, t.Any]) -> dict[str, t.Any]:
    machines = {f"m{number}": state for number, state in enumerate(states)}
    paper = {key: {"instance_id": "i", "instance_name": "n", "ssh": None} for key in machines}
    return ready_offer(offer_id, paper, machines, procured_at="2026-11-24T09:00:04Z")


@pytest.fixture(scope="module")
def simulator() -> t.Iterator[Simulator]:
    """Two offers in several zones, with one machine that is gone."""
    offers = [
        an_offer(
            FIRST,
            machine("train-1", 1, zone="eu-west-1a"),
            machine("train-2", 2, zone="eu-west-1b", ssh_command="ssh root@203.0.113.2"),
            machine("infer-1", 3, zone="ap-south-1a", status="preempted"),
        ),
        an_offer(
            SECOND,
            machine("infer-1", 4, zone="us-east-2a"),
            machine("infer-2", 5, zone="ap-south-1a"),
        ),
    ]
    with Simulator({"offers": offers}) as started:
        yield started


def test_the_guide_has_its_configurations() -> None:
    assert list(configurations()) == [
        "one.yml",
        "zones.yml",
        "bastion.yml",
        "teams/10-research.yml",
        "teams/20-serving.yml",
        "awx.yml",
        "cached.yml",
    ]


@pytest.mark.parametrize("source", ["one.yml", "zones.yml", "bastion.yml", "teams", "awx.yml"])
def test_the_listing_is_the_kept_one(
    workspace: Workspace, simulator: Simulator, source: str
) -> None:
    for name, text in configurations().items():
        path = workspace.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    for team in ("research", "serving"):
        (workspace.folder / f"{team}.token").write_text(simulator.token + "\n")

    listed = listing(workspace, simulator, name=source)

    assert listed.code == 0, listed.output
    kept = GOLDEN / f"{source.removesuffix('.yml')}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        kept.write_text(json.dumps(listed.data, indent=2, sort_keys=True) + "\n")
    assert _comparable(listed.data) == _comparable(json.loads(kept.read_text()))
    # One of the machines is gone, and that is said, except where it is shown itself.
    wanted = source not in ("awx.yml",)
    assert listed.says("status is preempted") == wanted


def _comparable(listed: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return a listing without the order of children, and what newer versions add to it."""
    data: dict[str, t.Any] = json.loads(json.dumps(listed))
    data.get("_meta", {}).pop("profile", None)
    for group in data.values():
        if "children" in group:
            group["children"].sort()
    return data


def test_the_cached_one_is_served_from_the_cache(
    workspace: Workspace, simulator: Simulator
) -> None:
    (workspace.folder / "cached.yml").write_text(configurations()["cached.yml"])
    config = configurations()["cached.yml"].replace(FIRST, SECOND)
    before = len(simulator.requests())

    texts = {listing(workspace, simulator, config).text for _number in range(2)}

    assert len(texts) == 1 and len(simulator.requests()) == before + 1

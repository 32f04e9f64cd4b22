# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inventory sources for tests, and what ansible-inventory makes of them."""

from __future__ import annotations

import json
import sys
import typing as t
from dataclasses import dataclass, field

from simulator import Simulator
from support import inventory_batch
from support.workspace import Workspace, last_lines

PLUGIN = "compute_desk.supply.instances"

FILE_CACHE: dict[str, t.Any] = {
    "cache": True,
    "cache_plugin": "ansible.builtin.jsonfile",
    "cache_connection": "cache",
}

# The settings under which a source that fails is a failure.
STRICT = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}


def says(output: str, sentence: str) -> bool:
    """Return whether an output has this sentence; older Ansible breaks lines, also within words."""
    return "".join(sentence.split()) in "".join(output.split())


@dataclass(frozen=True)
class Listing:
    """What ``ansible-inventory --list`` gave."""

    code: int
    output: str
    """Everything that it said to people."""
    text: str = ""
    """The listing as it was written."""
    data: dict[str, t.Any] = field(default_factory=dict)

    @property
    def hosts(self) -> dict[str, dict[str, t.Any]]:
        """The variables of every host, by its name."""
        assert self.code == 0, last_lines(self.output)
        hostvars: dict[str, dict[str, t.Any]] = self.data["_meta"]["hostvars"]
        return hostvars

    def says(self, sentence: str) -> bool:
        """Whether people were told this."""
        return says(self.output, sentence)

    def group(self, name: str) -> list[str]:
        """The hosts of a group; none if there is no such group."""
        hosts: list[str] = self.data.get(name, {}).get("hosts", [])
        return hosts


def listing(
    workspace: Workspace,
    simulator: Simulator | None = None,
    config: t.Mapping[str, t.Any] | str | None = None,
    *options: str,
    name: str = "offers.yml",
    **environment: str,
) -> Listing:
    """Return the listing of a source: ours with ``config``, or a file with that text."""
    if config is not None:
        text = config if isinstance(config, str) else json.dumps({"plugin": PLUGIN, **config})
        (workspace.folder / name).write_text(text)
    if simulator is not None:
        offer_ids = ",".join(simulator.offer_ids)
        known = {**simulator.env(), "COMPUTE_DESK_OFFER_IDS": offer_ids}
        environment = {**known, **environment}
    output = workspace.folder / "listing.json"
    output.unlink(missing_ok=True)
    done = workspace.run(
        "ansible-inventory",
        "-i",
        name,
        "--list",
        "--output",
        str(output),
        *options,
        **{**STRICT, **environment},
    )
    text = output.read_text() if output.exists() else ""
    return Listing(done.returncode, done.stdout, text, json.loads(text or "{}"))


@dataclass(frozen=True)
class Loaded:
    """What became of a source that was loaded in a batch."""

    error: str | None
    output: str
    """Everything that was said to people."""
    hosts: dict[str, dict[str, t.Any]]
    groups: dict[str, list[str]]

    def says(self, sentence: str) -> bool:
        """Whether people were told this."""
        return says(self.output, sentence)


@dataclass(frozen=True)
class Case:
    """A source to load: ours with ``config``."""

    config: t.Mapping[str, t.Any] = field(default_factory=dict)
    environment: t.Mapping[str, str] = field(default_factory=dict)
    flush: bool = False
    """What ``--flush-cache`` does."""


def batch(workspace: Workspace, simulator: Simulator, cases: t.Sequence[Case]) -> list[Loaded]:
    """Return what becomes of sources that are loaded at the same time."""
    known = {**simulator.env(), "COMPUTE_DESK_OFFER_IDS": ",".join(simulator.offer_ids)}
    # Ansible's cache plugins fail where two of them make the folder at the same moment.
    (workspace.folder / FILE_CACHE["cache_connection"]).mkdir(exist_ok=True)
    written = []
    for number, case in enumerate(cases):
        source = workspace.folder / f"source-{number}.yml"
        source.write_text(json.dumps({"plugin": PLUGIN, **case.config}))
        environment = {**known, **case.environment}
        written.append({"source": str(source), "environment": environment, "flush": case.flush})
    path = workspace.folder / "cases.json"
    path.write_text(json.dumps(written))
    done = workspace.run(sys.executable, inventory_batch.__file__, str(path), **STRICT)
    assert done.returncode == 0, last_lines(done.stdout)
    return [
        Loaded(one["error"], one["output"], one["hosts"], one["groups"])
        for one in json.loads(path.read_text())
    ]

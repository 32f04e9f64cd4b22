# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job over machines that lie, beside a good one: each can only harm itself."""

from __future__ import annotations

import json
import re
import stat
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from simulator import Simulator
from support.workspace import Workspace, last_lines
from unit.plugins.module_utils.gpu_stand_in import commands_of

from .offers import A
from .test_configure import summary, write_role

Simulate = t.Callable[..., Simulator]

FAILS: dict[str, str] = {
    "report_types": "What the machine answered is no report of its GPUs",
    "never_returns": "facts_failed: ",
    "gpu_never_returns": "The GPUs could not be looked at: There was no answer within",
    "many_locks": "package_lock: ",
    "almost_host_key": "unreachable: ",
    "template_verdict": "What the machine answered is no report of its GPUs",
    "host_key_text": "unreachable: ",
    "control_characters": "What the machine answered is no report of its GPUs",
    "control_characters_in_msg": "facts_failed: ",
    "huge_uid": "unreachable: ",
    "flood": "unreachable: The machine writes without end",
    "flood_setup": "facts_failed: ",
}
"""The lies that are found out, with what the summary says of the machine."""

HARMLESS = (
    "connection_facts", "control_path", "chosen_roles", "plugin_folders", "forged_results",
    "result_keys",
)  # fmt: skip
"""Those after which the machine is as good as any other."""

# All limits are short, so that the whole run is.
LIMITS: dict[str, t.Any] = {
    "compute_desk_connection_timeout": 20,
    "instance_ready_package_lock_timeout": 3,
    "instance_ready_facts_timeout": 40,
    "gpu_verify_command_timeout": 2,
}


@dataclass
class Traps:
    """What a lie may lead the controller to: a program to start, folders and sockets to make."""

    folder: Path
    sprung: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.sprung = self.folder / "sprung"
        program = self.folder / "program"
        program.write_text(f"#!/bin/sh\nenv > {self.sprung}\nexit 1\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def told_to(self, lie: str) -> dict[str, dict[str, str]]:
        """Return what the instance with this lie has to be told, as a part of it."""
        told = {
            "connection_facts": {"program": str(self.folder / "program")},
            "control_path": {"socket": str(self.folder / "socket")},
            "plugin_folders": {"folder": str(self.folder / "made")},
            "chosen_roles": {"role": "evil"},
        }
        return {"lies_with": told[lie]} if lie in told else {}

    def are_untouched(self) -> bool:
        return [entry.name for entry in self.folder.iterdir()] == ["program"]


@pytest.fixture
def traps(tmp_path_factory: pytest.TempPathFactory) -> Traps:
    return Traps(tmp_path_factory.mktemp("t") / "traps")


def fleet(lies: t.Iterable[str], traps: Traps) -> dict[str, t.Any]:
    """Return an offer with a good machine and one for each lie; all have a sound GPU."""
    machine = {"commands": commands_of("t4")}
    instances = {
        name.replace("_", "-"): {
            **machine, "personality": "hostile", "lies": [name], **traps.told_to(name),
        }
        for name in lies
    } | {"good": machine}  # fmt: skip
    for number, (name, instance) in enumerate(instances.items()):
        instance.update(instance_id=f"i-{number:08}", instance_name=name)
    running = {name: {"status": "running"} for name in instances}
    entry = {"at": 0, "status": "procured", "procurement_status": "ready", "instances": running}
    return {"offer_id": A, "instances": instances, "timeline": [entry]}


def rows_by_lie(output: str, lies: t.Iterable[str]) -> dict[str, str]:
    """Return the rows of the summary by the lie of the machine."""
    rows = summary(output)
    names = {host[: -len("-00000000")].replace("-", "_"): host for host in rows}
    assert sorted(names) == sorted([*lies, "good"]), "a row was forged, or lost"
    return {lie: rows[host] for lie, host in names.items()}


@pytest.mark.parametrize("inject", ["true", pytest.param("false", marks=pytest.mark.slow)])
def test_a_machine_that_lies_can_only_harm_itself(
    workspace: Workspace, simulate: Simulate, traps: Traps, inject: str
) -> None:
    lies = [*FAILS, *HARMLESS]
    simulator = simulate(fleet(lies, traps))
    # What a role of the user's own would do: take the facts at their word, and copy a file.
    write_role(
        workspace, "own",
        {"ansible.builtin.setup": {}, "when": "'result-keys' not in inventory_hostname"},
        {"ansible.builtin.copy": {"content": "done\n", "dest": "marker", "mode": "0644"}},
    )  # fmt: skip
    write_role(workspace, "evil", {"ansible.builtin.file": {"path": "evil", "state": "touch"}})
    # Not as an extra variable, which nothing can override.
    (workspace.folder / "group_vars").mkdir()
    (workspace.folder / "group_vars" / "compute_desk.yml").write_text("compute_desk_roles: own\n")
    (workspace.folder / "hosts.ini").write_text("[compute_desk]\n")

    done = workspace.run(
        "ansible-playbook", "compute_desk.supply.configure", "-i", "hosts.ini", "--forks", "20",
        "-e", json.dumps({**LIMITS, "compute_desk_offer_ids": A}),
        **simulator.env(), ANSIBLE_INJECT_FACT_VARS=inject, ANSIBLE_DEPRECATION_WARNINGS="false",
        ANSIBLE_ROLES_PATH=str(workspace.folder / "roles"),
    )  # fmt: skip
    output = done.stdout

    assert done.returncode == 2, last_lines(output, 80)
    rows = rows_by_lie(output, lies)
    assert re.search(r" 1 x Tesla T4 +\d+\.\d s +configured$", rows["good"])
    for name in HARMLESS:
        assert rows[name].endswith("configured"), rows[name]
        assert " 1 x Tesla T4 " in rows[name]
    for name, reason in FAILS.items():
        assert f"FAILED: {reason}" in rows[name] or reason in rows[name], rows[name]
        assert "FAILED: " in rows[name]
    assert traps.are_untouched(), sorted(traps.folder.iterdir())
    assert not any(Path(one["home"], "evil").exists() for one in simulator.instances())
    assert simulator.token not in output
    assert_clean(output)


def assert_clean(output: str) -> None:
    """Nothing reaches the terminal as it was sent, and no advice is made of it."""
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", output)
    assert "Traceback" not in output
    assert "uid=0(" not in output, "a template was worked out"
    assert "ssh-keygen" not in output

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job over machines that lie, beside a good one: each can only harm itself."""

from __future__ import annotations

import json
import re
import stat
import sys
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from simulator import Simulator
from support.workspace import Workspace, last_lines
from unit.plugins.gpu_stand_in import commands_of

from .main_job import summary, write_role
from .offers import A, ready_offer

Simulate = t.Callable[..., Simulator]

FAILS: dict[str, str] = {
    "report_types": "The machine's answer is not a report of its GPUs",
    "never_returns": "facts_failed: ",
    "gpu_never_returns": "The GPUs could not be checked: The module compute_desk.supply.gpu_",
    "many_locks": "package_lock: ",
    "almost_host_key": "unreachable: ",
    "template_verdict": "The machine's answer is not a report of its GPUs",
    "host_key_text": "unreachable: ",
    "control_characters": "The machine's answer is not a report of its GPUs",
    "control_characters_in_msg": "facts_failed: ",
    "huge_uid": "unreachable: ",
    "flood": "unreachable: The machine produced too much output",
    "flood_setup": "facts_failed: ",
}
"""The lies that are found out, with what the summary says of the machine."""

HARMLESS = (
    "connection_facts",
    "control_path",
    "chosen_roles",
    "plugin_folders",
    "forged_results",
    "result_keys",
    "skipped_results",
)
"""Those after which the machine is as good as any other."""

# All limits are short, so that the whole run is.
LIMITS: dict[str, t.Any] = {
    "instance_ready_timeout": 20,
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
            **machine,
            "personality": "hostile",
            "lies": [name],
            **traps.told_to(name),
        }
        for name in lies
    } | {"good": machine}
    for number, (name, instance) in enumerate(instances.items()):
        instance.update(instance_id=f"i-{number:08}", instance_name=name)
    return ready_offer(A, instances)


def rows_by_lie(output: str, lies: t.Iterable[str]) -> dict[str, str]:
    """Return the rows of the summary by the lie of the machine."""
    rows = summary(output)
    names = {host[: -len("-00000000")].replace("-", "_"): host for host in rows}
    assert sorted(names) == sorted([*lies, "good"]), "a row was forged, or lost"
    return {lie: rows[host] for lie, host in names.items()}


# Runs a command, and writes how much memory it took at most. This process has more children, and
# those begin with its own size.
MEASURED = """
import pathlib, resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
taken = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
pathlib.Path(sys.argv[1]).write_text(str(taken))
sys.exit(code)
"""
JUDGED = "Fail if the GPUs are not fit for work: "
QUICK = ["report_types", "flood", "connection_facts"]


@pytest.mark.parametrize(
    ("lies", "inject", "pipelining"),
    [
        (QUICK, "true", "false"),
        pytest.param([*FAILS, *HARMLESS], "true", "true", marks=pytest.mark.slow),
        pytest.param([*FAILS, *HARMLESS], "false", "false", marks=pytest.mark.slow),
    ],
)
def test_a_machine_that_lies_can_only_harm_itself(
    workspace: Workspace,
    simulate: Simulate,
    traps: Traps,
    lies: list[str],
    inject: str,
    pipelining: str,
) -> None:
    simulator = simulate(fleet(lies, traps))
    # What a role of the user's own would do: take the facts at their word, and copy a file.
    write_role(
        workspace,
        "own",
        {"ansible.builtin.setup": {}},
        {"ansible.builtin.copy": {"content": "done\n", "dest": "marker", "mode": "0644"}},
    )
    write_role(workspace, "evil", {"ansible.builtin.file": {"path": "evil", "state": "touch"}})
    # Not as an extra variable, which nothing can override.
    (workspace.folder / "group_vars").mkdir()
    (workspace.folder / "group_vars" / "compute_desk.yml").write_text("compute_desk_roles: own\n")
    (workspace.folder / "hosts.ini").write_text("[compute_desk]\n")

    done = workspace.run(
        *(sys.executable, "-c", MEASURED, "memory"),
        "ansible-playbook",
        "compute_desk.supply.configure",
        "-i",
        "hosts.ini",
        "--forks",
        "20",
        "-e",
        json.dumps({**LIMITS, "compute_desk_offer_ids": A}),
        timeout=300,
        **simulator.env(),
        ANSIBLE_INJECT_FACT_VARS=inject,
        ANSIBLE_DEPRECATION_WARNINGS="false",
        ANSIBLE_PIPELINING=pipelining,
        ANSIBLE_ROLES_PATH=str(workspace.folder / "roles"),
    )
    output = done.stdout

    assert done.returncode == 2, last_lines(output, 80)
    rows = rows_by_lie(output, lies)
    assert re.search(r" 1 x Tesla T4 +\d+\.\d s +configured$", rows["good"]), rows["good"]
    for name in lies:
        if name in FAILS:
            assert f"FAILED: {FAILS[name]}" in rows[name].replace(JUDGED, ""), rows[name]
        else:
            assert rows[name].endswith("configured") and " 1 x Tesla T4 " in rows[name], rows[name]
    told = {one["key"]: one.get("lies_told") for one in simulator.instances()}
    assert all(sum(times) for name, times in told.items() if name != "good"), told
    assert traps.are_untouched(), sorted(traps.folder.iterdir())
    assert not any(Path(one["home"], "evil").exists() for one in simulator.instances())
    assert output.count("inject_facts_as_vars is on") == (1 if inject == "true" else 0)
    assert simulator.token not in output
    assert_clean(output)
    # In KiB.
    assert int((workspace.folder / "memory").read_text()) < 200 * 1024


def assert_clean(output: str) -> None:
    """Nothing reaches the terminal as it was sent, and no advice is made of it."""
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", output
    )
    assert "Traceback" not in output
    assert "uid=0(" not in output, "a template was worked out"
    assert "ssh-keygen" not in output


SECRET = "ansible_host=203.0.113.250 ansible_become_password=hunter2"
PROD = {
    "another host": f"[db]\ngood-00000000 {SECRET}\n",
    "a group": f"[good-00000000]\ndb1 {SECRET}\n",
}
"""Inventories of the user with the name of the good machine, by what has it."""


@pytest.mark.parametrize("other", PROD)
def test_a_machine_never_takes_a_name_of_the_user(
    workspace: Workspace, simulate: Simulate, traps: Traps, other: str
) -> None:
    simulator = simulate(fleet([], traps))
    (workspace.folder / "prod.ini").write_text(PROD[other])

    done = workspace.run(
        "ansible-playbook",
        "compute_desk.supply.configure",
        "-i",
        "prod.ini",
        "-e",
        f"compute_desk_offer_ids={A}",
        **simulator.env(),
    )

    assert done.returncode == 2
    assert (
        f"The instance i-00000000 of the offer {A} would be the host good-00000000, but the "
        f"inventory has {other} of this name"
    ) in " ".join(done.stdout.split())
    assert "Configure the machines" not in done.stdout
    assert simulator.instances()[0]["connections"] == 0


@pytest.mark.parametrize("other", PROD)
@pytest.mark.parametrize("sources", [["prod.ini", "offers.yml"], ["offers.yml", "prod.ini"]])
def test_two_sources_never_give_a_machine_the_name_of_something_else(
    workspace: Workspace, simulate: Simulate, traps: Traps, sources: list[str], other: str
) -> None:
    simulator = simulate(fleet([], traps))
    (workspace.folder / "prod.ini").write_text(PROD[other])
    source = {"plugin": "compute_desk.supply.instances", "offer_ids": [A]}
    (workspace.folder / "offers.yml").write_text(json.dumps(source))
    command = ["ansible-inventory", *(f"--inventory={one}" for one in sources), "--list"]

    listed = workspace.run_apart(*command, environment=workspace.environment(**simulator.env()))
    strict = workspace.run(
        *command, **simulator.env(), ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true"
    )

    told = " ".join(listed.stderr.split())
    assert f"The instance 'i-00000000' of the offer {A} " in told
    assert {
        "another host": "and another host of the inventory would both be 'good-00000000'",
        "a group": "would be the host 'good-00000000', but the inventory has a group of this name",
    }[other] in told
    hosts = json.loads(listed.stdout)["_meta"]["hostvars"]
    assert not any("compute_desk_instance_id" in variables for variables in hosts.values())
    assert strict.returncode != 0


@pytest.mark.slow
def test_the_same_instance_may_come_twice_and_be_put_into_groups(
    workspace: Workspace, simulate: Simulate, traps: Traps
) -> None:
    simulator = simulate(fleet([], traps))
    source = {"plugin": "compute_desk.supply.instances", "offer_ids": [A]}
    groups = {"plugin": "constructed", "keyed_groups": [{"key": "compute_desk_zone"}]}
    for name, content in (("a.yml", source), ("b.yml", source), ("c.yml", groups)):
        (workspace.folder / name).write_text(json.dumps(content))
    (workspace.folder / "0.ini").write_text(
        "[mine]\ngood-00000000 compute_desk_instance_id=i-00000000\n"
    )

    sources = [f"--inventory={one}" for one in ("0.ini", "a.yml", "b.yml", "c.yml")]

    listed = workspace.run_apart(
        "ansible-inventory",
        *sources,
        "--list",
        environment=workspace.environment(**simulator.env()),
    )

    data = json.loads(listed.stdout)
    assert data["mine"]["hosts"] == data["_eu_west_1a"]["hosts"] == ["good-00000000"]
    assert data["_meta"]["hostvars"]["good-00000000"]["compute_desk_usable"] is True


@pytest.mark.slow
def test_a_host_with_forged_facts_is_refused_by_the_roles(
    workspace: Workspace, simulate: Simulate, traps: Traps
) -> None:
    """A play of the user's own that believed the machine before; the facts may be cached, too."""
    simulator = simulate(fleet(["forged_results"], traps))
    book = [
        {
            "hosts": "compute_desk",
            "gather_facts": True,
            "roles": ["compute_desk.supply.instance_ready", "compute_desk.supply.gpu_verify"],
        }
    ]
    (workspace.folder / "play.yml").write_text(json.dumps(book))
    source = {"plugin": "compute_desk.supply.instances", "offer_ids": [A]}
    (workspace.folder / "offers.yml").write_text(json.dumps(source))

    done = workspace.run(
        "ansible-playbook",
        "-i",
        "offers.yml",
        "play.yml",
        **simulator.env(),
        ANSIBLE_DEPRECATION_WARNINGS="false",
    )

    recap = done.stdout[done.stdout.index("PLAY RECAP") :]
    assert re.search(r"^good-\S+ .* failed=0 ", recap, re.MULTILINE), last_lines(done.stdout, 60)
    assert re.search(r"^forged-\S+ .* failed=1 ", recap, re.MULTILINE), last_lines(done.stdout, 60)
    assert "is among the facts of this host, but is not a fact" in done.stdout
    assert_clean(done.stdout)


@pytest.mark.slow
def test_the_role_for_awx_refuses_a_machine(
    workspace: Workspace, simulate: Simulate, traps: Traps
) -> None:
    simulator = simulate(fleet([], traps))
    roles = "compute_desk_roles=compute_desk.supply.awx_setup"

    done = workspace.run(
        "ansible-playbook",
        "compute_desk.supply.configure",
        "-e",
        roles,
        "-e",
        f"compute_desk_offer_ids={A}",
        **simulator.env(),
    )

    assert done.returncode == 2
    assert "The role awx_setup runs only on localhost" in done.stdout
    assert simulator.token not in done.stdout


@pytest.mark.slow
def test_ssh_is_started_without_the_token(
    workspace: Workspace, simulate: Simulate, traps: Traps
) -> None:
    simulator = simulate(fleet([], traps))
    told = workspace.folder / "environments"
    ssh = workspace.folder / "ssh"
    ssh.write_text(f'#!/bin/sh\nenv >> {told}\nexec /usr/bin/env ssh "$@"\n')
    ssh.chmod(0o755)

    done = workspace.run(
        "ansible-playbook",
        "compute_desk.supply.configure",
        "-e",
        f"compute_desk_offer_ids={A}",
        **simulator.env(),
        ANSIBLE_SSH_EXECUTABLE=str(ssh),
    )

    assert done.returncode == 0, last_lines(done.stdout, 60)
    assert "COMPUTE_DESK_API_URL=" in told.read_text()
    assert simulator.token not in told.read_text()

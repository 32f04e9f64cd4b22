# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job, against machines that answer to SSH, some of them badly."""

from __future__ import annotations

import json
import re
import sys
import typing as t
from pathlib import Path

import pytest
from ansible.release import __version__ as core
from checks.pythons import find_python
from simulator import Simulator
from support.workspace import Workspace, last_lines
from unit.plugins.gpu_stand_in import commands_of

from .conftest import Played, offer_status
from .main_job import BOOK, configure, machines, summary, write_role
from .offers import A, B

Simulate = t.Callable[..., Simulator]


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "Set compute_desk_offer_ids to the IDs of your offers"),
        (
            {"compute_desk_offer_ids": A},
            "no API token. Set the environment variable COMPUTE_DESK_API_TOKEN",
        ),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(
    workspace: Workspace, variables: dict[str, str], sentence: str
) -> None:
    done = workspace.run("ansible-playbook", BOOK, "-e", json.dumps(variables))

    assert done.returncode != 0
    assert sentence in done.stdout
    assert "Traceback" not in done.stdout


def test_an_offer_that_failed_ends_the_job_with_the_reason(
    workspace: Workspace, simulate: Simulate
) -> None:
    failed = {"at": 0, "status": "failed", "failure_reason": "the vendor has none left"}
    simulator = simulate({"offer_id": A, "timeline": [failed]})

    code, output = configure(workspace, simulator)

    assert code == 2
    assert "Configure the machines" not in output
    assert list(summary(output)) == ["(no"]
    assert "the vendor has none left" in summary(output)["(no"]


def test_a_message_names_the_variable_that_can_be_set(
    workspace: Workspace, simulate: Simulate
) -> None:
    building = {"at": 0, "status": "procured", "procurement_status": "provisioning_started"}
    simulator = simulate({"offer_id": A, "timeline": [building]})

    code, output = configure(workspace, simulator, compute_desk_wait_timeout=1)

    assert code == 2
    (row,) = summary(output).values()
    assert "Was not ready in time: it is provisioning" in row
    assert "Raise compute_desk_wait_timeout" in row


def test_a_bad_machine_does_not_stop_the_others_and_is_named(
    workspace: Workspace, simulate: Simulate
) -> None:
    simulator = simulate(
        machines(A, good={}, late={"up_after": 2}, closed={"behaviour": "refuse"}),
        machines(B, other={}),
    )
    # Runs on every machine, and cannot succeed on one of them.
    only_good = {
        "ansible.builtin.copy": {"content": "done\n", "dest": "marker", "mode": "0644"},
        "failed_when": "compute_desk_instance_name == 'other'",
    }
    write_role(workspace, "mark", only_good)

    code, output = configure(
        workspace, simulator, compute_desk_roles=["mark"], instance_ready_timeout=8
    )

    assert code != 0, "a run with failed machines must not look like a good one"
    rows = summary(output)
    results = {name.split("-")[0]: row for name, row in rows.items()}
    assert re.search(r" \d+\.\d s +configured$", results["good"]), last_lines(output, 60)
    assert results["late"].endswith("configured")
    assert "FAILED: refused: " in results["closed"]
    assert "FAILED: " in results["other"]
    for name, failed in (("good", 0), ("late", 0), ("other", 1), ("localhost", 1)):
        lines = [line for line in output.splitlines() if line.startswith(name)]
        assert f"failed={failed} " in lines[-1], lines


@pytest.mark.slow
def test_only_the_machines_of_these_offers_are_touched(
    workspace: Workspace, simulate: Simulate
) -> None:
    simulator = simulate(machines(A, mine={}), machines(B, yours={}))
    write_role(workspace, "mark", {"ansible.builtin.file": {"path": "touched", "state": "touch"}})
    inventory = workspace.folder / "hosts"
    inventory.write_text("[compute_desk]\nold-machine ansible_host=203.0.113.250\n")

    done = workspace.run(
        "ansible-playbook",
        BOOK,
        "-i",
        str(inventory),
        "-e",
        f"compute_desk_offer_ids={A}",
        "-e",
        "compute_desk_roles=mark",
        **simulator.env(),
        ANSIBLE_ROLES_PATH=str(workspace.folder / "roles"),
    )

    assert done.returncode == 0, last_lines(done.stdout, 60)
    assert list(summary(done.stdout)) == ["mine-aaaamine"]
    touched = {
        entry["key"]: (Path(entry["home"]) / "touched").exists() for entry in simulator.instances()
    }
    assert touched == {"mine": True, "yours": False}
    assert "old-machine" not in done.stdout


def test_host_variables_are_those_of_the_record_and_no_others(
    workspace: Workspace, simulate: Simulate, play: t.Callable[..., Played]
) -> None:
    fleet = machines(A, gpu={})
    # Fields that the API does not have; as host variables they would act on the controller.
    fleet["timeline"][0]["instances"]["gpu"].update(
        zone="{{ 6 * 7 }}",
        extra={"ansible_connection": "local", "compute_desk_roles": "theirs", "groups": "theirs"},
    )
    simulator = simulate(fleet)
    saved = workspace.folder / "variables.json"
    (record,) = play(offer_status(A), simulator=simulator).result["hosts"]
    name = record.pop("name")
    others = ["inventory_hostname", "group_names", "ansible_connection", "compute_desk_roles"]
    save = {
        "ansible.builtin.copy": {
            "content": "{%- set found = {} -%}{%- for name in names if name in vars_of_host -%}"
            "{%- set _ = found.update({name: vars_of_host[name]}) -%}"
            "{%- endfor -%}{{ found | to_json }}",
            "dest": str(saved),
            "mode": "0644",
        },
        "delegate_to": "localhost",
        "vars": {"names": [*record, *others], "vars_of_host": "{{ hostvars[inventory_hostname] }}"},
    }
    write_role(workspace, "save", save)

    code, output = configure(workspace, simulator, compute_desk_roles="save")

    assert code == 0, last_lines(output, 60)
    variables = json.loads(saved.read_text())
    assert variables["inventory_hostname"] == name
    # Null stays null and a number stays a number, on every ansible-core.
    assert {key: variables[key] for key in record} == record
    assert record["compute_desk_unusable_reason"] is None and record["ansible_port"] > 0
    assert variables["compute_desk_zone"] == "{{ 6 * 7 }}"
    assert variables["compute_desk_roles"] == "save"
    assert "ansible_connection" not in variables and "groups" not in record
    own_group = f"compute_desk_offer_{A.replace('-', '_')}"
    assert variables["group_names"] == ["compute_desk", own_group, "gpu_verified"]
    assert "WARNING" not in output and "DEPRECAT" not in output


@pytest.mark.slow
def test_gpus_are_verified_as_asked(workspace: Workspace, simulate: Simulate) -> None:
    fleet = machines(A, good={}, lost={}, bare={})
    fleet["instances"]["good"]["commands"] = commands_of("t4")
    fleet["instances"]["lost"]["commands"] = commands_of("lost_gpu")
    fleet["instances"]["bare"]["commands"] = commands_of("no_gpu")
    simulator = simulate(fleet)

    def results(mode: str | None) -> dict[str, str]:
        asked = {} if mode is None else {"compute_desk_gpu_verify": mode}
        _code, output = configure(workspace, simulator, **asked)
        assert ("Look at the GPUs" in output) == (mode != "off")
        assert "skipping: [" not in output or mode != "off"
        return {name.split("-")[0]: row for name, row in summary(output).items()}

    by_default, asked, left_out = results(None), results("true"), results("off")

    assert by_default["good"].endswith("ready") and "1 x Tesla T4" in by_default["good"]
    assert "FAILED: " in by_default["bare"] and " none " in by_default["bare"]
    assert "FAILED: " in by_default["lost"] and "GPU" in by_default["lost"].split("FAILED: ")[1]
    assert asked["good"].endswith("ready")
    assert "There is no sign of a GPU" in asked["bare"] and "There is no sign" in by_default["bare"]
    assert all(row.endswith("ready") for row in left_out.values())


@pytest.mark.slow
def test_gpus_that_could_not_be_judged_stop_who_wants_it(
    workspace: Workspace, simulate: Simulate
) -> None:
    fleet = machines(A, one={})
    commands = fleet["instances"]["one"]["commands"] = json.loads(json.dumps(commands_of("h200")))
    reply = commands["nvidia-smi"]["answers"][0]
    reply["stdout"] = re.sub(r"<driver_version>.*</driver_version>", "", reply["stdout"])
    simulator = simulate(fleet)
    write_role(workspace, "say", {"ansible.builtin.debug": {"msg": "worked"}})
    wanted = {"compute_desk_roles": ["say"], "gpu_verify_min_driver_version": "550"}

    code, output = configure(workspace, simulator, **wanted)

    assert code == 0, last_lines(output, 60)
    (row,) = summary(output).values()
    assert row.endswith("configured, GPUs not judged")

    code, output = configure(workspace, simulator, gpu_verify_on_inconclusive="fail", **wanted)

    assert code != 0
    (row,) = summary(output).values()
    assert "FAILED: The check driver_version could not be made" in row
    assert '"msg": "worked"' not in output


def configure_with(
    workspace: Workspace, simulator: Simulator, **variables: t.Any
) -> tuple[int, str]:
    """Run the role `check` on machines with these variables of their group."""
    (workspace.folder / "group_vars").mkdir()
    (workspace.folder / "group_vars" / "compute_desk.yml").write_text(json.dumps(variables))
    (workspace.folder / "hosts.ini").write_text("[compute_desk]\n")
    return configure(workspace, simulator, "-i", "hosts.ini", compute_desk_roles=["check"])


@pytest.mark.slow
def test_a_machine_may_have_the_oldest_python_that_ansible_supports(
    workspace: Workspace, simulate: Simulate
) -> None:
    version = "3.8" if tuple(map(int, core.split(".")[:2])) < (2, 20) else "3.9"
    oldest = find_python(version)
    if not oldest:
        pytest.skip(f"there is no Python {version} here")
    fleet = machines(A, one={})
    fleet["instances"]["one"]["commands"] = commands_of("h100_nvswitch")
    used = {
        "ansible.builtin.assert": {"that": f"ansible_facts.python_version.startswith('{version}.')"}
    }
    write_role(workspace, "check", used)

    code, output = configure_with(workspace, simulate(fleet), ansible_python_interpreter=oldest[1])

    assert code == 0, last_lines(output, 60)
    (row,) = summary(output).values()
    assert row.endswith("configured") and "8 x NVIDIA H100" in row


@pytest.mark.slow
def test_an_old_python_beside_a_fit_one_is_not_used(
    workspace: Workspace, simulate: Simulate
) -> None:
    # As on RHEL 8, whose own Python Ansible prefers: it comes first, and runs no module of ours.
    fleet = machines(A, one={})
    old = {"rc": 1, "answers": [{"args": "-c *version_info*", "stdout": "3.6.8"}]}
    fleet["instances"]["one"]["commands"]["old-python"] = old
    used = f"ansible_facts.discovered_interpreter_python == '{sys.executable}'"
    write_role(workspace, "check", {"ansible.builtin.assert": {"that": used}}, {"ping": None})

    code, output = configure_with(
        workspace,
        simulate(fleet),
        ansible_interpreter_python_fallback=["old-python", sys.executable],
    )

    assert code == 0, last_lines(output, 60)
    (row,) = summary(output).values()
    assert row.endswith("configured") and "1 x Tesla T4" in row


@pytest.mark.slow
def test_a_machine_that_should_have_no_gpu_may_have_none(
    workspace: Workspace, simulate: Simulate
) -> None:
    fleet = machines(A, bare={})
    fleet["instances"]["bare"]["commands"] = commands_of("no_gpu")

    code, output = configure(workspace, simulate(fleet), gpu_verify_expected_count=0)

    assert code == 0, last_lines(output, 60)
    (row,) = summary(output).values()
    assert row.endswith("ready") and " none " in row

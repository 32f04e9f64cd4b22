# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the main job was given wrongly is said at its start, and nothing is asked or waited for."""

from __future__ import annotations

import importlib
import json
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from simulator import Simulator
from support.workspace import Workspace, last_lines

from .main_job import BOOK, configure, machines, summary, write_role
from .offers import A

Simulate = t.Callable[..., Simulator]

CHECKOUT = Path(__file__).resolve().parents[2]
SPECS = yaml.safe_load((CHECKOUT / "playbooks/vars/argument_specs.yml").read_text())


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"compute_desk_role": "mine"},
            "'compute_desk_role': there is no such variable; did you mean compute_desk_roles?",
        ),
        pytest.param(
            *({"compute_desk_wait_timout": 5}, "did you mean compute_desk_wait_timeout?"),
            marks=pytest.mark.slow,
        ),
        ({"gpu_verify_expected_cout": 8}, "did you mean gpu_verify_expected_count?"),
        pytest.param(
            *({"instance_ready_timout": 8}, "did you mean instance_ready_timeout?"),
            marks=pytest.mark.slow,
        ),
        (
            {"compute_desk_gpu_verify": "maybe"},
            "compute_desk_gpu_verify: must be true or false, not 'maybe'",
        ),
        # The main job would take it for warn.
        (
            {"gpu_verify_on_inconclusive": "FAIL"},
            "gpu_verify_on_inconclusive: must be one of warn, fail, not 'FAIL'; did you mean fail?",
        ),
        (
            {"compute_desk_wait_timeout": "15m"},
            "compute_desk_wait_timeout: '15m' is not a number of seconds",
        ),
        pytest.param(
            *(
                {"gpu_verify_min_driver_version": "R550"},
                "gpu_verify_min_driver_version: 'R550' is not a version such as 550.90.07",
            ),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *(
                {"gpu_verify_fail": "perhaps"},
                "gpu_verify_fail: must be true or false, not 'perhaps'",
            ),
            marks=pytest.mark.slow,
        ),
        ({"compute_desk_roles": "nosuch"}, "compute_desk_roles: there is no role 'nosuch'"),
        pytest.param(
            *({"compute_desk_roles": ["no.such.role"]}, "there is no role 'no.such.role'"),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *({"compute_desk_roles": {"a": 1}}, "compute_desk_roles: must be a list of names"),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_mistake_is_said_before_anything_is_sent(
    workspace: Workspace, variables: dict[str, t.Any], sentence: str
) -> None:
    # Nothing listens there; but nothing asks, either.
    done = workspace.run(
        "ansible-playbook",
        BOOK,
        "-e",
        json.dumps({"compute_desk_offer_ids": A, **variables}),
        COMPUTE_DESK_API_TOKEN="x",
        COMPUTE_DESK_API_URL="http://127.0.0.1:9",
    )

    assert done.returncode == 2
    assert sentence in done.stdout, last_lines(done.stdout)
    assert "Wait until machines answer" not in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.slow
def test_the_sentence_about_a_role_says_where_was_looked(workspace: Workspace) -> None:
    done = workspace.run(
        "ansible-playbook",
        BOOK,
        "-e",
        f"compute_desk_offer_ids={A}",
        "-e",
        "compute_desk_roles=nosuch",
        ANSIBLE_ROLES_PATH="/of/my/own:/and/another",
    )

    told = " ".join(done.stdout.split())
    assert "in the installed collections, nor in" in told
    assert all(place in told for place in ("/of/my/own", "/and/another"))
    assert f"{workspace.folder}/roles" in told


def test_variables_of_the_inventory_are_checked_too(workspace: Workspace) -> None:
    (workspace.folder / "hosts.ini").write_text(
        "[compute_desk]\none ansible_host=203.0.113.250 gpu_verify_expected_cout=8\n"
    )

    done = workspace.run("ansible-playbook", BOOK, "-i", "hosts.ini")

    assert done.returncode == 2
    assert "did you mean gpu_verify_expected_count?" in done.stdout


@pytest.mark.slow
def test_roles_with_spaces_and_in_the_current_folder_are_found(
    workspace: Workspace, simulate: Simulate
) -> None:
    for name in ("first", "second"):
        write_role(workspace, name, {"ansible.builtin.file": {"path": name, "state": "touch"}})
    simulator = simulate(machines(A, one={}))

    done = workspace.run(
        "ansible-playbook",
        BOOK,
        "-e",
        f"compute_desk_offer_ids={A}",
        "-e",
        json.dumps({"compute_desk_roles": " first, second ,"}),
        **simulator.env(),
    )

    assert done.returncode == 0, last_lines(done.stdout, 60)
    home = Path(simulator.instances()[0]["home"])
    assert (home / "first").exists() and (home / "second").exists()
    assert [row.split()[-1] for row in summary(done.stdout).values()] == ["configured"]


def test_without_a_role_a_machine_is_ready_and_not_configured(
    workspace: Workspace, simulate: Simulate
) -> None:
    code, output = configure(workspace, simulate(machines(A, one={})))

    assert code == 0, last_lines(output, 60)
    assert [row.split()[-1] for row in summary(output).values()] == ["ready"]
    assert "No role is named in compute_desk_roles" in output


def test_without_an_ssh_client_it_is_said_at_once(workspace: Workspace) -> None:
    done = workspace.run(
        "ansible-playbook",
        BOOK,
        "-e",
        f"compute_desk_offer_ids={A}",
        ANSIBLE_SSH_EXECUTABLE="no-such-ssh",
    )

    assert done.returncode == 2
    assert "there is no SSH client no-such-ssh here" in done.stdout
    assert "apt-get install openssh-client" in done.stdout


def test_every_variable_that_we_use_is_known(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(workspace.collections))
    hosts = importlib.import_module(
        "ansible_collections.compute_desk.supply.plugins.module_utils._offers.hosts"
    )
    others = {*SPECS["left_behind"], *SPECS["between_tasks"]}
    used: set[str] = set()
    for folder in ("playbooks", "roles"):
        for path in (CHECKOUT / folder).rglob("*.yml"):
            if path.name != "argument_specs.yml":
                text = path.read_text(encoding="utf-8")
                used.update(re.findall(r"\b(?:compute_desk|gpu_verify|instance_ready)_\w+\b", text))
    known = {*others, *hosts.HOST_VARIABLES}
    for spec in SPECS["argument_specs"].values():
        known.update(spec["options"])
    for role in ("gpu_verify", "instance_ready"):
        path = CHECKOUT / "roles" / role / "meta" / "argument_specs.yml"
        known.update(yaml.safe_load(path.read_text())["argument_specs"]["main"]["options"])
    groups = {"compute_desk_expected"}

    assert used - known <= groups
    assert others <= used | {"gpu_verify_summary"}


def test_no_option_of_a_role_is_passed_as_a_parameter() -> None:
    """A parameter would beat the inventory and group_vars of the user."""
    for path in (CHECKOUT / "playbooks").rglob("*.yml"):
        text = path.read_text(encoding="utf-8")
        passed = set(re.findall(r"^ +((?:instance_ready|gpu_verify)_\w+):", text, re.MULTILINE))

        # For whoever calls the role, not for users.
        assert passed <= {"instance_ready_began_at", "instance_ready_not_later_than"} or (
            path.name == "argument_specs.yml"
        )

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The patterns, as Ansible Automation Platform makes their objects and runs their jobs.

Its pattern service uses the collection's archive as the project, see core/utils/controller in
https://github.com/ansible/pattern-service
"""

from __future__ import annotations

import json
import tarfile
import typing as t
from pathlib import Path

import pytest
from integration.main_job import machines, summary
from integration.offers import A, B
from simulator import Simulator
from support.tree import CHECKOUT
from support.workspace import Workspace, last_lines

from .client import Client
from .jobs import Awx
from .standin import StandIn

Simulate = t.Callable[..., Simulator]

NAME = "configure_gpu_machines"
PLAYBOOK = f"extensions/patterns/{NAME}/playbooks/configure.yml"


@pytest.fixture
def project(workspace: Workspace) -> Path:
    """The collection that users install, unpacked as a project."""
    folder = workspace.folder / "archive"
    command = ("ansible-galaxy", "collection", "build", str(CHECKOUT), "--output-path", str(folder))
    done = workspace.run(*command)
    assert done.returncode == 0, last_lines(done.stdout)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as content:
        content.extractall(folder / "project", filter="data")
    return folder / "project"


def definition(project: Path) -> dict[str, t.Any]:
    """Return what the pattern needs."""
    path = project / "extensions" / "patterns" / NAME / "meta" / "pattern.json"
    found: dict[str, t.Any] = json.loads(path.read_text(encoding="utf-8"))["aap_resources"]
    return found


def test_the_platform_takes_its_template_and_survey(project: Path) -> None:
    made = definition(project)
    (template,) = made["controller_job_templates"]
    survey = template.pop("survey")
    template.pop("primary")

    with StandIn({PLAYBOOK}) as awx, Client(awx) as client:
        environment = made["controller_execution_environment"]
        image = f"hub.example.com/{environment['image_name']}"
        fetched = {**made["controller_project"], "scm_type": "archive", "organization": 1}
        numbers = {
            "project": awx.add("projects", fetched)["id"],
            "execution_environment": client.made(
                "execution_environments", name=environment["name"], image=image
            )["id"],
        }
        wanted = {**template, **numbers, "playbook": PLAYBOOK}
        number = client.made("job_templates", **wanted)["id"]
        answer = client.post(f"job_templates/{number}/survey_spec/", **survey)

        assert answer[0] == 200, answer
        assert awx.survey(template["name"]) == survey


@pytest.mark.parametrize(
    ("role", "outcome"), [("", "ready"), ("my_namespace.my_collection.my_role", "configured")]
)
def test_its_job_configures_the_machines(
    workspace: Workspace, simulate: Simulate, project: Path, role: str, outcome: str
) -> None:
    simulator = simulate(machines(A, one={}, two={}), machines(B, three={}))
    awx = Awx(workspace, simulator)
    awx.project = project
    (template,) = definition(project)["controller_job_templates"]
    defaults = {one["variable"]: one.get("default") for one in template["survey"]["spec"]}
    answers = {**defaults, "compute_desk_offer_ids": f"{A},{B}", "compute_desk_roles": role}
    collection = workspace.collections / "ansible_collections" / "my_namespace" / "my_collection"
    tasks = collection / "roles" / "my_role" / "tasks"
    tasks.mkdir(parents=True)
    (tasks / "main.yml").write_text('[{"ansible.builtin.debug": {"msg": "my role was here"}}]')

    job = awx.job(PLAYBOOK, compute_desk_poll_interval=1, **answers)

    assert job.code == 0, last_lines(job.output, 60)
    rows = summary(job.output)
    assert len(rows) == 3 and all(row.endswith(outcome) for row in rows.values())
    assert ("my role was here" in job.output) is bool(role)

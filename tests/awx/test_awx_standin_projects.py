# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in fetches projects as AWX does: later, and not always with success."""

from __future__ import annotations

import typing as t

import pytest

from .client import Client
from .standin import StandIn

PROJECT = {"name": "ours", "organization": 1, "scm_type": "git", "scm_url": "https://git/a.git"}


def wait(client: Client, update: str) -> t.Any:
    """Read an update until it has ended."""
    for _number in range(10):
        read = client.get(update)
        if read["finished"]:
            return read
    raise AssertionError(read)


def template(client: Client, project: int) -> tuple[int, t.Any]:
    """Try to make a template of a project."""
    client.post("inventories/", name="machines", organization=1)
    (inventory,) = client.get("inventories/")["results"]
    return client.post(
        "job_templates/",
        name="t",
        organization=1,
        project=project,
        inventory=inventory["id"],
        playbook="wait.yml",
    )


def test_a_new_project_has_playbooks_when_its_update_has_ended(client: Client) -> None:
    project = client.made("projects", **PROJECT)
    refused = template(client, project["id"])
    update = project["related"]["current_update"]
    seen = [client.get(update)["status"] for _number in range(3)]
    after = client.get(project["url"])

    assert project["status"] == "pending"
    assert project["summary_fields"]["current_update"]["status"] == "pending"
    assert project["scm_revision"] == ""
    assert refused == (400, {"playbook": ["Playbook not found for project."]})
    assert seen == ["waiting", "running", "successful"]
    assert (after["status"], after["scm_revision"]) == ("successful", "f00")
    assert "current_update" not in after["summary_fields"]
    assert after["related"]["last_update"] == after["related"]["last_job"] == update
    for name in ("last_update", "last_job"):
        assert after["summary_fields"][name]["status"] == "successful"
    assert template(client, project["id"])[0] == 201


def test_who_reads_the_project_sees_its_update_end_too(client: Client) -> None:
    project = client.made("projects", **PROJECT)

    seen = [client.get("projects/?name=ours")["results"][0]["status"] for _number in range(4)]

    assert seen == ["waiting", "running", "successful", "successful"]
    assert client.get(project["related"]["current_update"])["event_processing_finished"]


def test_an_update_that_fails_leaves_no_playbooks(client: Client, awx: StandIn) -> None:
    awx.update_fails = True
    project = client.made("projects", **PROJECT)
    awx.update_fails = False
    update = wait(client, project["related"]["current_update"])
    after = client.get(project["url"])

    assert (update["status"], update["failed"]) == ("failed", True)
    assert (after["status"], after["last_update_failed"]) == ("failed", True)
    assert after["summary_fields"]["last_update"] == {
        "id": update["id"],
        "name": "ours",
        "description": "",
        "status": "failed",
        "failed": True,
    }
    assert template(client, project["id"])[0] == 400
    # Nothing that differs, nothing that is fetched.
    assert "current_update" not in client.patch(project["url"], **PROJECT)[1]["summary_fields"]

    status, again = client.post(project["related"]["update"])

    assert status == 202
    assert again["project_update"] == again["id"]
    assert wait(client, again["url"])["scm_revision"] == "f00"
    assert template(client, project["id"])[0] == 201


def test_a_failure_leaves_what_was_fetched_before(client: Client, awx: StandIn) -> None:
    project = client.made("projects", **PROJECT)
    wait(client, project["related"]["current_update"])
    awx.update_fails = True
    _status, update = client.post(project["related"]["update"])
    wait(client, update["url"])

    assert client.get(project["url"])["status"] == "failed"
    assert template(client, project["id"])[0] == 201


@pytest.mark.parametrize("changed", [{"scm_url": "https://git/b.git"}, {"scm_branch": "next"}])
def test_another_source_is_fetched(client: Client, awx: StandIn, changed: dict[str, str]) -> None:
    project = client.made("projects", **PROJECT)
    first = wait(client, project["related"]["current_update"])
    awx.revision = "e57"
    _status, project = client.patch(project["url"], **changed)
    second = wait(client, project["related"]["current_update"])

    assert (first["scm_revision"], second["scm_revision"]) == ("f00", "e57")
    assert client.get(project["url"])["scm_revision"] == "e57"


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("", "SCM URL is required."),
        (" ", "SCM URL is required."),
        ("svn://host/path", "Unsupported git URL"),
        ("git@host:22:path", "Invalid git URL"),
        ("https:///path", "Host is required for https URL"),
    ],
)
def test_git_needs_an_address(client: Client, url: str, text: str) -> None:
    refused = client.post("projects/", **{**PROJECT, "scm_url": url})
    project = client.made("projects", **PROJECT)

    assert refused == (400, {"scm_url": [text]})
    assert client.patch(project["url"], scm_url=url) == refused
    assert client.get(project["url"])["scm_url"] == PROJECT["scm_url"]


@pytest.mark.parametrize("url", ["git@host:a/b.git", "ssh://git@host/a", "file:///srv/a", "/srv/a"])
def test_git_has_many_addresses(client: Client, url: str) -> None:
    project = client.made("projects", **{**PROJECT, "scm_url": url})

    assert client.get(project["url"])["scm_url"] == url


def test_a_manual_project_cannot_be_fetched(client: Client) -> None:
    project = client.made("projects", name="by hand", organization=1)

    assert "current_update" not in project["summary_fields"]
    assert client.post(project["related"]["update"])[0] == 405


def test_what_was_there_before(client: Client) -> None:
    groups = client.get("instance_groups/")["results"]
    names = {one["id"]: one["name"] for one in client.get("credential_types/")["results"]}
    credentials = client.get("credentials/")["results"]

    assert [one["name"] for one in groups] == ["controlplane", "default", "our nodes"]
    assert {one["name"]: names[one["credential_type"]] for one in credentials} == {
        "our key": "Machine",
        "back to AWX": "Red Hat Ansible Automation Platform",
        "our git": "Source Control",
        "our registry": "Container Registry",
        "our vault": "Vault",
    }

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What GitHub, pre-commit and contributors run exists, and GitHub may do no more than it must."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml
from release import artifact

CHECKOUT = Path(__file__).resolve().parents[3]
GITHUB = CHECKOUT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
# They run commands of ours.
CALLERS = [
    *WORKFLOWS,
    CHECKOUT / ".pre-commit-config.yaml",
    GITHUB / "pull_request_template.md",
    CHECKOUT / "AGENTS.md",
    CHECKOUT / "CONTRIBUTING.md",
]
# Those of antsibull-nox.
SESSIONS = {
    "typing",
    "yamllint",
    "docs-check",
    "extra-checks",
    "build-import-check",
    "ansible-lint",
}


def read(workflow: Path) -> dict[str, t.Any]:
    """Return a workflow."""
    return dict(yaml.safe_load(workflow.read_text(encoding="utf-8")))


@pytest.mark.parametrize("caller", CALLERS, ids=lambda path: path.name)
def test_the_make_targets_exist(caller: Path) -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    text = caller.read_text(encoding="utf-8")
    targets = re.findall(r"(?:`|run: |entry: )make (?:--no-print-directory )?([a-z-]+)", text)
    for names in re.findall(r"target: \[(.+)\]", text):
        targets += names.split(", ")

    assert targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_sessions_exist() -> None:
    noxfile = (CHECKOUT / "noxfile.py").read_text(encoding="utf-8")
    known = SESSIONS | set(re.findall(r'@nox\.session\(.*name="([a-z-]+)"', noxfile))
    known |= set(re.findall(r"@nox\.session(?:\(.*\))?\n *def ([a-z]+)\(", noxfile))
    partner = (CHECKOUT / "tests" / "checks" / "certification.py").read_text(encoding="utf-8")
    known |= set(re.findall(r"^def ([a-z]+)\(session", partner, re.MULTILINE))
    pages = [*CALLERS, *CHECKOUT.glob("tests/**/README.md"), CHECKOUT / "Makefile"]
    named = {
        name
        for page in pages
        for quoted, plain in re.findall(
            r"SESSIONS=(?:\"([a-z -]+)|([a-z-]+)\b(?![.0-9]))", page.read_text(encoding="utf-8")
        )
        for name in (quoted or plain).split(" -- ")[0].split()
    }

    assert {"ruff", "format", "artifact", "workflows", "changelog-update"} <= named & known
    # The names of these end with a version.
    assert {name for name in named if not name.endswith("-")} - known == set()


def test_every_ansible_core_is_tested_and_every_python_is_there() -> None:
    noxfile = (CHECKOUT / "noxfile.py").read_text(encoding="utf-8")
    cores = re.findall(r'^    "(2\.\d+)": Core\(', noxfile, re.MULTILINE)
    jobs = read(GITHUB / "workflows" / "ci.yml")["jobs"]
    (listed,) = (step["run"] for step in jobs["sessions"]["steps"] if step.get("id") == "list")
    pythons = [
        step["with"]["python-version"].split()
        for name in ("sessions", "check")
        for step in jobs[name]["steps"]
        if step.get("uses", "").startswith("actions/setup-python@")
    ]

    # The oldest and the newest are what `make check` takes by itself.
    assert re.findall(r'"(2\.\d+)"', listed) == cores[1:-1]
    # As the table of CONTRIBUTING.md says. The last one is `python3`.
    assert [sorted(found, key=lambda text: int(text[2:])) for found in pythons] == [
        [f"3.{minor}" for minor in range(8, 14)]
    ] * 2
    assert {found[-1] for found in pythons} == {"3.11"}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_read_the_code_and_no_more(workflow: Path) -> None:
    read_only: tuple[dict[str, str], ...] = ({}, {"contents": "read"})

    assert read(workflow)["permissions"] == {}
    for job in read(workflow)["jobs"].values():
        assert job.get("permissions", {}) in read_only
        for step in job["steps"]:
            assert "uses" not in step or re.search(r"@[0-9a-f]{40}$", step["uses"])
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_only_a_tag_can_publish() -> None:
    secrets = {path.name: path.read_text(encoding="utf-8").count("secrets.") for path in WORKFLOWS}
    release = read(GITHUB / "workflows" / "release.yml")

    assert secrets == {"ci.yml": 0, "release.yml": 1}
    # YAML takes `on` for true.
    assert t.cast("dict[t.Any, t.Any]", release)["on"] == {
        "push": {"tags": ["[0-9]+.[0-9]+.[0-9]+"]}
    }
    publish = release["jobs"]["publish"]
    assert publish["needs"] == "build" and publish["environment"] == "galaxy"


def test_what_is_published_was_checked() -> None:
    build, publish = read(GITHUB / "workflows" / "release.yml")["jobs"].values()

    assert 'make release-check TAG="$GITHUB_REF_NAME" KEEP=dist' in [
        step.get("run") for step in build["steps"]
    ]
    (made,) = [step["with"] for step in build["steps"] if "upload" in step.get("uses", "")]
    (taken,) = [step["with"] for step in publish["steps"] if "download" in step.get("uses", "")]
    assert made["path"] == "dist/*.tar.gz" and made["name"] == taken["name"]


def test_users_get_what_is_for_users() -> None:
    pages = {path.name for path in CHECKOUT.glob("*.md")}

    assert pages & set(artifact.reviewed()) == {"README.md", "SECURITY.md"}


def test_whoever_the_readme_sends_to_the_issues_finds_a_form() -> None:
    templates = GITHUB / "ISSUE_TEMPLATE"
    forms = {
        name
        for path in templates.glob("*_*.yml")
        for name in yaml.safe_load(path.read_text(encoding="utf-8"))["labels"]
    }
    config = yaml.safe_load((templates / "config.yml").read_text(encoding="utf-8"))
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")

    assert "ask questions and report bugs in an [issue]" in readme
    assert config["blank_issues_enabled"] or {"question", "bug"} <= forms

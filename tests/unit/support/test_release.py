# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `make release-check` finds wrong."""

from __future__ import annotations

import shutil
import typing as t
from datetime import date
from pathlib import Path

import pytest
import yaml
from release import artifact, readme, runs, versions
from release.__main__ import arguments
from release.installed import differences, names
from release.report import Report

CHECKOUT = Path(__file__).resolve().parents[3]
TODAY = date(2030, 1, 2)
# In the changelog of the tree below.
BEFORE, NOW = "1.0.0", "1.1.0"
FILES = ["MANIFEST.json", "README.md", "plugins/modules/one.py", "tests/config.yml"]


def write(tree: Path, name: str, text: str) -> None:
    """Write a file of the tree, and make its folder."""
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).write_text(text, encoding="utf-8")


def release(day: str, *playbooks: str, **changes: str) -> dict[str, t.Any]:
    """Return an entry of the changelog."""
    objects = {"playbook": [{"name": name, "description": "Some."} for name in playbooks]}
    return {"release_date": day, "changes": changes, "objects": objects}


def log(tree: Path, releases: dict[str, t.Any]) -> None:
    """Write the changelog as antsibull-changelog does."""
    write(tree, "changelogs/changelog.yaml", yaml.safe_dump({"releases": releases}))
    text = "".join(f"\nv{version}\n======\n" for version in releases)
    write(tree, "CHANGELOG.rst", text)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout that is ready to be released as NOW."""
    write(tmp_path, "galaxy.yml", f"version: {NOW}\n")
    write(tmp_path, "plugins/module_utils/_api/client.py", f'VERSION = "{NOW}"\n')
    write(tmp_path, "plugins/modules/one.py", f"version_added: {BEFORE}\nversion_added: '{NOW}'\n")
    write(tmp_path, "roles/a/meta/argument_specs.yml", f"    version_added: {BEFORE}\n")
    write(tmp_path, "playbooks/job.yml", "")
    write(tmp_path, "changelogs/fragments/.keep", "")
    summary = {"release_summary": "Good."}
    log(tmp_path, {NOW: release("2030-01-02", **summary), BEFORE: release("2029-01-01", "job")})
    return tmp_path


def test_a_checkout_that_is_ready(tree: Path) -> None:
    assert versions.problems(tree, TODAY) == []
    assert versions.problems(tree, TODAY, tag=NOW) == []


def test_this_checkout_has_one_version() -> None:
    # What a release needs more than that is not there in between.
    problems = versions.problems(CHECKOUT, date.max)

    assert [
        problem for problem in problems if "VERSION" in problem or "galaxy.yml" in problem
    ] == []


@pytest.mark.parametrize("tag", ["1.0.0", "v1.1.0", ""])
def test_a_tag_that_is_not_the_version(tree: Path, tag: str) -> None:
    (problem,) = versions.problems(tree, TODAY, tag=tag)

    assert problem.startswith(f"the tag is {tag}, and galaxy.yml has {NOW}: ")


@pytest.mark.parametrize("number", ["1.1", "1.1.0-dev", "01.1.0", "v1.1.0"])
def test_no_version(tree: Path, number: str) -> None:
    write(tree, "galaxy.yml", f"version: '{number}'\n")

    assert f"galaxy.yml: {number} is no version such as 1.2.3" in versions.problems(tree, TODAY)


def test_a_user_agent_of_another_version(tree: Path) -> None:
    write(tree, "plugins/module_utils/_api/client.py", f'VERSION = "{BEFORE}"\n')

    (problem,) = versions.problems(tree, TODAY)

    assert "client.py has not the VERSION 1.1.0" in problem


def test_a_version_without_an_entry_in_the_changelog(tree: Path) -> None:
    log(tree, {BEFORE: release("2029-01-01", "job", release_summary="Good.")})

    missing, added = versions.problems(tree, TODAY)

    assert missing == "changelogs/changelog.yaml has no 1.1.0: run antsibull-changelog release"
    assert "plugins/modules/one.py has version_added 1.1.0" in added


def test_an_older_version_than_the_last_one(tree: Path) -> None:
    summary = {"release_summary": "Good."}
    log(
        tree,
        {
            "1.10.0": release("2029-01-01", "job", **summary),
            NOW: release("2029-01-01", **summary),
            BEFORE: release("2029-01-01"),
        },
    )

    (problem,) = versions.problems(tree, TODAY)

    assert problem.startswith("the changelog has a newer version than 1.1.0")


def test_a_changelog_that_was_not_written_anew(tree: Path) -> None:
    write(tree, "CHANGELOG.rst", "\nv1.1.0rc1\n=========\n")

    (problem,) = versions.problems(tree, TODAY)

    assert problem.startswith("CHANGELOG.rst has no 1.1.0")


def test_a_release_of_tomorrow_without_a_summary(tree: Path) -> None:
    log(tree, {NOW: release("2030-01-03"), BEFORE: release("2029-01-01", "job")})

    future, summary = versions.problems(tree, TODAY)

    assert "2030-01-03, which is to come" in future and "no release_summary of 1.1.0" in summary


def test_a_playbook_that_no_release_has(tree: Path) -> None:
    write(tree, "playbooks/other.yml", "")

    (problem,) = versions.problems(tree, TODAY)

    assert problem.startswith("the changelog does not list the playbook other: ")


def test_a_fragment_that_is_left(tree: Path) -> None:
    write(tree, "changelogs/fragments/12-mend.yml", "bugfixes: [one]\n")

    (problem,) = versions.problems(tree, TODAY)

    assert problem.startswith("changelogs/fragments/12-mend.yml is in no release")


def test_content_as_it_was_reviewed() -> None:
    assert artifact.problems(FILES, FILES, FILES[1:]) == []


@pytest.mark.parametrize("name", ["notes.txt", "plugins/modules/two.py"])
def test_a_file_more_in_the_artifact(name: str) -> None:
    (problem,) = artifact.problems([*FILES, name], FILES, [*FILES, name])

    assert problem.startswith(f"{name} is new: ") and "make release-check UPDATE=1" in problem


def test_a_file_less_in_the_artifact() -> None:
    (problem,) = artifact.problems(FILES[:-1], FILES, FILES)

    assert problem.startswith("tests/config.yml is missing: ")


def test_a_file_that_git_does_not_know() -> None:
    (problem,) = artifact.problems(FILES, FILES, ["README.md", "tests/config.yml"])

    assert problem.startswith("plugins/modules/one.py is not in git: ")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (".github/x.yml", "is hidden"),
        ("docs/.keep", "is hidden"),
        ("tests/unit/test_x.py", "is a test"),
    ],
)
def test_what_no_review_allows(name: str, words: str) -> None:
    files = [*FILES, name]

    (problem,) = artifact.problems(files, files, files)

    assert problem.startswith(f"{name} {words}: ")


def test_the_list_is_rewritten_under_its_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "content.txt"
    shutil.copyfile(artifact.REVIEWED, copy)
    monkeypatch.setattr(artifact, "REVIEWED", copy)

    artifact.rewrite(["b", "a"])

    assert artifact.reviewed() == ["a", "b"]
    assert copy.read_text().startswith("# GNU General Public License v3.0+")


@pytest.mark.parametrize(
    "link",
    [
        "[a](docs/x.md)",
        "[a](./x)",
        "![p](p.png)",
        '<img src="p.svg">',
        '<a href="/x">',
        "[a]: x.md",
    ],
)
def test_a_link_that_is_dead_on_galaxy(link: str) -> None:
    (problem,) = readme.problems(f"Read\n{link}\n")

    assert "is dead on Galaxy" in problem


def test_links_that_work_on_galaxy() -> None:
    text = "[a](https://a.example/b) [c](#use) [d](mailto:d@e.example)\n[f]: https://f.example\n"

    assert readme.problems(text) == []


def test_the_playbook_to_copy_is_the_first_whole_one() -> None:
    tasks = "- name: A\n  ansible.builtin.debug:\n"
    play = "- hosts: all\n  tasks: []\n"
    blocks = ["plugin: x\n", tasks, play, "- hosts: b\n"]
    text = "\n".join(f"```yaml\n{block}```\n" for block in blocks)

    assert readme.playbook(text) == play
    assert readme.playbook("```yaml\nplugin: x\n```\n") is None


def test_without_one_it_is_an_example() -> None:
    text, origin = runs.to_copy(CHECKOUT, None)

    assert "import_playbook: compute_desk.supply.configure" in text
    assert origin == "examples/playbooks/own_play_after.yml"
    assert runs.to_copy(CHECKOUT, "- hosts: all\n") == ("- hosts: all\n", "README.md")


def test_names_are_those_of_documented_content() -> None:
    found = names(
        [
            "playbooks/configure.yml",
            "playbooks/tasks/wait.yml",
            "plugins/doc_fragments/_connection.py",
            "plugins/filter/table.yml",
            "plugins/filter/text.py",
            "plugins/modules/one.py",
            "roles/a/meta/argument_specs.yml",
            "roles/a/meta/main.yml",
        ]
    )

    own = "compute_desk.supply."
    assert found == {
        "module": [own + "one"],
        "inventory": [],
        "filter": [own + "table"],
        "role": [own + "a"],
        "playbook": [own + "configure"],
    }


@pytest.mark.parametrize(
    ("got", "said", "words"),
    [
        (2, "pong", "exit code 2 instead of 0"),
        (0, "ping", "it does not say 'pong'"),
        (0, "[DEPRECATION WARNING]: pong", "ansible-core will soon refuse what it uses"),
    ],
)
def test_a_command_that_goes_wrong(got: int, said: str, words: str) -> None:
    assert differences(got, said, 0, "pong") == [words]
    assert differences(0, "pong", 0, "pong") == []


def test_every_playbook_of_this_checkout_is_run() -> None:
    assert set(names(artifact.reviewed())["playbook"]) == runs.playbook_names()


def test_a_step_is_a_line_and_its_problems_follow(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report()

    report.step("one", [])
    report.step("two", ["first\nsecond"])

    one, two, first, second = capsys.readouterr().out.splitlines()
    assert one.startswith("ok ") and one.endswith(" one")
    assert two.startswith("FAILED ") and two.endswith(" two")
    assert (first.strip(), second.strip()) == ("first", "second")
    assert report.failed == 1


def test_the_make_target_hands_over_what_it_is_given() -> None:
    options = arguments(["--tag=1.0.0", "--keep=out", "--update", "2.16=/usr/bin/python3"])

    assert (options.tag, options.keep, options.update) == ("1.0.0", Path("out"), True)
    assert options.cores == ["2.16=/usr/bin/python3"] and not options.artifact
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    assert all(option in makefile for option in ("--tag=$(TAG)", "--keep=$(KEEP)", "--update"))

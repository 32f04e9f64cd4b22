# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages for people name what exists: content, variables, files, commands and messages."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[3]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
OWN = "https://github.com/compute-desk/ansible-collection-supply/"
# Ansible, awx.awx or ansible-runner say these.
OWN_FILE = re.compile(r"https://[a-z.]+/compute-desk/[a-z-]+/(?:blob/|tree/)?main/(.+)")
# As the certification of collections looks for them.
SECTIONS = [
    "Description",
    "Requirements",
    "Installation",
    "Use Cases",
    "Testing",
    "Support",
    "Release Notes",
    "Related Information",
    "License",
]
GUIDES = CHECKOUT / "docs" / "docsite" / "rst"
ANSIBLE_SAYS = (
    "Failed to import the required",
    "Failed to parse",
    "Playbook not found",
    "Required config",
    "The specified inventory",
    "You don't have permission",
    "errantly sent data",
    "unknown plugin",
    "was not found",
)
PAGES = [
    *CHECKOUT.glob("*.md"),
    CHECKOUT / ".github" / "pull_request_template.md",
    CHECKOUT / "examples" / "awx" / "README.md",
    *CHECKOUT.glob("roles/*/README.md"),
    *CHECKOUT.glob("tests/**/README.md"),
]


def test_the_readme_lists_all_content() -> None:
    kinds = ("plugins/modules/*.py", "plugins/inventory/*.py", "plugins/filter/*.yml")
    names = {path.stem for kind in (*kinds, "playbooks/*.yml") for path in CHECKOUT.glob(kind)}
    names |= {path.name for path in CHECKOUT.glob("roles/*")}

    assert [name for name in sorted(names) if not re.search(rf"[`\[]{name}[`\]]", README)] == []


def test_the_readme_is_short_and_has_the_sections_that_others_look_for() -> None:
    assert len(README.splitlines()) <= 130
    assert re.findall(r"^## (.+)$", README, re.MULTILINE) == SECTIONS
    installation = README.partition("## Installation")[2].partition("\n## ")[0]
    assert "\nansible-galaxy collection install compute_desk.supply " in installation


def test_the_readme_leads_to_every_guide_and_has_no_relative_link() -> None:
    links = re.findall(r"\]\((.+?)\)", README)
    guides = {f"{OWN}blob/main/docs/docsite/rst/{path.name}" for path in GUIDES.glob("*.rst")}

    assert [link for link in links if not link.startswith("https://")] == []
    # This one is for those who have found CONTRIBUTING.md.
    assert guides - set(links) == {f"{OWN}blob/main/docs/docsite/rst/guide_contributing.rst"}


def test_a_guide_has_every_variable_of_the_main_job_with_its_default() -> None:
    path = CHECKOUT / "playbooks" / "vars" / "argument_specs.yml"
    options = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["configure"]
    guide = (GUIDES / "guide_configure.rst").read_text(encoding="utf-8")
    rows = dict(
        re.findall(r"^   \* - ``(compute_desk_\w+)``\n     - `*([^`\n]+?)`*\n", guide, re.MULTILINE)
    )

    assert set(rows) == set(options["options"])
    for name, option in options["options"].items():
        default = json.dumps(option["default"]).strip('"') if "default" in option else rows[name]
        assert rows[name] == default, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_links_lead_to_files_that_exist(page: Path) -> None:
    for link in re.findall(r"\]\((.+?)\)", page.read_text(encoding="utf-8")):
        if file := OWN_FILE.match(link):
            assert (CHECKOUT / file[1]).exists(), link
        elif "://" not in link:
            assert page != CHECKOUT / "README.md", f"{link} is dead on Galaxy"
            assert (page.parent / link.partition("#")[0]).exists(), link


@pytest.mark.parametrize("role", sorted(CHECKOUT.glob("roles/*")), ids=lambda role: role.name)
def test_tasks_of_a_role_are_for_users_or_said_to_be_internal(role: Path) -> None:
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    entries = specs["argument_specs"]
    readme = (role / "README.md").read_text(encoding="utf-8")
    tasks = {path.stem: path.read_text(encoding="utf-8") for path in role.glob("tasks/*.yml")}
    internal = {name for name, text in tasks.items() if "\n# Internal" in text}

    assert set(tasks) - internal == set(entries) and not internal & set(entries)
    for entry in set(entries) - {"main"}:
        assert re.search(rf"`(tasks_from: )?{entry}`", readme), entry
        for name, option in entries[entry]["options"].items():
            same = entries["main"]["options"].get(name, option)
            for key in ("type", "elements") + (() if option.get("required") else ("default",)):
                assert option.get(key) == same.get(key), (entry, name, key)


def test_contributing_names_every_folder() -> None:
    listed = [*CHECKOUT.glob("plugins/*"), *CHECKOUT.glob("plugins/*_utils/*")]
    folders = [path.name for path in listed if path.is_dir() and path.name != "__pycache__"]

    assert [name for name in folders if f"{name}/" not in CONTRIBUTING] == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "AGENTS.md"])
def test_pages_for_contributors_name_files_that_exist(page: str) -> None:
    folders = r"plugins|roles|playbooks|tests|docs|examples|\.github"
    text = (CHECKOUT / page).read_text(encoding="utf-8")
    named = re.findall(rf"`((?:{folders})/[\w./-]+)`", text)

    assert named
    assert [name for name in named if not (CHECKOUT / name).exists()] == []


def test_every_make_target_that_is_named_exists() -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    for page in PAGES:
        for target in re.findall(r"`(?:sudo )?make ([a-z-]+)", page.read_text(encoding="utf-8")):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), (page, target)


def test_the_readme_of_the_tests_has_every_folder() -> None:
    readme = (CHECKOUT / "tests" / "README.md").read_text(encoding="utf-8")
    ignored = ("__pycache__", "output")
    folders = [path.name for path in (CHECKOUT / "tests").iterdir() if path.is_dir()]

    assert [name for name in folders if f"`{name}/`" not in readme and name not in ignored] == []


@pytest.mark.parametrize("name", ["guide_troubleshooting", "guide_awx"])
def test_troubleshooting_quotes_messages_that_exist(name: str) -> None:
    guide = (CHECKOUT / f"docs/docsite/rst/{name}.rst").read_text(encoding="utf-8")
    # Terms of a list, and the first cells of the last table.
    terms = re.findall(r"^(``.*``.*)\n    \S", guide, re.MULTILINE)
    terms += re.findall(r"^   \* - (``.*``.*)$", guide.rpartition("list-table::")[2], re.MULTILINE)
    parts = {
        part.strip()
        for term in terms
        for message in re.findall(r"``(.+?)``", term)
        for part in message.split("...")
        if part.strip() and not part.startswith(ANSIBLE_SAYS)
    }
    texts = list(_texts())

    assert parts
    assert [part for part in sorted(parts) if not any(part in text for text in texts)] == []


def _texts() -> Iterator[str]:
    """Yield every text in the plugins, roles and playbooks; an f-string without its values."""
    for folder in ("plugins", "roles", "playbooks"):
        for path in (CHECKOUT / folder).rglob("*.yml"):
            yield " ".join(path.read_text(encoding="utf-8").split())
        for path in (CHECKOUT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    yield "".join(
                        str(part.value) if isinstance(part, ast.Constant) else "\0"
                        for part in node.values
                    )
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value

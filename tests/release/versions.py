# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do the version, the changelog and the documentation agree?

``tree`` is the root of a checkout in all functions. A problem is a sentence that says what to do.
"""

from __future__ import annotations

import re
import typing as t
from datetime import date
from pathlib import Path

import yaml

_NUMBER = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_ADDED = re.compile(r"^\s*version_added: *[\"']?([^\"'\s]+)", re.MULTILINE)
_CLIENT = "plugins/module_utils/_api/client.py"
_NEW_ENTRY = "run antsibull-changelog release"


def version_of(tree: Path) -> str:
    """Return the version in galaxy.yml."""
    return str(yaml.safe_load((tree / "galaxy.yml").read_text(encoding="utf-8"))["version"])


def problems(tree: Path, today: date, tag: str | None = None) -> list[str]:
    """Return why this version cannot be released; ``tag`` is that of the release, if it has one."""
    version = version_of(tree)
    releases = _releases(tree)
    found = (
        [] if _NUMBER.fullmatch(version) else [f"galaxy.yml: {version} is no version such as 1.2.3"]
    )
    if tag is not None and tag != version:
        found.append(
            f"the tag is {tag}, and galaxy.yml has {version}: name the tag like the version"
        )
    found += _of_the_client(tree, version)
    found += _of_the_changelog(tree, version, releases, today)
    found += _of_the_playbooks(tree, releases)
    found += _of_the_documentation(tree, releases)
    found += _of_the_fragments(tree)
    return found


def _releases(tree: Path) -> dict[str, t.Any]:
    text = (tree / "changelogs" / "changelog.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text)["releases"])


def _of_the_client(tree: Path, version: str) -> list[str]:
    said = re.findall(r'^VERSION = "(.+)"$', (tree / _CLIENT).read_text("utf-8"), re.MULTILINE)
    return (
        [] if said == [version] else [f"{_CLIENT} has not the VERSION {version}: set it there too"]
    )


def _of_the_changelog(
    tree: Path, version: str, releases: dict[str, t.Any], today: date
) -> list[str]:
    if version not in releases:
        return [f"changelogs/changelog.yaml has no {version}: {_NEW_ENTRY}"]
    found = []
    if version != max(releases, key=_order):
        found.append(
            f"the changelog has a newer version than {version}: raise the one in galaxy.yml"
        )
    if f"\nv{version}\n=" not in (tree / "CHANGELOG.rst").read_text(encoding="utf-8"):
        found.append(f"CHANGELOG.rst has no {version}: run antsibull-changelog generate")
    entry = releases[version]
    if date.fromisoformat(entry["release_date"]) > today:
        found.append(f"the changelog dates {version} on {entry['release_date']}, which is to come")
    if not entry.get("changes", {}).get("release_summary"):
        found.append(
            f"the changelog has no release_summary of {version}: write a fragment with one"
        )
    return found


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _of_the_playbooks(tree: Path, releases: dict[str, t.Any]) -> list[str]:
    """Look for playbooks that are in no release; antsibull-changelog knows plugins and roles."""
    listed = {
        one["name"]
        for release in releases.values()
        for one in release.get("objects", {}).get("playbook", [])
    }
    names = sorted(path.stem for path in (tree / "playbooks").glob("*.yml"))
    return [
        f"the changelog does not list the playbook {name}: "
        "write a fragment with `add object.playbook`, a list of `name` and `description`"
        for name in names
        if name not in listed
    ]


def _of_the_documentation(tree: Path, releases: dict[str, t.Any]) -> list[str]:
    files = [*(tree / "plugins").rglob("*.py"), *(tree / "plugins").rglob("*.yml")]
    files += (tree / "roles").glob("*/meta/argument_specs.yml")
    return [
        f"{path.relative_to(tree)} has version_added {added}, which the changelog does not know"
        for path in sorted(files)
        for added in _ADDED.findall(path.read_text(encoding="utf-8"))
        if added not in releases
    ]


def _of_the_fragments(tree: Path) -> list[str]:
    left = sorted(path.name for path in (tree / "changelogs" / "fragments").glob("[!.]*"))
    return [f"changelogs/fragments/{name} is in no release: {_NEW_ENTRY}" for name in left]

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pinned versions: one for each package that is asked for, on each Python that is supported."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TESTS = Path(__file__).resolve().parents[2]
PINS = TESTS / "pins"
ALL = ("pins/tests.txt", "pins/core-newest.txt")
TOOLS = ("pins/tools.txt", "pins/core-newest.txt")
FILES = [*PINS.glob("*.txt"), TESTS / "unit" / "constraints.txt"]


def lines(path: Path) -> t.Iterator[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line


def wanted(path: Path) -> t.Iterator[Requirement]:
    """Yield what a file of requirements and those that it refers to ask for."""
    for line in lines(path):
        if line.startswith("-r "):
            yield from wanted(path.parent / line[3:])
        else:
            yield Requirement(line)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_has_exact_versions_and_nothing_of_the_machine_that_wrote_it(path: Path) -> None:
    pins = list(lines(path))

    assert pins
    for pin in pins:
        assert re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; [^/\\@]+)?", pin), pin


@pytest.mark.parametrize(
    ("asking", "pinning", "pythons"),
    [
        ("awx/requirements.txt", ALL, "3.11 3.12 3.13"),
        ("checks/constraints.txt", TOOLS, "3.11 3.12 3.13"),
        ("checks/requirements.txt", ["pins/checks.txt"], "3.11 3.12 3.13"),
        ("unit/requirements.txt", ["unit/constraints.txt"], "3.8 3.9 3.10 3.11 3.12 3.13"),
        *[
            ("awx/requirements.txt", ("pins/tests.txt", f"pins/{core.name}"), "3.13")
            for core in PINS.glob("core-*.txt")
        ],
    ],
)
def test_what_is_asked_for_is_pinned_once(
    asking: str, pinning: t.Sequence[str], pythons: str
) -> None:
    for python in pythons.split():
        here = {"python_version": python, "python_full_version": f"{python}.9"}
        pinned: dict[str, list[str]] = {}
        for file in pinning:
            for line in lines(TESTS / file):
                pin = Requirement(line)
                if pin.marker is None or pin.marker.evaluate(here):
                    (version,) = pin.specifier
                    pinned.setdefault(pin.name, []).append(version.version)
        assert [name for name, versions in pinned.items() if len(versions) > 1] == []
        for one in wanted(TESTS / asking):
            if one.marker is None or one.marker.evaluate(here):
                versions = pinned.get(canonicalize_name(one.name))
                assert versions, f"{one.name} is not pinned for Python {python}: make pins"
                assert one.specifier.contains(versions[0]), f"{one}, {versions}: make pins"

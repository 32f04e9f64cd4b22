# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checkers are silenced in few places, by a comment or a setting, and never without a reason."""

from __future__ import annotations

import configparser
import fnmatch
import os
import re
import typing as t
from pathlib import Path

import pytest
import tomllib
import yaml

CHECKOUT = Path(__file__).resolve().parents[3]
FEWER_THAN = 10

COMMENTS = re.compile(
    r"#\s*(?:(?:ruff|flake8):\s*)?noqa\b|#\s*(?:type:\s*ignore|mypy:|pragma:\s*no\b|nosec\b)"
    r"|#\s*(?:pylint:\s*(?:disable|skip)|fmt:\s*(?:off|skip)|isort:\s*(?:off|skip))"
    r"|#\s*(?:shellcheck|yamllint)\s+disable|\bskip_ansible_lint\b"
    r"|\bsuppress_health_check\s*=|\bfilterwarnings\b"
)
# Behind a comment's code there is one, such as ` - words`.
REASON = re.compile(r"\s[-#]\s*\w.*\w")
STRICTER = re.compile(r"(?:disallow|check|warn|strict|extra_checks|no_implicit|local_partial)")


class Place(t.NamedTuple):
    """Where a checker is silenced: a line of a file, and the part that does it."""

    file: str
    line: int
    what: str
    explained: bool


def files() -> list[str]:
    """Return the files of the checkout that git does not ignore."""
    ignored = [line.strip("/") for line in (CHECKOUT / ".gitignore").read_text().splitlines()]
    ignored = [pattern for pattern in ignored if pattern and pattern[0] not in "#!"] + [".git"]

    def kept(folder: str, name: str) -> bool:
        path = os.path.normpath(os.path.join(folder, name))
        exempt = name == ".coveragerc"
        return exempt or not any(
            fnmatch.fnmatch(path, pattern) or fnmatch.fnmatch(name, pattern) for pattern in ignored
        )

    found = []
    for top, folders, names in os.walk(CHECKOUT):
        folder = os.path.relpath(top, CHECKOUT)
        folders[:] = [name for name in folders if kept(folder, name)]
        found += [os.path.normpath(os.path.join(folder, n)) for n in names if kept(folder, n)]
    return sorted(found)


OURS = files()


def comments(file: str, text: str) -> t.Iterator[Place]:
    """Yield the places in a file of any kind where a comment or an argument silences."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        for match in COMMENTS.finditer(line):
            beside = bool(REASON.search(line[match.end() :]))
            yield Place(file, number + 1, match[0], beside or _is_comment(lines, number - 1))


def _is_comment(lines: list[str], number: int) -> bool:
    line = lines[number].strip() if number >= 0 else ""
    return line.startswith("#") and not COMMENTS.search(line)


def settings(file: str, text: str) -> t.Iterator[Place]:
    """Yield the places in a checker's settings that switch a rule off, or leave out files."""
    lines = text.splitlines()
    name = file.rpartition("/")[2]
    for reader, names in READERS.items():
        if any(fnmatch.fnmatch(name, pattern) for pattern in names):
            for what in reader(text):
                at = [n for n, line in enumerate(lines) if what in line and line.strip()[0] != "#"]
                explained = any("#" in lines[n] or _is_comment(lines, n - 1) for n in at[-1:])
                yield Place(file, at[-1] + 1, what, explained)


def _ruff(text: str) -> t.Iterator[str]:
    read = tomllib.loads(text)
    lint = read.get("lint", {})
    for key in ("ignore", "extend-ignore"):
        yield from lint.get(key, [])
    for key in ("per-file-ignores", "extend-per-file-ignores"):
        yield from (code for codes in lint.get(key, {}).values() for code in codes)
    for key in ("exclude", "extend-exclude"):
        yield from _ours([*read.get(key, []), *lint.get(key, [])])


def _mypy(text: str) -> t.Iterator[str]:
    weaker = ("ignore_errors", "ignore_missing_imports", "disable_error_code", "exclude")
    for section in _ini(text).values():
        for key, value in section.items():
            if key in weaker or (STRICTER.match(key) and value.lower() == "false"):
                yield key


def _yamllint(text: str) -> t.Iterator[str]:
    read = yaml.safe_load(text)
    yield from _ours(read.get("ignore", []))
    for rule, value in read["rules"].items():
        if value in (False, "disable"):
            yield rule
        elif isinstance(value, dict):
            yield from (key for key, one in value.items() if one is False or key == "ignore")


def _ansible_lint(text: str) -> t.Iterator[str]:
    read = yaml.safe_load(text)
    yield from _ours(read.get("exclude_paths", []))
    for key in ("skip_list", "warn_list", "mock_modules", "mock_roles"):
        yield from read.get(key, [])


def _coverage(text: str) -> t.Iterator[str]:
    for section in _ini(text).values():
        for key, value in section.items():
            patterns = value.split("\n")
            if key.startswith(("exclude", "partial")):
                yield from filter(None, patterns)
            if key == "omit":
                yield from _ours(filter(None, patterns), "plugins/")


def _antsibull_nox(text: str) -> t.Iterator[str]:
    yield from re.findall(r"^(\w*skip_\w+) = \[.", text, re.MULTILINE)


def _ansible_test(text: str) -> t.Iterator[str]:
    yield from text.splitlines()


READERS: dict[t.Callable[[str], t.Iterator[str]], list[str]] = {
    _ruff: ["ruff.toml"],
    _mypy: [".mypy.ini"],
    _yamllint: [".yamllint"],
    _ansible_lint: [".ansible-lint"],
    _coverage: [".coveragerc"],
    _antsibull_nox: ["antsibull-nox.toml"],
    _ansible_test: ["ignore-*.txt"],
}


def _ini(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return parser


def _ours(patterns: t.Iterable[str], below: str = "") -> t.Iterator[str]:
    """Yield those of the patterns for paths that match a file of the checkout."""
    considered = [file for file in OURS if file.startswith(below)]
    for pattern in patterns:
        path = pattern.strip("/")
        if any(fnmatch.fnmatch(file, path) or file.startswith(f"{path}/") for file in considered):
            yield pattern


def test_checkers_are_silenced_in_few_places_and_each_has_a_reason_beside_it() -> None:
    places = []
    for file in OURS:
        text = (CHECKOUT / file).read_text(encoding="utf-8", errors="replace")
        places += [*comments(file, text), *settings(file, text)]
    said = "\n".join(f"{one.file}:{one.line}: {one.what}" for one in places)

    assert len(places) < FEWER_THAN, said
    assert [one for one in places if not one.explained] == []
    # It does find what is known to be there.
    assert {"plugins/module_utils/_gpu/command.py", "ruff.toml", ".mypy.ini"} <= {
        one.file for one in places
    }


@pytest.mark.parametrize(
    ("line", "explained"),
    [
        ("x = 1  # no{}qa: E501", False),
        ("x = 1  # no{}qa: E501 - long words", True),
        ("x = y[0]  # type:{} ignore[index]", False),
        ("if x:  # pragma:{} no cover", False),
        ("call()  # pylint:{} disable=fixme", False),
        ("# why not\ncall()  # pylint:{} disable=fixme", True),
        ("# shellcheck{} disable=SC2016", False),
        ("a: b  # yamllint{} disable-line", False),
        ("x = [  # fmt:{} skip", False),
        ("run()  # no{}sec", False),
        ("settings(suppress_health_check{}=[x])", False),
    ],
)
def test_what_silences_a_checker_in_code_is_found(line: str, explained: bool) -> None:
    (place,) = comments("a file", line.format(""))

    assert place.explained is explained


@pytest.mark.parametrize(
    ("file", "text", "found"),
    [
        ("ruff.toml", '[lint]\nignore = ["E1", "E2"]', {"E1": False, "E2": False}),
        ("tests/ruff.toml", '[lint]\n# It is so.\nignore = ["E1"]', {"E1": True}),
        ("ruff.toml", '[lint.per-file-ignores]\n"x/*.py" = ["E1"] # so', {"E1": True}),
        ("ruff.toml", 'exclude = ["plugins", "build"]', {"plugins": False}),
        (
            ".mypy.ini",
            "[mypy]\nstrict = True\ncheck_untyped_defs = False",
            {"check_untyped_defs": 0},
        ),
        (".yamllint", "ignore: [/tests/]\nrules: {truthy: disable}", {"/tests/": 0, "truthy": 0}),
        (".yamllint", "rules:\n  truthy:\n    # so\n    check-keys: false", {"check-keys": 1}),
        (".ansible-lint", "exclude_paths: [tests/, .nox/]", {"tests/": False}),
        (".ansible-lint", "skip_list:\n  - name", {"name": False}),
        (".coveragerc", "[report]\nexclude_also =\n    if x", {"if x": False}),
        (".coveragerc", "[run]\nomit =\n    plugins/modules/*\n    y/*", {"plugins/modules/*": 0}),
        ("antsibull-nox.toml", 'skip_paths = ["Makefile"]', {"skip_paths": False}),
        ("tests/sanity/ignore-2.19.txt", "plugins/x.py pep8:E1", {"plugins/x.py pep8:E1": False}),
    ],
)
def test_what_silences_a_checker_in_settings_is_found(
    file: str, text: str, found: dict[str, bool]
) -> None:
    assert {place.what: place.explained for place in settings(file, text)} == found

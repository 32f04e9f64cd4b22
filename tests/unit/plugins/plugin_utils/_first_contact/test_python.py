# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Python a machine has for Ansible."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import ansible.release
import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.python import (
    OLDEST,
    Python,
    candidates,
    command,
    may_take_a_wrong_one,
    places,
    problem,
    read,
)

NEEDED = ".".join(map(str, OLDEST))


def look(*interpreters: str) -> list[Python]:
    """Look for them here, as the shell of a machine does."""
    done = subprocess.run(
        ["/bin/sh", "-c", command(interpreters)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stderr == ""
    return read(done.stdout)


def test_the_first_that_runs_is_found(tmp_path: Path) -> None:
    shim = tmp_path / "python3.99"
    shim.write_text("#!/bin/sh\necho 'not installed' >&2\nexit 127\n")
    shim.chmod(0o755)

    found = look("python3.98", str(shim), shlex.quote(sys.executable))

    assert found == [Python(sys.executable, sys.version_info[:3])]


def test_an_interpreter_may_have_arguments() -> None:
    assert look(f"/usr/bin/env {shlex.quote(sys.executable)}")[0].version == tuple(
        sys.version_info[:3]
    )


@pytest.mark.parametrize("name", ["a b", "x'; touch /tmp/hacked; '", 'un"even', "$(touch hacked)"])
def test_a_strange_name_is_only_a_name(name: str) -> None:
    assert look(name) == []


@pytest.mark.parametrize(
    ("versions", "may"),
    [
        ([], False),
        ([(3, 6, 8)], False),
        ([OLDEST], False),
        ([(3, 11, 2), OLDEST], False),
        ([(3, 11, 2), (2, 7, 18)], True),
    ],
)
def test_an_old_python_beside_a_fit_one_is_a_trap(
    versions: list[tuple[int, ...]], may: bool
) -> None:
    found = [Python("python", (*version, 0)[:3]) for version in versions]

    assert may_take_a_wrong_one(found) is may


def test_a_python_is_used_by_its_path() -> None:
    given = ["python3.12", "/usr/bin/python3", "/opt/bin/python", "/usr/bin/env python", "$(id)"]

    assert places(given) == [
        "/usr/bin/python3",
        "/usr/bin/python3.12",
        "/usr/local/bin/python3.12",
        "/opt/bin/python",
    ]
    assert places(["python"]) == ["/usr/bin/python", "/usr/local/bin/python"]


@pytest.mark.parametrize(
    ("found", "interpreters", "sentence"),
    [
        ([], ["python3.12", "/usr/bin/python3"], "There is no Python on the machine. "),
        ([], ["/opt/bin/python"], "There is no Python at /opt/bin/python, where Ansible expects "),
        (
            [Python("/usr/bin/python3", (3, 6, 8))],
            ["/usr/bin/python3"],
            f"Its Python is too old: /usr/bin/python3 (3.6.8), but {NEEDED} is needed. ",
        ),
    ],
)
def test_what_is_missing(found: list[Python], interpreters: list[str], sentence: str) -> None:
    found_problem = problem(found, interpreters)

    assert found_problem
    assert found_problem.kind == "no_python" and found_problem.final
    assert str(found_problem).startswith(sentence)
    assert found_problem.hint == (
        f"Install Python {NEEDED} or newer, set instance_ready_install_python to have the role "
        "install it, or set ansible_python_interpreter to the right path."
    )


def test_a_long_path_is_shown_in_part() -> None:
    path, shown = "/" + "a" * 100, "/" + "a" * 96 + "..."

    assert str(Python(path, (3, 11, 2))) == f"{shown} (3.11.2)"
    assert str(Python(path[:-1], (3, 11, 2))) == f"{path[:-1]} (3.11.2)"
    missing = problem([], [path])
    assert missing and f"there is no Python at {shown}, where" in missing.message


def test_one_that_is_new_enough_will_do() -> None:
    old, new = Python("/usr/bin/python3", (3, 6, 8)), Python("/usr/bin/python3.9", (3, 9, 0))

    assert problem([old, new], ["python3"]) is None


def test_what_is_enough_depends_on_ansible() -> None:
    core = tuple(map(int, ansible.release.__version__.split(".")[:2]))

    assert (OLDEST > (3, 8)) is (core >= (2, 20))
    found = problem([Python("/usr/bin/python3", (3, 8, 20))], ["/usr/bin/python3"])
    assert (found is None) is (core < (2, 20))


def test_what_the_user_chose_is_the_only_candidate() -> None:
    assert candidates("/opt/bin/python", {}) == ["/opt/bin/python"]


@pytest.mark.parametrize("setting", ["auto", "auto_silent"])
def test_otherwise_those_of_ansible_are(setting: str) -> None:
    own = {"ansible_interpreter_python_fallback": ["python3.99", "/usr/bin/python3"]}

    assert candidates(setting, own) == ["python3.99", "/usr/bin/python3"]

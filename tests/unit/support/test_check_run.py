# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the runner of the checks takes for a check that did not happen."""

from __future__ import annotations

import pytest
from checks.run import Reader

BEGIN = "Importing with galaxy-importer 0.4.44"
END = "Importer processing completed successfully"


def read(*lines: str) -> Reader:
    reader = Reader()
    for line in lines:
        reader.read(f"{line}\n")
    return reader


@pytest.mark.parametrize(
    "line",
    [
        "WARNING: extensions/patterns/x/README(.md) not found",
        "WARNING: Extracting patterns failed, skipping patterns directory loading",
        "ERROR: Timeout on call to ansible-lint",
        "WARNING: ERROR    Failed to find compute_desk.supply.no_such_one playbook.",
        "WARNING: ansible-lint not found, skipping lint of collection",
    ],
)
def test_what_the_importer_warns_of_is_a_problem(line: str) -> None:
    assert len({*read(BEGIN, f"\x1b[33m{line}\x1b[0m", END).problems}) >= 1


def test_a_playbook_that_is_there_is_no_problem() -> None:
    line = "WARNING: ERROR    Failed to find compute_desk.supply.configure playbook."

    assert read(BEGIN, line, END).problems == []


def test_what_others_warn_of_is_no_problem() -> None:
    assert read(BEGIN, END, "WARNING: Using locale C.UTF-8").problems == []


def test_a_python_that_ansible_test_misses_is_said_again() -> None:
    line = 'WARNING: Skipping sanity test "import" on Python 3.14 because it could not be found.'

    assert read(line, line).left_out == [
        'NOT RUN: sanity test "import" on Python 3.14, because none was found'
    ]


@pytest.mark.parametrize(
    "reason",
    [
        "NOT RUN: ansible-core 2.21 needs Python 3.12 or 3.13, and none was found",
        "NOT RUN: pylint of ansible-core 2.22, because not everything it needs is on PyPI",
    ],
)
def test_what_was_left_out_is_said_again(reason: str) -> None:
    assert read(f"nox > Session x skipped: {reason}.", reason).left_out == [reason]


@pytest.mark.parametrize("end", [END, "nox > ansible-lint --profile=production"])
def test_a_warning_of_another_command_is_no_warning_of_the_importer(end: str) -> None:
    assert read(BEGIN, end, "WARNING: pip is old").problems == []

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for the tests on real machines."""

from __future__ import annotations

import contextlib
import subprocess
import typing as t
from pathlib import Path

import pytest

from . import Machine, Machines, NotPossible, NotRoot

# User data that makes cloud-init fail.
FAILING = "#cloud-config\nruncmd:\n  - [sh, -c, 'exit 3']\n"


@pytest.fixture
def machines() -> t.Iterator[Machines]:
    """Machines that end with the test.

    `make machines-test` ends before it comes here where there can be none; without it, skip.
    """
    with contextlib.ExitStack() as stack:
        try:
            made = stack.enter_context(Machines())
        except (NotRoot, NotPossible) as exc:
            # What is missing for it, in a sentence of its own.
            pytest.skip(str(exc))
        yield made


def ssh_as_a_stranger(
    machine: Machine, known_hosts: Path, *options: str
) -> subprocess.CompletedProcess[str]:
    """Log in with the right key, adding to a separate known hosts file."""
    return subprocess.run(
        [
            *("ssh", "-F", "/dev/null", "-i", machine.key_file, "-o", "IdentitiesOnly=yes"),
            *("-o", f"UserKnownHostsFile={known_hosts}", "-o", "StrictHostKeyChecking=accept-new"),
            *("-o", "BatchMode=yes", *options, f"root@{machine.address}", "hostname"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

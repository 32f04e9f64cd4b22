# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What cloud-init prints and how it ends, and what that means."""

from __future__ import annotations

import os
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.cloud_init import (
    CloudInit,
    command,
    problem,
    read,
    warning,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.problem import (
    Problem,
)
from hypothesis import given
from hypothesis import strategies as st

from ...helpers import ANY_TEXT

# Version 24, after three dots of --wait.
DONE = """...
status: done
extended_status: done
boot_status_code: enabled-by-generator
last_update: Thu, 01 Jan 1970 00:02:18 +0000
detail: DataSourceNoCloud [seed=/var/lib/cloud/seed/nocloud]
errors: []
recoverable_errors: {}
"""
DEGRADED = """
status: done
extended_status: degraded done
boot_status_code: enabled-by-generator
detail: DataSourceNoCloud
errors: []
recoverable_errors:
DEPRECATED:
\t- Key 'lock-passwd' is deprecated in 22.3
WARNING:
\t- Failed calling zypper: https://example.com/
\t- No template found
"""
ERROR = """
status: error
extended_status: error - done
detail: DataSourceNoCloud
errors:
\t- ('scripts_user', RuntimeError('Runparts: 1 failures (part-001) in 1 attempted commands'))
recoverable_errors:
WARNING:
\t- Failed to run module scripts_user
"""
# Version 20 knows neither errors nor 2.
OLD_ERROR = """
status: error
time: Tue, 28 Jul 2020 15:12:48 +0000
detail:
('timezone', OSError('Invalid timezone Mars/North, no file found'))
"""
USAGE = "usage: /usr/bin/cloud-init [-h] [--version]\ncloud-init: error: invalid choice: 'status'"


@pytest.mark.parametrize(
    ("code", "stdout", "stderr", "status", "errors"),
    [
        (0, DONE, "", "done", []),
        (0, "\nstatus: done\ntime: Tue, 28 Jul 2020 15:12:48 +0000\n", "", "done", []),
        (0, "status: disabled\n", "", "disabled", []),
        (0, "", "", "done", []),
        (
            2,
            DEGRADED,
            "",
            "degraded",
            [
                "Key 'lock-passwd' is deprecated in 22.3",
                "Failed calling zypper: https://example.com/",
                "No template found",
            ],
        ),
        # As Ubuntu 22.04 and RHEL 9 have it.
        (
            0,
            DEGRADED.replace("DEPRECATED:\n\t- Key 'lock-passwd' is deprecated in 22.3\n", ""),
            "",
            "degraded",
            ["Failed calling zypper: https://example.com/", "No template found"],
        ),
        (
            1,
            ERROR,
            "",
            "error",
            [
                (
                    "('scripts_user', RuntimeError('Runparts: 1 failures (part-001) in 1 attempted "
                    "commands'))"
                )
            ],
        ),
        (
            1,
            OLD_ERROR,
            "",
            "error",
            ["('timezone', OSError('Invalid timezone Mars/North, no file found'))"],
        ),
        (1, "", "it broke\n", "error", ["it broke"]),
        (126, "", "", "error", ["exit code 126"]),
        (2, "", USAGE, "absent", []),
        (200, "", "", "absent", []),
        (124, "......", "", "running", []),
        (137, "", "", "running", []),
    ],
)
def test_how_it_ended(code: int, stdout: str, stderr: str, status: str, errors: list[str]) -> None:
    assert read(code, stdout, stderr) == CloudInit(status, errors)


def test_many_errors_are_counted() -> None:
    state = CloudInit("error", [f"error {number}" for number in range(7)])

    assert state.described_errors().endswith("error 4; and 2 more")
    assert str(problem(state)).startswith("Cloud-init failed: error 0; error 1; ")
    assert CloudInit("error", ["x"], 3).described_errors() == "x; and 3 more"
    assert CloudInit("error", ["error"] * 5).described_errors() == "; ".join(["error"] * 5)
    assert CloudInit("error", ["error"] * 6).described_errors().endswith("; error; and 1 more")


def test_only_the_first_errors_are_kept_and_shown_in_part() -> None:
    said = "status: error\nerrors:\n" + "\n".join(["- " + "x" * 500, *["- y"] * 24])

    assert read(1, said, "") == CloudInit("error", ["x" * 397 + "...", *["y"] * 19], 5)


@pytest.mark.parametrize(("seconds", "limit"), [(0.2, 1), (1.4, 1), (29.6, 30)])
def test_the_machine_itself_ends_the_wait(seconds: float, limit: int) -> None:
    assert f" timeout -k 5 {limit} cloud-init status " in command(seconds)


def test_a_failure_stays_and_the_wait_for_the_end_may_go_on() -> None:
    assert problem(CloudInit("error", ["no space"])) == Problem(
        "cloud_init_failed",
        "cloud-init failed: no space",
        "See /var/log/cloud-init-output.log on the machine, or set "
        "instance_ready_ignore_cloud_init_errors to go on regardless.",
        final=True,
    )
    assert problem(CloudInit("running"), True) == Problem(
        "cloud_init_failed",
        "cloud-init has not finished",
        "See /var/log/cloud-init-output.log on the machine for the cause, or raise "
        "instance_ready_cloud_init_timeout (0 skips this check).",
    )


@pytest.mark.parametrize("status", ["absent", "done", "degraded", "disabled"])
def test_a_cloud_init_that_finished_is_no_problem(status: str) -> None:
    assert problem(CloudInit(status, ["x"])) is None


def test_errors_that_do_not_count_are_a_warning() -> None:
    error, degraded = CloudInit("error", ["x"]), CloudInit("degraded", ["y"])

    assert problem(error, ignore_errors=True) is None
    assert warning(error) == "cloud-init finished with errors: x"
    assert warning(degraded) == "cloud-init finished with recoverable errors: y"
    assert warning(CloudInit("done")) is None


@given(st.integers(0, 255), ANY_TEXT, ANY_TEXT)
def test_any_output_is_judged(code: int, stdout: str, stderr: str) -> None:
    state = read(code, stdout, stderr)

    assert str(problem(state)).isprintable()
    assert (warning(state) or "").isprintable()


def run(tmp_path: Path, script: str | None, seconds: float) -> tuple[int, str, str]:
    """Run the command as the shell of a machine with this cloud-init would."""
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    if script is not None:
        (tmp_path / "cloud-init").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "cloud-init").chmod(0o755)
    done: t.Any = subprocess.run(
        ["/bin/sh", "-c", command(seconds)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.skipif(os.path.exists("/usr/bin/cloud-init"), reason="there is a cloud-init here")
def test_a_machine_without_it() -> None:
    assert read(*run(Path("/nonexistent"), None, 5)).status == "absent"


def test_it_is_asked_to_wait(tmp_path: Path) -> None:
    assert read(*run(tmp_path, 'test "$*" = "status --wait --long"', 5)).status == "done"


def test_one_that_hangs_is_killed(tmp_path: Path) -> None:
    before = time.monotonic()

    state = read(*run(tmp_path, "exec sleep 300", 1))

    assert state.status == "running"
    assert time.monotonic() - before < 20

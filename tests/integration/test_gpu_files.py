# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files for programs: who is in them, and what becomes of a run that cannot write them."""

from __future__ import annotations

import json
import re
import typing as t
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest
from simulator import Simulator
from support.workspace import Workspace, last_lines
from unit.plugins.gpu_stand_in import commands_of

from .gpu_fleet import CHECKOUT, Fleet, fleet, recap
from .main_job import configure, machines
from .offers import A, B

__all__ = ["fleet"]

SCHEMA = json.loads((CHECKOUT / "roles/gpu_verify/files/fleet.schema.json").read_text())
NAME = {"__ansible_unsafe": "\x1b[2J{{ 7*7 }}"}

Simulate = t.Callable[..., Simulator]
Started = t.Callable[..., Fleet]


@pytest.mark.slow
def test_what_failed_before_its_check_is_in_the_files(
    workspace: Workspace, simulate: Simulate
) -> None:
    """A machine that never answered, one that did and failed then, and an offer without any."""
    folder = workspace.folder
    failed = {"offer_id": B, "timeline": [{"at": 0, "status": "failed", "failure_reason": "none"}]}
    offer = machines(A, good={}, closed={"behaviour": "refuse"}, denied={"behaviour": "deny"})

    code, output = configure(
        workspace,
        simulate(offer, failed),
        instance_ready_timeout=6,
        gpu_verify_report_file=str(folder / "gpus.json"),
        gpu_verify_junit_file=str(folder / "gpus.xml"),
    )

    assert code == 2, last_lines(output)
    report = json.loads((folder / "gpus.json").read_text())
    jsonschema_rs.validate(SCHEMA, report)
    closed, denied, offer = sorted(report["not_checked"])
    assert (closed.split("-")[0], denied.split("-")[0]) == ("closed", "denied")
    assert offer == f"offer {B}"
    assert [name.split("-")[0] for name in report["hosts"]] == ["good"]
    suites = ET.parse(folder / "gpus.xml").getroot()
    errors = [suite.get("name") for suite in suites if suite.get("errors") == "1"]
    assert sorted(errors) == sorted(report["not_checked"])
    assert len(suites) == 4


@pytest.mark.parametrize("option", ["gpu_verify_report_file", "gpu_verify_junit_file"])
def test_a_file_that_cannot_be_written_stops_before_any_machine_is_looked_at(
    fleet: Started, option: str
) -> None:
    started = fleet({"one": commands_of("t4")})

    code, output = started.verify(**{option: str(started.workspace.folder / "no" / "file")})

    assert code != 0
    assert "_file: there is no folder " in output
    assert "Look at the GPUs" not in output
    assert "Traceback" not in output


def test_a_file_that_can_no_longer_be_written_fails_no_machine(fleet: Started) -> None:
    started = fleet({"one": commands_of("t4")})
    report = {"report_file": "no/file", "junit_file": "gpus.xml"}
    book = [
        {
            "hosts": "compute_desk",
            "gather_facts": False,
            "tasks": [
                {"compute_desk.supply.gpu_report": given, "register": "fleet"}
                for given in (report, {"junit_file": "no/file", "not_checked": [NAME, "one"]})
            ]
            + [{"ansible.builtin.debug": {"msg": "{{ [fleet.table, fleet.changed] }}"}}],
        }
    ]
    (started.workspace.folder / "play.json").write_text(json.dumps(book))

    done = started.workspace.run("ansible-playbook", "-i", "hosts.json", "play.json")

    assert done.returncode == 0, last_lines(done.stdout)
    said = " ".join(done.stdout.split())
    assert "report_file: there is no folder 'no'" in said
    assert "junit_file: there is no folder 'no'" in said
    assert "HOST GPUS NAME" in said
    # What never was a host has a name that others have given it.
    assert re.findall(r'"(\S.*?) +- .*Not checked', done.stdout) == ["{{ 7*7 }}", "one"]
    assert "\x1b" not in done.stdout
    assert recap(done.stdout)["one"]["changed"] == 1
    assert (started.workspace.folder / "gpus.xml").exists()

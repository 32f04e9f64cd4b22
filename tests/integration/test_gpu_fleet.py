# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines beside each other, beside their records, and known bad ones: played for real."""

from __future__ import annotations

import hashlib
import json
import re
import typing as t
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest
from simulator import Simulator
from support.workspace import Workspace, last_lines
from unit.plugins.gpu_stand_in import commands_of

from .gpu_fleet import CHECKOUT, SCHEMA, Fleet, custom_stats, fleet, recap
from .main_job import configure, machines, write_role
from .offers import A

__all__ = ["fleet"]

FILES = CHECKOUT / "roles" / "gpu_verify" / "files"
FLEET = json.loads((FILES / "fleet.schema.json").read_text())
RECORD = json.loads((FILES / "record-1.schema.json").read_text())
BAD = "GPU-cb3dfa52-e2f3-9ca4-a399-7d16041c3732"

Simulate = t.Callable[..., Simulator]
Started = t.Callable[..., Fleet]


def with_text(name: str, old: str, new: str) -> dict[str, t.Any]:
    """Return the commands of a machine that print something else."""
    text = json.dumps(commands_of(name))
    assert old in text
    changed: dict[str, t.Any] = json.loads(text.replace(old, new))
    return changed


def compared(machines: Fleet, **variables: t.Any) -> tuple[int, str]:
    done = machines.workspace.run(
        "ansible-playbook",
        "-i",
        "hosts.json",
        "compute_desk.supply.compare",
        "-e",
        json.dumps(variables),
        **machines.simulator.env(),
        FOLDER=str(machines.workspace.folder),
    )
    return done.returncode, done.stdout


def known_bad(folder: Path) -> str:
    path = folder / "bad.yml"
    path.write_text(f"- uuid: {BAD}\n  reason: Xid 79 {{{{ 7*7 }}}} twice\n  date: 2026-10-03\n")
    return str(path)


def records(folder: Path) -> list[dict[str, t.Any]]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def test_files_differences_records_and_what_is_new(fleet: Started, tmp_path: Path) -> None:
    started = fleet(
        {
            "one": commands_of("h200"),
            "two": with_text("h200", BAD, BAD.replace("cb3d", "aaaa")),
            "odd": with_text("h200", "<driver_version>550.90.12<", "<driver_version>550.54.15<"),
        }
    )
    folder = started.workspace.folder
    files = {
        "gpu_verify_report_file": str(folder / "fleet.json"),
        "gpu_verify_junit_file": str(folder / "fleet.xml"),
        "gpu_verify_record": str(folder / "records"),
    }

    code, output = started.verify("--check", **files)

    assert code == 0, last_lines(output)
    assert [recap(output)[name]["changed"] for name in ("one", "two", "odd")] == [2, 1, 1]
    assert not (folder / "fleet.json").exists()
    assert not (folder / "records").exists()

    code, output = started.verify(**files)

    assert code == 0, last_lines(output)
    assert '"odd: driver 550.54.15; 2 others have 550.90.12"' in output
    assert output.count('550.90.12"') == 1
    assert "WARN" not in output
    assert "DEPREC" not in output
    assert "skipping: " not in output
    report = json.loads((folder / "fleet.json").read_text())
    jsonschema_rs.validate(FLEET, report)
    for one in report["hosts"].values():
        jsonschema_rs.validate(SCHEMA, one)
    suites = ET.parse(folder / "fleet.xml").getroot()
    assert [suite.get("name") for suite in suites] == ["one", "two", "odd"]
    assert (folder / "fleet.json").stat().st_mode & 0o777 == 0o600
    kept = records(folder / "records")
    assert sorted(one["host"] for one in kept) == ["odd", "one", "two"]
    for one in kept:
        jsonschema_rs.validate(RECORD, one)

    # A second look at the same machines is no change, and neither is comparing.
    code, output = started.verify(gpu_verify_record=files["gpu_verify_record"])

    assert code == 0, last_lines(output)
    assert [recap(output)[name]["changed"] for name in ("one", "two", "odd")] == [0, 0, 0]
    assert len(records(folder / "records")) == 3

    code, output = compared(started, gpu_verify_record=files["gpu_verify_record"])

    assert code == 0, last_lines(output)
    assert output.count("nothing has changed") == 3
    assert [recap(output)[name]["changed"] for name in ("one", "two", "odd")] == [0, 0, 0]


@pytest.mark.slow
def test_what_has_become_of_a_machine_is_named(fleet: Started) -> None:
    other = BAD.replace("cb3d", "bbbb")
    started = fleet({"same": commands_of("t4"), "worse": with_text("h200", BAD, other)})
    folder = started.workspace.folder / "records"
    code, output = started.verify(gpu_verify_record=str(folder))
    assert code == 0, last_lines(output)
    # The other machine is now one whose GPU had another UUID at handover.
    for path in folder.glob("*_worse_*"):
        record = json.loads(path.read_text())
        path.unlink()
        record["gpus"][0]["uuid"] = BAD
        record["gpus"][0]["serial"] = "another"
        text = json.dumps(
            {key: value for key, value in record.items() if key != "digest"},
            sort_keys=True,
            separators=(",", ":"),
        )
        record["digest"] = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
        path.write_text(json.dumps(record))

    code, output = compared(started, gpu_verify_record=str(folder))

    assert code == 2, last_lines(output)
    assert re.search(
        rf'"worse .* WORSE +new +NVIDIA H200 {BAD}, serial another was replaced by '
        rf"NVIDIA H200 {other}",
        output,
    ), output
    assert re.search(r'"same +20\S+ +same +at handover +GPU-\S+: PCIe x8 of x16"', output), output
    assert {name: recap(output)[name]["failed"] for name in ("same", "worse")} == {
        "same": 0,
        "worse": 1,
    }
    assert len(records(folder)) == 2

    # As in every option that is a path.
    short = "$FOLDER/records"
    code, output = compared(started, gpu_verify_record=short, gpu_verify_fail=False)
    assert code == 0, last_lines(output)
    code, output = compared(started, gpu_verify_record="$FOLDER/none")
    assert code == 2
    assert "gpu_verify_record: there is no folder '$FOLDER/none'" in output

    for path in folder.iterdir():
        path.unlink()
    code, output = compared(started, gpu_verify_record=str(folder))
    assert code == 2
    assert output.count("There is no record of it.") >= 2


@pytest.mark.parametrize("given", [{}, {"gpu_verify_record": ""}])
def test_compare_needs_a_folder(workspace: Workspace, given: dict[str, str]) -> None:
    done = workspace.run(
        "ansible-playbook", "compute_desk.supply.compare", "-i", "a,", "-e", json.dumps(given)
    )

    assert done.returncode != 0
    assert "Name the folder with the records of the machines with -e gpu_verify_record=" in (
        done.stdout
    )


def test_a_known_bad_gpu_fails_its_machine_before_your_roles(
    workspace: Workspace, simulate: Simulate
) -> None:
    write_role(workspace, "mine", {"ansible.builtin.debug": {"msg": "configured it"}})
    offer = machines(A, bad={}, good={})
    offer["instances"]["bad"]["commands"] = commands_of("h200")
    folder = workspace.folder

    code, output = configure(
        workspace,
        simulate(offer),
        compute_desk_roles="mine",
        gpu_verify_known_bad=known_bad(folder),
        gpu_verify_record=str(folder / "records"),
        gpu_verify_junit_file=str(folder / "gpus.xml"),
    )

    assert code == 2, last_lines(output)
    assert output.count('"msg": "configured it"') == 1
    assert f"FAILED: GPU 0 ({BAD}) is known to be bad since 2026-10-03: Xid 79 " in output
    assert "Xid 79 {{ 7*7 }} twice" in output
    kept = records(folder / "records")
    assert sorted((one["verdict"], one["action"]) for one in kept) == [
        ("fail", "return_machine"),
        ("pass", None),
    ]
    assert all(one["instance_id"] and one["offer_id"] == A for one in kept)
    assert (folder / "gpus.xml").exists()
    # Two that have nothing in common: each is alone with its GPU.
    assert output.count("as no other host") == 2


@pytest.mark.slow
def test_a_gpu_that_cannot_be_looked_up_is_not_judged(fleet: Started, tmp_path: Path) -> None:
    nameless = with_text("h200", f"<uuid>{BAD}</uuid>", "<uuid>N/A</uuid>")
    started = fleet({"one": nameless})

    code, output = started.verify(gpu_verify_known_bad=known_bad(tmp_path))

    assert code == 0, last_lines(output)
    kept = started.kept()
    jsonschema_rs.validate(SCHEMA, kept["reports"]["one"])
    words = "The check known_bad could not be made: 1 of 1 GPU has no UUID."
    assert kept["reports"]["one"]["reasons"][0].startswith(words)
    assert kept["groups"]["gpu_inconclusive"] == ["one"]
    assert "gpu_verified" not in kept["groups"]
    assert f" GPUS: [one]: could not be judged: {words}" in output
    assert custom_stats(output)["gpu_verify_summary"]["one"]["verdict"] == "inconclusive"

    assert started.verify(
        gpu_verify_known_bad=known_bad(tmp_path), gpu_verify_on_inconclusive="fail"
    )[0]


@pytest.mark.parametrize("book", ["configure", "verify"])
def test_a_malformed_list_is_refused_before_any_machine_is_looked_at(
    workspace: Workspace, simulate: Simulate, fleet: Started, book: str
) -> None:
    bad = workspace.folder / "bad.json"
    bad.write_text(json.dumps([{"uuid": BAD, "reason": "hot", "date": "soon"}]))
    said = f"known_bad: {bad}, entry 1: date must be one such as 2026-10-03"

    if book == "configure":
        simulator = simulate(machines(A, one={}))
        code, output = configure(workspace, simulator, gpu_verify_known_bad=str(bad))
        assert simulator.requests() == []
    else:
        started = fleet({"one": commands_of("t4")})
        code, output = started.verify(gpu_verify_known_bad=str(bad))

    assert code != 0
    assert said in output
    assert "Traceback" not in output

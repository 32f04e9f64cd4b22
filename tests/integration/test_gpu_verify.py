# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The proof of the GPUs, by real ssh to machines whose tools are scripts."""

from __future__ import annotations

import json
import re
import typing as t

import jsonschema_rs
import pytest
from support.workspace import Workspace, last_lines
from unit.plugins.gpu_stand_in import commands_of

from .gpu_fleet import BOOK, SCHEMA, Fleet, custom_stats, fleet, recap

__all__ = ["fleet"]

DIFFERENT = "Different from the others:"
HANGING = {"script": "#!/bin/sh\ntrap '' TERM INT HUP\nsleep 600\n"}


def table(output: str) -> dict[str, str]:
    """Return the rows of the report by host; there is one report."""
    rows = [line.strip().strip('",') for line in output.splitlines()]
    (begin,) = [number for number, row in enumerate(rows) if row.startswith("HOST ")]
    end = rows.index("]", begin)
    if DIFFERENT in rows[begin:end]:
        end = rows.index(DIFFERENT, begin)
    return {row.split()[0]: row for row in rows[begin + 1 : end]}


def cells(row: str) -> str:
    """Return the cells of a row with a bar between them."""
    return " | ".join(re.split(" {2,}", row))


def test_a_fleet_of_good_and_bad_machines(fleet: t.Callable[..., Fleet]) -> None:
    hanging = {**commands_of("h200"), "nvidia-smi": HANGING}
    machines = fleet(
        {
            "good": commands_of("h100_nvswitch"),
            "lost": commands_of("lost_gpu"),
            "hanging": hanging,
            "none": commands_of("no_gpu"),
            "wrong": commands_of("h200"),
            "stale": commands_of("driver_mismatch"),
        },
        {
            "good": {"gpu_verify_expected_count": 8, "gpu_verify_expected_name": "H100"},
            "wrong": {"gpu_verify_expected_count": 8},
            "hanging": {"gpu_verify_command_timeout": 3},
        },
    )

    code, output = machines.verify(gpu_verify_min_driver_version="550.90")

    assert code != 0, "a run with bad machines must not look like a good one"
    rows = table(output)
    assert list(rows) == ["good", "lost", "hanging", "none", "wrong", "stale"]
    assert rows["good"].split("  ")[-1].strip() == "-", rows["good"]
    for name, words in {
        "good": "| 8 | NVIDIA H100 80GB HBM3 | 565.57.01 | 81559 MiB | ",
        "lost": "| reboot_and_retest | nvidia-smi lists 7 of the 8 GPUs plugged in: 0000:db",
        "hanging": "| FAIL | reboot_and_retest | nvidia-smi timed out after 3 s and was killed",
        "none": "| no GPU | - | There is no GPU, and none is expected.",
        "wrong": "| 8 GPUs expected, 1 listed.",
        "stale": "| Driver/library version mismatch: the kernel has loaded 535.54.03",
    }.items():
        assert words in cells(rows[name]), rows[name]

    kept = machines.kept()
    assert kept["groups"]["gpu_verified"] == ["good"]
    assert sorted(kept["groups"]["gpu_failed"]) == ["hanging", "lost", "stale", "wrong"]
    assert sorted(kept["reports"]) == sorted(machines.hosts)
    for report in kept["reports"].values():
        jsonschema_rs.validate(SCHEMA, report)
    assert kept["reports"]["good"]["expected"]["count"] == 8

    counts = recap(output)
    for name in machines.hosts:
        assert counts[name]["changed"] == 0
        assert counts[name]["failed"] == (0 if name in ("good", "none") else 1), counts[name]
    # Each of them has been asked, whatever became of the others.
    assert "WARNING" not in output
    assert "DEPRECAT" not in output

    summary = custom_stats(output)["gpu_verify_summary"]
    assert {name: entry["verdict"] for name, entry in summary.items()} == {
        "good": "pass",
        "lost": "fail",
        "hanging": "fail",
        "none": "no_gpu",
        "wrong": "fail",
        "stale": "fail",
    }
    assert summary["wrong"]["reason"].startswith("8 GPUs expected, 1 listed.")
    assert summary["good"]["reason"] == ""
    assert "skipping: " not in output
    told = dict(re.findall(r"GPUS: \[(\w+)\]: not fit for work: (.*)", output))
    assert sorted(told) == ["hanging", "lost", "stale", "wrong"]
    assert told["wrong"].startswith("8 GPUs expected, 1 listed.")


@pytest.mark.slow
def test_there_is_one_report_whatever_the_strategy_of_the_user(
    fleet: t.Callable[..., Fleet],
) -> None:
    slow = {**commands_of("t4"), "lspci": {"sleep": 2}}
    machines = fleet({"quick": commands_of("t4"), "slow": slow})
    (machines.workspace.folder / "ansible.cfg").write_text("[defaults]\nstrategy = free\n")

    code, output = machines.verify()

    assert code == 0, last_lines(output, 60)
    assert list(table(output)) == ["quick", "slow"]


@pytest.mark.slow
def test_a_machine_that_could_not_be_judged(fleet: t.Callable[..., Fleet]) -> None:
    """Its driver tells no version; nobody but who asked for one minds."""
    silent = json.loads(json.dumps(commands_of("h200")))
    reply = silent["nvidia-smi"]["answers"][0]
    reply["stdout"] = re.sub(r"<driver_version>.*</driver_version>", "", reply["stdout"])
    machines = fleet(
        {"asked": silent, "other": silent},
        {"asked": {"gpu_verify_min_driver_version": "550.90"}},
    )

    code, output = machines.verify()

    assert code == 0, last_lines(output)
    words = "The check driver_version could not be made: no tool reported the driver version."
    assert f"| inconclusive | - | {words}" in cells(table(output)["asked"])
    assert f" GPUS: [asked]: could not be judged: {words}" in output
    kept = machines.kept()
    assert kept["groups"]["gpu_inconclusive"] == ["asked"]
    assert kept["groups"]["gpu_verified"] == ["other"]
    assert "gpu_failed" not in kept["groups"]
    for report in kept["reports"].values():
        jsonschema_rs.validate(SCHEMA, report)

    code, output = machines.verify(gpu_verify_on_inconclusive="fail")

    assert code != 0
    assert recap(output)["asked"]["failed"] == 1
    assert recap(output)["other"]["failed"] == 0
    code, output = machines.verify(gpu_verify_on_inconclusive="perhaps")
    assert code != 0
    assert "value of gpu_verify_on_inconclusive must be one of: warn, fail" in output


@pytest.mark.slow
def test_nothing_is_changed_and_nobody_has_to_fail(fleet: t.Callable[..., Fleet]) -> None:
    machines = fleet({"good": commands_of("t4"), "bad": commands_of("ecc_errors")})

    code, output = machines.verify(gpu_verify_fail=False)

    assert code == 0, last_lines(output)
    assert "| FAIL | reset_gpu | GPU 1 (0000:9e:00.0) needs recovery: Reset." in cells(
        table(output)["bad"]
    )
    assert [recap(output)[name]["changed"] for name in machines.hosts] == [0, 0]
    kept = machines.kept()
    assert kept["groups"]["gpu_failed"] == ["bad"]

    code, output = machines.verify("--check", "--diff", gpu_verify_fail=False)

    assert code == 0, last_lines(output)
    assert [recap(output)[name]["changed"] for name in machines.hosts] == [0, 0]
    assert machines.kept() == kept


@pytest.mark.slow
def test_machines_that_cannot_be_checked_are_in_the_report(fleet: t.Callable[..., Fleet]) -> None:
    """One that is lost, one without Python, one that says evil things, one with a typing error."""
    name = "NVIDIA {{ 6*7 }} {% raw %} #jinja2: variable_start_string:'['"
    evil = json.dumps(commands_of("h200")).replace("NVIDIA H200", name.replace("{%", "\\u202e{%"))
    machines = fleet(
        {
            "good": commands_of("l40s"),
            "evil": json.loads(evil),
            "broken": {"python9": {"script": "#!/bin/sh\necho no such Python >&2\nexit 1\n"}},
            "typo": commands_of("t4"),
        },
        {
            "evil": {"gpu_verify_expected_name": "H100"},
            "broken": {"ansible_python_interpreter": "python9"},
            "typo": {"gpu_verify_min_driver_version": "latest"},
        },
    )
    gone = {"ansible_host": "127.255.1.2", "ansible_port": 9, "ansible_timeout": 5}
    machines.add({**machines.hosts, "gone": gone})

    code, output = machines.verify()

    assert code != 0
    assert "GPUS: [typo]: not checked: min_driver_version: " in output
    rows, kept = table(output), machines.kept()
    assert "  pass  " in rows["good"]
    for host, words in (("gone", "The connection was refused"), ("broken", "")):
        said = f"| FAIL | - | The GPUs could not be checked: {words}"
        assert said in cells(rows[host])
    assert "min_driver_version: 'latest' is not a version such as 550.90.07" in rows["typo"]
    for report in kept["reports"].values():
        jsonschema_rs.validate(SCHEMA, report)
    assert sorted(kept["groups"]["gpu_failed"]) == ["broken", "evil", "gone", "typo"]
    assert "Traceback" not in output
    # What a machine says is data: here, there, and for the next job, where it would be a template.
    assert kept["reports"]["evil"]["gpus"][0]["name"] == name
    assert f"1 of 1 GPU is not H100 but {name}." in rows["evil"]
    assert "\u202e" not in output
    reason = custom_stats(output)["gpu_verify_summary"]["evil"]["reason"]
    assert "NVIDIA 67 raw jinja2: variable_start_string:." in " ".join(reason.split()), reason
    assert not set("{}%#'\"[]<>\\") & set(reason)


@pytest.mark.parametrize(
    ("variables", "pattern"), [({}, "compute_desk"), ({"compute_desk_targets": "gpus"}, "gpus")]
)
def test_no_machine_to_look_at_is_said(
    workspace: Workspace, variables: dict[str, str], pattern: str
) -> None:
    (workspace.folder / "hosts").write_text("other ansible_host=203.0.113.250\n")

    done = workspace.run("ansible-playbook", BOOK, "-i", "hosts", "-e", json.dumps(variables))

    assert done.returncode != 0
    assert f"No host in the inventory matches {pattern}." in done.stdout


def test_to_look_is_one_task_that_fails_for_no_machine(fleet: t.Callable[..., Fleet]) -> None:
    machines = fleet({"good": commands_of("t4"), "bad": commands_of("lost_gpu")})
    look = {"name": "compute_desk.supply.gpu_verify", "tasks_from": "look"}
    show = "{{ [gpu_verify_report.verdict, group_names | select('match', 'gpu_')] | flatten }}"
    book = [
        {
            "hosts": "compute_desk",
            "gather_facts": False,
            "tasks": [
                {"ansible.builtin.include_role": look},
                {"ansible.builtin.debug": {"msg": show}},
            ],
        }
    ]
    (machines.workspace.folder / "look.json").write_text(json.dumps(book))

    done = machines.workspace.run(
        "ansible-playbook", "-i", "hosts.json", "look.json", **machines.simulator.env()
    )

    assert done.returncode == 0, last_lines(done.stdout)
    begin = done.stdout.index("TASK [compute_desk.supply.gpu_verify : Look at")
    looked = done.stdout[begin : done.stdout.index("TASK [ansible.builtin.debug", begin)]
    lines = [line for line in looked.splitlines()[1:] if line and " GPUS: " not in line]
    assert sorted(lines) == ["ok: [bad]", "ok: [good]"]
    assert looked.count(" GPUS: [bad]: not fit for work: nvidia-smi lists 7 ") == 1
    flat = " ".join(done.stdout.split())
    assert '"msg": [ "pass", "gpu_verified" ]' in flat
    assert '"msg": [ "fail", "gpu_failed" ]' in flat
    assert "WARNING" not in done.stdout

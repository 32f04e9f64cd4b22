# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rehearsal: one run of the main job judges each machine as the simulator's README says."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from gpu_machines import commands_of
from simulator import Simulator
from simulator.loading import load_timeline
from support.workspace import Workspace, last_lines

from .main_job import BOOK, summary, write_role

SIMULATOR = Path(__file__).resolve().parents[1] / "simulator"
TIMELINE = SIMULATOR / "timelines" / "rehearsal.yml"
README = (SIMULATOR / "README.md").read_text(encoding="utf-8")

LIMIT = 6
HANGS = "sleep 600"
# The process, in a line for each second that it is left alone.
HANGS_AND_COUNTS = 'for _ in $(seq 600); do echo $$ >>"$HOME/seconds"; sleep 1; done'
KEEP = {
    "content": "{{ hostvars | dict2items | selectattr('value.gpu_verify_report', 'defined')"
    " | map(attribute='value.gpu_verify_report') | to_json }}",
    "mode": "0600",
}
TOUCH = {"ansible.builtin.copy": {"content": "", "dest": "marker", "mode": "0644"}}
VARIABLES = {
    "compute_desk_roles": "mark",
    "compute_desk_poll_interval": 1,
    "instance_ready_gather_subset": ["min"],
    "gpu_verify_command_timeout": LIMIT,
    "gpu_verify_known_bad": str(SIMULATOR / "known_bad.yml"),
}


@dataclass(frozen=True)
class Rehearsal:
    """What a run has left, by the name of the GPU machine."""

    output: str
    code: int
    reports: dict[str, dict[str, t.Any]]
    rows: dict[str, str]
    configured: set[str]
    still_running: list[str]
    hung: list[str]


def timeline() -> dict[str, t.Any]:
    """Return the timeline that users are told to play, with what hangs counting its seconds."""
    read: dict[str, t.Any] = yaml.safe_load(TIMELINE.read_text(encoding="utf-8"))
    script = commands_of("hanging_smi")["nvidia-smi"]["script"]
    assert HANGS in script
    counting = {"nvidia-smi": {"script": script.replace(HANGS, HANGS_AND_COUNTS)}}
    (offer,) = read["offers"]
    offer["instances"]["hanging-smi"]["commands"] = counting
    return read


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """One run of the main job."""
    with (
        Workspace(tmp_path_factory.mktemp("rehearsal")) as workspace,
        Simulator(timeline(), speed=600) as simulator,
    ):
        write_role(workspace, "mark", TOUCH)
        kept = workspace.folder / "kept.json"
        keep = {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "tasks": [{"ansible.builtin.copy": {**KEEP, "dest": str(kept)}, "no_log": True}],
        }
        book = workspace.folder / "site.json"
        book.write_text(json.dumps([{"import_playbook": BOOK}, keep]))
        variables = {"compute_desk_offer_ids": simulator.offer_ids, **VARIABLES}
        done = workspace.run(
            "ansible-playbook",
            str(book),
            "-e",
            json.dumps(variables),
            **simulator.env(),
            ANSIBLE_ROLES_PATH=str(workspace.folder / "roles"),
        )
        homes = {machine_of(one["key"]): Path(one["home"]) for one in simulator.instances()}
        assert kept.exists(), last_lines(done.stdout, 60)
        reports = {machine_of(one["host"]): one for one in json.loads(kept.read_text())}
        rows = {machine_of(host): row for host, row in summary(done.stdout).items()}
        configured = {name for name, home in homes.items() if (home / "marker").exists()}
        left = commands_below(homes["hanging_smi"].parent)
        hung = (homes["hanging_smi"] / "seconds").read_text().split()
        return Rehearsal(done.stdout, done.returncode, reports, rows, configured, left, hung)


def machine_of(name: str) -> str:
    """Return the GPU machine of an instance or a host: each is named after its own."""
    key = re.sub(r"-[0-9]{8}$", "", name)
    return "h100_nvswitch" if key == "healthy" else key.replace("-", "_")


def commands_below(folder: Path) -> list[str]:
    """Return the command lines of processes of an instance that scripted commands are."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if f"PATH={folder}/".encode() in environment and command:
            found.append(command)
    return found


def promised() -> dict[str, tuple[str, str | None]]:
    """Return the table of the README: verdict and action by GPU machine."""
    rows = re.findall(
        r"^\| `(\w+)` \| [^|]+ \| `(\w+)` \| (?:`(\w+)`|none) \|$", README, re.MULTILINE
    )
    return {name: (verdict, action or None) for name, verdict, action in rows}


def test_the_table_has_the_machines_of_the_timeline() -> None:
    (offer,) = load_timeline(TIMELINE).offers

    assert sorted(promised()) == sorted(map(machine_of, offer.instances))


@pytest.mark.parametrize("name", promised())
def test_each_is_judged_as_promised(rehearsal: Rehearsal, name: str) -> None:
    verdict, action = promised()[name]
    report, row = rehearsal.reports[name], rehearsal.rows[name]

    assert (report["verdict"], report["action"]) == (verdict, action), report["reasons"]
    assert (name in rehearsal.configured) == (verdict == "pass")
    assert row.endswith("configured") == (verdict == "pass"), row
    assert ("FAILED: " in row) == (verdict == "fail"), row


@pytest.mark.parametrize(
    ("name", "checks", "words"),
    [
        ("lost_gpu", "count kernel_log", "0000:db:00.0 is lost"),
        ("slow_link", "pcie", "GPU 3 (0000:5d:00.0)"),
        ("pending_remap", "memory_rows", "GPU 6 (0000:ba:00.0)"),
        ("hanging_smi", "tool", f"nvidia-smi timed out after {LIMIT} s and was killed"),
        ("known_bad", "known_bad", "GPU-4d0c1b5e-7a92-4f36-8e51-0f6b2c9da713"),
    ],
)
def test_the_fault_is_found_by_its_check(
    rehearsal: Rehearsal, name: str, checks: str, words: str
) -> None:
    report = rehearsal.reports[name]
    failed = [check["name"] for check in report["checks"] if check["verdict"] == "fail"]

    assert set(checks.split()) <= set(failed), failed
    assert words in " ".join(report["reasons"])


def test_what_hangs_is_killed_and_holds_up_nobody(rehearsal: Rehearsal) -> None:
    """It would go on for ten minutes, and ignores every signal that can be ignored."""
    assert rehearsal.still_running == []
    # It was asked once, and what all others waited for it is of the order of its time limit.
    assert len(set(rehearsal.hung)) == 1
    assert len(rehearsal.hung) < 2 * LIMIT
    assert rehearsal.configured == {"h100_nvswitch", "recovered_xid"}
    assert rehearsal.code == 2
    assert "WARNING" not in rehearsal.output


def test_what_is_over_is_a_note(rehearsal: Rehearsal) -> None:
    report = rehearsal.reports["recovered_xid"]

    assert report["reasons"] == []
    assert "154" in json.dumps(report["notes"])
    assert rehearsal.reports["h100_nvswitch"]["notes"] == []

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The actions about GPUs and facts: files that cannot be used, machines that do not answer."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.action import (
    gpu_compare,
    gpu_facts,
    gpu_report,
    machine_facts,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError

from ..plugin_utils._fleet.reports import a_report

VARIABLES = {
    "ansible_play_hosts_all": ["node-1"],
    "ansible_play_hosts": ["node-1"],
    "hostvars": {"node-1": {"gpu_verify_report": a_report(1)}},
}


class Task:
    check_mode = False


def action_of(module: t.Any) -> t.Any:
    """Return the action without Ansible around it."""
    made = module.ActionModule.__new__(module.ActionModule)
    made._task = Task()
    return made


def compare(folder: Path) -> t.Any:
    return action_of(gpu_compare).act({"record": str(folder)}, VARIABLES)


def report(**options: t.Any) -> dict[str, t.Any]:
    given = {"report_file": None, "junit_file": None, "not_checked": [], "only_check_paths": False}
    made: dict[str, t.Any] = action_of(gpu_report).act({**given, **options}, VARIABLES)
    return made


def test_a_fleet_is_compared_with_a_folder_that_is_there(tmp_path: Path) -> None:
    (machine,) = compare(tmp_path)["machines"]
    assert (machine["host"], machine["verdict"]) == ("node-1", "unknown")

    with pytest.raises(OptionError, match=r"^record: there is no folder '.*/none'$"):
        compare(tmp_path / "none")


def test_a_folder_that_cannot_be_read_is_named_by_its_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: t.Any) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(gpu_compare, "changes_of", refuse)

    with pytest.raises(OptionError, match=r"^record: .*Permission denied"):
        compare(tmp_path)


def test_a_report_that_cannot_be_written_is_a_warning_and_the_other_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = gpu_report.replace

    def full(path: str, content: str) -> None:
        if path.endswith(".xml"):
            raise OSError(28, "No space left on device")
        replace(path, content)

    monkeypatch.setattr(gpu_report, "replace", full)
    paths = {"report_file": str(tmp_path / "a.json"), "junit_file": str(tmp_path / "a.xml")}

    result = report(**paths, not_checked=["node-2\n"])

    assert result["warnings"] == [
        f"junit_file: {paths['junit_file']} cannot be written: [Errno 28] No space left on device"
    ]
    assert result["changed"]
    assert json.loads((tmp_path / "a.json").read_text())["hosts"]


def test_a_path_that_is_a_folder_by_now_is_a_warning(tmp_path: Path) -> None:
    result = report(report_file=str(tmp_path))

    assert not result["changed"]
    assert "is a folder; name a file" in result["warnings"][0]


def test_paths_can_be_checked_alone(tmp_path: Path) -> None:
    assert report(report_file=str(tmp_path / "a.json"), only_check_paths=True) == {}
    assert list(tmp_path.iterdir()) == []

    with pytest.raises(OptionError, match=r"^junit_file: .* is a folder"):
        report(junit_file=str(tmp_path), only_check_paths=True)


def test_a_machine_that_gives_no_report_fails_with_a_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_given: t.Any) -> None:
        raise gpu_facts.NoAnswer("There was no answer within 90 s.")

    options = {"command_timeout": 10.0, "expected_count": None}
    action = action_of(gpu_facts)
    monkeypatch.setattr(action, "ask", refuse)

    found = action._look({**dict.fromkeys(gpu_facts.ARGUMENTS), **options}, {})

    assert (found["failed"], found["verdict"], found["checks"]) == (True, "fail", [])
    assert found["msg"] == "The GPUs could not be checked: There was no answer within 90 s."


@pytest.mark.parametrize("gives", [True, False])
def test_a_machine_that_gives_no_facts_is_a_failed_task(
    gives: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gather(_action: t.Any, subset: list[str], seconds: float, _variables: t.Any) -> t.Any:
        if not gives:
            raise machine_facts.NoFacts("The machine returned no facts.")
        return {"ansible_facts": {"subset": subset, "seconds": seconds}}

    monkeypatch.setattr(machine_facts, "gather", gather)

    found = action_of(machine_facts).act({"gather_subset": ["min"], "timeout": 60.0}, {})

    assert found == (
        {"ansible_facts": {"subset": ["min"], "seconds": 60.0}}
        if gives
        else {"failed": True, "msg": "The machine returned no facts."}
    )

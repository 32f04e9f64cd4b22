# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What programs read: JSON and JUnit XML of a fleet, and how the files are written."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.files import (
    check_file,
    check_folder,
    create,
    replace,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.junit import junit
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.known_bad import (
    read_known_bad,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.records import Records
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.report import (
    as_json,
    fleet_report,
)

from .reports import a_report

FILES = Path(__file__).resolve().parents[5] / "roles" / "gpu_verify" / "files"
SCHEMA = json.loads((FILES / "fleet.schema.json").read_text())
WHEN = "2026-11-26T10:12:29Z"

BAD = a_report(
    2,
    count=7,
    verdict="fail",
    reasons=["GPU 7 is lost."],
    changed=False,
    ansible_stats={},
    failed_when_result=False,
    checks=[
        {"name": "count", "verdict": "fail", "detail": "it is lost", "action": "return_machine"},
        {"name": "kernel_log", "verdict": "inconclusive", "detail": "no <log>", "action": None},
        {"name": "mig", "verdict": "skip", "detail": "it cannot be", "action": None},
    ],
)
FLEET: dict[str, t.Any] = {"a": a_report(1), "b": BAD, "c": a_report(3), "d": None}


def test_the_json_has_the_reports_without_what_ansible_adds() -> None:
    report = json.loads(as_json(fleet_report(FLEET, WHEN)))

    jsonschema_rs.validate(SCHEMA, report)
    assert report["verdicts"] == {"fail": 1, "pass": 2}
    assert report["not_checked"] == ["d"]
    assert set(report["hosts"]["b"]) == set(a_report())
    assert [one["host"] for one in report["differences"]] == ["b"]
    jsonschema_rs.validate(SCHEMA, fleet_report({}, WHEN))


def test_the_xml_has_a_case_for_each_check() -> None:
    root = ET.fromstring(junit(FLEET, WHEN))

    assert {key: root.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "8",
        "failures": "1",
        "errors": "2",
        "skipped": "3",
    }
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["a", "b", "c", "d"]
    cases = {case.get("name"): case for case in suites["b"]}
    assert [element.tag for case in cases.values() for element in case] == [
        "failure",
        "error",
        "skipped",
    ]
    (failure,) = cases["count"]
    assert (failure.get("message"), failure.get("type")) == ("it is lost", "return_machine")
    assert cases["count"].get("classname") == "gpu_verify.b"
    assert [case[0].tag for case in suites["d"]] == ["error"]
    assert (root.tag, {suite.tag for suite in root}) == ("testsuites", {"testsuite"})
    assert {case.tag for suite in root for case in suite} == {"testcase"}


CHECKS = [
    {"name": "tool", "verdict": "pass", "detail": "it works", "action": None},
    {"name": "ecc", "verdict": "fail", "detail": "1 error", "action": "reset_gpu"},
    {"name": "mig", "verdict": "skip", "detail": "none", "action": "watch"},
    {"name": "known_bad", "verdict": "inconclusive", "detail": "no UUID", "action": None},
]
XML = """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="gpu_verify" tests="6" failures="1" errors="3" skipped="1">
  <testsuite name="a" timestamp="2026-11-26T10:12:29Z" tests="4" failures="1" errors="1" \
skipped="1">
    <testcase classname="gpu_verify.a" name="tool">
      <system-out>it works</system-out>
    </testcase>
    <testcase classname="gpu_verify.a" name="ecc">
      <failure message="1 error" type="reset_gpu" />
    </testcase>
    <testcase classname="gpu_verify.a" name="mig">
      <skipped message="none" />
    </testcase>
    <testcase classname="gpu_verify.a" name="known_bad">
      <error message="no UUID" />
    </testcase>
  </testsuite>
  <testsuite name="b" timestamp="2026-11-26T10:12:29Z" tests="1" failures="0" errors="1" \
skipped="0">
    <testcase classname="gpu_verify.b" name="report">
      <error message="the machine failed before it was checked" />
    </testcase>
  </testsuite>
  <testsuite name="c" timestamp="2026-11-26T10:12:29Z" tests="1" failures="0" errors="1" \
skipped="0">
    <testcase classname="gpu_verify.c" name="report">
      <error message="One. Two." />
    </testcase>
  </testsuite>
</testsuites>
"""


def test_the_xml_of_a_fleet_is_this() -> None:
    unseen = a_report(checks=[], verdict="fail", reasons=["One.", "Two."])

    assert junit({"a": a_report(checks=CHECKS), "b": None, "c": unseen}, WHEN) == XML


def test_many_reasons_are_cut_in_the_xml() -> None:
    unseen = a_report(checks=[], verdict="fail", reasons=["r" * 300, "s" * 300])

    assert f' message="{"r" * 300} {"s" * 96}..."' in junit({"a": unseen}, WHEN)


def test_the_json_is_for_people_too() -> None:
    assert as_json({"a": [1]}) == '{\n  "a": [\n    1\n  ]\n}\n'


def test_what_a_check_says_is_cut_in_the_xml() -> None:
    check = {"name": "n" * 61, "verdict": "fail", "detail": "d" * 401, "action": "a" * 41}
    xml = junit({"a": a_report(checks=[check])}, WHEN)

    assert f' name="{"n" * 57}..."' in xml
    assert f' message="{"d" * 397}..." type="{"a" * 37}..."' in xml


def test_the_xml_survives_what_machines_say() -> None:
    evil = "\x1b[2J\x00\ud800\ufffe]]>&<!--"
    report = a_report(checks=[{"name": "tool", "verdict": "fail", "detail": evil, "action": None}])
    without = a_report(checks=[], verdict="fail", reasons=[evil])

    root = ET.fromstring(junit({evil: report, "b": without}, WHEN))

    assert root[0][0][0].get("message") == "]]>&<!--"
    assert root[1][0][0].get("message") == "]]>&<!--"


def test_a_file_is_replaced_in_one_step_and_private(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    replace(str(path), "one")
    path.chmod(0o644)
    replace(str(path), "two")

    assert path.read_text() == "two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["report.json"]


def test_paths_that_cannot_be_used_are_refused_beforehand(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    check_file("report_file", str(tmp_path / "file"))
    check_file("report_file", str(tmp_path / "new"))
    check_folder("record", str(tmp_path))
    check_folder("record", str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()
    no = tmp_path / "no"
    for check, path, said in (
        (check_file, tmp_path, f"{tmp_path} is a folder; name a file"),
        (check_file, no / "file", f"there is no folder '{no}'"),
        (check_folder, tmp_path / "file", f"{tmp_path / 'file'} is a file; name a folder"),
        (check_folder, no / "folder", f"there is no folder '{no}'"),
    ):
        with pytest.raises(OptionError) as caught:
            check("an_option", str(path))
        assert str(caught.value) == f"an_option: {said}"


def test_a_path_in_a_message_is_cut(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*["d" * 200] * 2)
    folder.mkdir(parents=True)

    with pytest.raises(OptionError) as caught:
        check_file("an_option", str(folder))

    assert str(caught.value) == f"an_option: {str(folder)[:197]}... is a folder; name a file"


@pytest.mark.parametrize("check", [check_file, check_folder, read_known_bad])
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("{}/" + "x" * 300, "File name too long"),
        ("{}/" + "x" * 300 + "/y", "File name too long"),
        ("{}/a\0b", "it has a character that no path can have"),
        ("{}/\ud800/b", "it has a character that no path can have"),
    ],
)
def test_what_is_no_path_is_refused_in_a_sentence(
    tmp_path: Path, check: t.Callable[[str, str], t.Any], path: str, said: str
) -> None:
    with pytest.raises(OptionError, match=f"^an_option: .*: {said}$") as caught:
        check("an_option", path.format(tmp_path))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("check", [check_file, check_folder])
def test_a_folder_that_may_not_be_looked_into_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check: t.Callable[[str, str], t.Any]
) -> None:
    def refuse(*_given: t.Any, **_more: t.Any) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr("os.stat", refuse)
        with pytest.raises(OptionError, match=r"^an_option: .* cannot be used: Permission denied$"):
            check("an_option", str(tmp_path / "a"))


def test_there_is_no_folder_where_there_is_no_path() -> None:
    assert not Records("a\0b").exist
    assert not Records("x" * 300).exist


@pytest.mark.parametrize(
    ("check", "path", "inside"),
    [(check_file, "new", ""), (check_folder, "new", ""), (check_folder, "there", "there")],
)
def test_a_folder_that_may_not_be_written_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    check: t.Callable[[str, str], t.Any],
    path: str,
    inside: str,
) -> None:
    (tmp_path / "there").mkdir()
    folder = tmp_path / inside
    asked: list[t.Any] = []

    # Root may write everywhere.
    def refuse(*given: t.Any) -> bool:
        asked.append(given)
        return False

    monkeypatch.setattr("os.access", refuse)

    with pytest.raises(OptionError) as caught:
        check("an_option", str(tmp_path / path))

    assert str(caught.value) == f"an_option: you may not write in the folder '{folder}'"
    assert asked == [(folder, os.W_OK | os.X_OK)]


def test_what_is_not_whole_yet_is_a_hidden_file_beside_the_one_it_becomes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts: list[Path] = []
    for name in ("replace", "link"):
        moved = getattr(os, name)

        def noted(part: str, path: t.Any, moved: t.Callable[..., None] = moved) -> None:
            parts.append(Path(part))
            moved(part, path)

        monkeypatch.setattr(f"os.{name}", noted)

    replace(str(tmp_path / "a"), "{}")
    create(tmp_path, ["b"], "{}")

    assert [part.parent for part in parts] == [tmp_path] * 2
    for part in parts:
        assert part.name.startswith(".gpu-") and part.name.endswith(".part")


def test_half_a_file_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(OSError, match="No space left"):
        replace(str(tmp_path / "a"), "{}")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_put_in_its_place_is_not_left_behind(tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir()

    with pytest.raises(OSError, match=r"Is a directory|not permitted"):
        replace(str(tmp_path / "report.json"), "{}")

    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]

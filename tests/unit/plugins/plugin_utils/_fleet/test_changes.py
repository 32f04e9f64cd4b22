# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each machine beside its record, and that as a table; and what keeps the record."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.changes import (
    change_rows,
    changes_of,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.handover import Handover
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.records import Records

from .reports import UUID, a_gpu, a_report, changed

AT_HANDOVER = 1_790_100_000.0
RENTED = {"offer_id": "4f9d2c1e", "instance_id": "i-1"}
TIME = "2026-09-22T18:00:00Z"

Report = t.Dict[str, t.Any]


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(str(tmp_path))


@pytest.fixture
def kept(tmp_path: Path) -> str:
    """The path of the record of a sound machine."""
    kept = Handover(None, str(tmp_path)).kept(a_report(), RENTED, AT_HANDOVER, dry=False)
    assert kept["changed"] is True
    return str(kept["record"])


# Beside the record


@pytest.mark.parametrize("report", [None, a_report(checks=[]), {}])
def test_a_machine_that_was_not_looked_at_is_unknown(records: Records, report: Report) -> None:
    assert changes_of("node-1", report, RENTED, records) == {
        "host": "node-1",
        "verdict": "unknown",
        "reason": "It could not be looked at, see above.",
        "record": None,
        "recorded_at": None,
        "findings": [],
    }


def test_a_machine_without_a_record_is_unknown(records: Records) -> None:
    found = changes_of("node-1", a_report(), RENTED, records)

    assert (found["verdict"], found["reason"]) == ("unknown", "There is no record of it.")


def test_the_record_of_another_instance_of_that_name_is_none(records: Records, kept: str) -> None:
    found = changes_of("node-1", a_report(), {**RENTED, "instance_id": "i-2"}, records)

    assert (found["verdict"], found["record"]) == ("unknown", None)


def test_a_record_that_cannot_be_read_is_named(records: Records, kept: str) -> None:
    Path(kept).write_text("nonsense")

    found = changes_of("node-1", a_report(), RENTED, records)

    assert found["verdict"] == "unknown"
    assert found["reason"] == f"{kept} cannot be used: it is not JSON."


def test_a_machine_that_is_as_it_was(records: Records, kept: str) -> None:
    assert changes_of("node-1", a_report(), RENTED, records) == {
        "host": "node-1",
        "verdict": "same",
        "reason": f"Nothing has changed since {TIME}.",
        "record": kept,
        "recorded_at": TIME,
        "findings": [],
    }


def test_what_was_so_at_handover_is_no_change(tmp_path: Path, records: Records) -> None:
    worn = changed(a_report(), 0, rows_remapped=2)
    Handover(None, str(tmp_path)).kept(worn, RENTED, AT_HANDOVER, dry=False)

    found = changes_of("node-1", worn, RENTED, records)

    assert found["verdict"] == "same"
    assert [one["since"] for one in found["findings"]] == ["handover"]


@pytest.mark.parametrize(
    ("after", "result", "count"),
    [
        (changed(a_report(), 0, vbios_version="96.00.30.00.02"), "changed", "1 thing"),
        (a_report(count=7), "worse", "1 thing"),
        (changed(a_report(count=7), 0, vbios_version="96.00.30.00.02"), "worse", "2 things"),
    ],
)
def test_the_worst_of_what_is_new_is_the_reason(
    records: Records, kept: str, after: Report, result: str, count: str
) -> None:
    found = changes_of("node-1", after, RENTED, records)

    worst = found["findings"][0]
    assert worst["worse"] is (result == "worse")
    assert found["verdict"] == result
    assert found["reason"] == f"{count} changed since {TIME}: {worst['text']}"
    assert (found["record"], found["recorded_at"]) == (kept, TIME)


# The table


def test_the_table_has_a_row_for_each_finding_and_one_for_each_machine_without() -> None:
    new = {"since": "new", "text": "a GPU is gone"}
    old = {"since": "handover", "text": "2 rows were remapped"}
    changes = [
        {"host": "a", "verdict": "worse", "recorded_at": TIME, "findings": [new, old]},
        {"host": "b", "verdict": "changed", "recorded_at": TIME, "findings": [new]},
        {"host": "c", "verdict": "same", "recorded_at": TIME, "reason": "no", "findings": []},
        {
            "host": "d",
            "verdict": "unknown",
            "recorded_at": None,
            "reason": "No record.",
            "findings": [],
        },
    ]

    assert change_rows(changes) == [
        ["HOST", "HANDOVER", "RESULT", "SINCE", "WHAT"],
        ["a", TIME, "WORSE", "new", "a GPU is gone"],
        ["a", TIME, "WORSE", "at handover", "2 rows were remapped"],
        ["b", TIME, "changed", "new", "a GPU is gone"],
        ["c", TIME, "same", "-", "nothing has changed"],
        ["d", "-", "UNKNOWN", "-", "No record."],
    ]


# Keeping the record


def test_the_record_of_a_machine_that_is_as_it_was_is_not_written_again(
    tmp_path: Path, kept: str
) -> None:
    again = Handover(None, str(tmp_path)).kept(a_report(), RENTED, AT_HANDOVER + 60, dry=False)

    assert again == {"record": kept, "changed": False}
    assert [str(path) for path in tmp_path.iterdir()] == [kept]


def test_in_check_mode_nothing_is_written(tmp_path: Path) -> None:
    kept = Handover(None, str(tmp_path)).kept(a_report(), RENTED, AT_HANDOVER, dry=True)

    assert kept["changed"] is True
    assert Path(kept["record"]).parent == tmp_path
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("folder", "report"), [("", a_report()), (None, a_report()), (".", a_report(checks=[]))]
)
def test_nothing_is_kept_without_a_folder_or_a_look(folder: str | None, report: Report) -> None:
    kept = Handover("", folder).kept(report, RENTED, AT_HANDOVER, dry=False)

    assert kept == {"record": None, "changed": False}


def test_a_record_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    folder = tmp_path / "records"
    handover = Handover(None, str(folder))
    folder.write_text("in the way")

    kept = handover.kept(a_report(), RENTED, AT_HANDOVER, dry=False)

    assert (kept["record"], kept["changed"]) == (None, False)
    (warning,) = kept["warnings"]
    assert warning.startswith("The record of this machine was not kept: [Errno ")


def test_a_long_reason_not_to_write_is_cut(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*["d" * 200] * 3)
    folder.parent.mkdir(parents=True)
    handover = Handover(None, str(folder))
    folder.write_text("in the way")

    (warning,) = handover.kept(a_report(), RENTED, AT_HANDOVER, dry=False)["warnings"]

    assert len(warning) == 400 and warning.endswith("...")


def test_an_option_that_cannot_be_used_is_named_before_any_look(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")

    for known_bad, record, option in (
        (None, str(file), "record"),
        (str(tmp_path / "missing"), None, "known_bad"),
    ):
        with pytest.raises(OptionError) as caught:
            Handover(known_bad, record)
        assert caught.value.option == option
        assert str(caught.value).startswith(f"{option}: ")


# Known bad GPUs


def test_a_known_bad_gpu_fails_the_report(tmp_path: Path) -> None:
    known = tmp_path / "bad.yml"
    known.write_text(f"- {{uuid: {UUID.format(1, 3)}, reason: Xid 79, date: 2026-10-03}}\n")
    handover = Handover(str(known), None)

    assert handover.judged(a_report())["verdict"] == "fail"
    sound = handover.judged({**a_report(), "gpus": [a_gpu(9, 0)]})
    assert (sound["verdict"], sound["checks"][-1]["verdict"]) == ("pass", "pass")


def test_without_a_list_the_check_is_skipped_and_without_checks_there_is_none() -> None:
    handover = Handover(None, None)
    unseen = a_report(checks=[])

    assert handover.judged(a_report())["checks"][-1]["verdict"] == "skip"
    assert handover.judged(unseen) is unseen

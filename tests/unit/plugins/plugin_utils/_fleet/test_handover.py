# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is kept of a machine at its handover, and how it compares with that later."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet import handover
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.changes import changes_of
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.handover import Handover
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.record import make_record
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.records import Records

from .reports import a_report, changed

NOW = 1_790_100_000.0
RENTED = {"offer_id": "4f9d2c1e", "instance_id": "i-1"}
REPORT = a_report(count=1)


def test_a_machine_that_could_not_be_looked_at_is_unknown(tmp_path: Path) -> None:
    for report in (None, {**REPORT, "checks": []}):
        found = changes_of("node-1", report, RENTED, Records(str(tmp_path)))
        assert (found["verdict"], found["record"]) == ("unknown", None)
        assert found["reason"] == "It could not be looked at, see above."


def test_a_machine_without_a_record_is_unknown(tmp_path: Path) -> None:
    found = changes_of("node-1", REPORT, RENTED, Records(str(tmp_path)))

    assert (found["verdict"], found["reason"]) == ("unknown", "There is no record of it.")


def test_a_machine_whose_record_is_damaged_is_unknown(tmp_path: Path) -> None:
    records = Records(str(tmp_path))
    path, _new = records.keep(make_record(REPORT, RENTED, NOW))
    Path(path).write_text("{}")

    found = changes_of("node-1", REPORT, RENTED, records)

    assert found["verdict"] == "unknown"
    assert Path(path).name in found["reason"] and "cannot be used" in found["reason"]


@pytest.mark.parametrize(
    ("values", "result", "begin"),
    [
        ({}, "same", "Nothing has changed since 2026-"),
        ({"vbios_version": "97"}, "changed", "1 thing changed since 2026-"),
        ({"rows_remapped": 1, "vbios_version": "97"}, "worse", "2 things changed since 2026-"),
    ],
)
def test_what_has_changed_is_as_bad_as_its_worst(
    tmp_path: Path, values: dict[str, t.Any], result: str, begin: str
) -> None:
    records = Records(str(tmp_path))
    path, _new = records.keep(make_record(REPORT, RENTED, NOW))

    found = changes_of("node-1", changed(REPORT, 0, **values), RENTED, records)

    assert (found["verdict"], found["record"]) == (result, path)
    assert found["reason"].startswith(begin)


def test_a_record_that_cannot_be_written_leaves_the_verdict_and_warns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: t.Any) -> None:
        raise OSError(28, "No space left\x1b[2J on device")

    monkeypatch.setattr(handover.Records, "keep", refuse)

    kept = Handover(None, str(tmp_path)).kept(REPORT, RENTED, NOW, dry=False)

    assert (kept["record"], kept["changed"]) == (None, False)
    (warning,) = kept["warnings"]
    assert warning.startswith("The record of this machine was not kept: ")
    assert "No space left" in warning and warning.isprintable()


def test_without_a_folder_or_a_report_nothing_is_kept(tmp_path: Path) -> None:
    nothing = {"record": None, "changed": False}

    assert Handover(None, "").kept(REPORT, RENTED, NOW, dry=False) == nothing
    without = {**REPORT, "checks": []}
    assert Handover(None, str(tmp_path)).kept(without, RENTED, NOW, dry=False) == nothing
    assert Handover(None, "").judged(without) is without
    assert list(tmp_path.iterdir()) == []

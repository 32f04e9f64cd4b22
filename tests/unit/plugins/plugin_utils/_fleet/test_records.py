# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records: their form, their files, and that they can be read for years."""

from __future__ import annotations

import itertools
import json
import re
import typing as t
from pathlib import Path

import jsonschema_rs
import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet import records
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.files import create
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.record import (
    _READERS,
    GPU_NUMBERS,
    GPU_SWITCHES,
    GPU_TEXTS,
    BadRecord,
    as_text,
    digest_of,
    make_record,
    read_record,
    state_of,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.records import Records

from .reports import a_report, an_xid, changed

FILES = Path(__file__).resolve().parents[5] / "roles" / "gpu_verify" / "files"
SCHEMA = json.loads((FILES / "record-1.schema.json").read_text())
# Written by the first version of the collection that had records, and never to be changed.
OLD = Path(__file__).parent / "record-1.json"

NOW = 1_790_100_000.0
RENTED = {"offer_id": "4f9d2c1e", "instance_id": "i-1"}


def a_record(now: float = NOW, **values: t.Any) -> dict[str, t.Any]:
    return make_record(a_report(xids=[an_xid(79, "reset_gpu")], **values), RENTED, now)


@pytest.mark.parametrize(
    "record",
    [
        a_record(),
        make_record(a_report(xids=None, booted_at=None), {}, NOW),
        make_record(changed(a_report(), 0, uuid=None, serial=None, spare_rows=None), {}, NOW),
        make_record(a_report(count=0, verdict="no_gpu", reasons=["There is none."]), {}, NOW),
        # What gpu_facts does not report yet.
        make_record({"host": "a", "verdict": "pass", "gpus": [{"index": 0}], "checks": []}, {}, 0),
    ],
)
def test_a_record_fits_its_schema_and_is_read_as_it_was_written(record: dict[str, t.Any]) -> None:
    jsonschema_rs.validate(SCHEMA, record)
    assert read_record(as_text(record)) == record


def test_the_schema_names_what_is_recorded_and_nothing_else() -> None:
    record = a_record()

    assert sorted(SCHEMA["required"]) == sorted(SCHEMA["properties"]) == sorted(record)
    gpu = SCHEMA["properties"]["gpus"]["items"]
    assert sorted(gpu["required"]) == sorted(gpu["properties"]) == sorted(record["gpus"][0])
    xid = SCHEMA["properties"]["xids"]["items"]
    assert sorted(xid["required"]) == sorted(xid["properties"]) == sorted(record["xids"][0])


def test_an_old_record_is_still_read() -> None:
    text = OLD.read_text(encoding="utf-8")

    record = read_record(text)

    jsonschema_rs.validate(SCHEMA, json.loads(text))
    assert (record["version"], record["host"], len(record["gpus"])) == (1, "node-1", 8)
    assert record["time"] == "2026-09-22T18:00:00Z"
    # And would be written so today.
    assert as_text(dict(reversed(list(record.items())))) == text


UNKNOWN_GPU = dict.fromkeys((*GPU_TEXTS, *GPU_NUMBERS, *GPU_SWITCHES))


def test_what_is_recorded_of_a_machine() -> None:
    spare = {"max": 640, "none": 1.5}
    report = {
        "host": "node-1",
        "verdict": "fail",
        "reasons": ["It is hot."],
        "action": "watch",
        "booted_at": "2026-11-18T11:06:40Z",
        "gpus": [
            {"uuid": "GPU-1", "serial": "7", "index": 1, "rows_failure": True, "spare_rows": spare},
            {"name": "L4", "temperature_c": 30},
        ],
        "xids": [an_xid(79, "reset_gpu", count=3), {"code": 20034, "switch": True}],
    }

    record = make_record(report, RENTED, NOW)

    assert record == {
        "form": "compute_desk.supply/gpu-record",
        "version": 1,
        "time": "2026-09-22T18:00:00Z",
        "host": "node-1",
        "offer_id": "4f9d2c1e",
        "instance_id": "i-1",
        "verdict": "fail",
        "reasons": ["It is hot."],
        "action": "watch",
        "booted_at": "2026-11-18T11:06:40Z",
        "gpus": [
            {**UNKNOWN_GPU, "name": "L4", "spare_rows": None},
            {
                **UNKNOWN_GPU,
                "uuid": "GPU-1",
                "serial": "7",
                "index": 1,
                "rows_failure": True,
                "spare_rows": {"max": 640, "none": None},
            },
        ],
        "xids": [
            an_xid(79, "reset_gpu", count=3),
            {
                **dict.fromkeys(("count", "pci_bus_id", "kind", "action", "text")),
                "code": 20034,
                "switch": True,
            },
        ],
        "digest": digest_of(record),
    }


def test_what_is_recorded_is_cut() -> None:
    gpu = {"uuid": "u" * 97, "spare_rows": {"k" * 41: 1}}
    xid = {"text": "t" * 301}
    report = {"verdict": "v" * 21, "reasons": ["r" * 401], "action": "a" * 41}

    record = make_record({**report, "gpus": [gpu], "xids": [xid]}, {}, NOW)

    assert (record["verdict"], record["action"]) == ("v" * 17 + "...", "a" * 37 + "...")
    assert record["reasons"] == ["r" * 397 + "..."]
    assert record["gpus"][0]["uuid"] == "u" * 93 + "..."
    assert record["gpus"][0]["spare_rows"] == {"k" * 37 + "...": 1}
    assert record["xids"][0]["text"] == "t" * 297 + "..."


def test_the_state_of_a_record_is_what_stays_as_long_as_nothing_happens() -> None:
    gpu = {"uuid": "GPU-1", "rows_remapped": 2, "index": 0, "pcie_replays": 7, "nvlink_errors": 7}
    record = {**a_record(verdict="fail", action="watch"), "gpus": [gpu], "xids": [{"code": 79}]}

    assert state_of(record) == {
        "host": "node-1",
        "offer_id": "4f9d2c1e",
        "instance_id": "i-1",
        "verdict": "fail",
        "action": "watch",
        "gpus": [{"uuid": "GPU-1", "rows_remapped": 2}],
        "xids": [{"code": 79}],
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda record: record["gpus"].pop(),
            "^it has been changed since it was written: its digest is another$",
        ),
        (lambda record: record.update(version=2), "its version is 2, and this collection reads 1"),
        (lambda record: record.update(version=[{}]), "its version is"),
        (lambda record: record.update(form="x"), "it is not a record of GPUs"),
    ],
)
def test_what_is_no_longer_the_record_is_refused(change: t.Any, said: str) -> None:
    record = a_record()
    change(record)

    with pytest.raises(BadRecord, match=said):
        read_record(as_text(record))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"gpus": {}}, "gpus is an object"),
        ({"gpus": [1]}, "entry of gpus"),
        ({"xids": [1]}, "entry of xids"),
        ({"time": 1}, "time"),
    ],
)
def test_a_digest_does_not_make_a_record(values: dict[str, t.Any], said: str) -> None:
    record = {**a_record(), **values}

    with pytest.raises(BadRecord, match=said):
        read_record(as_text({**record, "digest": digest_of(record)}))


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "[" * 100_000])
def test_what_is_no_record_at_all_is_refused(text: str) -> None:
    with pytest.raises(BadRecord):
        read_record(text)


def test_what_a_machine_says_is_printable_and_bounded() -> None:
    evil = changed(a_report(), 0, name="\x1b[2J\u202e" + "n" * 5000, uuid="\ud800{{ 7 }}")

    record = make_record(evil, {}, NOW)

    text = as_text(record)
    assert text.isascii()
    assert len(text) < 20_000
    jsonschema_rs.validate(SCHEMA, record)


def test_a_record_never_overwrites_another(tmp_path: Path) -> None:
    folder = tmp_path / "records"
    kept = [
        Records(str(folder)).keep(a_record(reasons=[f"reason {number}"], verdict=verdict))
        for number, verdict in enumerate(("fail", "pass", "inconclusive"))
    ]

    files = sorted(folder.iterdir())
    assert [new for _path, new in kept] == [True] * 3
    assert sorted(path for path, _new in kept) == [str(file) for file in files]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert files[-1].name.startswith("20260922T180000Z_node-1_")
    contents = [json.loads(Path(path).read_text())["reasons"] for path, _new in kept]
    assert contents == [["reason 0"], ["reason 1"], ["reason 2"]]


def test_a_name_that_another_process_has_taken_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("theirs")
    (tmp_path / "b").symlink_to(tmp_path / "elsewhere")

    assert create(tmp_path, ["a", "b", "c"], "ours") == tmp_path / "c"
    assert (tmp_path / "a").read_text() == "theirs"
    assert not (tmp_path / "elsewhere").exists()
    with pytest.raises(FileExistsError, match=r"^a and 1 more names are taken$"):
        create(tmp_path, ["a", "b"], "ours")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a", "b", "c"]


@pytest.mark.parametrize("when", [None, "soon", float("nan"), 1e30, [], {}])
def test_what_is_no_time_is_recorded_as_unknown(when: t.Any) -> None:
    assert make_record(a_report(booted_at=when), {}, NOW)["booted_at"] is None


@pytest.mark.parametrize(
    "values", [{"pcie_replays": 7}, {"nvlink_errors": 7}, {"ecc_corrected_aggregate": 7}]
)
def test_a_counter_that_ticks_makes_no_new_record(tmp_path: Path, values: dict[str, t.Any]) -> None:
    records = Records(str(tmp_path))
    first, _new = records.keep(a_record())

    gpus = changed(a_report(), 3, **values)["gpus"]
    ticked = a_record(NOW + 60, gpus=gpus, reasons=["GPU 3 has 7 of them."])
    assert records.keep(ticked) == (first, False)


@pytest.mark.parametrize(
    "values",
    [
        {"verdict": "fail"},
        {"action": "watch"},
        {"gpus": changed(a_report(), 3, rows_remapped=1)["gpus"]},
        {"gpus": changed(a_report(), 3, ecc_uncorrected_aggregate=1)["gpus"]},
    ],
)
def test_what_matters_makes_a_new_record(tmp_path: Path, values: dict[str, t.Any]) -> None:
    records = Records(str(tmp_path))
    records.keep(a_record())

    assert records.keep(a_record(NOW + 60, **values))[1]
    assert records.keep(make_record(a_report(xids=[an_xid(48, "reset_gpu")]), RENTED, NOW + 120))[1]


def test_where_there_are_no_hard_links_nothing_is_overwritten_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: t.Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    (tmp_path / "a").write_text("theirs")
    (tmp_path / "b").symlink_to(tmp_path / "elsewhere")

    path = create(tmp_path, ["a", "b", "c"], "ours")

    assert (path, path.read_text()) == (tmp_path / "c", "ours")
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "a").read_text() == "theirs"
    assert not (tmp_path / "elsewhere").exists()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a", "b", "c"]


def test_half_a_record_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: t.Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    synced: list[int] = []

    def full(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.link", refuse)
    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(OSError, match="No space left"):
        create(tmp_path, ["a"], "ours")
    assert list(tmp_path.iterdir()) == []


def test_what_has_not_changed_is_not_recorded_again(tmp_path: Path) -> None:
    records = Records(str(tmp_path))
    first, _new = records.keep(a_record())

    shuffled = a_record(NOW + 60, gpus=list(reversed(a_report()["gpus"])), booted_at=NOW - 5)
    assert records.keep(shuffled) == (first, False)
    second, new = records.keep(a_record(NOW + 60, verdict="fail"))
    assert new
    assert second != first
    # It was so before, but not last.
    assert records.keep(a_record(NOW + 120))[1]


def test_in_check_mode_nothing_is_written(tmp_path: Path) -> None:
    path, new = Records(str(tmp_path / "records")).keep(a_record(), dry=True)

    assert new
    assert Path(path).parent == tmp_path / "records"
    assert list(tmp_path.iterdir()) == []
    assert (path, new) == Records(str(tmp_path / "records")).keep(a_record())


def test_a_file_has_what_is_harmless_of_the_name_of_the_host(tmp_path: Path) -> None:
    records = Records(str(tmp_path))

    path, _new = records.keep(a_record(host="A/b c" + "d" * 50))

    assert re.fullmatch(f"20260922T180000Z_A-b-c{'d' * 35}_[0-9a-f]{{12}}[.]json", Path(path).name)
    assert records.first_of("not \ud800 text", None) is None


NAMES = [
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    "-rf",
    "a/b",
    "a\nb",
    "a\x00b",
    "é",
    "x" * 300,
    "A",
    "a",
    "{{ 7*7 }}",
    "",
    "a_b",
]


@pytest.mark.parametrize("name", NAMES)
def test_no_name_of_a_host_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "records"
    records = Records(str(folder))

    path, new = records.keep(a_record(host=name))

    assert new
    assert Path(path).parent == folder
    assert [file.parent for file in tmp_path.rglob("*.json")] == [folder]
    assert Path(path).name.isascii()
    assert len(Path(path).name) < 100


def test_two_names_that_look_alike_do_not_share_records(tmp_path: Path) -> None:
    records = Records(str(tmp_path))
    for one, other in itertools.permutations(("a/b", "a-b", "a b"), 2):
        records.keep(a_record(host=one))
        assert records.first_of(one, None) is not None
        assert records.first_of(other + "x", None) is None


def test_the_first_record_of_this_machine_is_that_of_its_handover(tmp_path: Path) -> None:
    records = Records(str(tmp_path))
    assert records.first_of("node-1", "i-1") is None
    before = make_record(a_report(), {"instance_id": "i-0"}, NOW - 1000)
    records.keep(before)
    records.keep(a_record(NOW))
    records.keep(a_record(NOW + 60, verdict="fail"))
    (tmp_path / "notes.json").write_text("mine")

    found = records.first_of("node-1", "i-1")

    assert found
    assert found[1]["time"] == a_record(NOW)["time"]
    # Whose instance is not known is what was called so first.
    found = records.first_of("node-1", None)
    assert found
    assert found[1]["instance_id"] == "i-0"


def test_of_two_records_of_one_second_the_first_is_that_of_its_handover(tmp_path: Path) -> None:
    records = Records(str(tmp_path))
    first, _new = records.keep(a_record(verdict="fail"))
    records.keep(a_record())

    found = records.first_of("node-1", "i-1")

    assert found
    assert (str(found[0]), found[1]["verdict"]) == (first, "fail")


def test_a_record_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    records = Records(str(tmp_path))
    path, _new = records.keep(a_record())
    Path(path).write_text("{}")

    with pytest.raises(BadRecord, match=r"_node-1_[0-9a-f]{12}.json cannot be used: it is not a r"):
        records.first_of("node-1", None)
    # A new one can be made nevertheless.
    assert records.keep(a_record(NOW + 1))[1]


def test_a_record_without_one_of_its_keys_is_refused() -> None:
    record = a_record()
    del record["instance_id"], record["digest"]

    with pytest.raises(BadRecord, match="it has no instance_id"):
        read_record(as_text({**record, "digest": digest_of(record)}))


def test_a_switch_is_no_number() -> None:
    report = changed(a_report(count=1), 0, rows_remapped=True, rows_pending=1)

    (gpu,) = make_record(report, RENTED, NOW)["gpus"]

    assert gpu["rows_remapped"] is None
    assert gpu["rows_pending"] is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b" " * (records._MOST_BYTES + 1), "it is too large"),
        (b"\xff", "it is not JSON"),
        (None, "it cannot be read: Is a directory"),
    ],
)
def test_a_file_that_cannot_be_a_record_is_named_with_its_reason(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    records = Records(str(tmp_path))
    path = Path(records.keep(a_record())[0])
    path.unlink()
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)

    with pytest.raises(BadRecord, match=f"{path.name} cannot be used: {said}"):
        records.first_of("node-1", None)


def test_a_record_may_be_as_large_as_the_limit(tmp_path: Path) -> None:
    kept = Records(str(tmp_path))
    path = Path(kept.keep(a_record())[0])
    path.write_bytes(path.read_bytes().ljust(records._MOST_BYTES))

    assert kept.first_of("node-1", None) == (path, a_record())


def test_a_record_of_a_later_version_says_what_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_READERS, "2", _READERS["1"])

    with pytest.raises(BadRecord) as caught:
        read_record(as_text({**a_record(), "version": "3" * 21}))

    assert str(caught.value) == (
        f"its version is {'3' * 17}..., and this collection reads 1, 2. Update the collection"
    )


def test_what_is_no_record_is_named_by_its_kind() -> None:
    with pytest.raises(BadRecord, match=r"^it is an array, not a record$"):
        read_record("[]")

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of each change since a record, word for word."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.compare import compare
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.compare_gpus import (
    compare_gpu,
    describe,
)

HERE, THERE = "0000:10:00.0", "0000:20:00.0"
OURS = {"name": "L4", "uuid": "GPU-a", "serial": "1"}
THEIRS = {"name": "L4", "uuid": "GPU-b"}
NAMELESS = {"name": "L4"}

Gpus = t.List[t.Dict[str, t.Any]]


def a_finding(kind: str, text: str, **values: t.Any) -> dict[str, t.Any]:
    """Return a finding that is new and worse, and of no GPU with a UUID."""
    basis = {"since": "new", "uuid": None, "handover": None, "now": None, "worse": True}
    return {**basis, "kind": kind, "text": text, **values}


def at(address: str, gpu: dict[str, t.Any]) -> dict[str, t.Any]:
    return {**gpu, "pci_bus_id": address}


@pytest.mark.parametrize(
    ("gpu", "said"),
    [
        ({}, "GPU without a UUID"),
        ({"uuid": "GPU-a"}, "GPU GPU-a"),
        (OURS, "L4 GPU-a, serial 1"),
        (
            {"name": "n" * 61, "uuid": "u" * 97, "serial": "s" * 97},
            f"{'n' * 57}... {'u' * 93}..., serial {'s' * 93}...",
        ),
    ],
)
def test_a_gpu_is_described_by_what_moves_with_it(gpu: dict[str, t.Any], said: str) -> None:
    assert describe(gpu) == said


@pytest.mark.parametrize(
    ("gpu", "said"),
    [
        ({}, "a GPU without a UUID"),
        ({"serial": "1"}, "1"),
        ({"serial": "s" * 97}, "s" * 93 + "..."),
        ({"uuid": "u" * 97, "serial": "1"}, "u" * 93 + "..."),
    ],
)
def test_a_change_begins_with_the_gpu(gpu: dict[str, t.Any], said: str) -> None:
    then, now = {**gpu, "vbios_version": "96"}, {**gpu, "vbios_version": "97"}

    (one,) = compare_gpu(then, now)

    assert one.text == f"{said}: VBIOS 97, 96 at handover"


GONE = a_finding(
    "gpu_gone", "L4 GPU-a, serial 1 is no longer listed", uuid="GPU-a", handover="GPU-a"
)
COME = a_finding("gpu_new", "L4 GPU-b was not there", uuid="GPU-b", now="GPU-b", worse=False)


@pytest.mark.parametrize(
    ("then", "now", "found"),
    [
        ([OURS], [], [GONE]),
        ([], [THEIRS], [COME]),
        ([OURS], [THEIRS], [GONE, COME]),
        ([OURS, at(HERE, NAMELESS)], [at(HERE, NAMELESS)], [GONE]),
        ([at(HERE, OURS)], [at(THERE, THEIRS)], [GONE, COME]),
        (
            [{"serial": "1"}],
            [],
            [
                a_finding(
                    "gpu_gone", "GPU without a UUID, serial 1 is no longer listed", handover="1"
                )
            ],
        ),
        (
            [NAMELESS],
            [],
            [
                a_finding(
                    "gpu_gone",
                    "L4 without a UUID is no longer listed",
                    handover="without a UUID",
                )
            ],
        ),
        (
            [OURS, at(HERE, NAMELESS)],
            [at(HERE, THEIRS)],
            [
                GONE,
                a_finding(
                    "gpu_replaced",
                    "L4 without a UUID was replaced by L4 GPU-b",
                    handover="without a UUID",
                    now="GPU-b",
                ),
            ],
        ),
        (
            [at(HERE, OURS)],
            [at(HERE, NAMELESS)],
            [
                a_finding(
                    "gpu_replaced",
                    "L4 GPU-a, serial 1 was replaced by L4 without a UUID",
                    uuid="GPU-a",
                    handover="GPU-a",
                    now="without a UUID",
                )
            ],
        ),
    ],
)
def test_what_is_gone_and_what_has_come(then: Gpus, now: Gpus, found: t.Any) -> None:
    assert compare({"gpus": then}, {"gpus": now}) == found


@pytest.mark.parametrize("key", ["uuid", "serial"])
def test_one_of_two_names_is_enough_to_tell_gpus_of_one_address_apart(key: str) -> None:
    then, now = {key: "one", "pci_bus_id": HERE}, {key: "two", "pci_bus_id": HERE}

    (one,) = compare({"gpus": [then]}, {"gpus": [now]})

    assert (one["kind"], one["handover"], one["now"]) == ("gpu_replaced", "one", "two")


def test_a_gpu_without_a_uuid_hides_none_that_has_one() -> None:
    gpus = [{"serial": "1"}, {"uuid": "GPU-a"}]

    assert compare({"gpus": gpus}, {"gpus": gpus}) == []


# Xids

FIRST, SECOND = "2026-09-22T10:00:00Z", "2026-09-22T12:00:00Z"
THEN = {"time": "2026-09-22T11:00:00Z", "booted_at": FIRST, "gpus": [at(HERE, OURS)]}
LOST = {"code": 79, "pci_bus_id": HERE, "action": "reset_gpu", "text": "it fell", "count": 2}
SAID = "Xid 79 of GPU-a (it fell)"


@pytest.mark.parametrize(
    ("before", "after", "booted_at", "found"),
    [
        (
            [],
            None,
            FIRST,
            a_finding(
                "kernel_log",
                "the kernel log, which could be read at handover, cannot be read now",
                handover="read",
                now="not read",
                worse=False,
            ),
        ),
        (
            [],
            [LOST],
            FIRST,
            a_finding("xid", f"{SAID}: 2 in the kernel log, 0 at handover", handover=0, now=2),
        ),
        (
            [LOST],
            [LOST, {**LOST, "count": 3}],
            FIRST,
            a_finding("xid", f"{SAID}: 5 in the kernel log, 2 at handover", handover=2, now=5),
        ),
        (
            [LOST],
            [LOST],
            SECOND,
            a_finding(
                "xid", f"{SAID}: 2 in the kernel log since the start of {SECOND}", handover=0, now=2
            ),
        ),
        (
            None,
            [LOST],
            FIRST,
            a_finding(
                "xid",
                f"{SAID}: 2 in the kernel log, which could not be read at handover",
                handover=0,
                now=2,
                worse=False,
            ),
        ),
        ([LOST], [LOST], None, a_finding("xid", SAID, since="handover", handover=2, now=2)),
    ],
)
def test_what_is_said_of_an_error(
    before: t.Any, after: t.Any, booted_at: t.Any, found: t.Any
) -> None:
    (one,) = compare({**THEN, "xids": before}, {**THEN, "booted_at": booted_at, "xids": after})

    worse = found["worse"] and found["since"] == "new"
    assert one == {**found, "worse": worse}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"pci_bus_id": THERE}, f"Xid 79 of {THERE} (it fell)"),
        ({"pci_bus_id": None, "text": None}, "Xid 79"),
        ({"switch": True, "code": 20034, "pci_bus_id": None}, "SXid 20034 (it fell)"),
        ({"text": "x" * 121}, f"Xid 79 of GPU-a ({'x' * 117}...)"),
    ],
)
def test_an_error_is_named_by_its_number_and_its_device(
    values: dict[str, t.Any], said: str
) -> None:
    (one,) = compare({**THEN, "xids": []}, {**THEN, "xids": [{**LOST, **values}]})

    assert one["text"] == f"{said}: 2 in the kernel log, 0 at handover"


def test_errors_are_counted_by_number_kind_and_device() -> None:
    once = {key: value for key, value in LOST.items() if key != "count"}
    xids = [
        once,
        {**once, "code": 48},
        {**once, "switch": True},
        {**once, "pci_bus_id": THERE},
        LOST,
    ]

    found = compare({**THEN, "xids": []}, {**THEN, "xids": xids})

    assert [one["text"].replace(" in the kernel log, 0 at handover", "") for one in found] == [
        f"{SAID}: 3",
        "Xid 48 of GPU-a (it fell): 1",
        "SXid 79 of GPU-a (it fell): 1",
        f"Xid 79 of {THERE} (it fell): 1",
    ]


@pytest.mark.parametrize(
    ("booted_then", "booted_now", "since"),
    [
        ("2026-09-22T10:00:00Z", "2026-09-22T10:05:00Z", "handover"),
        ("2026-09-22T10:00:00Z", "2026-09-22T10:05:01Z", "new"),
        (None, THEN["time"], "handover"),
        (None, "2026-09-22T11:00:01Z", "new"),
    ],
)
def test_which_start_is_another(booted_then: str | None, booted_now: str, since: str) -> None:
    then, now = ({**THEN, "booted_at": when, "xids": [LOST]} for when in (booted_then, booted_now))

    assert [one["since"] for one in compare(then, now)] == [since]


def test_a_finding_names_the_gpu_by_its_uuid() -> None:
    then = {"uuid": "u" * 97, "rows_remapped": 1, "rows_remapped_corrected": 0}
    now = {**then, "rows_remapped_corrected": 1}
    name = "u" * 93 + "..."

    assert [(one.since, one.uuid, one.text) for one in compare_gpu(then, now)] == [
        ("handover", name, f"{name}: 1 rows remapped after uncorrected errors"),
        ("new", name, f"{name}: 1 rows remapped after corrected errors, 0 at handover"),
    ]

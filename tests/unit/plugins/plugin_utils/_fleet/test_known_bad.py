# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of GPUs that are known to be bad."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet import known_bad
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.known_bad import (
    Entry,
    judge_known_bad,
    read_known_bad,
    with_known_bad,
)

from .reports import UUID, a_report, changed

BAD = UUID.format(1, 3)
ENTRY = {"uuid": BAD, "reason": "Xid 79 twice under load", "date": "2026-10-03"}
YAML = f"""\
# Ours.
- uuid: {BAD}
  reason: Xid 79 twice under load
  date: 2026-10-03
"""


def written(folder: Path, text: str | bytes) -> str:
    path = folder / "bad.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.mark.parametrize(
    "text",
    [
        YAML,
        json.dumps([ENTRY]),
        json.dumps([ENTRY], indent="\t"),
        "\ufeff" + YAML,
        YAML.upper()
        .replace("UUID:", "uuid:")
        .replace("REASON:", "reason:")
        .replace("DATE:", "date:"),
    ],
)
def test_yaml_and_json_are_read(tmp_path: Path, text: str) -> None:
    known = read_known_bad("known_bad", written(tmp_path, text))

    assert list(known) == [BAD.lower()]
    check = judge_known_bad(a_report(1), known)
    assert (check["verdict"], check["action"]) == ("fail", "return_machine")
    assert f"GPU 3 ({BAD}) is known to be bad since 2026-10-03: " in check["detail"]
    assert check["detail"].endswith("Return the machine, and ask for another one.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: it is empty; write [] if no GPU"),
        ("{}", "line 1: it must be a list of entries with uuid, reason and date, not an object"),
        ("- uuid: [\n- reason", "line 2: it is neither YAML nor JSON"),
        (b"- uuid: a\n  reason: \xff\n", "line 2: it is not UTF-8"),
        (YAML + "- GPU-1234\n", "entry 2: it must have uuid, reason and date, and is a string"),
        (
            YAML.replace("reason", "reasons"),
            "entry 1: there is no key 'reasons', only uuid, reason, date",
        ),
        (YAML.replace(BAD, "7"), "entry 1: uuid must be one such as GPU-"),
        (YAML.replace("Xid 79 twice under load", ""), "entry 1: reason must be a text"),
        (YAML.replace("2026-10-03", "soon"), "entry 1: date must be one such as 2026-10-03"),
        (YAML.replace("2026-10-03", "2026-10-03xyz"), "entry 1: date must be one such as"),
        (YAML.replace("2026-10-03", "'2026-10-031'"), "entry 1: date must be one such as"),
        (YAML.replace("2026-10-03", "2026-13-03"), "line 1: it cannot be parsed"),
        (YAML.replace("2026-10-03", "'2026-13-03'"), "entry 1: date must be one such as"),
        ("!!python/object/apply:os.system [true]", "line 1: it is neither YAML nor JSON"),
        ("[" * 5000, "line 1: it"),
        ("\x1b[2J: {", "line 1: it is neither YAML nor JSON"),
    ],
)
def test_a_malformed_file_is_refused_with_the_option_and_the_place(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    path = written(tmp_path, text)

    with pytest.raises(OptionError) as caught:
        read_known_bad("gpu_verify_known_bad", path)

    message = str(caught.value)
    assert message.startswith(f"gpu_verify_known_bad: {path}, {said}")
    assert message.isprintable()


@pytest.mark.parametrize(
    "date",
    ["2026-10-03", "2026-10-03T10:00:00Z", "2026-10-03 10:00:00", "'2026-10-03T1'", "'2026-10-03'"],
)
def test_a_date_may_have_a_time_behind_it(tmp_path: Path, date: str) -> None:
    known = read_known_bad("known_bad", written(tmp_path, YAML.replace("2026-10-03", date)))

    assert known[BAD.lower()].date == "2026-10-03"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"known_bad: .*none.yml cannot be read: No such file"):
        read_known_bad("known_bad", str(tmp_path / "none.yml"))


def test_a_list_is_looked_through_only_if_there_is_one(tmp_path: Path) -> None:
    empty = read_known_bad("known_bad", written(tmp_path, "[]"))
    other = read_known_bad("known_bad", written(tmp_path, YAML))

    assert judge_known_bad(a_report(1), None)["verdict"] == "skip"
    assert judge_known_bad(a_report(1), empty)["verdict"] == "pass"
    assert judge_known_bad(a_report(2), other)["verdict"] == "pass"
    nothing = a_report(2, count=0, verdict="no_gpu")
    assert judge_known_bad(nothing, other)["verdict"] == "skip"


NAMELESS = changed(a_report(2), 5, uuid=None)


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (NAMELESS, "1 of 8 GPUs has no UUID"),
        (changed(NAMELESS, 6, uuid=None), "2 of 8 GPUs have no UUID"),
        (a_report(2, count=0), "no GPU is listed"),
    ],
)
def test_a_gpu_without_a_uuid_is_neither_known_nor_unknown(
    tmp_path: Path, report: dict[str, t.Any], said: str
) -> None:
    known = read_known_bad("known_bad", written(tmp_path, YAML))

    def judged(**values: t.Any) -> dict[str, t.Any]:
        given = {**report, **values}
        return with_known_bad(given, judge_known_bad(given, known))

    good = judged()
    assert (good["verdict"], good["action"]) == ("inconclusive", None)
    (reason,) = good["reasons"]
    assert reason == (
        f"The check known_bad could not be made: {said}. Fix the tool of the GPUs' maker, or look "
        "by hand whether the file has them."
    )
    assert good["checks"][-1]["verdict"] == "inconclusive"
    unclear = judged(verdict="inconclusive", reasons=["No log."])
    assert (unclear["verdict"], unclear["reasons"]) == ("inconclusive", ["No log.", reason])
    bad = judged(verdict="fail", reasons=["It is hot."], action="watch")
    assert (bad["verdict"], bad["reasons"], bad["action"]) == ("fail", ["It is hot."], "watch")
    assert bad["checks"][-1]["verdict"] == "skip"
    # Without a list, nobody has asked.
    assert with_known_bad(report, judge_known_bad(report, None))["verdict"] == "pass"


def test_one_that_is_known_decides_whatever_the_others_are(tmp_path: Path) -> None:
    known = read_known_bad("known_bad", written(tmp_path, YAML))
    report = changed(a_report(1), 5, uuid=None)

    assert with_known_bad(report, judge_known_bad(report, known))["verdict"] == "fail"


@pytest.mark.parametrize(
    ("verdict", "reasons", "count"),
    [("pass", [], 1), ("fail", ["It is hot."], 2), ("inconclusive", ["No log."], 1)],
)
def test_a_known_bad_gpu_decides_the_verdict(
    tmp_path: Path, verdict: str, reasons: list[str], count: int
) -> None:
    known = read_known_bad("known_bad", written(tmp_path, YAML))
    report: dict[str, t.Any] = a_report(1, verdict=verdict, reasons=reasons, action="watch")

    judged = with_known_bad(report, judge_known_bad(report, known))

    assert (judged["verdict"], judged["action"]) == ("fail", "return_machine")
    assert len(judged["reasons"]) == count
    assert "since 2026-10-03" in judged["reasons"][0]
    assert judged["checks"][-1]["name"] == "known_bad"
    sound = judge_known_bad(report, {})
    assert with_known_bad(report, sound) == {**report, "checks": [*report["checks"], sound]}


def test_a_file_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_bad, "_MOST_BYTES", 1 << 20)
    assert read_known_bad("known_bad", written(tmp_path, YAML.ljust(1 << 20, "#")))
    path = written(tmp_path, YAML.ljust((1 << 20) + 1, "#"))

    with pytest.raises(OptionError) as caught:
        read_known_bad("known_bad", path)
    assert str(caught.value) == f"known_bad: {path} cannot be read: it has more than 1 MiB"


@pytest.mark.parametrize(
    ("exc", "said"),
    [
        (yaml.YAMLError("x"), "it is neither YAML nor JSON: it cannot be parsed"),
        (
            yaml.MarkedYAMLError(problem="p" * 81),
            f"it is neither YAML nor JSON: {'p' * 77}...",
        ),
        (ValueError("v" * 81), f"it cannot be parsed: {'v' * 77}..."),
    ],
)
def test_what_the_parser_says_is_passed_on_and_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exc: Exception, said: str
) -> None:
    def refuse(_text: str) -> None:
        raise exc

    monkeypatch.setattr(known_bad, "_Loader", refuse)
    path = written(tmp_path, YAML)

    with pytest.raises(OptionError) as caught:
        read_known_bad("known_bad", path)
    assert str(caught.value) == f"known_bad: {path}, line 1: {said}"


def test_a_long_reason_is_cut(tmp_path: Path) -> None:
    text = YAML.replace("Xid 79 twice under load", "r" * 401)

    known = read_known_bad("known_bad", written(tmp_path, text))

    assert known == {BAD.lower(): Entry(BAD, "r" * 397 + "...", "2026-10-03")}


ADVICE = "Return the machine, and ask for another one."


def test_what_is_said_of_bad_gpus() -> None:
    report = a_report(1)
    first, second = UUID.format(1, 0), UUID.format(1, 7)
    known = {
        first.lower(): Entry(first, ".5 V too low in box X.", "2026-10-03"),
        second.lower(): Entry(second, "r" * 161, "2026-10-04"),
    }

    assert judge_known_bad(report, known) == {
        "name": "known_bad",
        "verdict": "fail",
        "detail": f"GPU 0 ({first}) is known to be bad since 2026-10-03: .5 V too low in box X; "
        f"GPU 7 ({second}) is known to be bad since 2026-10-04: {'r' * 157}. {ADVICE}",
        "action": "return_machine",
    }


def test_what_is_said_of_many_bad_gpus_is_cut() -> None:
    report = a_report(1)
    known = {
        gpu["uuid"].lower(): Entry(gpu["uuid"], "Xid 79", "2026-10-03") for gpu in report["gpus"]
    }

    detail = judge_known_bad(report, known)["detail"]

    assert len(detail) == 400 and detail.endswith("...")


def test_what_a_machine_calls_its_gpu_is_cut() -> None:
    long = "u" * 97
    report = changed(a_report(1, count=1), 0, uuid=long)

    detail = judge_known_bad(report, {long: Entry(long, "Xid 79", "2026-10-03")})["detail"]

    assert detail == f"GPU 0 ({'u' * 93}...) is known to be bad since 2026-10-03: Xid 79. {ADVICE}"


def test_without_a_list_nothing_is_looked_up() -> None:
    assert judge_known_bad(a_report(1), None) == {
        "name": "known_bad",
        "verdict": "skip",
        "detail": "no list of bad GPUs is given",
        "action": None,
    }

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A timeline with a mistake gives one sentence that leads to it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from simulator.errors import UsageError
from simulator.loading import load_timeline, parse_timeline
from simulator.model import Command, Timeline

GOOD = """\
offers:
  - offer_id: 11111111-1111-4111-8111-111111111111
    instances:
      gpu-a: {instance_id: i-1, instance_name: n-1}
    timeline:
      - {at: 0, status: available}
      - {at: 4, created_at: 2026-11-24T09:00:00Z, instances: {gpu-a: {status: running}}}
    faults:
      - {requests: [1], kind: reset}
tokens:
  - {token: t1, until: 3}
"""


def test_a_good_one() -> None:
    timeline = parse_timeline(GOOD)
    assert timeline.offers[0].timeline[1].created_at == "2026-11-24T09:00:00Z"  # not a date object
    assert timeline.tokens[0].good_for(3) and not timeline.tokens[0].good_for(4)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "status: available",
            "staus: 1",
            "t.yml, line 6: offers[0].timeline[0].staus: unknown key",
        ),
        ("status: available", "staus: 1", "did you mean 'status'?"),
        ("{status: running}", "{sttus: 1}", "line 7: offers[0].timeline[1].instances.gpu-a.sttus:"),
        ("offer_id: 1", "offer_id: x", "line 2: offers[0].offer_id: Input should be a valid UUID"),
        ("at: 4", "at: 0", "the entries of `timeline` must have rising `at`"),
        ("at: 4", "at: -1", "line 7: offers[0].timeline[1].at: Input should be greater than"),
        ("at: 4", "at: soon", "line 7: offers[0].timeline[1].at: Input should be a valid number"),
        ("gpu-a: {status", "gpu-b: {status", "names the instance 'gpu-b', which `instances` lacks"),
        ("gpu-a: {inst", "../a: {inst", "'../a' cannot be the key of an instance"),
        ("kind: reset", "kind: rest", "line 9: offers[0].faults[0]: Input tag 'rest'"),
        ("kind: reset", "kind: reset, code: 3", "line 9: offers[0].faults[0].code: unknown key"),
        ("requests: [1]", "requests: [0]", "line 9: offers[0].faults[0].requests[0]:"),
        ("requests: [1], ", "", "a fault needs `requests` or `between`"),
        ("requests: [1]", "between: [3, 2]", "`between` must end after it begins"),
        ("until: 3", "until: 3, token: t2", "t.yml, line 11: the key 'token' is there twice"),
        ("token: t1", "token: a b", "line 11: tokens[0].token: String should match pattern"),
        ("instance_name: n-1", "", "offers[0].instances.gpu-a.instance_name: Field required"),
        ("n-1}", "n-1, ssh: {host_key: changes}}", "belong together"),
        ("n-1}", "n-1, ssh: {behavior: ok}}", "did you mean 'behaviour'?"),
        ("n-1}", "n-1, ssh: {down_between: [[3, 3]]}}", "`down_between` must end after it begins"),
        ("n-1}", "n-1, commands: {a/b: {}}}", "'a/b' cannot be the name of a command"),
        ("tokens:", "tokens: [", "t.yml, line 11: this is not YAML"),
        ("tokens:", "tokens: !!python/object:os.x", "this is not YAML"),
    ],
)
def test_mistakes(old: str, new: str, sentence: str) -> None:
    assert old in GOOD
    with pytest.raises(UsageError) as caught:
        parse_timeline(GOOD.replace(old, new, 1), "t.yml")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "null", "[]", "42", "offers: []", "offers: 3", "{}"])
def test_no_timeline_at_all(text: str) -> None:
    with pytest.raises(UsageError, match=r"^timeline, line 1: "):
        parse_timeline(text)


def test_one_offer_twice() -> None:
    offer = "  - {offer_id: 11111111-1111-4111-8111-111111111111}\n"
    with pytest.raises(UsageError, match="is there more than once"):
        parse_timeline("offers:\n" + offer * 2)


def test_missing_and_unreadable_files(tmp_path) -> None:
    with pytest.raises(UsageError, match=r"cannot read the timeline .*nothing.yml: No such file"):
        load_timeline(tmp_path / "nothing.yml")
    with pytest.raises(UsageError, match="Is a directory"):
        load_timeline(tmp_path)
    (tmp_path / "binary.yml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(UsageError, match="it is not UTF-8 text"):
        load_timeline(tmp_path / "binary.yml")


def sentences(text: str) -> int:
    """How many lines the error has; 0 where the text is a timeline."""
    try:
        parse_timeline(text)
    except UsageError as exc:
        return len(str(exc).splitlines())
    return 0


@given(st.text())
def test_any_text_is_a_timeline_or_one_sentence(text: str) -> None:
    assert sentences(text) <= 1


@example(place=GOOD.index("us: available"), slip="1\n\n")
@given(st.integers(0, len(GOOD)), st.text("{}[]:,-&*!|>'\"%@\n \t#?x1", max_size=4))
def test_any_slip_of_the_finger_is_a_timeline_or_one_sentence(place: int, slip: str) -> None:
    assert sentences(GOOD[:place] + slip + GOOD[place + len(slip) :]) <= 1


def test_json_is_read_as_json() -> None:
    text = '{"offers": [{"offer_id": "11111111-1111-4111-8111-111111111111", "created_at": NaN}]}'
    created_at = parse_timeline(text, "t.json").offers[0].created_at
    assert math.isnan(created_at)
    with pytest.raises(UsageError, match=r"t.json, line 3: offers\[0\].x: unknown key"):
        parse_timeline('{"offers": [\n{\n"x": 1}]}', "t.json")
    with pytest.raises(UsageError, match=r"t.json, line 1: this is not JSON: Expecting value"):
        parse_timeline("offers: []", "t.json")


def test_commands_of_another_file(tmp_path: Path) -> None:
    (tmp_path / "gpu.yml").write_text("commands: {lspci: {stdout: theirs}, dmesg: {rc: 1}}")
    machine = "instance_id: i, instance_name: n, commands: {lspci: {stdout: own}}"
    timeline = tmp_path / "timeline.yml"

    def load(source: str) -> Timeline:
        timeline.write_text(
            "offers: [{offer_id: 11111111-1111-4111-8111-111111111111,"
            f" instances: {{m: {{{machine}, commands_from: {source}}}}}}}]"
        )
        return load_timeline(timeline)

    commands = load("gpu.yml").offers[0].instances["m"].commands
    assert (commands["lspci"].stdout, commands["dmesg"].rc) == ("own", 1)
    with pytest.raises(UsageError, match=r"cannot read .*missing\.yml: No such file"):
        load("missing.yml")
    with pytest.raises(UsageError, match=r"commands_from: .*timeline\.yml has no commands"):
        load("timeline.yml")
    with pytest.raises(UsageError, match="commands_from: unknown key"):
        load("[1]")


def test_a_gpu_machine_by_name() -> None:
    machine = "instance_id: {0}, instance_name: n, gpu_machine: {1}, commands: {{lspci: {{rc: 9}}}}"

    def load(*machines: tuple[str, str]) -> list[dict[str, Command]]:
        instances = ", ".join(f"{one[0]}: {{{machine.format(*one)}}}" for one in machines)
        (offer,) = parse_timeline(
            "offers: [{offer_id: 11111111-1111-4111-8111-111111111111,"
            f" instances: {{{instances}}}}}]"
        ).offers
        return [one.commands for one in offer.instances.values()]

    first, second = load(("i-1", "slow_link"), ("i-2", "slow_link"))
    assert first["lspci"].rc == 9 and "63.008 Gb/s" in first["dmesg"].stdout
    assert first["nvidia-smi"] != second["nvidia-smi"], "two machines have not the same GPUs"
    assert [first] == load(("i-1", "slow_link")), "but a machine has the same ones in every run"
    with pytest.raises(UsageError, match=r"^gpu_machine: there is no 'slow-link'; did you mean"):
        load(("i-1", "slow-link"))
    with pytest.raises(UsageError, match=r"^gpu_machine: there is no 'x'; there are a100, .*, t4$"):
        load(("i-1", "x"))
    with pytest.raises(UsageError, match="gpu_machine: unknown key"):
        load(("i-1", "[1]"))

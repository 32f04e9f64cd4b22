# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the README run, and its tables have every key and default."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from simulator import faults_model, lies, model
from simulator.cli import _parser
from simulator.loading import load_timeline, parse_timeline

SIMULATOR = Path(model.__file__).parent
README = (SIMULATOR / "README.md").read_text(encoding="utf-8")

CLIENT = """
import os, requests
session = requests.Session()
session.trust_env = False
session.headers["Authorization"] = "Bearer " + os.environ["COMPUTE_DESK_API_TOKEN"]
url = os.environ["COMPUTE_DESK_API_URL"] + "/offers/11111111-1111-4111-8111-111111111111/status"
assert session.get(url).status_code == 200
assert session.get(url).headers["Retry-After"] == "1"
assert os.path.exists(os.environ["ANSIBLE_PRIVATE_KEY_FILE"])
"""


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_python_example_runs(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "client.py").write_text(CLIENT)
    example = tmp_path / "example.py"
    example.write_text(block("python"))
    runpy.run_path(str(example), {"os": os, "subprocess": subprocess, "sys": sys})


def test_the_yaml_example_is_a_timeline() -> None:
    offer = parse_timeline(block("yaml")).offers[0]
    assert offer.instances["gpu-a"].ssh is not None
    assert offer.instances["gpu-a"].ssh.up_after == 2


def test_the_example_of_lies_is_that_of_a_machine() -> None:
    (example,) = re.findall(r"^```yaml\n(personality:.*?)^```", README, re.MULTILINE | re.DOTALL)
    given = {"instance_id": "i-1", "instance_name": "n-1", **yaml.safe_load(example)}
    assert len(model.Machine.model_validate(given).all_lies()) == 3


@pytest.mark.parametrize("path", sorted((SIMULATOR / "timelines").iterdir()), ids=str)
def test_the_timelines_that_come_with_it(path: Path) -> None:
    assert load_timeline(path).offers


FAULTS = t.get_args(t.get_args(faults_model.Fault)[0])
MODELS = [
    *(model.Timeline, model.OfferScript, model.Machine, model.Ssh, model.Command, model.Reply),
    *(model.Entry, model.InstanceEntry, model.ScheduledToken, *FAULTS),
    *(lies.Lie, lies.Repeated),
]


@pytest.mark.parametrize("schema", MODELS, ids=lambda schema: schema.__name__)
def test_every_key_is_there(schema) -> None:
    for name, field in schema.model_fields.items():
        assert f"`{field.alias or name}`" in README, name


def test_every_kind_of_fault_and_every_behaviour_is_there() -> None:
    for fault in FAULTS:
        (kind,) = t.get_args(fault.model_fields["kind"].annotation)
        assert re.search(rf"^\| `{kind}` \|", README, re.MULTILINE), kind
    for behaviour in t.get_args(model.Ssh.model_fields["behaviour"].annotation):
        assert f"`{behaviour}`" in README, behaviour


def test_every_ready_made_lie_is_there() -> None:
    for name in lies.names():
        row = re.search(rf"^\|[^|]*`{name}`[^|]*\|([^|]*)\|", README, re.MULTILINE)
        assert row is not None, name
        assert set(re.findall(r"`(\w+)`", row[1])) == lies.placeholders(name), name


def test_every_option_is_there() -> None:
    for action in _parser()._actions:
        if action.option_strings and action.dest != "help":
            assert f"`{action.option_strings[0]}`" in README, action.dest


def test_the_examples_have_machines_of_their_own() -> None:
    # The same id with another host key is a machine that somebody has replaced, and ssh refuses it.
    def ids(timeline: model.Timeline) -> set[str]:
        machines = [machine for offer in timeline.offers for machine in offer.instances.values()]
        return {str(machine.instance_id) for machine in machines}

    demo = ids(load_timeline(SIMULATOR / "timelines" / "demo.yml"))

    assert demo and not demo & ids(parse_timeline(block("yaml")))
    assert not [name for name in demo if name in block("python")]

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose words count when the variables of the main job are checked."""

from __future__ import annotations

import typing as t
from pathlib import Path

import ansible.template
import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.compute_desk.supply.plugins.action import check_variables
from ansible_collections.compute_desk.supply.plugins.action.check_variables import ActionModule
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError
from ansible_collections.compute_desk.supply.plugins.plugin_utils._play.outcome import Host
from ansible_collections.compute_desk.supply.plugins.plugin_utils._play.variables import (
    Variables,
)

ROUNDS = Path(__file__).resolve().parents[4] / "playbooks" / "rounds"
LOST = {
    "compute_desk_run_of_all": {
        "machines": [{"name": "one", "state": "failed", "offer_id": "other"}],
        "offers": [{"offer_id": "of-it"}],
    }
}


def expression_of(book: str, variable: str, variables: dict[str, t.Any]) -> t.Any:
    """Return what a variable of the first play of a playbook comes to."""
    plays = yaml.safe_load((ROUNDS / book).read_text(encoding="utf-8"))
    # From ansible-core 2.19 on, only what is trusted is a template.
    trusted = getattr(ansible.template, "trust_as_template", str)
    return Templar(DataLoader(), variables=variables).template(trusted(plays[0]["vars"][variable]))


def checked(*hosts: dict[str, t.Any]) -> dict[t.Any, list[str]]:
    """Return what the action finds in the variables of hosts."""
    action = ActionModule.__new__(ActionModule)
    action._loader = DataLoader()
    return action._checked(dict(enumerate(hosts)), Variables())


@pytest.mark.parametrize("name", ["nosuch", "all"])
def test_a_host_that_is_none_is_named(name: str) -> None:
    options = {"hosts": ["one", name], "offers": False, "notes": False}
    variables = {"hostvars": {"localhost": {}, "one": {}}}

    with pytest.raises(OptionError, match=f"^hosts: there is no host '{name}'$"):
        ActionModule.__new__(ActionModule).act(options, variables)


@pytest.mark.parametrize(
    "forged",
    [{"compute_desk_rolls": 1}, {"compute_desk_roles": "nosuch"}, {"gpu_verify_fail": "perhaps"}],
)
def test_what_a_machine_says_of_itself_does_not_end_the_run(forged: dict[str, t.Any]) -> None:
    with pytest.raises(OptionError):
        checked(forged)

    assert checked({**forged, "ansible_facts": {**forged, "kernel": "6.1"}}, {}) == {
        0: [],
        1: [],
    }


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("gpu_verify_on_inconclusive", "FAIL", "must be one of warn, fail, not 'FAIL'; did you"),
        ("gpu_verify_on_inconclusive", "fial", "did you mean fail[?]$"),
        ("gpu_verify_on_inconclusive", True, "must be one of warn, fail, not 'True'$"),
        ("compute_desk_together", "Offer", "did you mean offer[?]$"),
        ("gpu_verify_on_inconclusive", "yes", "must be one of warn, fail, not 'yes'$"),
    ],
)
def test_a_word_is_compared_exactly_as_it_is_used(name: str, value: t.Any, said: str) -> None:
    with pytest.raises(OptionError, match=f"^{name}: .*{said}"):
        checked({name: value})


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("compute_desk_rolls", "; did you mean compute_desk_roles?"),
        ("gpu_verify_" + "z" * 30, "; the guide lists them all"),
    ],
)
def test_a_variable_that_does_not_exist_is_refused_with_a_better_one(name: str, hint: str) -> None:
    with pytest.raises(OptionError) as caught:
        checked({name: 1})

    assert str(caught.value) == f"'{name}': there is no such variable{hint}"


@pytest.mark.parametrize(
    ("word", "is_on"),
    [
        *((word, True) for word in (None, True, 1, "1", "True", "Yes", "on")),
        *((word, False) for word in (False, 0, "0", "FALSE", "no", "Off")),
    ],
)
def test_a_switch_means_one_thing_wherever_it_is_read(word: t.Any, is_on: bool) -> None:
    variables = {"compute_desk_gpu_verify": word}

    checked(variables)

    assert Host(variables).wants_gpus is is_on
    assert expression_of("machines.yml", "compute_desk_gpus_wanted", variables) is is_on
    without_gpus = expression_of("summary.yml", "compute_desk_not_started", {**LOST, **variables})
    assert without_gpus == (["one", "offer of-it"] if is_on else [])


def test_without_a_switch_the_gpus_are_looked_at() -> None:
    assert Host({}).wants_gpus
    assert expression_of("machines.yml", "compute_desk_gpus_wanted", {}) is True
    assert expression_of("summary.yml", "compute_desk_not_started", LOST) == ["one", "offer of-it"]


# The filter bool takes each of these for false, with or without a warning.
@pytest.mark.parametrize("word", ["auto", "t", "y", "n", "f", "", 2, [], {"a": 1}])
def test_what_could_mean_two_things_is_no_switch(word: t.Any) -> None:
    with pytest.raises(OptionError, match=r"^compute_desk_gpu_verify: must be true or false, not"):
        checked({"compute_desk_gpu_verify": word})


@pytest.mark.parametrize("word", [False, "false", "No"])
def test_a_list_of_bad_gpus_needs_that_they_are_looked_at(tmp_path: Path, word: t.Any) -> None:
    path = tmp_path / "bad.yml"
    path.write_text("[]")
    given = {"gpu_verify_known_bad": str(path)}

    with pytest.raises(OptionError, match=r"^gpu_verify_known_bad: .*compute_desk_gpu_verify"):
        checked({**given, "compute_desk_gpu_verify": word})
    checked(given, {"compute_desk_gpu_verify": word})
    checked({"gpu_verify_known_bad": "", "compute_desk_gpu_verify": word})
    checked({**given, "compute_desk_gpu_verify": "yes"})


class Broken(dict[str, t.Any]):
    """Variables of a host, whose templates are wrong."""

    def get(self, name: str, default: t.Any = None) -> t.Any:
        if name == "gpu_verify_fail":
            raise AnsibleError("'nosuch' is undefined")
        return super().get(name, default)


def test_a_template_that_fails_is_left_to_whoever_uses_it() -> None:
    assert checked(Broken(gpu_verify_fail="{{ nosuch }}")) == {0: []}


@pytest.mark.parametrize("value", [7, {"a": 1}, [1], ["a", None]])
def test_roles_are_names(value: t.Any) -> None:
    with pytest.raises(OptionError, match=r"^compute_desk_roles: must be a list of names, or nam"):
        checked({"compute_desk_roles": value})


@pytest.mark.parametrize("value", [7, ["a"], True])
def test_a_path_is_a_text(value: t.Any) -> None:
    with pytest.raises(OptionError, match=r"^gpu_verify_record: must be a path, not "):
        checked({"gpu_verify_record": value})


@pytest.mark.parametrize(("has_roles", "injects"), [(False, True), (True, True), (True, False)])
def test_what_a_run_will_not_do_is_noted(
    has_roles: bool, injects: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: list[str] = []
    monkeypatch.setattr(check_variables, "note", notes.append)
    monkeypatch.setattr(check_variables.C.config, "get_config_value", lambda _name: injects)

    check_variables._show_notes(has_roles)

    expected = (
        []
        if has_roles and not injects
        else [check_variables._FACTS_ARE_VARIABLES if has_roles else check_variables._NO_ROLES]
    )
    assert notes == expected


@pytest.mark.parametrize("name", ["compute_desk_wait_timeout", "compute_desk_min_instances"])
def test_a_number_is_one_and_not_below_zero(name: str) -> None:
    for wrong in ("soon", -1):
        with pytest.raises(OptionError, match=f"^{name}: .*{wrong}|^{name}: must"):
            checked({name: wrong})

    assert checked({name: 0}, {name: "7"}, {name: None}) == {0: [], 1: [], 2: []}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("gpu_verify_min_driver_version", "R550", "'R550' is not a version such as 550.90.07"),
        ("gpu_verify_min_cuda_version", "12.4+", "'12.4+' is not a version such as 550.90.07"),
        ("gpu_verify_min_cuda_version", ["12.4"], "'['12.4']' is not a version such as 550.90.07"),
        ("gpu_verify_command_timeout", 0, "must be at least 1 seconds, not 0"),
        ("gpu_verify_command_timeout", "soon", "'soon' is not a number of seconds, such as 900"),
        *(
            (name, value, f"must be a whole number from 0 to 1000000000, not '{value}'")
            for name in ("gpu_verify_expected_count", "compute_desk_min_instances")
            for value in ("8.5", 8.5, "eight", "inf", True, "", -1, 10**9 + 1)
        ),
    ],
)
def test_what_the_modules_refuse_is_refused_before_the_wait(
    name: str, value: t.Any, said: str
) -> None:
    with pytest.raises(OptionError) as caught:
        checked({name: value})

    assert (caught.value.option, str(caught.value)) == (name, f"{name}: {said}")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("gpu_verify_min_driver_version", ["550.90.07", 550, 550.9, "", " ", None]),
        ("gpu_verify_min_cuda_version", ["12.4", 12.4, "", None]),
        ("gpu_verify_expected_name", ["H100", "", 4090, None]),
        ("gpu_verify_command_timeout", [1, "20", 0.1 + 1, None]),
        ("gpu_verify_expected_count", [0, 8, "8", " 8 ", 10**9, None]),
        ("compute_desk_min_instances", [0, "2"]),
    ],
)
def test_what_the_modules_take_is_taken(name: str, values: list[t.Any]) -> None:
    hosts = [{name: value} for value in values]

    assert checked(*hosts) == {number: [] for number in range(len(hosts))}


def test_a_file_that_is_not_there_is_named_with_its_variable(tmp_path: Path) -> None:
    with pytest.raises(OptionError) as caught:
        checked({"gpu_verify_known_bad": str(tmp_path / "nosuch.yml")})

    assert caught.value.option == "gpu_verify_known_bad"
    assert "nosuch.yml" in str(caught.value)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"gpu_verify_record": 7}, "gpu_verify_record: must be a path, not a number"),
        (
            {"gpu_verify_fail": "perhaps"},
            "gpu_verify_fail: must be true or false, not 'perhaps'",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(variables: dict[str, t.Any], said: str) -> None:
    with pytest.raises(OptionError) as caught:
        checked(variables)

    assert str(caught.value) == said


def test_what_contradicts_each_other_is_said_in_a_sentence() -> None:
    with pytest.raises(OptionError) as caught:
        Variables.check_together({"gpu_verify_known_bad": "x", "compute_desk_gpu_verify": False})

    assert str(caught.value) == (
        "gpu_verify_known_bad: no machine is compared with this file, because "
        "compute_desk_gpu_verify is false; leave out one of the two"
    )

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose words count when the variables of the main job are checked."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.compute_desk.supply.plugins.action.check_variables import ActionModule
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError


def checked(*hosts: dict[str, t.Any]) -> dict[t.Any, list[str]]:
    """Return what the action finds in the variables of hosts."""
    action = ActionModule.__new__(ActionModule)
    action._loader = DataLoader()
    return action._checked(dict(enumerate(hosts)))


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
        ("compute_desk_gpu_verify", "AUTO", "did you mean auto[?]$"),
        ("compute_desk_gpu_verify", "maybe", "must be one of auto, true, false, not 'maybe'$"),
    ],
)
def test_a_word_is_compared_exactly_as_it_is_used(name: str, value: t.Any, said: str) -> None:
    with pytest.raises(OptionError, match=f"^{name}: .*{said}"):
        checked({name: value})


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("compute_desk_rolls", "; did you mean compute_desk_roles?"),
        ("gpu_verify_" + "z" * 30, "; the README lists them all"),
    ],
)
def test_a_variable_that_does_not_exist_is_refused_with_a_better_one(name: str, hint: str) -> None:
    with pytest.raises(OptionError) as caught:
        checked({name: 1})

    assert str(caught.value) == f"'{name}': there is no such variable{hint}"


@pytest.mark.parametrize("word", [True, False, "True", "FALSE", "Yes", "no", "auto"])
def test_switches_are_read_as_ansible_reads_them(word: t.Any) -> None:
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
    checked({**given, "compute_desk_gpu_verify": "auto"})

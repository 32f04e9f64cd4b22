# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose words count when the variables of the main job are checked."""

from __future__ import annotations

import typing as t

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

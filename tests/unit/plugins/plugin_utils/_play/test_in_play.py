# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of a host as a play sees them."""

from __future__ import annotations

import typing as t
from pathlib import Path
from types import SimpleNamespace

import ansible.template
import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible_collections.compute_desk.supply.plugins.plugin_utils._play.in_play import (
    VariablesInPlay,
)

# From ansible-core 2.19 on, only what is trusted is a template.
trusted: t.Callable[[str], str] = getattr(ansible.template, "trust_as_template", str)

OF_PLAY = {
    "compute_desk_roles": trusted("{{ mine }}"),
    "gpu_verify_fail": False,
    "instance_ready_began_at": "",
}


def variables(folder: Path | None = None) -> VariablesInPlay:
    """Return those of a host with a variable of its own, and a template that is wrong.

    The play is in the folder.
    """
    loader = DataLoader()
    if folder:
        loader.set_basedir(str(folder))

    def get_vars(**asked: t.Any) -> dict[str, t.Any]:
        assert asked == {"play": play, "host": "the host node-1", "include_hostvars": False}
        return {
            **OF_PLAY,
            "mine": ["role"],
            "broken": trusted("{{ nosuch.attribute }}"),
            "from_file": trusted("{{ lookup('file', 'roles.txt') }}"),
        }

    play = SimpleNamespace(get_vars=lambda: OF_PLAY)
    hostvars = SimpleNamespace(
        _inventory=SimpleNamespace(get_host=lambda name: f"the host {name}"),
        _variable_manager=SimpleNamespace(get_vars=get_vars),
        _loader=loader,
    )
    return VariablesInPlay(hostvars, "node-1", play)


def test_templates_are_those_of_the_host() -> None:
    found = variables()

    assert list(found) == ["compute_desk_roles", "gpu_verify_fail", "mine", "broken", "from_file"]
    assert len(found) == 5
    assert found["compute_desk_roles"] == ["role"]
    assert found.get("gpu_verify_on_inconclusive") is None
    with pytest.raises(AnsibleError):
        found.get("broken")


def test_a_file_that_a_template_reads_is_looked_for_beside_the_play(tmp_path: Path) -> None:
    (tmp_path / "roles.txt").write_text("mine")

    assert variables(tmp_path)["from_file"] == "mine"


def test_what_the_main_job_itself_sets_for_a_machine_is_no_option() -> None:
    found = variables()

    assert found.get("instance_ready_began_at") is None
    assert found.given_with_play(["mine", "instance_ready_began_at", "gpu_verify_fail"]) == [
        "gpu_verify_fail"
    ]

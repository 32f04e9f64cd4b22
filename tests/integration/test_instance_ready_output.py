# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role instance_ready prints, and what it leaves of machines that may still come."""

from __future__ import annotations

import json
import re
import typing as t

from simulator import Simulator
from support.workspace import Workspace, last_lines

from .ready_fleet import COMMON, MODULE_DEFAULTS, ROLE, SHORT, Fleet

Simulate = t.Callable[..., Simulator]


def test_a_good_machine_costs_one_line_and_one_that_may_still_come_is_left_alone(
    workspace: Workspace, simulate: Simulate
) -> None:
    late = {"ssh": {"behaviour": "refuse"}}
    fleet = Fleet(workspace, simulate, {"good": {}, "late": late, "bad": {**late, **SHORT}})
    for host in fleet.hosts.values():
        host.pop("ansible_python_interpreter", None)
    look = {
        "ansible.builtin.include_role": {"name": ROLE, "tasks_from": "contact"},
        "vars": {"instance_ready_not_later_than": "{{ now().timestamp() + 8 }}"},
    }
    kind, failed = "instance_ready_result.kind", "'instance_ready_failed' in group_names"
    said = f"{{{{ {kind} | default('ready', true) }}}} {{{{ {failed} }}}}"
    show = {"ansible.builtin.debug": {"msg": said}}
    ping = {"ansible.builtin.ping": {}, "when": "instance_ready_result.ok"}
    book = workspace.folder / "look.yml"
    book.write_text(
        json.dumps(
            [
                {
                    "hosts": "all",
                    "gather_facts": False,
                    "module_defaults": MODULE_DEFAULTS,
                    "tasks": [look, show, ping],
                }
            ]
        )
    )
    inventory = workspace.folder / "hosts.json"
    inventory.write_text(json.dumps({"all": {"hosts": fleet.hosts, "vars": COMMON}}))

    done = workspace.run(
        "ansible-playbook", "-i", str(inventory), str(book), **fleet.simulator.env()
    )

    assert done.returncode == 0, last_lines(done.stdout, 60)
    begin = done.stdout.index("TASK [compute_desk.supply.instance_ready : Wait until")
    looked = done.stdout[begin : done.stdout.index("TASK [ansible.builtin.debug", begin)]
    lines = [line for line in looked.splitlines()[1:] if line and " WAITING: " not in line]
    assert sorted(lines) == ["ok: [bad]", "ok: [good]", "ok: [late]"]
    for line in ('"msg": "ready False"', '"msg": "not_yet False"', '"msg": "refused True"'):
        assert line in done.stdout, last_lines(done.stdout, 60)
    assert any(
        line.startswith("not ready yet: the connection was refused")
        for line in re.findall(r"WAITING: \[late\]: (.*)", done.stdout)
    )
    # Neither did gathering facts warn of the Python that was found, nor did the module after it.
    assert "WARNING" not in done.stdout


def test_the_role_prints_no_line_about_what_it_skips(
    workspace: Workspace, simulate: Simulate
) -> None:
    outcome = Fleet(
        workspace, simulate, {"good": {}, "bad": {"ssh": {"behaviour": "refuse"}, **SHORT}}
    ).get_ready()

    assert "skipping: " not in outcome.output
    assert outcome.recap("good", "failed") == 0
    assert outcome.recap("bad", "failed") == 1
    assert re.search(
        r'^fatal: \[bad\].*"msg": "refused: The connection was ref', outcome.output, re.M
    )

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job: machines for it, a run of it, and what it says at its end."""

from __future__ import annotations

import json
import typing as t

from simulator import Simulator
from support.workspace import Workspace
from unit.plugins.gpu_stand_in import commands_of

from .offers import ready_offer

BOOK = "compute_desk.supply.configure"


def machines(offer_id: str, **ssh: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return an offer that is ready, with a real machine for each keyword; each has a GPU."""
    instances = {
        name: {
            "instance_id": f"i-{offer_id[:4]}-{name}",
            "instance_name": name,
            "ssh": behaviour,
            "commands": commands_of("t4"),
        }
        for name, behaviour in ssh.items()
    }
    return ready_offer(offer_id, instances)


def summary(output: str) -> dict[str, str]:
    """Return the rows of the summary by host."""
    rows = [line.strip().strip('",') for line in output.splitlines()]
    begin = next(number for number, row in enumerate(rows) if "READY AFTER" in row)
    table = rows[begin + 1 : rows.index("]", begin)]
    # Notes follow, without columns.
    return {row.split()[0]: row for row in table if "  " in row}


def configure(
    workspace: Workspace, simulator: Simulator, *arguments: str, **variables: t.Any
) -> tuple[int, str]:
    """Run the main job with these variables; return its exit code and output."""
    options = {"compute_desk_offer_ids": simulator.offer_ids, **variables}
    done = workspace.run(
        "ansible-playbook",
        BOOK,
        *arguments,
        "-e",
        json.dumps(options),
        **simulator.env(),
        ANSIBLE_ROLES_PATH=str(workspace.folder / "roles"),
    )
    return done.returncode, done.stdout


def write_role(workspace: Workspace, name: str, *tasks: dict[str, t.Any]) -> None:
    folder = workspace.folder / "roles" / name / "tasks"
    folder.mkdir(parents=True)
    (folder / "main.yml").write_text(json.dumps(tasks))

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users do first, done with the installed artifact."""

from __future__ import annotations

import typing as t
from pathlib import Path

from simulator import Simulator

from .installed import Installed

_SOURCE = "plugin: compute_desk.supply.instances\n"
_HELLO = "- ansible.builtin.command: uname -n\n"
_EXAMPLE = Path("examples/playbooks/own_play_after.yml")


class Run(t.NamedTuple):
    """A playbook with its arguments, and the exit code and words that are right."""

    name: str
    # {ids} are the offers.
    arguments: str
    code: int
    says: str


_RUNS = (
    Run(
        "configure",
        "-e compute_desk_offer_ids={ids} -e compute_desk_roles=hello -e gpu_verify_record=records",
        0,
        "configured",
    ),
    Run("verify", "-i offers.yml", 0, "failed=0"),
    Run("compare", "-i offers.yml -e gpu_verify_record=records", 0, "failed=0"),
    Run("awx_wait", "-e compute_desk_awx_offer_ids={ids}", 0, "failed=0"),
    Run("awx_configure", "-i offers.yml -e compute_desk_awx_offer_ids={ids}", 0, "configured"),
    # Without AWX they can only say what is missing.
    Run("awx_setup", "", 2, "The collection awx.awx is missing"),
    Run("awx_forget", "", 2, "Set compute_desk_awx_offer_ids"),
    Run("awx_report_failure", "", 2, "failed=1"),
)


def playbook_names() -> set[str]:
    """Return the names of the playbooks that are run."""
    return {f"compute_desk.supply.{run.name}" for run in _RUNS}


def prepare(installed: Installed) -> None:
    """Write an inventory source and a role."""
    (installed.folder / "offers.yml").write_text(_SOURCE, encoding="utf-8")
    tasks = installed.folder / "roles" / "hello" / "tasks"
    tasks.mkdir(parents=True)
    (tasks / "main.yml").write_text(_HELLO, encoding="utf-8")


def everything(installed: Installed, simulator: Simulator) -> t.Iterator[tuple[str, list[str]]]:
    """Use the module, the inventory and the playbooks; yield what it was and its problems."""
    ids = ",".join(simulator.offer_ids)
    yield (
        "the module offer_status",
        installed.problems(
            *("ansible", "localhost", "-m", "compute_desk.supply.offer_status"),
            *("-a", f"offer_ids={ids}"),
            simulator=simulator,
            says='"ready": true',
        ),
    )
    yield (
        "the inventory plugin instances",
        installed.problems(
            *("ansible", "-i", "offers.yml", "compute_desk", "-m", "ansible.builtin.ping"),
            simulator=simulator,
            says="pong",
        ),
    )
    for run in _RUNS:
        yield (
            f"the playbook {run.name}",
            installed.problems(
                *("ansible-playbook", f"compute_desk.supply.{run.name}"),
                *run.arguments.format(ids=ids).split(),
                simulator=simulator,
                code=run.code,
                says=run.says,
            ),
        )


def to_copy(tree: Path, from_readme: str | None) -> tuple[str, str]:
    """Return the smallest playbook that users are shown, and where it is from."""
    if from_readme:
        return from_readme, "README.md"
    return (tree / _EXAMPLE).read_text(encoding="utf-8"), str(_EXAMPLE)


def copied(installed: Installed, simulator: Simulator, playbook: str) -> list[str]:
    """Run a playbook that was copied, and return its problems."""
    (installed.folder / "play.yml").write_text(playbook, encoding="utf-8")
    if "compute_desk.supply.configure" in playbook:
        rest = ["-e", f"compute_desk_offer_ids={','.join(simulator.offer_ids)}"]
    else:
        rest = ["-i", "offers.yml"]
    return installed.problems(
        "ansible-playbook", "play.yml", *rest, simulator=simulator, says="failed=0"
    )

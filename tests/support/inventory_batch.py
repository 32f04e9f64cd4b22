# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Loads many inventory sources, each in a process of its own, for the price of one start.

A program: reads a JSON list of cases from the file named on the command line, ``source`` and
``environment`` each, and replaces it with what became of them: ``error``, ``output``, ``hosts``
with their variables, and ``groups``. Ansible's own loading does all the work.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import typing as t
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader, inventory_loader


def load(source: str) -> dict[str, t.Any]:
    """Return what Ansible makes of a source."""
    try:
        manager = InventoryManager(loader=DataLoader(), sources=[source])
    except AnsibleError as exc:
        return {"error": str(exc), "hosts": {}, "groups": {}}
    return {
        "error": None,
        "hosts": {str(host.name): host.vars for host in manager.get_hosts()},
        "groups": {
            str(name): [str(host.name) for host in group.get_hosts()]
            for name, group in manager.groups.items()
        },
    }


def run_case(case: dict[str, t.Any]) -> dict[str, t.Any]:
    """Load a source in a child process, with these variables in its environment."""
    with tempfile.NamedTemporaryFile() as result, tempfile.TemporaryFile("w+") as output:
        child = os.fork()
        if child == 0:
            os.environ.update(case["environment"])
            for number in (1, 2):
                os.dup2(output.fileno(), number)
            Path(result.name).write_text(json.dumps(load(case["source"])))
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(child, 0)
        output.seek(0)
        said = output.read()
        loaded = Path(result.name).read_text() or '{"error": "crashed", "hosts": {}, "groups": {}}'
        return {**json.loads(loaded), "output": said}


def main() -> None:
    """Run the cases of a file."""
    path = Path(sys.argv[1])
    init_plugin_loader()
    # Imported once and not in every child, which is most of what a case takes.
    for plugin in ("auto", "yaml", "ini", "compute_desk.supply.instances"):
        inventory_loader.get(plugin)
    path.write_text(json.dumps([run_case(case) for case in json.loads(path.read_text())]))


if __name__ == "__main__":
    main()

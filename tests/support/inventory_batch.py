# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Loads many inventory sources, each in a process of its own, for the price of one start.

A program: reads a JSON list of cases from the file named on the command line, with ``source``,
``environment`` and ``flush`` each, and replaces it with what became of them: ``error``, ``output``,
``hosts`` with their variables, and ``groups``. Ansible's own loading does all the work. The cases
run at the same time.
"""

from __future__ import annotations

import contextlib
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


def load(source: str, flush: bool) -> dict[str, t.Any]:
    """Return what Ansible makes of a source; ``flush`` is what --flush-cache does."""
    try:
        manager = InventoryManager(loader=DataLoader(), sources=[source], cache=not flush)
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


class Case:
    """One source, loaded in a child process."""

    def __init__(self, case: dict[str, t.Any]) -> None:
        with contextlib.ExitStack() as files:
            self._result = files.enter_context(tempfile.TemporaryFile("w+"))
            self._output = files.enter_context(tempfile.TemporaryFile("w+"))
            self._files = files.pop_all()  # open until the end
        self._child = os.fork()
        if self._child == 0:
            os.environ.update(case["environment"])
            for number in (1, 2):
                os.dup2(self._output.fileno(), number)
            self._result.write(json.dumps(load(case["source"], case["flush"])))
            self._result.flush()
            sys.stdout.flush()
            os._exit(0)

    def outcome(self) -> dict[str, t.Any]:
        """Wait for the end, and return what became of the source."""
        os.waitpid(self._child, 0)
        with self._files:
            for stream in (self._result, self._output):
                stream.seek(0)
            loaded = self._result.read() or '{"error": "crashed", "hosts": {}, "groups": {}}'
            return {**json.loads(loaded), "output": self._output.read()}


def main() -> None:
    """Run the cases of a file."""
    path = Path(sys.argv[1])
    init_plugin_loader()
    # Imported once and not in every child, which is most of what a case takes.
    for plugin in ("auto", "yaml", "ini", "compute_desk.supply.instances"):
        inventory_loader.get(plugin)
    cases = [Case(case) for case in json.loads(path.read_text())]
    path.write_text(json.dumps([case.outcome() for case in cases]))


if __name__ == "__main__":
    main()

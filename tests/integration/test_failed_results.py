# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task that fails returns what its module documents for that, and nothing else."""

from __future__ import annotations

import json
import socket
import typing as t

import pytest
from support.workspace import Workspace, last_lines

from .module_docs import MODULES, documentation

OFFER = "4f9d2c1e-8a37-4b65-9d0e-2c7f81a6b3d4"
API = {"api_url": "http://127.0.0.1:{port}", "api_token": "cd-1234567890"}
# Whom a task is for (the host node refuses connections), its module, its options.
CASES: list[tuple[str, str, dict[str, t.Any]]] = [
    ("localhost", "offer_status", {"offer_id": "none"}),
    ("localhost", "offer_status", {"offer_id": OFFER, **API}),
    ("localhost", "wait_for_machines", {"offer_ids": "none", **API}),
    ("localhost", "wait_for_machines", {"offer_ids": OFFER, "wait_timeout": 1, **API}),
    ("localhost", "wait_for_instance", {"timeout": -1}),
    ("node", "wait_for_instance", {"timeout": 1}),
    ("node", "machine_facts", {}),
    ("node", "gpu_facts", {"min_cuda_version": "newest"}),
    ("node", "gpu_facts", {"known_bad": "missing.yml"}),
    ("node", "gpu_facts", {}),
    ("localhost", "gpu_compare", {"record": ""}),
    ("localhost", "gpu_report", {"report_file": "missing/report.json", "only_check_paths": True}),
    ("localhost", "check_variables", {"hosts": ["none"]}),
]
# What Ansible itself adds to a result.
ANSIBLES = {"changed", "failed", "unreachable", "invocation", "add_group", "parent_groups"}
ANSIBLES |= {"exception", "warnings", "deprecations"}


@pytest.fixture
def port() -> t.Iterator[int]:
    """Return a port at which nothing listens, and which nobody else gets."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield closed.getsockname()[1]


def book(port: int) -> list[dict[str, t.Any]]:
    """Return a play with a task for each case, which writes their results."""
    tasks: list[dict[str, t.Any]] = []
    for number, (host, module, options) in enumerate(CASES):
        given = json.loads(json.dumps(options).replace("{port}", str(port)))
        save = {"content": "{{ found | to_json }}", "dest": f"{{{{ folder }}}}/{number}.json"}
        failing = {f"compute_desk.supply.{module}": given, "register": "found"}
        saving = {"ansible.builtin.copy": save, "delegate_to": "localhost"}
        when = f"inventory_hostname == '{host}'"
        tasks += [{**failing, "when": when, "ignore_errors": True}, {**saving, "when": when}]
    return [{"hosts": "all", "gather_facts": False, "tasks": tasks}]


@pytest.mark.slow
def test_failed_tasks_return_what_is_documented(workspace: Workspace, port: int) -> None:
    (workspace.folder / "play.yml").write_text(json.dumps(book(port)))
    (workspace.folder / "hosts.ini").write_text(
        "localhost ansible_connection=local ansible_python_interpreter={{ansible_playbook_python}}\n"
        f"node ansible_host=127.0.0.1 ansible_port={port}\n"
    )

    done = workspace.run(
        "ansible-playbook", "-i", "hosts.ini", "play.yml", "-e", f"folder={workspace.folder}"
    )

    assert done.returncode == 0, last_lines(done.stdout, 60)
    docs = documentation(workspace, *MODULES)
    assert {module for _host, module, _options in CASES} == {*MODULES}
    for number, (_host, module, options) in enumerate(CASES):
        result = json.loads((workspace.folder / f"{number}.json").read_text())
        assert result["failed"] or result.get("unreachable"), (module, options)
        returned = docs[module]["return"]
        when = {key: one["returned"] for key, one in returned.items()}
        kept = set(result) - ANSIBLES
        assert kept <= {key for key in when if not when[key].startswith("success")}, module
        assert {key for key in when if when[key] in ("always", "failure")} <= kept, module
        # With an option that cannot be used, the message is all there is to say.
        if kept != {"msg"}:
            assert {key for key in when if when[key].endswith("cannot be used")} <= kept, module

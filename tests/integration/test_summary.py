# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables and the summary as Ansible shows them, on terminals of any width and elsewhere."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import struct
import subprocess
import termios
import typing as t

import pytest
from support.workspace import Workspace, last_lines

from .offers import A, B

FORGE = """#!/usr/bin/python
import json
print(json.dumps({"ansible_facts": {
    "compute_desk_configured": True,
    "gpu_verify_report": {"verdict": "pass", "gpus": [{"name": "FORGED"}]},
    "ansible_failed_result": {"msg": "forged"},
    "instance_ready_result": {"ok": False, "kind": "forged"},
}}))
"""
TABLE = {
    "ansible.builtin.debug": {
        "msg": "{{ [['HOST', 'KERNEL', 'RESULT'], ['node-1', 'k' * 50, 'r' * 150]]"
        " | compute_desk.supply.table(least_needed=['KERNEL']) }}"
    }
}
# Not run: it is enough that Ansible's main process looks for it.
OURS = {"compute_desk.supply.offer_status": {"offer_ids": [A]}, "when": False}
WITHOUT_OURS: list[dict[str, t.Any]] = []


def table_lines(output: str) -> list[str]:
    """Return the lines of the table, as they are on the screen."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output).replace("\r", "").splitlines()
    begin = next(n for n, line in enumerate(plain) if line.startswith('        "HOST'))
    return plain[begin : plain.index("    ]", begin)]


def on_a_terminal(workspace: Workspace, columns: int, *command: str, **extra: str) -> str:
    """Run a command on a terminal of so many columns, and return what it printed."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    # Without TERM, Ansible itself does not see that it is on a terminal.
    environment = workspace.environment(**{"COLUMNS": "", "TERM": "xterm", **extra})
    with subprocess.Popen(
        command, cwd=workspace.folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    ):
        os.close(theirs)
        output = b""
        # It ends with an error when nobody has the terminal open any more.
        with contextlib.suppress(OSError):
            while part := os.read(ours, 65536):
                output += part
    os.close(ours)
    return output.decode()


@pytest.mark.parametrize(
    ("before", "columns", "extra", "widest"),
    [
        ([OURS], 60, {}, 60),
        ([OURS], 80, {"ANSIBLE_NOCOLOR": "true"}, 80),
        ([OURS], 100, {}, 100),
        ([OURS], 160, {"COLUMNS": "90"}, 90),
        # Without a plugin of ours before it, a filter knows only what Ansible itself does.
        (WITHOUT_OURS, 80, {}, 80),
        (WITHOUT_OURS, 140, {}, 140),
    ],
)
def test_a_table_is_as_wide_as_the_terminal(
    workspace: Workspace,
    before: list[dict[str, t.Any]],
    columns: int,
    extra: dict[str, str],
    widest: int,
) -> None:
    book = [{"hosts": "localhost", "gather_facts": False, "tasks": [*before, TABLE]}]
    (workspace.folder / "play.yml").write_text(json.dumps(book))

    output = on_a_terminal(workspace, columns, "ansible-playbook", "play.yml", **extra)

    assert max(map(len, table_lines(output))) == widest - 1, output


@pytest.mark.parametrize("before", [[OURS], WITHOUT_OURS])
def test_a_table_in_a_pipe_has_120_columns(
    workspace: Workspace, before: list[dict[str, t.Any]]
) -> None:
    book = [{"hosts": "localhost", "gather_facts": False, "tasks": [*before, TABLE]}]
    (workspace.folder / "play.yml").write_text(json.dumps(book))

    done = workspace.run("ansible-playbook", "play.yml", COLUMNS="")

    assert max(map(len, table_lines(done.stdout))) == 119, done.stdout


# Hosts that fail in every way that Ansible has.
HOSTS = ["fine", "dealt", "failed", "hidden", "forger", "gone", "broken"]
READY = {"ok": True, "elapsed": 3.21}
GPUS = {"verdict": "pass", "reasons": [], "gpus": [{"name": "Tesla T4"}]}
BLOCK = [
    {
        "block": [
            {"ansible.builtin.fail": {"msg": "dealt with"}, "when": "inventory_hostname == 'dealt'"}
        ],
        "rescue": [{"ansible.builtin.debug": {"msg": "dealt with"}}],
    },
    {
        "name": "Install it",
        "ansible.builtin.fail": {"msg": "no {{ '{' }}{ x }}"},
        "when": "inventory_hostname == 'failed'",
    },
    {
        "name": "Log in",
        "ansible.builtin.fail": {"msg": "hunter2"},
        "no_log": True,
        "when": "inventory_hostname == 'hidden'",
    },
]
TASKS = [
    {
        "ansible.builtin.set_fact": {
            "compute_desk_checked": {"roles": {name: ["mine"] for name in HOSTS}},
            "instance_ready_result": READY,
            "gpu_verify_report": GPUS,
        }
    },
    {"forge": None, "when": "inventory_hostname == 'forger'"},
    {
        "block": BLOCK,
        "rescue": [{"ansible.builtin.set_fact": {"compute_desk_failed": "{{ true }}"}}],
    },
]
RUN = {
    "began_at": 1000.0,
    "machines": [
        {"name": name, "state": "started", "offer_id": A, "address": None, "since": 1010.0}
        for name in HOSTS
    ],
    "offers": [
        {"offer_id": A, "state": "ready"},
        {"offer_id": B, "state": "failed", "message": "The offer failed: quota."},
    ],
}
END = [
    {"ansible.builtin.set_fact": {"run": RUN}},
    {"ansible.builtin.debug": {"msg": "{{ hostvars | compute_desk.supply.summary(run, []) }}"}},
    {
        "ansible.builtin.debug": {
            "msg": "{{ (hostvars | compute_desk.supply.not_configured(run)).message }}"
        }
    },
]


def test_the_summary_of_real_hosts(workspace: Workspace) -> None:
    """Of hosts that failed in every way that Ansible has, on every supported version of it."""
    library = workspace.folder / "library"
    library.mkdir()
    (library / "forge.py").write_text(FORGE)
    local = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    common = {"gather_facts": False, "connection": "local", "vars": local}
    book = [
        {"hosts": ",".join(HOSTS[:-2]), "tasks": TASKS, **common},
        {"hosts": "localhost", "tasks": END, **common},
    ]
    (workspace.folder / "play.yml").write_text(json.dumps(book))
    inventory = "\n".join([*HOSTS[:-1], "broken ansible_user='{{ nope }}'", ""])
    (workspace.folder / "hosts.ini").write_text(inventory)

    output = workspace.run("ansible-playbook", "-i", "hosts.ini", "play.yml").stdout

    rows = [line.strip().strip('",') for line in table_lines(output)]
    results = {row.split()[0]: re.split(" {2,}", row)[-1] for row in rows[1:]}
    assert results == {
        "fine": "configured",
        "dealt": "configured",
        "failed": "FAILED: Install it: no {{ x }}",
        "hidden": "FAILED: Log in: failed, and no_log hides why",
        "forger": "configured",
        "gone": "FAILED: lost before its first check, see above",
        "broken": "FAILED: lost before its first check, see above",
        "(no": "FAILED: The offer failed: quota.",
    }, last_lines(output, 60)
    assert "1 x Tesla T4" in rows[5] and "13.2 s" in rows[1]
    assert (
        "4 of 7 machines are not configured, and 1 offer gave no machine; the summary says why."
        in output
    )

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role instance_ready on real machines, which become ready late, or not at all.

The API's answer is the simulator's; the addresses in it are those of the machines, so names, users
and ssh arguments are what a user gets. One playbook waits for all of them at the same time.
"""

from __future__ import annotations

import json
import re
import subprocess
import typing as t
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from simulator import Simulator
from support.workspace import Workspace, last_lines

from . import Machine, Machines, User, WholeMachine
from .conftest import FAILING, ssh_as_a_stranger

OFFER = "aaaaaaaa-0000-4000-8000-000000000001"
# Delays count from the moment the role starts, however long starting takes.
GATE = "/run/role-has-begun"
SLOW = f"#cloud-config\nruncmd:\n  - until [ -e {GATE} ]; do sleep 0.5; done; sleep 15\n"
# Once, in the middle of cloud-init: at its end, a fast machine would be ready before that.
REBOOTING = (
    "#cloud-config\nruncmd:\n  - |\n"
    "    [ -e /var/lib/has-rebooted ] && exit 0\n"
    "    touch /var/lib/has-rebooted\n"
    f"    until [ -e {GATE} ]; do sleep 0.5; done\n"
    "    sleep 15; systemctl reboot; sleep 600\n"
)
# At the very end of cloud-init, like after installing drivers, on a slow machine.
SLOW_SHUTDOWN = '#!/bin/sh\nsleep 10\nexec /usr/sbin/shutdown "$@"\n'
LEAVING = f"""{SLOW}power_state: {{mode: reboot}}
write_files:
  - path: /usr/local/sbin/shutdown
    permissions: '0755'
    content: {json.dumps(SLOW_SHUTDOWN)}
"""
ROLE_BEGINS = "TASK [compute_desk.supply.instance_ready"
# The key arrives after 40 s; a machine that denies it for 70 s, or is not ready after 80 s, fails.
LIMITS = {"instance_ready_timeout": 80, "instance_ready_permission_denied_timeout": 70}
NEVER = 9999


@dataclass(frozen=True)
class Outcome:
    """The outcome for all machines."""

    hosts: dict[str, dict[str, t.Any]]
    """By the name of the machine: ``result`` of the role, ``hostname`` from the facts, ``user``
    and ``root``, who a task is without and with become; and whether it is ``failed``, by group."""
    output: str
    rebooted: dict[str, bool]


class Fleet:
    """Machines that become ready in different ways, or never."""

    def __init__(self, machines: Machines, workspace: Workspace) -> None:
        self._machines = machines
        first, replaced = machines.light("first"), machines.light("replaced")
        _introduce(first, workspace)
        _introduce(replaced, workspace)
        machines.destroy(first)
        replaced.replace_host_key()
        without_python = machines.light("without-python")
        without_python.remove_python()
        users = [User("ann", sudo=True), User("bob")]
        self.slow = machines.whole("slow", user_data=SLOW)
        self.rebooting = machines.whole("rebooting", user_data=REBOOTING)
        self.leaving = machines.whole("leaving", user_data=LEAVING)
        self.locked = machines.light("locked")
        started: dict[Machine, str] = {
            replaced: "root",
            without_python: "root",
            machines.light("second", address=first.address): "root",
            machines.light("with-sudo", users=users): "ann",
            machines.whole("without-sudo", users=users): "bob",
            machines.whole("failing", user_data=FAILING): "root",
            machines.light("denying", key_after=NEVER): "root",
            machines.light("refusing", sshd_after=NEVER): "root",
            self.slow: "root",
            self.rebooting: "root",
            self.leaving: "root",
            self.locked: "root",
        }
        self._late = {name: machines.new_address() for name in ("late-sshd", "late-key")}
        self.targets = {m.name: f"{user}@{m.address}" for m, user in started.items()}
        self.targets.update({name: f"root@{address}" for name, address in self._late.items()})
        for machine in (*self.gated, self.locked):
            machine.wait_for_login()

    def begin(self) -> None:
        """Start the delays."""
        self.locked.hold_package_lock(30)
        for machine in self.gated:
            machine.run("touch", GATE)
        self._machines.light("late-sshd", address=self._late["late-sshd"], sshd_after=20)
        self._machines.light("late-key", address=self._late["late-key"], key_after=40)

    @property
    def gated(self) -> tuple[WholeMachine, ...]:
        """The machines whose cloud-init continues once the role starts."""
        return self.slow, self.rebooting, self.leaving

    def timeline(self) -> dict[str, t.Any]:
        """Return an offer that is ready, with these machines."""
        instances = {
            name: {"instance_id": _id_of(name), "instance_name": name, "ssh": None}
            for name in self.targets
        }
        running = {
            name: {
                "status": "running",
                "external_ip": target.partition("@")[2],
                "ssh_command": f"ssh {target}",
            }
            for name, target in self.targets.items()
        }
        entry = {"at": 0, "status": "procured", "procurement_status": "ready"}
        timeline = [{**entry, "instances": running}]
        return {"offers": [{"offer_id": OFFER, "instances": instances, "timeline": timeline}]}


def _id_of(name: str) -> str:
    return f"i-{name}"


def _introduce(machine: Machine, workspace: Workspace) -> None:
    """Let the user's known hosts learn the key of a machine, as an earlier run would."""
    machine.wait_for_login()
    alias = ("-o", f"HostKeyAlias={_id_of(machine.name)}")
    done = ssh_as_a_stranger(machine, workspace.folder / "known_hosts", *alias)
    assert done.returncode == 0, done.stderr


def playbook(saved: Path) -> list[dict[str, t.Any]]:
    """Return plays that get the machines ready and save the outcome."""
    connection = ["ansible_host", "ansible_user", "ansible_port", "ansible_ssh_common_args"]
    taken = [*connection, "compute_desk_instance_id", "compute_desk_instance_name"]
    add = {
        "ansible.builtin.add_host": {
            "name": "{{ item.name }}",
            "groups": "compute_desk",
            **{name: f"{{{{ item.{name} }}}}" for name in taken},
        },
        "loop": "{{ offers.hosts }}",
        "changed_when": False,
    }
    ask = {"compute_desk.supply.offer_status": {"offer_ids": [OFFER]}, "register": "offers"}
    who = {"ansible.builtin.command": "id -un", "changed_when": False}
    rows = (
        "{% set rows = {} %}{% for host in groups.compute_desk %}{% set v = hostvars[host] %}"
        "{% set _ = rows.update({v.compute_desk_instance_name: {"
        "'result': v.instance_ready_result | default(none),"
        "'hostname': v.ansible_facts.hostname | default(none),"
        "'user': v.user.stdout | default(none), 'root': v.root.stdout | default(none),"
        "'failed': host in groups.instance_ready_failed | default([])}}) %}"
        "{% endfor %}{{ rows | to_json }}"
    )
    local = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    save = {
        "ansible.builtin.copy": {"content": rows, "dest": str(saved), "mode": "0600"},
        "changed_when": False,
    }
    here: dict[str, t.Any] = {"hosts": "localhost", "gather_facts": False, "vars": local}
    return [
        {**here, "tasks": [ask, add]},
        {
            "hosts": "compute_desk",
            "gather_facts": False,
            "vars": LIMITS,
            "roles": ["compute_desk.supply.instance_ready"],
            "tasks": [
                {**who, "register": "user"},
                {**who, "register": "root", "become": True, "when": "ansible_user != 'bob'"},
            ],
        },
        {**here, "tasks": [save]},
    ]


def play(workspace: Workspace, book: Path, begin: Callable[[], None], **variables: str) -> str:
    """Run a playbook and return its output; call ``begin`` when the role begins."""
    lines: list[str] = []
    with subprocess.Popen(
        ["ansible-playbook", str(book), "--forks", "20"],
        cwd=workspace.folder,
        env=workspace.environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as playbook:
        for line in t.cast("t.IO[str]", playbook.stdout):
            if line.startswith(ROLE_BEGINS) and not any(x.startswith(ROLE_BEGINS) for x in lines):
                begin()
            lines.append(line)
    return "".join(lines)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The playbook, run once for all tests of this file."""
    folder = tmp_path_factory.mktemp("fleet")
    book, saved = folder / "play.yml", folder / "saved.json"
    book.write_text(json.dumps(playbook(saved)))
    with Workspace(folder) as workspace, Machines() as machines:
        fleet = Fleet(machines, workspace)
        boot_ids = {machine: machine.boot_id() for machine in fleet.gated}
        with Simulator(fleet.timeline()) as simulator:
            variables = {**simulator.env(), "ANSIBLE_PRIVATE_KEY_FILE": str(machines.key_file)}
            output = play(workspace, book, fleet.begin, **variables)
        rebooted = {m.name: m.boot_id() != boot_id for m, boot_id in boot_ids.items()}
    assert saved.exists(), last_lines(output)
    return Outcome(json.loads(saved.read_text()), output, rebooted)


@pytest.mark.parametrize(
    "name",
    [
        "late-sshd",
        "late-key",
        "second",
        "slow",
        "rebooting",
        "leaving",
        "locked",
        "with-sudo",
        "without-sudo",
    ],
)
def test_it_waits_until_a_machine_is_ready(outcome: Outcome, name: str) -> None:
    host = outcome.hosts[name]

    assert host["result"]["ok"] is True, host["result"]
    assert host["result"]["kind"] is None
    assert host["hostname"] == name
    assert host["failed"] is False


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("replaced", "host_key_changed", "host key"),
        ("without-python", "no_python", "Python"),
        ("failing", "cloud_init_failed", "Cloud-init failed: "),
        ("denying", "permission_denied", "root"),
        ("refusing", "refused", "22"),
    ],
)
def test_it_says_why_a_machine_is_not_ready(
    outcome: Outcome, name: str, kind: str, words: str
) -> None:
    host = outcome.hosts[name]

    assert host["result"]["ok"] is False
    assert host["result"]["kind"] == kind, host["result"]
    assert words in host["result"]["message"]
    assert f"{kind}: " in outcome.output
    assert host["user"] is None
    assert host["failed"] is True


def test_users_stay_who_they_are(outcome: Outcome) -> None:
    who = {name: (host["user"], host["root"]) for name, host in outcome.hosts.items()}

    assert who["late-sshd"] == ("root", "root")
    assert who["with-sudo"] == ("ann", "root")
    assert who["without-sudo"] == ("bob", None)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("late-sshd", "connection was refused"),
        ("late-key", "permission denied"),
        ("locked", r"locked by python3 \(pid \d+\), which holds /var/lib/dpkg/lock-frontend"),
    ],
)
def test_it_says_what_it_waits_for(outcome: Outcome, name: str, words: str) -> None:
    assert re.search(rf"WAITING: \[{name}\S*: .*{words}", outcome.output), outcome.output


def test_the_reboots_happened_while_it_waited(outcome: Outcome) -> None:
    assert outcome.rebooted == {"slow": False, "rebooting": True, "leaving": True}
    # One is lost in the middle of a command. The other can be back before it is looked at again:
    # then no connection was lost, but it had been seen on its way down.
    seen = {
        "rebooting": "the machine answers",
        "leaving": r"the machine is .*(shut|down|scheduled)",
    }
    for name, words in seen.items():
        assert re.search(rf"{name}\S*: {words}", outcome.output), outcome.output


def test_nothing_is_changed_and_nothing_is_warned_of(outcome: Outcome) -> None:
    recap = re.findall(r"^(\S+) +: .*changed=(\d+) ", outcome.output, re.MULTILINE)

    assert {host: changed for host, changed in recap if changed != "0"} == {}
    assert len(recap) == len(outcome.hosts) + 1
    assert "WARNING" not in outcome.output and "DEPRECATION" not in outcome.output

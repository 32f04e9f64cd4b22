# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the API says, nothing of it is executed on the controller.

Every text here would leave a file behind if it were taken for a template, for arguments of ssh or
for a command. Good machines beside them still load.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from simulator import Simulator
from support.workspace import Workspace, last_lines

from .offers import A, B, ready_offer
from .sources import FILE_CACHE, PLUGIN, listing

Simulate = t.Callable[..., Simulator]

ADDRESSES = [
    "-oProxyCommand=touch FILE",
    "127.0.0.1 -oProxyCommand=touch FILE",
    "localhost",
    "fe80::1%eth0",
    "fe80::1%$(touch FILE)",
    "127.0.0.1;touch FILE",
    "0.0.0.0",
    "127.1",
    "{{ lookup('pipe', 'touch FILE') }}",
]

COMMANDS = [
    "ssh -o ProxyCommand='touch FILE' root@ADDRESS",
    "ssh -oProxyCommand=touch_FILE root@ADDRESS",
    "ssh -J $(touch FILE) root@ADDRESS",
    "ssh -F FILE root@ADDRESS",
    "ssh root@ADDRESS; touch FILE",
    "ssh root@ADDRESS touch FILE",
    "ssh root@127.9.9.9",
    "ssh -p 99999 root@ADDRESS",
    "ssh 'root'@ADDRESS",
    'ssh "-oProxyCommand=touch FILE" ADDRESS',
    "ssh -l {{lookup('pipe','touch_FILE')}} ADDRESS",
]

TEXTS = [
    "{{ lookup('pipe', 'touch FILE') }}",
    "{% set x = lookup('pipe', 'touch FILE') %}",
    "#jinja2: variable_start_string:'[%',variable_end_string:'%]'\n[%lookup('pipe','touch FILE')%]",
    "'\"\n;touch FILE\n`touch FILE`$(touch FILE)",
    "!unsafe {{ lookup('pipe', 'touch FILE') }}",
]

FIELDS = ("zone", "instance_name", "instance_id", "internal_ip", "ssh_command")


def hostile_machines() -> list[dict[str, t.Any]]:
    """Return machines with one bad field each, at addresses where nothing answers."""
    machines: list[dict[str, t.Any]] = []
    for number, command in enumerate(COMMANDS):
        address = f"127.200.0.{number + 1}"
        machines.append(
            {"external_ip": address, "ssh_command": command.replace("ADDRESS", address)}
        )
    for number, (field, text) in enumerate((f, text) for f in FIELDS for text in TEXTS):
        name = {"instance_id": text + f" {number}"} if field == "instance_id" else {field: text}
        machines.append({"external_ip": f"127.200.1.{number + 1}", **name})
    machines.append({"external_ip": "127.200.2.1", "instance_name": "-oProxyCommand=touch FILE"})
    return machines


GOOD = {
    "good4": {"external_ip": "127.201.0.1", "ssh_command": "ssh -p 2222 ubuntu@127.201.0.1"},
    "good6": {"external_ip": "2001:DB8::1", "ssh_command": "ssh -l admin -p 22022 2001:db8::1"},
}


def an_offer(
    offer_id: str, canary: Path, states: t.Mapping[str, t.Mapping[str, t.Any]]
) -> dict[str, t.Any]:
    """Return an offer that is ready, with a machine for each state."""
    instances = {
        key: {"instance_id": f"i-{offer_id[:2]}{number:06d}", "instance_name": key, "ssh": None}
        for number, key in enumerate(states)
    }
    offer = ready_offer(offer_id, instances, states, progress=TEXTS[0], failure_reason=TEXTS[2])
    made: dict[str, t.Any] = json.loads(json.dumps(offer).replace("FILE", str(canary)))
    return made


@pytest.fixture
def source(workspace: Workspace, simulate: Simulate) -> tuple[Simulator, Path]:
    """A simulator full of traps, and the file that must not come into being.

    Every machine of A has an address, so A can be served from the cache; those of B have none.
    """
    canary = workspace.folder / "executed"
    hostile = {f"m{number}": machine for number, machine in enumerate(hostile_machines())}
    homeless = {f"m{number}": {"external_ip": text} for number, text in enumerate(ADDRESSES)}
    offers = [an_offer(A, canary, {**hostile, **GOOD}), an_offer(B, canary, homeless)]
    return simulate(*offers), canary


CONFIG = {
    **FILE_CACHE,
    "compose": {
        "copied": "compute_desk_zone",
        "changed": "compute_desk_zone | upper | lower",
        "glued": "compute_desk_instance_name ~ compute_desk_zone",
    },
    "keyed_groups": [{"key": "compute_desk_zone", "prefix": "zone"}],
    "groups": {"zoned": "compute_desk_zone is search('lookup')"},
    "hostnames": ["compute_desk_instance_name ~ '-' ~ compute_desk_instance_id"],
    "exclude_filters": ["compute_desk_zone == 'nowhere'"],
}


def test_nothing_is_executed(workspace: Workspace, source: tuple[Simulator, Path]) -> None:
    simulator, canary = source

    # Fresh, and again from the cache.
    for _number in range(2):
        listed = listing(workspace, simulator, CONFIG, "-vvvv")
        assert not canary.exists()
        hosts = {one["compute_desk_instance_name"]: one for one in _plain(listed.hosts).values()}
        assert len(listed.hosts) == len(COMMANDS) + len(FIELDS) * len(TEXTS) + 1 + len(GOOD)
        assert not [name for name in listed.hosts if not name.isascii() or name.startswith("-")]
        assert (hosts["good4"]["ansible_user"], hosts["good4"]["ansible_port"]) == ("ubuntu", 2222)
        assert (hosts["good6"]["ansible_user"], hosts["good6"]["ansible_port"]) == ("admin", 22022)
        assert hosts["good6"]["ansible_host"] == "2001:db8::1"
        for host in _plain(listed.hosts).values():
            assert str(canary) not in host["ansible_host"] + host["ansible_ssh_common_args"]
            if host["ansible_host"].startswith("127.200.0."):
                assert (host["ansible_user"], host["ansible_port"]) == ("root", 22)
    assert [request["offer_id"] for request in simulator.requests()].count(A) == 1


@pytest.mark.slow
def test_nothing_is_executed_when_hosts_are_used(
    workspace: Workspace, source: tuple[Simulator, Path]
) -> None:
    simulator, canary = source
    (workspace.folder / "offers.yml").write_text(json.dumps({"plugin": PLUGIN, **CONFIG}))
    tasks: list[dict[str, t.Any]] = [
        {
            "ansible.builtin.debug": {
                "msg": "zone={{ compute_desk_zone | to_json }} {{ hostvars[inventory_hostname] }} "
                "{{ copied }} {{ changed }} {{ glued }} {{ groups }}"
            }
        },
        {
            "ansible.builtin.ping": None,
            "ignore_unreachable": True,
            "vars": {"ansible_ssh_timeout": 1, "ansible_python_interpreter": "/usr/bin/python3"},
        },
    ]
    book = [{"hosts": "all", "gather_facts": False, "tasks": tasks}]
    (workspace.folder / "play.yml").write_text(json.dumps(book))
    environment = {**simulator.env(), "COMPUTE_DESK_OFFER_IDS": f"{A},{B}", "ANSIBLE_FORKS": "8"}

    # The second run takes the hosts from the cache.
    for _number in range(2):
        done = workspace.run("ansible-playbook", "-i", "offers.yml", "play.yml", **environment)
        assert not canary.exists(), last_lines(done.stdout)
        assert "UNREACHABLE" in done.stdout and "ok: [good4-" in done.stdout
        # The text itself is what is seen.
        assert "zone=\\\"{{ lookup('pipe', 'touch " in done.stdout, last_lines(done.stdout)


def _plain(value: t.Any) -> t.Any:
    """Return a listing without the marks of what is not trusted."""
    if isinstance(value, dict):
        if set(value) == {"__ansible_unsafe"}:
            return value["__ansible_unsafe"]
        return {key: _plain(entry) for key, entry in value.items()}
    return value

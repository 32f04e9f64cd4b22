# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role instance_ready, over real ssh to machines that get ready late, badly or never."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import typing as t
from concurrent import futures
from dataclasses import dataclass
from pathlib import Path

import pytest
from simulator import Simulator
from support.workspace import Workspace, last_lines

from .offers import A, ready_offer

Simulate = t.Callable[..., Simulator]
Machines = t.Mapping[str, t.Mapping[str, t.Any]]

ROLE = "compute_desk.supply.instance_ready"

COMMON = {"instance_ready_gather_subset": ["min"]}
# All machines share the locks of the package manager with the one that runs the tests, so files of
# the test stand in for them.
MODULE_DEFAULTS = {
    "compute_desk.supply.wait_for_instance": {
        "package_lock_files": "{{ lock_files | default([]) }}",
        "progress_interval": 1,
    }
}
SHORT = {"variables": {"instance_ready_timeout": 5}}


@dataclass(frozen=True)
class Outcome:
    """A playbook that ran: what it printed, and what it left on each host."""

    output: str
    hosts: dict[str, dict[str, t.Any]]

    def recap(self, host: str, key: str) -> int:
        """Return a number from the last lines of the output."""
        match = re.search(rf"^{host} .*\b{key}=(\d+)", self.output, re.MULTILINE)
        assert match, last_lines(self.output)
        return int(match[1])

    def lines(self, host: str) -> list[str]:
        """Return what was shown of the wait for a host."""
        return re.findall(rf" WAITING: \[{host}\]: (.*)$", self.output, re.MULTILINE)


class Fleet:
    """Machines of the simulator as hosts of an inventory, with variables of their own."""

    def __init__(
        self, workspace: Workspace, simulate: Simulate, machines: Machines, speed: float = 1
    ) -> None:
        instances = {
            name: {
                "instance_id": f"i-{name}",
                "instance_name": name,
                **{key: value for key, value in machine.items() if key != "variables"},
            }
            for name, machine in machines.items()
        }
        self._workspace = workspace
        self.simulator = simulate(
            {**ready_offer(A, instances), "starts": "launch"},
            speed=speed,
        )
        self.instances = {entry["key"]: entry for entry in self.simulator.instances()}
        self.hosts = {
            name: {
                "ansible_host": self.instances[name]["host"],
                "ansible_port": self.instances[name]["port"],
                "ansible_user": self.instances[name]["user"],
                "ansible_ssh_common_args": "-o StrictHostKeyChecking=accept-new",
                "compute_desk_instance_id": f"i-{name}",
                **machine.get("variables", {}),
            }
            for name, machine in machines.items()
        }

    def connections(self, name: str) -> int:
        """Return how often somebody has connected to a machine."""
        counts = {entry["key"]: entry["connections"] for entry in self.simulator.instances()}
        return int(counts[name])

    def jump_when(self, condition: t.Callable[[], bool]) -> None:
        """Let the machines be what they will be at last, once the condition is true."""
        self.simulator.wait_for(condition)
        self.simulator.jump(1000)

    def get_ready(self, *options: str, **variables: t.Any) -> Outcome:
        """Run the role on all hosts, then a task on those that are left; return the outcome."""
        folder = self._workspace.folder
        inventory, book, saved = folder / "hosts.json", folder / "ready.yml", folder / "saved.json"
        inventory.write_text(json.dumps({"all": {"hosts": self.hosts, "vars": COMMON}}))
        book.write_text(json.dumps(_book(saved)))
        saved.unlink(missing_ok=True)
        done = self._workspace.run(
            "ansible-playbook",
            "-i",
            str(inventory),
            str(book),
            "-f",
            "20",
            *options,
            "-e",
            json.dumps(variables),
            timeout=300,
            **self.simulator.env(),
        )
        assert saved.exists(), last_lines(done.stdout, 60)
        return Outcome(done.stdout, json.loads(saved.read_text()))


def _book(saved: Path) -> list[dict[str, t.Any]]:
    """Return the playbook, whose second play writes down what the first one left."""
    configure = {"ansible.builtin.set_fact": {"configured": "{{ ansible_facts.system }}"}}
    names = ["instance_ready_result", "configured", "group_names"]
    parts = [f"'{name}': v.{name} | default(none)" for name in names]
    collect = (
        "{% set found = {} %}{% for name in groups.all if name != 'localhost' %}"
        "{% set v = hostvars[name] %}"
        "{% set ignored = found.update({name: {" + ", ".join(parts) + "}}) %}"
        "{% endfor %}{{ found | to_json }}"
    )
    copy = {"content": collect, "dest": str(saved), "mode": "0600"}
    return [
        {
            "hosts": "all",
            "gather_facts": False,
            "module_defaults": MODULE_DEFAULTS,
            "roles": [ROLE],
            "tasks": [{**configure, "when": "instance_ready_result.ok"}],
        },
        {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "tasks": [{"ansible.builtin.copy": copy, "check_mode": False, "no_log": True}],
        },
    ]


@contextlib.contextmanager
def held_lock(folder: Path, until: Path) -> t.Iterator[Path]:
    """Hold a lock in a process called unattended-upgr, until a file appears or the test ends."""
    program, lock = folder / "unattended-upgr", folder / "lock"
    folder.mkdir()
    program.write_text(
        f"#!{sys.executable}\n"
        "import fcntl, os, sys, time\n"
        "lock = open(sys.argv[1], 'w')\n"
        "fcntl.lockf(lock, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "while not os.path.exists(sys.argv[2]):\n"
        "    time.sleep(0.05)\n"
    )
    program.chmod(0o700)
    with subprocess.Popen(
        [str(program), str(lock), str(until)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "held\n"
            yield lock
        finally:
            process.kill()


def ssh_commands(port: int) -> list[bytes]:
    """Return the command lines of ssh that run and lead to a port."""
    commands = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            commands.append(file.read_bytes())
    return [command for command in commands if b"\0Port=%d\0" % port in command]


def cloud_init(*lines: str, **reply: t.Any) -> dict[str, t.Any]:
    """Return a machine whose cloud-init says this when it is asked to wait, and nothing else."""
    asked = {"args": "status --wait --long", "stdout": "\n".join(["", *lines, ""]), **reply}
    return {"commands": {"cloud-init": {"rc": 99, "answers": [asked]}}}


FAILED_BOOT = (
    "status: error",
    "errors:",
    "\t- ('scripts_user', RuntimeError('boom {{ 6 * 7 }}'))",
    "recoverable_errors: {}",
)
DEGRADED_BOOT = (
    "status: done",
    "extended_status: degraded done",
    "errors: []",
    "recoverable_errors:",
    "WARNING:",
    "\t- No template found {{ 6 * 7 }}",
)


@pytest.mark.slow
def test_of_twenty_machines_the_bad_ones_are_named_and_the_others_go_on(
    workspace: Workspace, simulate: Simulate
) -> None:
    bad: dict[str, tuple[dict[str, t.Any], str, str]] = {
        "closed": (
            {"ssh": {"behaviour": "refuse"}, **SHORT},
            "refused",
            (
                r"The connection was refused: nothing listens there \(tried address 127\S+ from "
                r"ansible_host, port \d+ from ansible_port, user root from ansible_user\)\. If the "
            ),
        ),
        "silent": (
            {"ssh": {"behaviour": "silent"}, **SHORT},
            "timed_out",
            r"There was no answer within \d s \(tried address 127\S+ from .*\)\. Check the addr",
        ),
        "strange": (
            {
                "ssh": {"behaviour": "deny"},
                "variables": {"instance_ready_permission_denied_timeout": 4},
            },
            "permission_denied",
            (
                r"Permission denied: the machine answers, but rejects this user \(tried "
                r".*\)\. Check that the image has this user, and that you use the key that "
            ),
        ),
        "replaced": (
            {},
            "host_key_changed",
            (
                r"Its host key has changed; it is now SHA256:.* Then "
                r"remove the old key: ssh-keygen -f \S+known_hosts -R '\[127\.[0-9.]+\]:\d+'$"
            ),
        ),
        "unborn": (
            cloud_init(*FAILED_BOOT, rc=1),
            "cloud_init_failed",
            r"Cloud-init failed: \('scripts_user', RuntimeError\('boom {{ 6 \* 7 }}'\)\)\. See ",
        ),
    }
    good: dict[str, dict[str, t.Any]] = {f"good{number}": {} for number in range(11)}
    good["late"] = {"ssh": {"up_after": 50}}
    good["keyless"] = {"ssh": {"key_after": 50}}
    good["stuttering"] = {"ssh": {"drop_first": 1}}
    good["booting"] = cloud_init("status: done", sleep=0.5)
    machines = {**{name: case[0] for name, case in bad.items()}, **good}
    fleet = Fleet(workspace, simulate, machines, speed=1e-6)
    replaced, other = fleet.instances["replaced"], fleet.instances["good0"]
    name = f"[{replaced['host']}]:{replaced['port']}"
    (workspace.folder / "known_hosts").write_text(f"{name} {other['host_key']}\n")

    with futures.ThreadPoolExecutor() as pool:
        # The two that are late come up when both have been met as they were.
        pool.submit(fleet.jump_when, lambda: fleet.connections("keyless") > 1)
        outcome = fleet.get_ready()

    configured = [name for name, host in outcome.hosts.items() if host["configured"]]
    assert sorted(configured) == sorted(good), last_lines(outcome.output, 80)
    for name in good:
        result = outcome.hosts[name]["instance_ready_result"]
        assert (result["ok"], result["kind"], result["hint"]) == (True, None, None)
        assert result["message"].startswith("Ready after ")
        assert "instance_ready_failed" not in outcome.hosts[name]["group_names"]
        assert (outcome.recap(name, "failed"), outcome.recap(name, "changed")) == (0, 0)
    for name, (_machine, kind, sentence) in bad.items():
        result = outcome.hosts[name]["instance_ready_result"]
        assert (result["ok"], result["kind"]) == (False, kind)
        told = f"{result['message']} {result['hint']}"
        assert re.match(sentence, told), told
        assert f"{kind}: {told}" in outcome.output.replace('\\"', '"'), told
        assert "instance_ready_failed" in outcome.hosts[name]["group_names"]
        assert (outcome.recap(name, "failed"), outcome.recap(name, "unreachable")) == (1, 0)
        assert outcome.recap(name, "changed") == 0
    # The second one does not go in: it tells ssh's own words from those of a machine.
    assert fleet.connections("replaced") == 2, "waiting is in vain"
    for name, beginning in (
        ("closed", "the connection was refused: nothing listens there ("),
        ("keyless", "permission denied: the machine answers, but rejects this user ("),
        ("keyless", "the machine answers ("),
    ):
        assert any(line.lower().startswith(beginning) for line in outcome.lines(name))
    assert "WARNING" not in outcome.output
    assert "DEPRECAT" not in outcome.output


def test_each_way_to_be_ready_or_not(
    workspace: Workspace, simulate: Simulate, tmp_path: Path
) -> None:
    looked = tmp_path / "looked"
    never = tmp_path / "never"
    no_python = {"python3": {"rc": 127}}
    only_python3 = {"ansible_interpreter_python_fallback": ["python3"]}
    install = {"instance_ready_install_python": True, **only_python3}
    apt_get = {
        "script": '#!/bin/sh\ncase "$*" in *install*python3) '
        'ln -sf "$(command -v python3.11 || echo /usr/bin/python3)" "${0%/*}/python3";; esac\n'
    }
    sudo = {
        "script": '#!/bin/sh\necho >> ~/sudo-was-used\nwhile [ "$1" != /bin/sh ]; do shift; done\n'
        'exec "$@"\n'
    }
    machines: dict[str, dict[str, t.Any]] = {
        "done": cloud_init("status: done"),
        "degraded": cloud_init(*DEGRADED_BOOT, rc=2),
        "hidden": cloud_init(*DEGRADED_BOOT),
        "failed": cloud_init(*FAILED_BOOT, rc=1),
        "forgiven": {
            **cloud_init(*FAILED_BOOT, rc=1),
            "variables": {"instance_ready_ignore_cloud_init_errors": True},
        },
        "hanging": {
            **cloud_init(sleep=600),
            "variables": {"instance_ready_cloud_init_timeout": 3},
        },
        "unasked": {
            **cloud_init(sleep=600),
            "variables": {"instance_ready_cloud_init_timeout": 0},
        },
        # The session ends by a signal once, as when the machine reboots.
        "rebooting": {
            "commands": {
                "cloud-init": {
                    "script": "#!/bin/sh\n[ -e ~/booted ] && exit 0\ntouch ~/booted\n"
                    'kill -9 "$(cut -d" " -f6 /proc/$$/stat)"\n'
                }
            }
        },
        # cloud-init is done, and the machine is on its way down.
        "leaving": {
            "commands": {
                "systemctl": {
                    "script": "#!/bin/sh\n[ -e ~/back ] && echo running && exit 0\n"
                    "touch ~/back\necho stopping\n"
                }
            }
        },
        "gone": {
            "commands": {"systemctl": {"stdout": "stopping\n"}},
            "variables": {"instance_ready_cloud_init_timeout": 3},
        },
        "dropping": {"ssh": {"behaviour": "drop"}, **SHORT},
        # It lets us in, and then nothing comes back.
        "stuck": {"commands": {"id": {"sleep": 600}}, **SHORT},
        "elsewhere": {"variables": {"ansible_python_interpreter": "/nonexistent/python"}},
        "pythonless": {"commands": no_python, "variables": only_python3},
        "installed": {"commands": {**no_python, "apt-get": apt_get}, "variables": install},
        "sudoer": {
            "ssh": {"user": "ubuntu"},
            "commands": {
                **no_python,
                "apt-get": apt_get,
                "sudo": sudo,
                "id": {"stdout": "1000\n"},
            },
            "variables": install,
        },
        "uninstallable": {
            "commands": {**no_python, "apt-get": {"rc": 100, "stderr": "no mirror answers\n"}},
            "variables": install,
        },
        # It says that it is a Python, and is none.
        "factless": {
            "commands": {
                "python3": {
                    "rc": 1,
                    "stderr": "no such module",
                    "answers": [{"args": "-c *version_info*", "stdout": "3.11.2"}],
                }
            },
            "variables": {"ansible_python_interpreter": "python3"},
        },
        "foreign": {"variables": install},
        "locked": {"variables": {"instance_ready_package_lock_timeout": 3}},
        "unlocked": {
            "commands": {
                "stat": {
                    "script": f"#!/bin/sh\n(sleep 1; touch {looked}) </dev/null >/dev/null 2>&1 &\n"
                    'exec /usr/bin/stat "$@"\n'
                }
            },
        },
    }
    fleet = Fleet(workspace, simulate, machines)
    del fleet.hosts["foreign"]["compute_desk_instance_id"]
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    fleet.hosts["here"] = {**here, "compute_desk_instance_id": "i-here"}
    fleet.hosts["herebut"] = {**fleet.hosts["here"], "instance_ready_install_python": True}
    with held_lock(tmp_path / "a", never) as lock, held_lock(tmp_path / "b", looked) as released:
        fleet.hosts["locked"]["lock_files"] = [str(lock)]
        fleet.hosts["unlocked"]["lock_files"] = [str(released)]
        outcome = fleet.get_ready(instance_ready_fail=False)

    expected = {
        "done": None,
        "degraded": None,
        "hidden": None,
        "failed": "cloud_init_failed",
        "forgiven": None,
        "hanging": "cloud_init_failed",
        "unasked": None,
        "rebooting": None,
        "leaving": None,
        "gone": "rebooting",
        "dropping": "unreachable",
        "stuck": "timed_out",
        "elsewhere": "no_python",
        "pythonless": "no_python",
        "installed": None,
        "sudoer": None,
        "uninstallable": "no_python",
        "factless": "facts_failed",
        "foreign": "not_allowed",
        "locked": "package_lock",
        "unlocked": None,
        "here": None,
        "herebut": "not_allowed",
    }
    results = {name: host["instance_ready_result"] for name, host in outcome.hosts.items()}
    assert {name: result["kind"] for name, result in results.items()} == expected, last_lines(
        outcome.output, 80
    )
    for name, kind in expected.items():
        assert results[name]["ok"] is (kind is None)
        assert bool(outcome.hosts[name]["configured"]) is (kind is None)
        assert ("instance_ready_failed" in outcome.hosts[name]["group_names"]) is bool(kind)
        assert outcome.recap(name, "failed") == 0, "that was the choice"
        assert outcome.recap(name, "changed") == (name in ("installed", "sudoer"))
    for name, result in results.items():
        assert {"message", "hint", "elapsed"} <= set(result), name
    messages = {name: result["message"] for name, result in results.items()}
    assert messages["hanging"].startswith("Cloud-init has not finished.")
    assert messages["gone"].startswith("The machine is shutting down.")
    assert any(line.startswith("the machine is shutting down") for line in outcome.lines("leaving"))
    assert messages["dropping"].startswith("The machine closed the connection: Connection ")
    assert re.match(r"There was no answer within \d s \(tried ", messages["stuck"])
    assert ssh_commands(fleet.instances["stuck"]["port"]) == [], "nothing is left over"
    assert messages["elsewhere"].startswith("There is no Python at /nonexistent/python, where ")
    assert messages["pythonless"].startswith("There is no Python at python3, where Ansible ")
    assert messages["factless"].startswith("The machine is ready, but its facts could not be ")
    assert messages["uninstallable"].endswith("Its installation failed: no mirror answers.")
    assert "it has no compute_desk_instance_id" in messages["foreign"]
    assert "its connection is local" in messages["herebut"]
    holder = r"he package manager is locked by unattended-upgr \(pid \d+\), which holds "
    assert re.match("T" + holder + re.escape(str(tmp_path / "a" / "lock")), messages["locked"])
    assert any(re.match("t" + holder, line) for line in outcome.lines("unlocked"))
    homes = {name: Path(entry["home"]) for name, entry in fleet.instances.items()}
    assert len((homes["sudoer"] / "sudo-was-used").read_text()) == 1, "for one command"
    statuses = {name: one.get("cloud_init", {}).get("status") for name, one in results.items()}
    assert statuses["done"] == statuses["rebooting"] == "done"
    assert statuses["locked"] == "absent"
    assert statuses["unasked"] is None
    elapsed = {name: result["elapsed"] for name, result in results.items()}
    assert min(elapsed.values()) >= 0 and min(elapsed["hanging"], elapsed["locked"]) >= 3
    warned = "[WARNING]: {}: cloud-init finished with {}: "
    flat = " ".join(outcome.output.split())
    assert warned.format("degraded", "recoverable errors") + "No template found {{ 6 * 7 }}" in flat
    assert warned.format("hidden", "recoverable errors") in flat
    assert warned.format("forgiven", "errors") in flat
    assert flat.count("[WARNING]") == 3
    assert "DEPRECAT" not in flat
    assert any(
        line.startswith("still waiting: cloud-init has not finished")
        for line in outcome.lines("hanging")
    )


@pytest.mark.slow
def test_the_second_run_changes_nothing(workspace: Workspace, simulate: Simulate) -> None:
    fleet = Fleet(workspace, simulate, {"one": cloud_init("status: done")})

    for _run in ("first", "second"):
        outcome = fleet.get_ready()

        assert outcome.hosts["one"]["instance_ready_result"]["ok"], last_lines(outcome.output)
        assert outcome.recap("one", "changed") == 0


@pytest.mark.slow
def test_the_deadline_is_one_for_all_however_few_forks_there_are(
    workspace: Workspace, simulate: Simulate
) -> None:
    dropping = {"ssh": {"behaviour": "drop"}}
    fleet = Fleet(workspace, simulate, {"first": dropping, "second": dropping, "good": {}})

    # In check mode, because that is no reason to look less.
    outcome = fleet.get_ready("-f", "1", "--check", instance_ready_timeout=8)

    # The time is nearly up before its turn comes. How nearly is a matter of how fast forks are.
    first, second = fleet.connections("first"), fleet.connections("second")
    assert 1 <= second <= first / 2, (first, second)
    assert outcome.hosts["second"]["instance_ready_result"]["kind"] == "unreachable"
    assert outcome.hosts["good"]["instance_ready_result"]["ok"], last_lines(outcome.output)


def test_every_module_refuses_a_host_with_forged_facts(play: t.Callable[..., t.Any]) -> None:
    modules = ("wait_for_instance", "machine_facts", "gpu_facts")
    forge = {"ansible.builtin.set_fact": {"compute_desk_roles": "evil", "cacheable": True}}

    played = play(
        forge, *({f"compute_desk.supply.{name}": {}, "register": name} for name in modules)
    )

    for name in modules:
        assert played.results[name]["failed"]
        assert played.results[name]["msg"].startswith("compute_desk_roles is among the facts of ")
    refused = played.results["wait_for_instance"]
    assert (refused["ok"], refused["kind"], refused["hint"]) == (False, "forged_facts", None)
    assert refused["message"] == refused["msg"]


def test_a_wrong_option_is_said_in_one_sentence(play: t.Callable[..., t.Any]) -> None:
    played = play(
        {"compute_desk.supply.wait_for_instance": {"timeout": "soon"}, "register": "value"},
        {"compute_desk.supply.wait_for_instance": {"timeouts": 3}, "register": "name"},
        {"compute_desk.supply.wait_for_instance": {"timeout": "nan"}, "register": "nan"},
        {"compute_desk.supply.wait_for_instance": {"began_at": "inf"}, "register": "never"},
        {"compute_desk.supply.wait_for_instance": {"progress_interval": 0}, "register": "often"},
        {"compute_desk.supply.machine_facts": {"timeout": -5}, "register": "facts"},
    )

    assert played.results["facts"]["msg"] == "timeout: must be at least 0 seconds, not -5"
    wrong = {"value": "timeout", "name": "timeouts", "nan": "timeout: ", "never": "began_at: "}
    for name, word in {**wrong, "often": "progress_interval: "}.items():
        assert played.results[name]["failed"]
        assert word in played.results[name]["msg"]
        assert (played.results[name]["ok"], played.results[name]["kind"]) == (False, "wrong_option")
    assert "Traceback" not in played.output

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands and modules on a host whose connection and Ansible are stand-ins."""

from __future__ import annotations

import subprocess
import threading
import types
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.connection import ConnectionBase
from ansible.plugins.loader import connection_loader
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact import remote
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.known_as import (
    KnownAs,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.problem import (
    Problem,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.remote import (
    Lost,
    Remote,
    origin_words,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.ssh_failure import (
    Setting,
    Target,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.time_limit import (
    Flooded,
)

WRONG_KEY = "Host key verification failed."
REFUSED = "ssh: connect to host 203.0.113.7 port 22: Connection refused"
OPTIONS = {"host": "203.0.113.7", "port": 22, "remote_user": None, "timeout": 10}
SSH = {"ssh_args": "-C", "ssh_common_args": "", "ssh_extra_args": None}


@pytest.fixture(autouse=True)
def own_popen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the original again afterwards: what else this process starts is not ours."""
    monkeypatch.setattr(subprocess, "Popen", subprocess.Popen)


class Shell:
    tmpdir: str | None = "/home/root/.ansible/tmp/x"


class Connection:
    """Has these options, and raises KeyError for others, as Ansible does."""

    transport = _load_name = "ssh"

    def __init__(self, **options: t.Any) -> None:
        self.options = options
        self.resets = 0
        self._shell = Shell()

    def has_option(self, name: str) -> bool:
        return name in self.options

    def get_option(self, name: str) -> t.Any:
        return self.options[name]

    def reset(self) -> None:
        self.resets += 1


class CannotReset(Connection):
    reset = ConnectionBase.reset


class Task:
    def dump_attrs(self) -> dict[str, t.Any]:
        return {}


class Action:
    """Runs nothing: a command or a module comes to ``outcome``, which may be an exception."""

    def __init__(self, connection: Connection, outcome: t.Any) -> None:
        self._connection = connection
        self._task = Task()
        self._outcome = outcome
        self.removed: list[t.Any] = []
        self.modules: list[dict[str, t.Any]] = []

    def _come(self) -> t.Any:
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        return self._outcome() if callable(self._outcome) else self._outcome

    def _low_level_execute_command(self, command: str, sudoable: bool) -> t.Any:
        return (
            {"rc": 0, "stdout": f"{command} {sudoable}"} if self._outcome is None else self._come()
        )

    def _execute_module(self, **given: t.Any) -> t.Any:
        self.modules.append(given)
        return self._come()

    def _remove_tmp_path(self, path: t.Any) -> None:
        self.removed.append(path)


def remote_of(outcome: t.Any = None, connection: Connection | None = None) -> Remote:
    connection = connection or Connection(**OPTIONS)
    return Remote(t.cast("t.Any", Action(connection, outcome)), {})


def lost(call: t.Callable[[], t.Any]) -> Lost:
    with pytest.raises(Lost) as caught:
        call()
    return caught.value


def test_a_command_is_run_as_the_user_of_the_connection_unless_it_may_become_another() -> None:
    assert remote_of().run("true")["stdout"] == "true False"
    assert remote_of().run("true", sudoable=True)["stdout"] == "true True"


@pytest.mark.parametrize("kind", [Connection, CannotReset])
def test_a_new_connection_is_made_where_the_plugin_can(kind: type[Connection]) -> None:
    connection = kind(**OPTIONS)

    assert remote_of(None, connection).connect_anew("true", 30)["stdout"] == "true False"
    assert connection.resets == (kind is Connection)


@pytest.mark.parametrize(("seconds", "cut_short"), [(0.1, True), (None, False)])
def test_who_does_not_answer_is_lost(
    seconds: float | None, cut_short: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    monkeypatch.setattr(remote, "_SHORT_COMMAND", 0.1)
    machine = remote_of(over.wait, Connection(**{**OPTIONS, "timeout": 0.1}))

    try:
        found = lost(lambda: machine.run("true", seconds))
    finally:
        over.set()

    assert (found.problem.kind, found.cut_short) == ("timed_out", cut_short)
    assert "tried address 203.0.113.7" in str(found)


def test_a_new_connection_has_no_more_than_the_full_time(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(remote, "_SHORT_COMMAND", 0.1)
    machine = remote_of(lambda: over.wait(5), Connection(**{**OPTIONS, "timeout": 0.1}))

    try:
        found = lost(lambda: machine.connect_anew("true", 600))
    finally:
        over.set()

    assert (found.problem.kind, found.cut_short) == ("timed_out", False)


def test_a_flood_is_a_problem_that_does_not_pass() -> None:
    machine = remote_of(Flooded())

    assert lost(lambda: machine.run("true")).problem == Problem(
        "unreachable",
        "the machine produced too much output",
        "Do not use it until you know why. None of the output was kept.",
        final=True,
        tried=str(machine.target),
    )


def test_what_ssh_says_is_judged() -> None:
    machine = remote_of(AnsibleConnectionFailure(REFUSED))

    problem = lost(lambda: machine.run("x")).problem

    assert (problem.kind, problem.tried) == ("refused", str(machine.target))


@pytest.mark.parametrize(
    ("confirmed", "is_believed"),
    [(WRONG_KEY, True), ("", False), (REFUSED, False), (OSError(), False)],
)
def test_a_wrong_host_key_is_believed_only_if_ssh_itself_says_so(
    confirmed: str | Exception, is_believed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[t.Any, float]] = []

    def check(connection: t.Any, seconds: float) -> str:
        asked.append((connection, seconds))
        if isinstance(confirmed, Exception):
            raise confirmed
        return confirmed

    monkeypatch.setattr(remote, "check_host_key", check)
    options = {**OPTIONS, **SSH, "ssh_executable": "ssh"}
    connection = Connection(**options)
    machine = remote_of(AnsibleConnectionFailure(WRONG_KEY), connection)

    problem = lost(lambda: machine.run("true")).problem

    assert asked == [(connection, 10.0)]
    assert ("its host key" in problem.message) is is_believed
    assert problem.tried.startswith("address 203.0.113.7 ")


@pytest.mark.parametrize(("options", "text"), [({}, WRONG_KEY), (SSH, REFUSED)])
def test_without_ssh_or_a_wrong_host_key_nothing_is_confirmed(
    options: dict[str, t.Any], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[t.Any] = []
    monkeypatch.setattr(remote, "check_host_key", lambda *given: asked.append(given))
    options = {**OPTIONS, **options, **({"ssh_executable": "ssh"} if options else {})}

    lost(lambda: remote_of(AnsibleConnectionFailure(text), Connection(**options)).run("true"))

    assert asked == []


def test_a_check_of_the_host_key_that_does_not_end_confirms_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()
    monkeypatch.setattr(
        remote, "check_host_key", lambda _connection, _seconds: over.wait(5) and WRONG_KEY
    )
    options = {**OPTIONS, **SSH, "ssh_executable": "ssh", "timeout": 0.1}
    machine = remote_of(AnsibleConnectionFailure(WRONG_KEY), Connection(**options))

    try:
        problem = lost(lambda: machine.run("true", 60)).problem
    finally:
        over.set()

    assert "its host key" not in problem.message


def test_the_folder_of_a_module_is_removed_with_it() -> None:
    connection = Connection(**OPTIONS)
    action = Action(connection, {"changed": False})

    task_vars = {"ansible_python_interpreter": "/usr/bin/python3"}
    machine = Remote(t.cast("t.Any", action), task_vars)

    answer = machine.module("ansible.builtin.ping", types.MappingProxyType({"data": "x"}), 30)

    assert answer == {"changed": False}
    assert action.modules == [
        {
            "module_name": "ansible.builtin.ping",
            "module_args": {"data": "x"},
            "task_vars": task_vars,
        }
    ]
    assert action.removed == ["/home/root/.ansible/tmp/x"]
    assert connection._shell.tmpdir is None


@pytest.mark.parametrize(
    ("outcome", "kind", "said"),
    [
        (AnsibleConnectionFailure(REFUSED), "refused", "refused"),
        (ValueError("not JSON"), "unreachable", "could not read the machine's answer (ValueError)"),
        (AnsibleError("no shell"), "unreachable", "no shell"),
    ],
)
def test_a_module_without_an_answer_is_lost(outcome: Exception, kind: str, said: str) -> None:
    connection = Connection(**OPTIONS)

    machine = remote_of(outcome, connection)

    found = lost(lambda: machine.module("ansible.builtin.ping", {}, 30))

    assert (found.problem.kind, found.problem.tried) == (kind, str(machine.target))
    assert said in str(found)
    assert connection._shell.tmpdir is None


def test_an_answer_that_ansible_cannot_read_says_what_to_do() -> None:
    machine = remote_of(ValueError("not JSON"))

    assert lost(lambda: machine.module("ansible.builtin.ping", {}, 30)).problem == Problem(
        "unreachable",
        "Ansible could not read the machine's answer (ValueError)",
        "Run with -vvv to see the whole error, or leave this machine out.",
        tried=str(machine.target),
    )


def test_a_module_that_never_ends_is_named() -> None:
    over = threading.Event()
    machine = remote_of(over.wait)
    try:
        found = lost(lambda: machine.module("ansible.builtin.setup", {}, 0.1))
    finally:
        over.set()

    assert found.problem == Problem(
        "timed_out",
        "the module ansible.builtin.setup did not finish within 0 s",
        "Log in and find out what keeps the machine busy, or leave it out.",
        tried=str(machine.target),
    )


@pytest.mark.parametrize("timeout", [None, "soon"])
def test_a_connection_without_a_time_of_its_own_has_the_usual_one(timeout: t.Any) -> None:
    assert remote_of(connection=Connection(timeout=timeout)).full_time == 10 + 20
    assert remote_of(connection=Connection()).full_time == 10 + 20


def test_what_is_not_set_is_left_to_ssh() -> None:
    target = remote_of().target

    assert target.user is None
    assert "user" not in str(target)


def test_an_option_that_ansible_does_not_know_is_as_configured() -> None:
    connection = Connection(host="203.0.113.7")
    connection._load_name = "no.such.plugin"

    assert str(remote_of(connection=connection).target).startswith("address 203.0.113.7 as conf")


@pytest.mark.parametrize(
    ("variables", "keywords", "where"),
    [
        (
            {"ansible_host": "gpu", "ansible_port": 2222, "ansible_user": "ubuntu"},
            {},
            ("from ansible_host", "from ansible_port", "from ansible_user"),
        ),
        ({"ansible_ssh_host": "gpu"}, {}, ("from ansible_ssh_host", "by default", "by default")),
        (
            {"ansible_host": "gpu"},
            {"port": 2222, "remote_user": "ubuntu"},
            ("from ansible_host", "from keyword: port", "from keyword: remote_user"),
        ),
    ],
)
def test_settings_say_where_ansible_has_them_from(
    variables: dict[str, t.Any],
    keywords: dict[str, t.Any],
    where: tuple[str, str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Ansible knows the settings of a plugin once it has loaded it.
    connection_loader.get("ssh", class_only=True)
    monkeypatch.setattr(Task, "dump_attrs", lambda _self: keywords)
    options = {**SSH, "host": "gpu", "port": 2222, "remote_user": "ubuntu", "timeout": 10}
    connection = Connection(**options, ssh_executable="ssh")

    target = Remote(t.cast("t.Any", Action(connection, None)), variables).target

    assert target == Target(
        Setting("gpu", where[0]),
        Setting("2222", where[1]),
        Setting("ubuntu", where[2]),
        known_as=KnownAs("[gpu]:2222"),
        is_ssh=True,
    )


def test_a_connection_that_is_not_ssh_has_no_name_for_a_host_key() -> None:
    machine = remote_of(connection=Connection(host="gpu"))

    assert (machine.target.is_ssh, machine.target.known_as) == (False, None)
    assert (machine.target.port, machine.target.user) == (None, None)


def test_who_is_lost_says_why() -> None:
    problem = Problem("refused", "nothing listens", "Wait.")

    assert str(Lost(problem)) == "Nothing listens. Wait."
    assert (Lost(problem).problem, Lost(problem).cut_short) == (problem, False)


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        ("var: ansible_host", "from ansible_host"),
        ("env: ANSIBLE_REMOTE_PORT", "from ANSIBLE_REMOTE_PORT"),
        ("default", "by default"),
        ("/etc/ansible/ansible.cfg", "from /etc/ansible/ansible.cfg"),
    ],
)
def test_where_a_value_came_from(origin: str, words: str) -> None:
    assert origin_words(origin) == words


def a_program(folder: Path) -> str:
    """Return a stand-in for ssh, which says how it was called."""
    path = folder / "ssh"
    path.write_text('#!/bin/sh\nprintf "[%s]" "$@" >&2\necho unheard\n')
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "[-C][203.0.113.7]"),
        (
            {"port": 2222, "remote_user": "root", "host_key_checking": False},
            "[-C][-o][StrictHostKeyChecking=no][-p][2222][-l][root][203.0.113.7]",
        ),
        ({"ssh_common_args": "-o 'ProxyJump=a b'"}, "[-C][-o][ProxyJump=a b][203.0.113.7]"),
    ],
)
def test_a_host_key_is_checked_as_ansible_connects_but_without_logging_in(
    tmp_path: Path, options: dict[str, t.Any], said: str
) -> None:
    given = {**SSH, "host": "203.0.113.7", "port": None, "remote_user": None, **options}
    given.setdefault("host_key_checking", True)
    connection = Connection(**given, ssh_executable=a_program(tmp_path))

    output = remote.check_host_key(t.cast("t.Any", connection), 0.4)

    assert output.startswith("[-S][none][-N][-T][-o][BatchMode=yes]")
    assert output.endswith(f"[-o][ConnectTimeout=1]{said}")


def test_without_an_address_there_is_no_name_for_the_host_key() -> None:
    options = {**OPTIONS, **SSH, "ssh_executable": "ssh", "host": None}

    assert remote_of(connection=Connection(**options)).target.known_as is None

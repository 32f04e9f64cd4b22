# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is kept of the answer of a module, and the group that a host is put into."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible.plugins.connection import NetworkConnectionBase
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers import machine_action
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.facts import TooMuch
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.gather import (
    NoFacts,
    gather,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.groups import (
    add_to_group,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.machine_action import (
    MachineAction,
    NoAnswer,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.rented import (
    not_rented,
    without_shell,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.problem import (
    TIMED_OUT,
    Problem,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.remote import Lost


class Asking(MachineAction):
    """An action of which only ``ask`` is used."""

    def __init__(self) -> None:
        pass

    def act(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        return {**options, **task_vars}


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> list[t.Any]:
    """A list whose one element is what the machine answers, or why it does not."""
    given: list[t.Any] = []

    class Machine:
        def __init__(self, *_given: t.Any) -> None:
            pass

        def module(self, *_given: t.Any) -> t.Any:
            if isinstance(given[0], Exception):
                raise given[0]
            return given[0]

    monkeypatch.setattr(machine_action, "Remote", Machine)
    return given


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"failed": True, "msg": "no\x1b[2J space\nleft"}, "no space left"),
        ({"failed": True, "msg": "", "module_stderr": "Traceback"}, "Traceback"),
        ({"failed": True, "module_stdout": "sudo: a password is required"}, "sudo: a password"),
        (
            {
                "failed": True,
                "msg": "MODULE FAILURE\nSee stdout",
                "module_stderr": "Shared connection to 192.0.2.7 closed.\r\n",
                "module_stdout": "Traceback:\r\nSyntaxError: no annotations\r\n\r\n",
            },
            "MODULE FAILURE See stdout: SyntaxError: no annotations$",
        ),
        ({"failed": True, "msg": "All is full."}, r"All is full\.$"),
        ({"failed": True}, "it gave no reason"),
        (Lost(Problem(TIMED_OUT, "there was no answer", "Wait.")), "There was no answer"),
    ],
)
def test_a_module_that_fails_gives_its_reason_in_a_line(
    answer: list[t.Any], sent: t.Any, said: str
) -> None:
    answer.append(sent)
    action = Asking()

    with pytest.raises(NoAnswer, match=f"^{said}") as caught:
        action.ask("ansible.builtin.ping", {}, 30, {}, ("ping",))

    assert str(caught.value).isprintable()
    assert action._kept_keys is None


def test_a_module_is_run_in_time_and_only_its_keys_are_let_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    action = Asking()
    calls: list[t.Any] = []

    class Machine:
        def __init__(self, *given: t.Any) -> None:
            self.given = given

        def module(self, *given: t.Any) -> dict[str, t.Any]:
            calls.append((*self.given, *given, action._kept_keys))
            return {"ping": "pong"}

    monkeypatch.setattr(machine_action, "Remote", Machine)
    monkeypatch.setattr(C.config, "get_config_value", lambda *_given, **_more: "auto")

    answer = action.ask("ansible.builtin.ping", {"data": "x"}, 30.5, {"a": 1}, ("ping",))

    assert answer == {"ping": "pong"}
    variables = {"a": 1, "ansible_python_interpreter": "auto_silent"}
    keys = {"ping", "failed", "msg", "rc", "platform_dist_result", "osrelease_content"}
    assert calls == [(action, variables, "ansible.builtin.ping", {"data": "x"}, 30.5, keys)]
    assert action._kept_keys is None


@pytest.mark.parametrize(
    ("sent", "length"),
    [
        ({"failed": True, "msg": "x" * 1000}, 300),
        (Lost(Problem(TIMED_OUT, "x" * 1000, "Wait.")), 600),
    ],
)
def test_a_reason_is_cut(answer: list[t.Any], sent: t.Any, length: int) -> None:
    answer.append(sent)

    with pytest.raises(NoAnswer) as caught:
        Asking().ask("ansible.builtin.ping", {}, 30, {}, ())

    assert len(str(caught.value)) == length
    assert str(caught.value).endswith("x...")


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[t.Any]:
    """What the machine was told to run. It answers a module, with a banner in two lines."""
    run: list[t.Any] = []

    def execute(_self: t.Any, *args: t.Any, **options: t.Any) -> dict[str, t.Any]:
        run.append((args, options))
        out, err = '{"ping": "pong", "evil": 1}', "Hello\x1b[2J\r\n" + "x" * 5000
        return {
            "rc": 0,
            "stdout": out,
            "stdout_lines": [out],
            "stderr": err,
            "stderr_lines": err.splitlines(),
        }

    monkeypatch.setattr(ActionBase, "_low_level_execute_command", execute)
    return run


def test_what_a_module_prints_is_cleaned_before_ansible_sees_it(commands: list[t.Any]) -> None:
    action = Asking()
    action._kept_keys = frozenset(("ping",))

    answer = action._low_level_execute_command("python3 x", sudoable=True)

    lines = ["Hello", "x" * 4093 + "..."]
    assert answer == {
        "rc": 0,
        "stdout": '{"ping": "pong"}',
        "stdout_lines": ['{"ping": "pong"}'],
        "stderr": "\n".join(lines),
        "stderr_lines": lines,
    }
    assert commands == [(("python3 x",), {"sudoable": True})]


def test_what_other_commands_print_is_left_as_it_is(commands: list[t.Any]) -> None:
    answer = Asking()._low_level_execute_command("uptime", sudoable=False)

    assert answer["stdout"] == '{"ping": "pong", "evil": 1}'
    assert "\x1b" in answer["stderr"]
    assert commands == [(("uptime",), {"sudoable": False})]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('noise {"gpus": [], "evil": 1, "failed": false} noise', {"gpus": [], "failed": False}),
        ('Welcome!{"gpus": [1]}Bye', {"gpus": [1]}),
        ('{"ansible_facts": {"a": 1}}', {"ansible_facts": {"a": 1}}),
        ('{"ansible_facts": ["a"], "failed": true}', {"failed": True}),
        ("[1, 2]", None),
        ("no JSON", None),
        ("{" + '"a":' * 3, None),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", None),
    ],
)
def test_an_answer_is_cut_down_to_the_keys_of_the_module(text: str, kept: t.Any) -> None:
    found = machine_action._answer_of_module(text, {"gpus", "failed", "ansible_facts"})

    assert (None if found is None else json.loads(found)) == kept


@pytest.mark.parametrize(
    ("setting", "variables", "quiet"),
    [
        ("auto", {}, True),
        ("auto_legacy", {}, True),
        ("/usr/bin/python3", {}, False),
        ("auto", {"ansible_python_interpreter": "auto"}, False),
    ],
)
def test_ansible_is_quiet_about_its_own_choice_of_a_python_only(
    setting: str, variables: dict[str, t.Any], quiet: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(C.config, "get_config_value", lambda *_given, **_more: setting)

    silent = {"ansible_python_interpreter": "auto_silent"}
    assert machine_action._quietly(variables) == (silent if quiet else variables)


@pytest.mark.parametrize("sent", [{}, {"ansible_facts": {}}, {"ansible_facts": {"evil": 1}}])
def test_no_facts_are_a_reason_of_their_own(
    answer: list[t.Any], sent: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer.append(sent)
    action = Asking()
    action._connection = None

    with pytest.raises(NoFacts, match=r"^The machine returned no facts\.$"):
        gather(action, ["min"], 30, {})


def test_too_many_facts_are_no_facts(answer: list[t.Any]) -> None:
    answer.append(TooMuch("more than 9 values"))
    action = Asking()
    action._connection = None

    with pytest.raises(NoFacts, match="more than 9 values"):
        gather(action, ["all"], 30, {})


class Task:
    def __init__(self, changed_when: list[t.Any]) -> None:
        self.changed_when = changed_when


class OldAction:
    """As before ansible-core 2.21."""

    def __init__(self, *changed_when: t.Any) -> None:
        self._task = Task(list(changed_when))


class NewAction(OldAction):
    def __init__(self) -> None:
        super().__init__()
        self.groups: list[t.Any] = []

    def add_group(self, name: str, parent_group_names: list[str]) -> None:
        self.groups.append((name, parent_group_names))


def test_a_host_is_put_into_a_group_in_the_way_of_the_ansible_core_that_runs() -> None:
    old, new = OldAction(), NewAction()

    result = add_to_group(t.cast("t.Any", old), "not_ready", changed=False)
    assert result == {"add_group": "not_ready", "parent_groups": ["all"]}
    assert old._task.changed_when == [False]
    assert add_to_group(t.cast("t.Any", new), "not_ready", changed=False) == {}
    assert new.groups == [("not_ready", ["all"])]
    assert new._task.changed_when == []


def test_the_changed_when_of_a_user_stays() -> None:
    old = OldAction("result.kind == 'x'")

    add_to_group(t.cast("t.Any", old), "not_ready", changed=True)

    assert old._task.changed_when == ["result.kind == 'x'"]


class Shell:
    def __init__(self, is_windows: bool) -> None:
        self._IS_WINDOWS = is_windows


class Connection:
    def __init__(self, transport: str, is_windows: bool = False) -> None:
        self.transport = transport
        self._shell = Shell(is_windows)


class Switch(NetworkConnectionBase):
    transport = "network_cli"
    _shell = None

    def __init__(self) -> None:
        pass

    def _connect(self) -> None:
        raise NotImplementedError


def test_what_has_no_posix_shell_is_left_out() -> None:
    assert without_shell(t.cast("t.Any", Connection("ssh"))) is None
    for other in (Connection("winrm", is_windows=True), Switch()):
        problem = without_shell(t.cast("t.Any", other))
        assert problem and problem.kind == "unsupported"
        assert problem.message.startswith(f"{other.transport} does not connect to a machine")


@pytest.mark.parametrize(
    ("transport", "variables", "reason"),
    [
        ("ssh", {"compute_desk_instance_id": "i-1"}, None),
        ("ssh", {}, "because it has no compute_desk_instance_id"),
        ("local", {"compute_desk_instance_id": "i-1"}, "because its connection is local"),
    ],
)
def test_python_is_installed_on_rented_machines_only(
    transport: str, variables: dict[str, t.Any], reason: str | None
) -> None:
    problem = not_rented(t.cast("t.Any", Connection(transport)), variables)

    assert (problem is None) == (reason is None)
    assert problem is None or (problem.kind == "not_allowed" and str(reason) in problem.message)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""On the controller no module is started; nobody can tell from the result."""

from __future__ import annotations

import json
import re
import sys
import typing as t

import pytest
from simulator import Simulator
from support.workspace import Workspace, last_lines

from .conftest import Played, offer_status
from .offers import A, B, C, D, offer, provisioning, ready

Play = t.Callable[..., Played]
Simulate = t.Callable[..., Simulator]

TOKEN = 's3cret/t0ken"Zx81'


@pytest.fixture
def as_module(workspace: Workspace) -> dict[str, t.Any]:
    """Keywords that make Ansible run the module, as the same user on the same host."""
    sudo = workspace.folder / "sudo"
    sudo.write_text('#!/bin/sh\nwhile [ "$1" != /bin/sh ]; do shift; done\nexec "$@"\n')
    sudo.chmod(0o755)
    return {"__become": True, "__vars": {"ansible_become_exe": str(sudo)}}


# Everything that can end a task: arguments, and what the message has to say.
ENDS: dict[str, tuple[dict[str, t.Any], str]] = {
    "ready": ({"offer_ids": [A], "wait": True}, "1 of 1 offer ready"),
    "read": ({"offer_ids": [A, B]}, "1 of 2 offers ready"),
    "failed": ({"offer_ids": [B, A], "wait": True}, "no capacity"),
    "timed out": (
        {"offer_ids": [C], "wait": True, "wait_timeout": 1, "poll_interval": 5},
        "Timed out after",
    ),
    "unreadable": ({"offer_ids": [D], "wait": True}, "does not know this offer (404)"),
    "alias": ({"offer_id": A, "ssh_host_key_policy": "strict"}, "1 of 1 offer ready"),
    "option and alias": ({"offer_id": A, "offer_ids": [B]}, "offer"),
    "bad value": ({"offer_ids": ["x"]}, "offer_ids: 'x' is not the UUID of an offer"),
    "bad time": ({"offer_ids": [A], "wait_timeout": 0}, "wait_timeout: must be more than 0"),
    "bad choice": ({"offer_ids": [A], "ssh_host_key_policy": "no"}, "must be one of"),
    "bad type": ({"offer_ids": [A], "min_instances": "two"}, "min_instances"),
    "unknown option": ({"offer_ids": [A], "waits": True}, "Unsupported parameters for ("),
    "no offer": ({"wait": True}, "missing required arguments: offer_ids"),
    "two tokens": (
        {"offer_ids": [A], "api_token_file": "/x"},
        "parameters are mutually exclusive: api_token|api_token_file",
    ),
    "a token among the offers": ({"offer_ids": [TOKEN]}, "is not the UUID"),
    "a template": ({"offer_ids": ["{{ '{{ 1 + 1 }}' }}"]}, "is not the UUID"),
}


def timeless(result: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return a result without what depends on the speed of the machine."""
    text = re.sub(r'"(elapsed|at)": [\d.]+', r'"\1": 0', json.dumps(result))
    return json.loads(re.sub(r"after [\d.]+ s", "after N s", text))


def invocations_in(output: str) -> list[dict[str, t.Any]]:
    """Return what -vvv shows of each task's arguments."""
    shown = re.findall(r"^(?:ok|fatal): \[localhost\].*? => (\{\n.*?^\})", output, re.M | re.S)
    results = [json.loads(text) for text in shown]
    return [result["invocation"] for result in results if "offers" in result or "msg" in result]


def test_the_result_is_that_of_the_module(
    play: Play, simulate: Simulate, as_module: dict[str, t.Any]
) -> None:
    simulator = simulate(
        offer(A, ready(procurement_status="ready")),
        offer(
            B, {"at": 0, "status": "failed", "failure_reason": f"no capacity {{{{ 1 }}}} {TOKEN}"}
        ),
        offer(C, provisioning(procurement_status="queued")),
        token=TOKEN,
    )
    tasks = []
    for number, (arguments, _words) in enumerate(ENDS.values()):
        for way, keywords in (("here", {}), ("module", as_module)):
            task = offer_status(register=f"{way}{number}", **keywords)
            task["compute_desk.supply.offer_status"] = {"api_token": TOKEN, **arguments}
            tasks.append(task)

    played = play(*tasks, simulator=simulator, options=["-vvvv"], ANSIBLE_INJECT_INVOCATION="true")

    for number, (end, (_arguments, words)) in enumerate(ENDS.items()):
        here, module = played.results[f"here{number}"], played.results[f"module{number}"]
        assert (end, timeless(here)) == (end, timeless(module))
        assert words in here["msg"], (end, here, module)
    invocations = invocations_in(played.output)
    assert len(invocations) == 2 * len(ENDS)
    for end, here, module in zip(ENDS, invocations[::2], invocations[1::2], strict=True):
        assert (end, here) == (end, module)
        assert here["module_args"]["api_token"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    shown = json.dumps(played.results)
    assert TOKEN not in played.output
    assert json.dumps(TOKEN)[1:-1] not in played.output + shown
    assert "Traceback" not in played.output


def test_the_invocation_is_shown_where_ansible_shows_it(play: Play, simulate: Simulate) -> None:
    simulator = simulate(offer(A, ready()))
    stat = {"ansible.builtin.stat": {"path": "/"}}

    played = play(offer_status(A), stat, simulator=simulator, options=["-vvv"])

    ours, other = re.findall(r"^ok: \[localhost\] => (\{\n.*?^\})", played.output, re.M | re.S)[:2]
    assert ('"invocation"' in ours) == ('"invocation"' in other)


def test_where_a_module_runs_there_are_only_heartbeats(
    play: Play, simulate: Simulate, as_module: dict[str, t.Any]
) -> None:
    simulator = simulate(offer(A, provisioning(), ready(4)))
    task = offer_status(A, wait=True, poll_interval=1, progress_interval=1, **as_module)

    played = play(task, simulator=simulator)

    lines = re.findall(r"WAITING: \[localhost\]: (.*)", played.output)
    assert played.result["ready"]
    assert lines
    for line in lines:
        assert re.fullmatch(r"still waiting \(\d+:\d\d elapsed, 1\d:\d\d left\)", line)


def test_the_environment_of_one_item_does_not_reach_the_next(
    play: Play, simulate: Simulate
) -> None:
    simulator = simulate(offer(A, ready()))
    environment = {
        **simulator.env(),
        "COMPUTE_DESK_API_TOKEN": "{{ 'wrong' if item == 'first' else omit_token }}",
        "COMPUTE_DESK_CONCURRENCY": "{{ 0 if item == 'first' else 8 }}",
    }
    first = offer_status(A, __environment={**simulator.env(), "COMPUTE_DESK_CONCURRENCY": "0"})
    looped = offer_status(
        A,
        register="looped",
        __environment=environment,
        __loop=["first", "second"],
        __vars={"omit_token": simulator.token},
    )

    played = play(first, looped, offer_status(A, register="after"), simulator=simulator)

    assert played.result["msg"].startswith("concurrency: ")
    bad, good = played.results["looped"]["results"]
    assert bad["msg"].startswith("concurrency: ")
    assert good["ready"]
    assert played.results["after"]["ready"]


def test_a_variable_that_cannot_be_set_leaves_nothing_to_the_next_item(
    play: Play, simulate: Simulate
) -> None:
    simulator = simulate(offer(A, ready()))
    bad = {"COMPUTE_DESK_CONCURRENCY": "0", "LAST": "a\0b"}
    looped = offer_status(A, __environment="{{ item }}", __loop=[bad, {}])

    played = play(looped, simulator=simulator)

    if "results" not in played.result:
        pytest.skip("this ansible-core ends a loop with the first exception")
    failed, good = played.result["results"]
    assert failed["failed"]
    assert good.get("ready"), good


def test_relative_paths_begin_where_those_of_the_module_begin(
    play: Play, simulate: Simulate, workspace: Workspace, as_module: dict[str, t.Any]
) -> None:
    simulator = simulate(offer(A, ready()))
    elsewhere = workspace.folder / "elsewhere"
    elsewhere.mkdir()
    (workspace.folder / "token").write_text(simulator.token)
    tasks = [
        offer_status(A, api_token_file="token", register=way, **keywords)
        for way, keywords in (("here", {}), ("module", as_module))
    ]

    played = play(*tasks, simulator=simulator, folder=elsewhere)

    assert played.results["module"]["ready"]
    assert played.results["here"]["ready"], played.results["here"]["msg"]


def test_a_token_that_is_encrypted_in_the_task_is_used_and_hidden(
    workspace: Workspace, simulate: Simulate
) -> None:
    simulator = simulate(offer(A, ready()))
    (workspace.folder / "password").write_text("word")
    vault = ["--vault-password-file", "password"]
    # A token may begin with a dash.
    encrypted = workspace.run(
        "ansible-vault", "encrypt_string", *vault, "--", simulator.token
    ).stdout
    token = encrypted[encrypted.index("!vault") :].partition("Encryption ")[0]
    (workspace.folder / "play.yml").write_text(
        "- hosts: localhost\n"
        "  gather_facts: false\n"
        "  tasks:\n"
        "    - compute_desk.supply.offer_status:\n"
        f"        api_url: {simulator.url}\n"
        f"        offer_id: {A}\n"
        f"        api_token: {token}\n"
    )

    done = workspace.run("ansible-playbook", "play.yml", *vault, "-vvv")

    assert done.returncode == 0, last_lines(done.stdout)
    assert simulator.token not in done.stdout


@pytest.mark.slow
def test_no_line_and_no_message_shows_a_token_not_even_half_of_it(
    play: Play, simulate: Simulate
) -> None:
    # Where words are cut short: 120 characters of a progress, 200 of a reason.
    progress, reason = "p" * 110 + TOKEN, "r" * 190 + TOKEN
    simulator = simulate(
        offer(
            A,
            provisioning(progress=progress),
            {"at": 3, "status": "failed", "failure_reason": reason},
        ),
        offer(B, provisioning(progress=f"it was {TOKEN}")),
        token=TOKEN,
    )

    played = play(
        offer_status(A, B, wait=True, poll_interval=1, progress_interval=1), simulator=simulator
    )

    assert "still waiting for aaaaaaaa provisioning" in played.output
    assert '"it was ********"' in played.output
    assert "r" * 190 in played.result["msg"]
    assert TOKEN[:6] not in played.output + json.dumps(played.result)


def test_requests_is_imported_by_the_task_only_and_missed_in_words(
    play: Play, workspace: Workspace
) -> None:
    stub = workspace.folder / "stub"
    stub.mkdir()
    (stub / "requests.py").write_text(
        "import os\n"
        f"open({str(stub / 'importers')!r}, 'a').write(f'{{os.getpid()}} ')\n"
        "raise ImportError('no requests here')\n"
    )

    played = play(
        offer_status(A, __when=False, register="skipped"),
        offer_status(A, api_token=TOKEN),
        PYTHONPATH=str(stub),
    )

    assert (played.result["failed"], played.result["offers"]) == (True, [])
    assert "Failed to import the required Python library (requests)." in played.result["msg"]
    assert f" {sys.executable} -m pip install requests" in played.result["msg"]
    assert len((stub / "importers").read_text().split()) == 1, "the main process imported it"
    assert "Traceback" not in played.output

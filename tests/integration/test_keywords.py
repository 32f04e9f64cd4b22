# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module under the keywords that a task can have: each does what a user expects."""

from __future__ import annotations

import json
import typing as t

import pytest
from simulator import Simulator
from support.workspace import Workspace, last_lines

from .conftest import Played, offer_status
from .offers import A, B, offer, provisioning, ready

Play = t.Callable[..., Played]
Simulate = t.Callable[..., Simulator]


def test_defaults_for_the_group_reach_the_module(play: Play, simulate: Simulate) -> None:
    simulator = simulate(offer(A, ready()))
    connection = {"api_url": simulator.url, "api_token": simulator.token}

    played = play(
        offer_status(A),
        play_keys={"module_defaults": {"group/compute_desk.supply.all": connection}},
    )

    assert played.result["ready"], last_lines(played.output)
    assert simulator.token not in played.output


def test_the_environment_of_the_task_counts_and_an_option_beats_it(
    play: Play, simulate: Simulate
) -> None:
    simulator = simulate(offer(A, ready()))

    played = play(
        offer_status(A, __environment=simulator.env()),
        offer_status(
            A,
            api_token=simulator.token,
            __environment={
                **simulator.env(),
                "COMPUTE_DESK_API_TOKEN": "wrong",
                "COMPUTE_DESK_CA_PATH": "",
            },
            register="option",
        ),
        offer_status(
            A,
            __environment={**simulator.env(), "COMPUTE_DESK_API_TOKEN": "wrong"},
            register="wrong",
        ),
    )

    assert played.result["ready"]
    assert played.results["option"]["ready"]
    assert played.results["wrong"]["offers"][0]["error"]["kind"] == "unauthorized"


def test_in_check_mode_it_reads_once_and_does_not_wait(play: Play, simulate: Simulate) -> None:
    simulator = simulate(offer(A, provisioning()))

    played = play(offer_status(A, wait=True), simulator=simulator, options=["--check"])

    assert not played.result["failed"]
    assert not played.result["changed"]
    assert played.result["offers"][0]["phase"] == "provisioning"
    assert len(simulator.requests()) == 1


def test_under_async_it_waits_by_itself(play: Play, simulate: Simulate) -> None:
    simulator = simulate(offer(A, provisioning(), ready(2)))
    waiting = offer_status(A, wait=True, poll_interval=1, __async=60, __poll=0, register="started")
    collect = {
        "ansible.builtin.async_status": {"jid": "{{ started.ansible_job_id }}"},
        "register": "result",
        "until": "result.finished",
        "retries": 60,
        "delay": 1,
    }

    played = play(waiting, collect, simulator=simulator)

    assert played.result["ready"]
    assert "WAITING" not in played.output


@pytest.mark.slow
def test_a_loop_waits_for_each_and_until_repeats(play: Play, simulate: Simulate) -> None:
    simulator = simulate(offer(A, ready()), offer(B, provisioning(), ready(3)))
    looped = offer_status(
        "{{ item }}", wait=True, poll_interval=1, __loop=[A, B], register="looped"
    )
    repeated = offer_status(B, __until="result.ready", __retries=20, __delay=1, register="result")

    played = play(repeated, looped, simulator=simulator)

    assert played.result["ready"]
    assert played.result["attempts"] >= 1
    assert [item["ready"] for item in played.results["looped"]["results"]] == [True, True]


def test_no_log_hides_what_the_api_says_but_not_that_it_waits(
    play: Play, simulate: Simulate
) -> None:
    simulator = simulate(offer(A, provisioning(progress="confidential words"), ready(4)))
    task = offer_status(A, wait=True, poll_interval=1, progress_interval=1, __no_log=True)

    played = play(task, simulator=simulator, options=["-vvv"])

    assert played.result["ready"]
    assert "WAITING: [localhost]: still waiting (" in played.output
    assert "confidential" not in played.output


def test_run_once_and_delegation_wait_once(workspace: Workspace, simulate: Simulate) -> None:
    simulator = simulate(offer(A, ready()))
    task = offer_status(A, wait=True, __delegate_to="localhost", __run_once=True)
    names = [f"machine{n}" for n in range(8)]
    book = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [
                task,
                {"ansible.builtin.assert": {"that": ["result.ready", "not result.changed"]}},
            ],
        }
    ]
    (workspace.folder / "play.yml").write_text(json.dumps(book))

    done = workspace.run(
        "ansible-playbook", "-i", ",".join(names) + ",", "play.yml", **simulator.env()
    )

    assert done.returncode == 0, last_lines(done.stdout)
    assert len(simulator.requests()) == 1


def test_ad_hoc_it_works_as_any_module(workspace: Workspace, simulate: Simulate) -> None:
    simulator = simulate(offer(A, ready()))

    done = workspace.run(
        "ansible",
        "localhost",
        "-m",
        "compute_desk.supply.offer_status",
        "-a",
        f"offer_id={A} wait=true",
        **simulator.env(),
    )

    assert done.returncode == 0, last_lines(done.stdout)
    assert '"ready": true' in done.stdout


@pytest.mark.slow
def test_a_user_can_decide_otherwise(play: Play, simulate: Simulate) -> None:
    simulator = simulate(offer(A, provisioning()))
    task = offer_status(
        A,
        wait=True,
        wait_timeout=2,
        poll_interval=1,
        __failed_when="result is failed and not result.timed_out",
    )

    played = play(task, simulator=simulator)

    assert not played.result["failed"]
    assert played.result["timed_out"]


def test_nothing_of_ours_warns_or_is_deprecated(play: Play, simulate: Simulate) -> None:
    simulator = simulate(offer(A, provisioning(), ready(2)))

    played = play(offer_status(A, wait=True, poll_interval=1), simulator=simulator)

    assert played.result["ready"]
    assert "WARNING" not in played.output
    assert "DEPRECAT" not in played.output


def test_an_undocumented_state_is_warned_about_once(play: Play, simulate: Simulate) -> None:
    simulator = simulate(offer(A, provisioning(procurement_status="queued"), ready(3)))

    played = play(offer_status(A, wait=True, poll_interval=1), simulator=simulator)

    assert played.result["ready"]
    assert len(played.result["warnings"]) == 1
    assert "'queued' is not known" in played.result["warnings"][0]
    assert "unknown (procurement_status 'queued')" in played.output


def test_output_that_has_to_be_json_stays_json(workspace: Workspace, simulate: Simulate) -> None:
    simulator = simulate(offer(A, provisioning(), ready(2)))
    callback = workspace.collections / "callback_plugins"
    callback.mkdir()
    (callback / "as_json.py").write_text(
        "import json\n"
        "from ansible.plugins.callback import CallbackBase\n"
        "DOCUMENTATION = '''\n"
        "name: as_json\ntype: stdout\nshort_description: x\ndescription: x\n'''\n"
        "class CallbackModule(CallbackBase):\n"
        "    CALLBACK_VERSION = 2.0\n"
        "    CALLBACK_TYPE = 'stdout'\n"
        "    CALLBACK_NAME = 'as_json'\n"
        "    def v2_playbook_on_stats(self, stats):\n"
        "        print(json.dumps({'ok': stats.ok}))\n"
    )
    task = offer_status(A, wait=True, poll_interval=1)
    book = [{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]
    (workspace.folder / "play.yml").write_text(json.dumps(book))
    environment = workspace.environment(
        **simulator.env(),
        ANSIBLE_STDOUT_CALLBACK="as_json",
        ANSIBLE_CALLBACK_PLUGINS=str(callback),
    )

    done = workspace.run_apart("ansible-playbook", "play.yml", environment=environment)

    assert json.loads(done.stdout) == {"ok": {"localhost": 1}}
    assert f"offer {A[:8]}: ready" in done.stderr

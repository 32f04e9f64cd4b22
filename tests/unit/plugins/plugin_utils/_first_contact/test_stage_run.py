# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stages of a wait, with a machine and a clock that obey the test."""

from __future__ import annotations

import time
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.problem import (
    Problem,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.remote import Lost
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.stage_run import (
    StageRun,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.stages import (
    Stage,
)

REFUSED = Problem("refused", "the connection was refused", "Wait.")
DENIED = Problem("permission_denied", "permission denied", "Use another key.")
LOCKED = Problem("package_lock", "it is locked", "Wait.")
NO_ANSWER = Problem("timed_out", "there was no answer", "Wait.")
FOREIGN_KEY = Problem("host_key_changed", "its host key has changed", "Look.", final=True)


class Machine:
    """Answers each connection with the next of these; None is a good one, and the last stays."""

    def __init__(self, *answers: Problem | Lost | None, uid: str = "0") -> None:
        self._answers = list(answers) or [None]
        self._uid = uid
        self.times_left: list[float] = []

    def connect_anew(self, command: str, seconds: float) -> dict[str, t.Any]:
        assert command == 'echo "compute-desk uid $(id -u)"'
        self.times_left.append(seconds)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Problem):
            raise Lost(answer)
        if answer is not None:
            raise answer
        return {"rc": 0, "stdout": f"compute-desk uid {self._uid}\n", "stderr": ""}

    def judged(self, text: str) -> Problem:
        return Problem("unreachable", text.strip(), "Look.")


class Bench:
    """A wait, its clock, and the lines that it showed."""

    def __init__(
        self,
        machine: Machine,
        denied_timeout: float = 120.0,
        not_later: float | None = None,
        began: float | None = None,
    ) -> None:
        self.now = 1000.0
        self.lines: list[tuple[str, str, str]] = []
        self.machine = machine
        self.wait = StageRun(
            t.cast("t.Any", machine),
            self._tell,
            denied_timeout,
            None if began is None else time.time() + began,
            not_later_than=None if not_later is None else time.time() + not_later,
            clock=lambda: self.now,
            sleep=self.let_pass,
        )

    def _tell(self, text: str, times: str, level: str) -> None:
        self.lines.append((text, times, level))

    def let_pass(self, seconds: float) -> None:
        self.now += seconds

    @property
    def texts(self) -> list[str]:
        return [text for text, _times, _level in self.lines]


def test_a_machine_that_is_ready_is_not_talked_about() -> None:
    bench = Bench(Machine(uid="1000"))

    assert bench.wait.run([Stage(300.0)]) is None
    assert bench.lines == []
    assert bench.wait.found == {"uid": 1000}


def test_a_late_one_is_tried_until_it_answers() -> None:
    bench = Bench(Machine(REFUSED, REFUSED, DENIED, None))

    assert bench.wait.run([Stage(300.0)]) is None
    assert bench.lines == [
        ("the connection was refused", "(0:00 elapsed, 5:00 left)", "warning"),
        ("permission denied", "(0:04 elapsed, 4:56 left)", "warning"),
        ("the machine answers", "(0:06 elapsed, 4:54 left)", "good"),
    ]


def test_one_that_never_comes_is_given_up_at_the_deadline() -> None:
    bench = Bench(Machine(REFUSED))

    assert bench.wait.run([Stage(60.0)]) == REFUSED
    assert 59 <= bench.now - 1000 <= 60
    bench.wait.show_problem(REFUSED)
    assert bench.lines[-1][::2] == ("The connection was refused. Wait.", "bad")


def test_one_that_denies_access_has_a_limit_of_its_own() -> None:
    bench = Bench(Machine(DENIED), denied_timeout=40.0)

    assert bench.wait.run([Stage(300.0)]) == DENIED
    assert 39 <= bench.now - 1000 <= 40


def test_waiting_does_not_help_against_a_final_problem() -> None:
    bench = Bench(Machine(FOREIGN_KEY))
    checked: list[float] = []

    assert bench.wait.run([Stage(300.0), Stage(60.0, "locks", checked.append)]) == FOREIGN_KEY
    assert checked == []
    assert bench.now == 1000
    assert len(bench.machine.times_left) == 1


def test_time_limits_add_up_and_a_stage_that_starts_late_is_tried_once() -> None:
    bench = Bench(Machine())
    bench.now += 500
    seen: list[float] = []

    def check(left: float) -> Problem | None:
        seen.append(left)
        return LOCKED

    problem = bench.wait.run([Stage(60.0), Stage(30.0, "locks", check)])

    assert problem == LOCKED
    assert bench.machine.times_left == [10.0], "it was connected, late as it is"
    assert seen == [10.0], "and checked once"
    assert bench.now == 1500


@pytest.mark.parametrize(("began", "waits"), [(None, 60), (-40.0, 20), (10.0, 60)])
def test_the_time_counts_from_when_the_wait_began(began: float | None, waits: int) -> None:
    bench = Bench(Machine(REFUSED), began=began)

    assert bench.wait.run([Stage(60.0)]) == REFUSED
    assert waits - 2 <= bench.now - 1000 <= waits
    assert 58 <= bench.wait.elapsed() <= 61


def test_a_check_knows_how_much_time_is_left() -> None:
    bench = Bench(Machine())
    seen: list[float] = []

    def check(left: float) -> Problem | None:
        seen.append(left)
        return LOCKED if len(seen) < 3 else None

    assert bench.wait.run([Stage(60.0), Stage(1.0, "a little", seen.append)]) is None
    assert seen == [1.0]
    seen.clear()
    assert bench.wait.run([Stage(30.0, "locks", check)]) is None
    assert [left < 30.0 for left in seen] == [False, True, True]
    assert seen == sorted(seen, reverse=True)


def test_a_stage_that_begins_in_time_takes_over_what_is_left() -> None:
    bench = Bench(Machine())
    seen: list[float] = []

    assert bench.wait.run([Stage(60.0), Stage(30.0, "locks", seen.append)]) is None
    assert seen == [30.0]


def test_a_limit_of_zero_leaves_a_check_out_but_not_the_connection() -> None:
    bench = Bench(Machine())

    stages = [Stage(0.0), Stage(0.0, "locks", lambda _left: LOCKED)]

    assert bench.wait.run(stages) is None
    assert len(bench.machine.times_left) == 1


def test_a_connection_that_is_lost_is_made_anew() -> None:
    bench = Bench(Machine(None, REFUSED, None))
    answers: list[Lost | None] = [Lost(NO_ANSWER), None]

    def check(_left: float) -> None:
        answer = answers.pop(0)
        if answer:
            raise answer

    assert bench.wait.run([Stage(60.0), Stage(60.0, "cloud-init", check)]) is None
    assert bench.texts == [
        "there was no answer",
        "the connection was refused",
        "the machine answers",
    ]


def test_a_try_that_was_cut_short_does_not_hide_what_was_known() -> None:
    bench = Bench(Machine(REFUSED, Lost(NO_ANSWER, cut_short=True)))

    assert bench.wait.run([Stage(3.0)]) == REFUSED
    assert Bench(Machine(Lost(NO_ANSWER, cut_short=True))).wait.run([Stage(0.5)]) == NO_ANSWER


def test_one_that_is_late_but_has_time_left_is_not_ready_yet() -> None:
    bench = Bench(Machine(REFUSED), not_later=20.0)

    problem = bench.wait.run([Stage(60.0)])

    assert problem
    assert (problem.kind, problem.message) == ("not_yet", REFUSED.message)
    assert problem.hint == "It still has time: try again later with the same began_at."
    assert 1016 <= bench.now <= 1020, "and nobody waits for it any longer"
    bench.wait.show_problem(problem)
    assert bench.lines[-1][::2] == ("not ready yet: the connection was refused", "plain")


@pytest.mark.parametrize(
    ("answer", "own_time", "denied_timeout"),
    [(REFUSED, 15.0, 120.0), (DENIED, 300.0, 10.0), (FOREIGN_KEY, 300.0, 120.0)],
)
def test_one_whose_own_time_is_up_first_keeps_its_problem(
    answer: Problem, own_time: float, denied_timeout: float
) -> None:
    bench = Bench(Machine(answer), denied_timeout, not_later=20.0)

    assert bench.wait.run([Stage(own_time)]) == answer


def test_after_that_moment_each_stage_is_still_tried_once() -> None:
    ready = Bench(Machine(), not_later=-5.0)
    seen: list[float] = []
    assert ready.wait.run([Stage(60.0), Stage(30.0, "locks", seen.append)]) is None
    assert ready.machine.times_left == [10.0], "for a short time"
    assert seen == [30.0], "knowing how much time it has of its own"

    locked = Bench(Machine(), not_later=-5.0)
    problem = locked.wait.run([Stage(60.0), Stage(30.0, "locks", lambda _left: LOCKED)])
    assert problem and problem.kind == "not_yet"
    assert locked.now == 1000


def test_an_answer_that_is_not_ours_is_judged() -> None:
    bench = Bench(Machine(uid="0\x1b"))
    assert bench.wait.run([Stage(60.0)]) is None
    assert bench.wait.found == {"uid": 0}

    nobody = Bench(Machine(uid=""))
    assert nobody.wait.run([Stage(60.0)]) is None
    assert nobody.wait.found == {"uid": None}

    hidden = Bench(Machine(uid="99999999999"))
    problem = hidden.wait.run([Stage(3.0)])
    assert problem and problem.kind == "unreachable"


def test_the_heartbeat_says_what_is_waited_for() -> None:
    bench = Bench(Machine())
    bench.wait.show_that_it_goes_on()

    def check(_left: float) -> None:
        bench.wait.show_that_it_goes_on()

    bench.wait.run([Stage(60.0), Stage(60.0, "looking for Python", check)])

    bench.wait.go_on_with("gathering facts", 60.0)
    bench.let_pass(5)
    bench.wait.show_that_it_goes_on()

    assert bench.texts == [
        "still waiting: no answer yet",
        "still waiting: looking for Python",
        "still waiting: gathering facts",
    ]
    assert bench.lines[-1][1:] == ("(0:05 elapsed, 0:55 left)", "plain")

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls beside each other: whose outcome counts, and what becomes of an abandoned one."""

from __future__ import annotations

import threading
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.calls import Calls
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.polling import Polling
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.wait import WaitOptions
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.watch import Watch

from ...fake_api import A, FakeApi


def test_the_outcome_of_an_abandoned_call_is_not_that_of_the_next_one() -> None:
    late: list[t.Callable[[], None]] = []
    calls = Calls(2, start=late.append)
    calls.begin("offer", lambda: "old")
    calls.abandon("offer")
    assert not calls.running
    calls.begin("offer", lambda: "new")

    late[0]()
    assert calls.next_outcome(0) is None
    assert list(calls.running) == ["offer"]
    late[1]()
    assert calls.next_outcome(0) == ("offer", "new")
    assert not list(calls.running)


def test_a_mistake_of_ours_is_not_taken_for_an_answer() -> None:
    class BrokenApi(FakeApi):
        def offer_status(self, offer_id: str, timeout: float) -> dict[str, t.Any]:
            raise ZeroDivisionError(f"{offer_id} {timeout}")

    api = BrokenApi({A: []})
    waiting = Polling(api, [Watch(A)], WaitOptions(), **api.in_fake_time())

    with pytest.raises(ZeroDivisionError, match=A):
        waiting.turn(60)


def test_the_thread_of_a_call_that_hangs_does_not_keep_python_from_ending() -> None:
    calls = Calls(1)
    calls.begin("offer", threading.current_thread)

    assert (calls.next_outcome(60) or ("", None))[1].daemon

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a round takes over from an earlier one."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round.result import read_previous

from ...fake_api import A
from .earlier import NOT_READ, previous


@pytest.mark.parametrize(
    "result", [{}, {"round": "x"}, previous(machines=[{}]), previous(offers=7), previous(round="x")]
)
def test_what_is_no_earlier_result_is_refused(result: dict[str, t.Any]) -> None:
    with pytest.raises(OptionError, match=r"^previous: must be the result of wait_for_machines$"):
        read_previous(result)


@pytest.mark.parametrize(
    ("phases", "since"),
    [
        ([], None),
        (["not_procured"], 0.0),
        (["not_procured", "not_procured"], 0.0),
        (["provisioning", "not_procured"], 1.0),
        (["not_procured", "provisioning"], None),
    ],
)
def test_how_long_an_offer_is_unprocured_is_remembered(
    phases: list[str], since: float | None
) -> None:
    transitions = [{"phase": phase, "at": float(at)} for at, phase in enumerate(phases)]
    offer = {**NOT_READ, "offer_id": A, "transitions": transitions}

    (watch,) = read_previous(previous(offers=[offer, {**offer, "state": "ready"}])).watches()

    assert (watch.offer_id, watch.polls) == (A, 1)
    assert watch.not_procured_since == since

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A hostile machine: it tells its lies over real ssh, and else it is as any other."""

from __future__ import annotations

import pytest


@pytest.fixture
def hostile(simulate, running):
    """Starts a simulator whose machine tells the given lies."""

    def start(*lies, **lies_with):
        return simulate(running(personality="hostile", lies=list(lies), lies_with=lies_with))

    return start


def test_what_no_lie_is_for_is_done_as_told(hostile) -> None:
    client = hostile({"when": "secret", "stdout": "a lie"})
    run = client.ssh("cat; echo oops >&2; exit 42", input=b"in\0put")
    assert (run.returncode, run.stdout, run.stderr) == (42, b"in\0put", b"oops\n")
    assert client.machine()["lies_told"] == [0]


def test_a_lie_in_place_of_an_answer(hostile) -> None:
    parts = ["one\n", {"text": "{n},", "repeat": 3}]
    client = hostile({"when": "secret", "stdout": parts, "stderr": "no\n", "rc": 7})
    for more in ((), ("-tt",)):
        run = client.ssh("echo secret > found", *more, input=b"")
        assert run.returncode == 7
        assert run.stdout.replace(b"\r", b"").startswith(b"one\n1,2,3,")
    assert client.machine()["lies_told"] == [2]
    assert client.ssh("ls").stdout == b""

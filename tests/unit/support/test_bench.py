# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the comparison of first contacts computes, and the fleet that both sides get."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
from bench import first_contact
from bench.first_contact import Figures
from bench.measured import measured
from support.workspace import Workspace


def test_figures_count_from_the_beginning_in_whatever_order_machines_are_configured() -> None:
    figures = Figures.of([1009.0, 1002.0, 1040.0, 1003.0], began=1000.0, total=60.0)

    assert figures == Figures(first=2.0, median=6.0, last=40.0, total=60.0)
    assert str(figures) == "first 2.0 s, median 6.0 s, last 40.0 s, total 60.0 s"


def test_a_ratio_is_large_where_the_other_is_faster() -> None:
    ours, theirs = Figures(2.0, 4.0, 40.0, 100.0), Figures(20.0, 20.0, 20.0, 100.0)

    assert theirs.ratios(ours) == {"first": 10.0, "median": 5.0, "last": 0.5, "total": 1.0}


@pytest.mark.parametrize("machines", [7, 10, 40])
def test_every_strange_machine_is_in_the_fleet_and_none_stands_beside_another(
    machines: int,
) -> None:
    instances = first_contact.fleet(machines)["offers"][0]["instances"]
    ssh = [instance["ssh"] for instance in instances.values()]

    assert len(ssh) == machines
    assert [one for one in ssh if one] == first_contact.STRANGE
    if machines == 40:
        assert not any(one and other for one, other in zip(ssh, ssh[1:]))


def test_the_greeter_greets_at_any_loopback_address_until_it_is_left() -> None:
    with first_contact.greeter() as port:
        for address in ("127.0.0.1", "127.1.3.250"):
            with socket.create_connection((address, port), timeout=10) as caller:
                assert caller.recv(100) == b"SSH-2.0-greeter\r\n"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)


def test_a_command_is_measured_with_its_code_and_output(tmp_path: Path) -> None:
    script = "import os, sys; print(os.environ['WHO']); print('oh', file=sys.stderr); sys.exit(3)"
    with Workspace(tmp_path) as workspace:
        took = measured(workspace, sys.executable, "-c", script, WHO="me")

    assert (took.code, sorted(took.output.split())) == (3, ["me", "oh"])
    assert took.seconds > 0 and took.cpu > 0 and took.megabytes > 1

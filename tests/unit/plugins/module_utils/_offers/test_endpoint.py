# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ssh command that the API shows: a user and a port at most are taken from it."""

from __future__ import annotations

import re

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.endpoint import (
    Endpoint,
    endpoint_of,
)
from hypothesis import given
from hypothesis import strategies as st

from ...helpers import ANY_TEXT

IP = "203.0.113.7"
IPV6 = "2001:db8::7"

ACCEPTED = [
    ("ssh 203.0.113.7", "root", 22),
    ("ssh root@203.0.113.7", "root", 22),
    ("ssh ubuntu@203.0.113.7", "ubuntu", 22),
    ("  ssh   ubuntu@203.0.113.7  ", "ubuntu", 22),
    ("ssh -p 2222 ubuntu@203.0.113.7", "ubuntu", 2222),
    ("ssh -p2222 ubuntu@203.0.113.7", "ubuntu", 2222),
    ("ssh ubuntu@203.0.113.7 -p 2222", "ubuntu", 2222),
    ("ssh -p 1 203.0.113.7", "root", 1),
    ("ssh -p 65535 203.0.113.7", "root", 65535),
    ("ssh -l ubuntu 203.0.113.7", "ubuntu", 22),
    ("ssh -lubuntu 203.0.113.7", "ubuntu", 22),
    ("ssh -l ubuntu ubuntu@203.0.113.7", "ubuntu", 22),
    ("ssh -i ~/.ssh/id_ed25519 root@203.0.113.7", "root", 22),
    ("ssh -i /keys/a+b=c,d@e.pem -p 2022 -l user_1.x-y 203.0.113.7", "user_1.x-y", 2022),
]

REFUSED = [
    # Options that make ssh run or read something on the controller.
    "ssh -o ProxyCommand=id root@203.0.113.7",
    "ssh -oProxyCommand=id root@203.0.113.7",
    "ssh -J evil.example root@203.0.113.7",
    "ssh -F /tmp/config root@203.0.113.7",
    "ssh -i -oProxyCommand=id root@203.0.113.7",
    "ssh -p -oProxyCommand=id root@203.0.113.7",
    "ssh -l -oProxyCommand=id 203.0.113.7",
    "ssh -L 80:localhost:80 root@203.0.113.7",
    "ssh -A root@203.0.113.7",
    "ssh -tt root@203.0.113.7",
    "ssh -- root@203.0.113.7",
    "ssh - root@203.0.113.7",
    "ssh --port 22 root@203.0.113.7",
    # More than a login.
    "ssh root@203.0.113.7 reboot",
    "ssh root@203.0.113.7; reboot",
    "ssh root@203.0.113.7;reboot",
    "ssh root@203.0.113.7 | sh",
    "ssh root@203.0.113.7 && id",
    "ssh root@$(id)203.0.113.7",
    "ssh `id`@203.0.113.7",
    "ssh {{ x }}@203.0.113.7",
    "ssh 'root'@203.0.113.7",
    'ssh "root"@203.0.113.7',
    "ssh root@203.0.113.7\n",
    "ssh root@203.0.113.7\nreboot",
    "ssh\troot@203.0.113.7",
    "ssh root@203.0.113.7 # comment",
    "ssh root\\@203.0.113.7",
    # Another program, or none.
    "scp root@203.0.113.7",
    "/tmp/ssh root@203.0.113.7",
    "sudo ssh root@203.0.113.7",
    "root@203.0.113.7",
    "SSH root@203.0.113.7",
    " ",
    "ssh",
    "ssh -p 22",
    # Another machine.
    "ssh root@203.0.113.8",
    "ssh root@gpu.example.com",
    "ssh root@203.0.113.7@203.0.113.8",
    "ssh root@[203.0.113.7]",
    "ssh root@203.0.113.7:22",
    "ssh ssh://root@203.0.113.7",
    "ssh root@203.0.113.7 root@203.0.113.7",
    # Invalid users.
    "ssh @203.0.113.7",
    "ssh -l",
    "ssh a@b@203.0.113.7",
    "ssh 1user@203.0.113.7",
    "ssh ~@203.0.113.7",
    "ssh -l ubuntu root@203.0.113.7",
    "ssh -l ubuntu -l ubuntu 203.0.113.7",
    "ssh " + "u" * 33 + "@203.0.113.7",
    "ssh rööt@203.0.113.7",
    # Invalid ports.
    "ssh -p 0 root@203.0.113.7",
    "ssh -p 65536 root@203.0.113.7",
    "ssh -p 99999 root@203.0.113.7",
    "ssh -p 999999999999 root@203.0.113.7",
    "ssh -p -1 root@203.0.113.7",
    "ssh -p +22 root@203.0.113.7",
    "ssh -p 22.0 root@203.0.113.7",
    "ssh -p 2_2 root@203.0.113.7",
    "ssh -p \uff12\uff12 root@203.0.113.7",
    "ssh -p ٢٢ root@203.0.113.7",
    "ssh -p http root@203.0.113.7",
    "ssh -p 22 -p 22 root@203.0.113.7",
    "ssh root@203.0.113.7 -p",
    # Invalid files.
    "ssh root@203.0.113.7 -i",
    "ssh -i a -i b root@203.0.113.7",
]


@pytest.mark.parametrize(("command", "user", "port"), ACCEPTED)
def test_user_and_port_of_a_plain_command(command: str, user: str, port: int) -> None:
    assert endpoint_of(IP, command) == Endpoint(IP, user, port)


@pytest.mark.parametrize("command", REFUSED)
def test_anything_else_gives_the_defaults_and_a_problem(command: str) -> None:
    endpoint = endpoint_of(IP, command)

    assert (endpoint.address, endpoint.user, endpoint.port) == (IP, "root", 22)
    assert endpoint.problem
    assert endpoint.problem.startswith("ssh_command '")


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("ssh -p 22 -p 22 root@203.0.113.7", "has the option -p twice"),
        ("ssh -p 0 root@203.0.113.7", "has an invalid port"),
        ("ssh -p 65536 root@203.0.113.7", "has an invalid port"),
        ("ssh -p http root@203.0.113.7", "has an invalid port"),
        ("ssh root@203.0.113.7 reboot", "does not name exactly one host"),
        ("ssh root@203.0.113.8", "names a host other than external_ip"),
        ("ssh 203.0.113.7;id", "has a character that a plain ssh command does not need"),
        ("scp root@203.0.113.7", "does not begin with ssh"),
        ("ssh 203.0.113.7 -i -o", "has an unusual file name after -i"),
        ("ssh -l a b@203.0.113.7", "names two users"),
        ("ssh ~@203.0.113.7", "has an invalid user name"),
        (f"ssh -{'x' * 20} 203.0.113.7", f"has the option '-{'x' * 16}...'"),
    ],
)
def test_what_is_wrong_with_a_command_is_said(command: str, problem: str) -> None:
    assert endpoint_of(IP, command).problem == f"ssh_command '{command}' {problem}"


@pytest.mark.parametrize("command", [None, ""])
def test_no_command_is_no_problem(command: str | None) -> None:
    assert endpoint_of(IP, command) == Endpoint(IP, "root", 22, None)


@pytest.mark.parametrize(
    ("command", "user", "port"),
    [
        ("ssh ubuntu@2001:db8::7", "ubuntu", 22),
        ("ssh -p 2222 ubuntu@2001:DB8:0:0::7", "ubuntu", 2222),
    ],
)
def test_an_ipv6_address_in_any_spelling(command: str, user: str, port: int) -> None:
    assert endpoint_of(IPV6, command) == Endpoint(IPV6, user, port)


@pytest.mark.parametrize("host", ["[2001:db8::7]", "2001:db8::8", "2001:db8::7%eth0"])
def test_another_ipv6_address_is_refused(host: str) -> None:
    assert endpoint_of(IPV6, f"ssh ubuntu@{host}").problem


WORDS = st.lists(
    st.sampled_from(
        ["ssh", "-p", "-l", "-i", "-o", "-p22", "22", "0", "root", "@", IP, f"root@{IP}", "-", "~"]
    )
    | ANY_TEXT
)


@given(ANY_TEXT | WORDS.map(" ".join) | WORDS.map(lambda words: " ".join(["ssh", *words, IP])))
def test_no_text_gives_anything_but_a_user_and_a_port(command: str) -> None:
    endpoint = endpoint_of(IP, command)

    assert endpoint.address == IP
    assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}", endpoint.user)
    assert endpoint.port.__class__ is int
    assert 1 <= endpoint.port <= 65535
    if endpoint.problem:
        assert (endpoint.user, endpoint.port) == ("root", 22)
        assert endpoint.problem.isprintable()

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts as the greeting of an SSH server, from real sockets."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact import ssh_failure
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.problem import (
    Problem,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round import greeting
from ansible_collections.compute_desk.supply.plugins.plugin_utils._round.greeting import (
    ask_for_greeting,
)


@contextlib.contextmanager
def listening(
    *said: bytes, stays: bool = False, family: int = socket.AF_INET
) -> t.Iterator[ssh_failure.Target]:
    """A server that says this to everybody, piece by piece, and then hangs up, unless it stays."""
    over = threading.Event()
    with socket.socket(family) as server:
        server.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        server.listen()

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _peer = server.accept()
                with connection:
                    for part in said:
                        connection.sendall(part)
                        time.sleep(0.01)
                    if stays:
                        over.wait(20)

        thread = threading.Thread(target=serve)
        thread.start()
        address = server.getsockname()
        yield target(address[0], address[1])
        over.set()
        with contextlib.suppress(OSError):
            socket.create_connection(address[:2], 0.2).close()
        thread.join()


def target(host: str, port: t.Any) -> ssh_failure.Target:
    return ssh_failure.Target(
        ssh_failure.Setting(host, "from ansible_host"), ssh_failure.Setting(str(port), "by default")
    )


@pytest.mark.parametrize(
    "said",
    [
        [b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"],
        [b"SS", b"H-2.0-dropbear\r\n"],
        [b"Authorized use only.\r\nBe nice.\r\n", b"SSH-2.0-x\r\n"],
        [b"SSH-2.0-without-an-end"],
    ],
)
def test_a_greeting(said: list[bytes]) -> None:
    with listening(*said, stays=True) as where:
        assert ask_for_greeting(where, 5) is None


def test_a_greeting_over_ipv6() -> None:
    try:
        socket.socket(socket.AF_INET6).bind(("::1", 0))
    except OSError:
        pytest.skip("there is no IPv6 here")
    with listening(b"SSH-2.0-x\r\n", family=socket.AF_INET6) as where:
        assert ask_for_greeting(where, 5) is None


@pytest.mark.parametrize(
    ("said", "stays", "kind", "words"),
    [
        ([], False, "unreachable", "closed the connection"),
        ([], True, "timed_out", "no answer in time"),
        (
            [b"HTTP/1.1 400 Bad Request\r\n\r\n"],
            False,
            "unreachable",
            "not an SSH server; it says 'HTTP/1.1",
        ),
        ([b"\x1b[2J{{ 7*7 }}\r\n"], True, "unreachable", "it says '{{ 7*7 }}'"),
        ([b"x" * 2048] * 6, True, "unreachable", "it says 'xxxx"),
    ],
)
def test_no_greeting(said: list[bytes], stays: bool, kind: str, words: str) -> None:
    with listening(*said, stays=stays) as where:
        problem = ask_for_greeting(where, 0.5)

    assert problem is not None
    assert problem.kind == kind
    assert words in str(problem)
    assert "\x1b" not in str(problem)
    assert len(str(problem)) < 500


def test_nothing_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        problem = ask_for_greeting(target(*unused.getsockname()), 5)

    assert problem is not None
    assert problem.kind == "refused"
    assert "address 127.0.0.1 from ansible_host" in problem.sentence


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("no-such-host.invalid", 22),
        ("127.0.0.1", "ssh"),
        ("127.0.0.1", 70000),
        ("a\0b", 22),
        ("", 22),
        ("x" * 300, 22),
        ("\udc80", 22),
    ],
)
def test_what_cannot_be_an_address_is_a_problem_and_no_exception(host: str, port: t.Any) -> None:
    problem = ask_for_greeting(target(host, port), 2)

    assert problem is not None
    assert not problem.final


def test_a_connection_that_is_not_made_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_given: t.Any) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket, "create_connection", hang)

    problem = ask_for_greeting(target("203.0.113.7", 22), 5)

    assert problem is not None
    assert problem.kind == "timed_out" and "203.0.113.7" in problem.sentence


class Sayings:
    """A socket that says these, one after the other."""

    def __init__(self, *said: bytes | Exception) -> None:
        self._said = list(said)

    def settimeout(self, seconds: float) -> None:
        assert 0 < seconds <= 60

    def close(self) -> None:
        pass

    def recv(self, _size: int) -> bytes:
        said = self._said.pop(0)
        if isinstance(said, Exception):
            raise said
        return said


@pytest.mark.parametrize(
    ("said", "left", "kept"),
    [
        ([], -1.0, None),
        ([TimeoutError()], 60.0, None),
        ([b"Be nice", TimeoutError()], 60.0, b"Be nice"),
        ([ConnectionResetError()], 60.0, b""),
        ([b"Be nice", ConnectionResetError()], 60.0, b"Be nice"),
    ],
)
def test_what_is_left_of_a_connection_that_ends(
    said: list[bytes | Exception], left: float, kept: bytes | None
) -> None:
    server = t.cast("socket.socket", Sayings(*said))

    assert greeting._first_line(server, time.monotonic() + left) == kept


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (
            socket.gaierror(-2, "Name or service not known"),
            "ssh: Could not resolve hostname gpu: Name or service not known",
        ),
        (TimeoutError("timed out"), "ssh: connect to host gpu port 22: Connection timed out"),
        (OSError(113, "No route to host"), "ssh: connect to host gpu port 22: No route to host"),
        (OSError("odd"), "ssh: connect to host gpu port 22: odd"),
        (OverflowError("too big"), "ssh: connect to host gpu port 22: too big"),
        (Sayings(TimeoutError()), "Connection timed out during banner exchange"),
        (Sayings(b"", b""), "Connection closed by gpu port 22"),
    ],
)
def test_what_happens_is_judged_as_if_ssh_had_said_it(
    outcome: t.Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[t.Any] = []

    def connect(*given: t.Any) -> t.Any:
        asked.append(given)
        if isinstance(outcome, Exception):
            raise outcome
        return Sayings(*outcome._said)

    monkeypatch.setattr(socket, "create_connection", connect)
    where = ssh_failure.Target(ssh_failure.Setting("gpu", "by default"), None)

    assert ask_for_greeting(where, 7) == ssh_failure.judge(said, where)
    assert asked == [(("gpu", 22), 7)]


def test_what_is_not_an_ssh_server_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    said = (b"HTTP/1.1 400 \xff\r\n", b"")
    monkeypatch.setattr(socket, "create_connection", lambda *_given: Sayings(*said))
    where = target("gpu", 2222)

    assert ask_for_greeting(where, 7) == Problem(
        "unreachable",
        "what answers there is not an SSH server; it says 'HTTP/1.1 400 \ufffd'",
        "Check the address and the port.",
        tried="address gpu from ansible_host, port 2222 by default, user chosen by ssh",
    )

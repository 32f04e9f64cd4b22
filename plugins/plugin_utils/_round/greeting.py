# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks for the greeting of an SSH server, without logging in."""

from __future__ import annotations

import contextlib
import socket
import time

from ...module_utils._text import quoted
from .._first_contact.problem import UNREACHABLE, Problem
from .._first_contact.ssh_failure import Target, judge

# A server may send other lines before its greeting (RFC 4253, 4.2).
_LONGEST = 8192


def ask_for_greeting(target: Target, seconds: float) -> Problem | None:
    """Return why the SSH server of a target does not greet within so many seconds; None if it does.

    ``target`` has an address. Never raises.
    """
    host = target.address.value if target.address else ""
    port = target.port.value if target.port else "22"
    where = f"ssh: connect to host {host} port {port}"
    try:
        give_up_at = time.monotonic() + seconds
        with contextlib.closing(socket.create_connection((host, int(port)), seconds)) as server:
            said = _first_line(server, give_up_at)
    except socket.gaierror as exc:
        return judge(f"ssh: Could not resolve hostname {host}: {exc.strerror}", target)
    except socket.timeout:
        return judge(f"{where}: Connection timed out", target)
    except OSError as exc:
        return judge(f"{where}: {exc.strerror or exc}", target)
    except (ValueError, OverflowError, UnicodeError) as exc:
        return judge(f"{where}: {exc}", target)
    if said is None:
        return judge("Connection timed out during banner exchange", target)
    if not said:
        return judge(f"Connection closed by {host} port {port}", target)
    return None if said.startswith(b"SSH-") else _something_else(said, target)


def _first_line(server: socket.socket, give_up_at: float) -> bytes | None:
    """Return the greeting, or what came in its place; None if nothing came in time."""
    said = b""
    while len(said) < _LONGEST:
        left = give_up_at - time.monotonic()
        if left <= 0:
            return said or None
        server.settimeout(left)
        try:
            part = server.recv(1024)
        except socket.timeout:
            return said or None
        except ConnectionError:
            part = b""
        if not part:
            return said
        said += part
        greeting = _greeting(said)
        if greeting:
            return greeting
    return said


def _greeting(said: bytes) -> bytes | None:
    lines = (line for line in said.splitlines() if line.startswith(b"SSH-"))
    return next(lines, None)


def _something_else(said: bytes, target: Target) -> Problem:
    shown = quoted(said.decode("utf-8", "replace"))
    return Problem(
        UNREACHABLE,
        f"what answers there is not an SSH server; it says {shown}",
        "Check the address and the port.",
        tried=str(target),
    )

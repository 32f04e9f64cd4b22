# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Endpoint: how to reach a machine, from its address and the ssh command that the API shows.

The ssh command is foreign text. A strict grammar takes only a user and a port from it; otherwise
``-o ProxyCommand=...`` in it would run on the controller.

    >>> endpoint_of("203.0.113.7", "ssh -p 2222 ubuntu@203.0.113.7")
    Endpoint(address='203.0.113.7', user='ubuntu', port=2222, problem=None)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .._text import quoted
from .offer import machine_address

DEFAULT_USER = "root"
"""The SSH user for every vendor (the vendor's guide "Offer lifecycle")."""

DEFAULT_PORT = 22

# All characters of an acceptable command. No quotes, no shell metacharacters.
_ALLOWED = re.compile(r"[A-Za-z0-9 @:._~/+=,-]*", re.ASCII)
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}", re.ASCII)
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
_FILE = re.compile(r"[A-Za-z0-9._~/][A-Za-z0-9._~/+=,@-]*", re.ASCII)


@dataclass(frozen=True)
class Endpoint:
    """Where ssh connects to. ``problem`` says why the ssh command was ignored, if it was."""

    address: str
    user: str = DEFAULT_USER
    port: int = DEFAULT_PORT
    problem: str | None = None


class _NotInGrammar(ValueError):
    """The command does not follow the grammar; the text says where."""


def endpoint_of(address: str, ssh_command: str | None) -> Endpoint:
    """Return the endpoint of the machine at ``address``, a canonical IP address.

    The grammar is ``ssh [-p PORT] [-l USER] [-i FILE] [USER@]ADDRESS`` with the options anywhere;
    the file is ignored. Anything else, another address included, gives user root, port 22 and a
    ``problem``. A command that is null or empty gives root and 22 without one.
    """
    if not ssh_command:
        return Endpoint(address)
    try:
        user, port = _parse(ssh_command, address)
    except _NotInGrammar as exc:
        return Endpoint(address, problem=f"ssh_command {quoted(ssh_command)} {exc}")
    return Endpoint(address, user or DEFAULT_USER, port or DEFAULT_PORT)


def _parse(command: str, address: str) -> tuple[str | None, int | None]:
    if not _ALLOWED.fullmatch(command):
        raise _NotInGrammar("has a character that a plain ssh command does not need")
    program, *words = command.split() or [""]
    if program != "ssh":
        raise _NotInGrammar("does not begin with ssh")
    options, hosts = _options_and_hosts(words)
    if len(hosts) != 1:
        raise _NotInGrammar("does not name exactly one host")
    login, at, host = hosts[0].rpartition("@")
    if machine_address(host) != address:
        raise _NotInGrammar("names a host other than external_ip")
    users = {options["-l"], login if at else None} - {None}
    if len(users) > 1:
        raise _NotInGrammar("names two users")
    return _checked_user(users), _checked_port(options["-p"])


def _options_and_hosts(words: list[str]) -> tuple[dict[str, str | None], list[str]]:
    """Return the options with their values, and all other words."""
    options: dict[str, str | None] = {"-p": None, "-l": None, "-i": None}
    hosts: list[str] = []
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            hosts.append(word)
            continue
        name, value = word[:2], word[2:]
        if name not in options:
            raise _NotInGrammar(f"has the option {quoted(word, 20)}")
        if options[name] is not None:
            raise _NotInGrammar(f"has the option {name} twice")
        options[name] = value or next(rest, "")
    if options["-i"] is not None and not _FILE.fullmatch(options["-i"]):
        raise _NotInGrammar("has an unusual file name after -i")
    return options, hosts


def _checked_user(users: set[str | None]) -> str | None:
    for user in users:
        if not _USER.fullmatch(user or ""):
            raise _NotInGrammar("has an invalid user name")
        return user
    return None


def _checked_port(text: str | None) -> int | None:
    if text is None:
        return None
    if not _PORT.fullmatch(text) or not 1 <= int(text) <= 65535:
        raise _NotInGrammar("has an invalid port")
    return int(text)

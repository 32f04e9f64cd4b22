# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The name and the file under which ssh keeps the key of a host, derived from our own settings.

ssh prints both, but so can a machine. So a command that we advise to type never uses that output.
"""

from __future__ import annotations

import getopt
import os
import re
import shlex
import typing as t
from dataclasses import dataclass

from ...module_utils._text import printable

_SSH_PORT = 22

# The options of ssh as its manual page has them; a colon follows those with a value.
SSH_OPTIONS = "1246AB:b:CD:E:F:GI:J:KL:MNO:P:Q:R:S:TVW:XYac:e:fgi:kl:m:no:p:qstvw:xy"
_OPTION = re.compile(r"\s*(\w+)(?:\s*=\s*|\s+)(.*)", re.ASCII | re.DOTALL)

# Nobody types anything longer.
_LONGEST = 400


@dataclass(frozen=True)
class KnownAs:
    """The name, and the file if a setting names one; None is ssh's default file."""

    name: str
    file: str | None = None

    @property
    def forget_command(self) -> str | None:
        """The command that removes the key; None if it cannot be shown exactly as typed."""
        words = ["ssh-keygen", *(("-f", self.file) if self.file else ()), "-R", self.name]
        return " ".join(map(shlex.quote, words)) if all(map(_is_shown, words)) else None


def _is_shown(word: str) -> bool:
    return bool(word) and printable(word, _LONGEST) == word


def known_as(
    arguments: t.Sequence[str | None], address: str, port: str | int | None = None
) -> KnownAs:
    """Return the name under which ssh knows the host at this address and port.

    ``arguments`` are ``ssh_args``, ``ssh_common_args`` and ``ssh_extra_args``, in the order in
    which ssh gets them: if an option comes twice, the first counts. A text that is not a valid
    command line is ignored. The user's ssh_config is not taken into account.

        >>> known_as(["-C", "-o HostKeyAlias=i-0a1b"], "203.0.113.7", 2222)
        KnownAs(name='i-0a1b', file=None)
    """
    options: dict[str, list[str]] = {}
    for text in arguments:
        for name, values in _options(text or ""):
            options.setdefault(name, values)
    alias = options.get("hostkeyalias")
    file = options.get("userknownhostsfile")
    # ssh writes all names in lower case, and a hashed one is not found in any other case.
    name = alias[0] if alias else _with_port(address, port)
    return KnownAs(name.lower(), _path(file[0]) if file else None)


def _options(text: str) -> t.Iterator[tuple[str, list[str]]]:
    """Yield the name, in lower case, and the values of each ``-o`` in the arguments."""
    try:
        given, _rest = getopt.getopt(shlex.split(text), SSH_OPTIONS)
    except (ValueError, getopt.GetoptError):
        return
    for flag, value in given:
        match = _OPTION.fullmatch(value) if flag == "-o" else None
        words = _words(match[2]) if match else []
        if match and words:
            yield match[1].lower(), words


def _words(text: str) -> list[str]:
    try:
        return [word for word in shlex.split(text) if word]
    except ValueError:
        return []


def _with_port(address: str, port: str | int | None) -> str:
    return address if str(port or _SSH_PORT) == str(_SSH_PORT) else f"[{address}]:{port}"


def _path(file: str) -> str | None:
    """Return the path of a known_hosts file; None if only ssh can tell, or there is none."""
    if file.lower() == "none" or "%" in file or "${" in file:
        return None
    return os.path.expanduser(file)

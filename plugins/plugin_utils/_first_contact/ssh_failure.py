# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why ssh did not get in, judged by what it printed.

Whoever answers at the address has a say in that text, and so has a machine that let us in: it is
cut before it is judged, and nothing of it gets into a command that the user is told to type.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, replace

from ...module_utils._text import printable, quoted, tail
from .known_as import KnownAs, known_as
from .problem import HOST_KEY_CHANGED, PERMISSION_DENIED, REFUSED, TIMED_OUT, UNREACHABLE, Problem


@dataclass(frozen=True)
class Setting:
    """Something that a connection is made with, and where it came from."""

    value: str
    origin: str


@dataclass(frozen=True)
class Target:
    """Where a connection leads, as far as it is known: what is None, ssh decides by itself.

    ``known_as`` is for hosts whose key ssh keeps under another name than the address, or elsewhere.
    """

    address: Setting | None = None
    port: Setting | None = None
    user: Setting | None = None
    known_as: KnownAs | None = None

    @property
    def forget_command(self) -> str | None:
        """The command that removes the key that ssh has of it, by our own settings alone."""
        known = self.known_as
        if known is None and self.address:
            known = known_as((), self.address.value, self.port.value if self.port else None)
        return known.forget_command if known else None

    def __str__(self) -> str:
        parts = (("address", self.address), ("port", self.port), ("user", self.user))
        named = [
            f"{name} {printable(setting.value, 100)} {printable(setting.origin, 60)}"
            if setting
            else f"{name} as ssh chooses"
            for name, setting in parts
        ]
        return ", ".join(named)


@dataclass(frozen=True)
class _Rule:
    """A line of ssh, what it means, and what helps; ``{line}`` in the text is the line itself."""

    pattern: str
    kind: str
    message: str
    hint: str
    final: bool = False


_STILL_BOOTING = (
    "If the machine may still be booting, raise the timeout; else check the address and the port, "
    "and whether its sshd runs."
)
_FIREWALL = (
    "Check the address, and that no firewall or security group stands between; if the machine may "
    "still be booting, raise the timeout."
)
_KEYS = (
    "Check that this is the user of the image, and that your key is the one that the machine was "
    "bought with (ansible_ssh_private_key_file, --private-key or the agent)."
)
_BROKEN = (
    "Something listens there, but is no sshd that lets anybody in now. If it may still be booting, "
    "raise the timeout; else see the log of its sshd."
)

# In this order. The text of the machine itself (a banner) comes before the reason that ssh gives,
# so lines are looked at from the last to the first.
_RULES = (
    _Rule(
        r"^(ssh: )?connect to (host|address) .*: Connection refused$|Unable to connect to port \d",
        REFUSED, "the connection was refused: nothing listens there", _STILL_BOOTING,
    ),
    _Rule(
        r"^(ssh: )?connect to (host|address) .*: (Connection|Operation) timed out$"
        r"|^Connection timed out during banner exchange$|^Connection to .* timed out$"
        r"|^Timeout, server .* not responding\.$|^timed out$",
        TIMED_OUT, "there was no answer in time", _FIREWALL,
    ),
    _Rule(
        r'^Please login as the user "?[\w.-]{1,64}"? rather than the user',
        PERMISSION_DENIED, "the machine wants another user: {line}",
        "Set ansible_user to that one.", final=True,
    ),
    _Rule(
        r"Too many authentication failures",
        PERMISSION_DENIED, "permission denied: ssh offered too many keys",
        "Name the right one, and add -o IdentitiesOnly=yes to ansible_ssh_common_args.",
    ),
    _Rule(
        r"^(\S+: )?Permission denied \([\w,@.-]*\)\.?$|^Permission denied, please try again\.$"
        r"|^Authentication failed\.?$|^Failed to authenticate: |Invalid/incorrect .{0,20}password",
        PERMISSION_DENIED, "permission denied: the machine answers, but does not let this user in",
        _KEYS,
    ),
    _Rule(
        r"^(WARNING: )?Your (password|account) has expired|^This account is (currently )?not "
        r"available|password change required",
        PERMISSION_DENIED, "permission denied: {line}",
        "Log in by hand and put the account right, or use another user.",
    ),
    _Rule(
        r"System is booting up|pam_nologin",
        UNREACHABLE, "the machine is booting and lets nobody in yet",
        "Raise the timeout; if it stays so, look for a service that does not start.",
    ),
    _Rule(
        r"Could not resolve hostname",
        UNREACHABLE, "the name of the host is unknown: {line}",
        "Set ansible_host to its address, or check the DNS of the machine that runs Ansible.",
    ),
    _Rule(
        r": (No route to host|Network is unreachable|Host is down)$",
        UNREACHABLE, "no way leads there: {line}", _FIREWALL,
    ),
    _Rule(
        r"^Unable to negotiate with ",
        UNREACHABLE, "ssh and the machine have no method in common: {line}",
        "Update one of the two, or allow the method in ansible_ssh_common_args.", final=True,
    ),
    _Rule(
        r"^(kex_exchange_identification|ssh_exchange_identification|banner exchange): "
        r"|^Connection (closed|reset) by |^Read from remote host .*: Connection reset"
        r"|^(client_loop: send disconnect|ssh_dispatch_run_fatal|Received disconnect from)",
        UNREACHABLE, "the machine closed the connection: {line}", _BROKEN,
    ),
)  # fmt: skip

# The reason comes last, and a changed host key is told of some 15 lines before. What stands in
# front of that is the machine's own, and may be of any size.
_KEPT = 32 * 1024
# A path or a name in a line of ssh is rarely longer than 255. Each pattern is tried on each line,
# so none has two parts of any length that could share a text in more than one way.
_LONGEST_LINE = 500

_NOISE = re.compile(r"^(debug\d: |\*\* |Warning: Permanently added |Authenticated to |@+$)")
_ANSIBLE_SAYS = re.compile(
    r"(Failed to connect to the host via \w{1,40}:|Data could not be sent .{0,300}?:)( |$)"
)
_CHANGED = re.compile(r"REMOTE HOST IDENTIFICATION HAS CHANGED|^The host key for .* has changed")
_UNVERIFIED = re.compile(r"^Host key verification failed\.?$|host key for .* has changed")
_REVOKED = re.compile(r" host key for \S+ (was|is marked as) revoked")
_OFFENDING = re.compile(r"^Offending (?:\S+ )?key in ")
_FINGERPRINT = re.compile(r"^(SHA256:[A-Za-z0-9+/=]{1,100}|MD5:[0-9a-f:]{1,100})\.?$")
_UNUSED_KEY = re.compile(
    r'^(Load key "|no such identity: |(Warning: )?Identity file .* not accessible: '
    r"|Permissions [0-7]{1,6} for '.*' are too open\.$)"
)


def judge(text: str, target: Target, believe_host_key: bool = True) -> Problem:
    """Return why there is no connection, by the words of ssh (and Ansible's before them).

    Who was let in must not believe what is said of the host key: the machine may have printed it.
    Then a connection is to be made anew, and its words judged, if ``speaks_of_host_key`` says so.
    """
    lines = _lines(text)
    problem = _host_key_problem(lines, target) if believe_host_key else None
    problem = problem or _by_rules(lines)
    evidence = [line for line in lines if _UNUSED_KEY.match(line)]
    message = problem.message
    if problem.kind == PERMISSION_DENIED and evidence:
        message += f"; {printable(evidence[-1])}"
    return replace(problem, message=message, tried=str(target))


def speaks_of_host_key(text: str) -> bool:
    """Return whether this text, if it is believed, means that the host key is not the right one."""
    return _host_key_problem(_lines(text), Target()) is not None


def no_answer(seconds: float, target: Target) -> Problem:
    """Return what it means that a connection stood, or nearly, and then nothing came any more."""
    message = f"there was no answer within {seconds:.0f} s"
    return Problem(TIMED_OUT, message, _FIREWALL, tried=str(target))


def _lines(text: str) -> list[str]:
    text = tail(text, _KEPT)
    says = _ANSIBLE_SAYS.match(text)
    parts = re.split(r"[\r\n]+", text[says.end() :] if says else text)
    lines = (part.strip()[:_LONGEST_LINE] for part in parts)
    return [line for line in lines if line and not _NOISE.match(line)]


def _host_key_problem(lines: list[str], target: Target) -> Problem | None:
    """Return what is wrong with the host key, if that is why ssh ended.

    A changed key that ssh was told to bear with is only a warning, so its last line has to agree.
    """
    if not any(_UNVERIFIED.search(line) for line in lines[-1:]):
        return None
    if any(_CHANGED.search(line) for line in lines):
        return _changed_host_key(lines, target)
    if any(_REVOKED.search(line) for line in lines):
        return Problem(
            UNREACHABLE,
            "its host key is marked as revoked",
            "Do not log in before you know why; the mark is in known_hosts.",
            final=True,
        )
    return Problem(
        UNREACHABLE,
        "its host key is not known, and ssh is to accept only known ones",
        "Compare its fingerprint and add it to known_hosts, or let ssh accept what it never saw "
        "with -o StrictHostKeyChecking=accept-new in ansible_ssh_common_args.",
        final=True,
    )


def _changed_host_key(lines: list[str], target: Target) -> Problem:
    prints = [match[1] for match in map(_FINGERPRINT.match, lines) if match]
    message = (
        "its host key is another one than the one that is known; now it is "
        + (prints or ["not shown"])[-1]
    )
    offending = [line for line in lines if _OFFENDING.match(line)]
    if offending:
        message += f", and ssh says {quoted(offending[-1], 200)}"
    command = target.forget_command
    # No full stop behind the command: it would be copied as well.
    how = f": {command}" if command else " from known_hosts."
    return Problem(
        HOST_KEY_CHANGED,
        message,
        "It was installed anew, or another machine answers in its place: find out which before "
        f"you log in. Then remove the old key{how}",
        final=True,
    )


def _by_rules(lines: list[str]) -> Problem:
    for line in reversed(lines):
        for rule in _RULES:
            if re.search(rule.pattern, line):
                message = rule.message.format(line=printable(line))
                return Problem(rule.kind, message, rule.hint, rule.final)
    last: t.Sequence[str] = lines[-1:] or ["it broke off, and no reason was given"]
    return Problem(
        UNREACHABLE,
        f"the connection failed: {printable(last[0])}",
        "Try the same by hand with ssh -v.",
    )

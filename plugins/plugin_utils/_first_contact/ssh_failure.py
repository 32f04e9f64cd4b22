# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why ssh could not connect, derived from its output.

The machine, or anybody else who answers at the address, can add to that output. So it is cut before
it is read, and no part of it gets into a command that we advise to type.
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
    """A setting of a connection, and where it came from."""

    value: str
    origin: str


@dataclass(frozen=True)
class Target:
    """Where a connection leads. With ``is_ssh``, ssh decides about what is None.

    ``known_as`` is for hosts whose key ssh keeps under a name other than the address, or in a file
    of its own.
    """

    address: Setting | None = None
    port: Setting | None = None
    user: Setting | None = None
    known_as: KnownAs | None = None
    is_ssh: bool = True

    @property
    def forget_command(self) -> str | None:
        """The command that removes the known key, derived from our own settings alone."""
        known = self.known_as
        if known is None and self.address:
            known = known_as((), self.address.value, self.port.value if self.port else None)
        return known.forget_command if known else None

    def __str__(self) -> str:
        parts = (("address", self.address), ("port", self.port), ("user", self.user))
        named = [
            f"{name} {printable(setting.value, 100)} {printable(setting.origin, 60)}"
            if setting
            else f"{name} chosen by ssh"
            for name, setting in parts
            if setting or self.is_ssh
        ]
        return ", ".join(named)


@dataclass(frozen=True)
class _Rule:
    """A line of ssh, what it means, and what helps. ``{line}`` stands for the line itself."""

    pattern: str
    kind: str
    message: str
    hint: str
    final: bool = False


_LONGER = "raise instance_ready_timeout (timeout in wait_for_instance)"
_STILL_BOOTING = (
    f"If the machine may still be booting, {_LONGER}. Otherwise check the address and the port, "
    "and whether sshd is running."
)
_FIREWALL = (
    "Check the address, and that no firewall or security group is in the way. If the machine may "
    f"still be booting, {_LONGER}."
)
_KEYS = (
    "Check that the image has this user, and that you use the key that the machine was bought with "
    "(ansible_ssh_private_key_file, --private-key or the agent)."
)
_BROKEN = (
    "Something listens there, but it is not an sshd that accepts logins now. If the machine may "
    f"still be booting, {_LONGER}. Otherwise see the log of its sshd."
)

# The first match wins. Lines are tried from the last to the first, because the machine's own text
# (a banner) comes before the reason that ssh gives.
_RULES = (
    _Rule(
        r"^(ssh: )?connect to (host|address) .*: Connection refused$|Unable to connect to port \d",
        REFUSED,
        "the connection was refused: nothing listens there",
        _STILL_BOOTING,
    ),
    _Rule(
        r"^(ssh: )?connect to (host|address) .*: (Connection|Operation) timed out$"
        r"|^Connection timed out during banner exchange$|^Connection to .* timed out$"
        r"|^Timeout, server .* not responding\.$|^timed out$",
        TIMED_OUT,
        "there was no answer in time",
        _FIREWALL,
    ),
    _Rule(
        r'^Please login as the user "?[\w.-]{1,64}"? rather than the user',
        PERMISSION_DENIED,
        "the machine wants a different user: {line}",
        "Set ansible_user to that user.",
        final=True,
    ),
    _Rule(
        r"Too many authentication failures",
        PERMISSION_DENIED,
        "permission denied: ssh offered too many keys",
        "Name the right key, and add -o IdentitiesOnly=yes to ansible_ssh_common_args.",
    ),
    _Rule(
        r"^(\S+: )?Permission denied \([\w,@.-]*\)\.?$|^Permission denied, please try again\.$"
        r"|^Authentication failed\.?$|^Failed to authenticate: |Invalid/incorrect .{0,20}password",
        PERMISSION_DENIED,
        "permission denied: the machine answers, but rejects this user",
        _KEYS,
    ),
    _Rule(
        r"^(WARNING: )?Your (password|account) has expired|^This account is (currently )?not "
        r"available|password change required",
        PERMISSION_DENIED,
        "permission denied: {line}",
        "Log in by hand and fix the account, or use a different user.",
    ),
    _Rule(
        r"System is booting up|pam_nologin",
        UNREACHABLE,
        "the machine is booting and accepts no logins yet",
        "Raise the timeout. If it does not help, look for a service that does not start.",
    ),
    _Rule(
        r"Could not resolve hostname",
        UNREACHABLE,
        "the host name is unknown: {line}",
        "Set ansible_host to its address, or check the DNS of the machine that runs Ansible.",
    ),
    _Rule(
        r": (No route to host|Network is unreachable|Host is down)$",
        UNREACHABLE,
        "there is no route to the machine: {line}",
        _FIREWALL,
    ),
    _Rule(
        r"^Unable to negotiate with ",
        UNREACHABLE,
        "ssh and the machine support no common method: {line}",
        "Update one of the two, or allow the method in ansible_ssh_common_args.",
        final=True,
    ),
    _Rule(
        r"^(kex_exchange_identification|ssh_exchange_identification|banner exchange): "
        r"|^Connection (closed|reset) by |^Read from remote host .*: Connection reset"
        r"|^(client_loop: send disconnect|ssh_dispatch_run_fatal|Received disconnect from)",
        UNREACHABLE,
        "the machine closed the connection: {line}",
        _BROKEN,
    ),
)

# The reason comes last, and the warning about a changed host key some 15 lines before it. Anything
# further up is the machine's own, and may have any size.
_KEPT = 32 * 1024
# A path or a name in a line of ssh is rarely longer than 255. Each pattern is tried on each line,
# so none has two unbounded parts that could match the same text in more than one way.
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
    """Return why there is no connection, from the output of ssh with Ansible's words before it.

    After a login, the machine itself may have printed anything about the host key. So if
    ``is_about_host_key``, check the host key without logging in, and judge that output instead.
    """
    lines = _lines(text)
    problem = _host_key_problem(lines, target) if believe_host_key else None
    problem = problem or _by_rules(lines)
    evidence = [line for line in lines if _UNUSED_KEY.match(line)]
    message = problem.message
    if problem.kind == PERMISSION_DENIED and evidence:
        message += f"; {printable(evidence[-1])}"
    return replace(problem, message=message, tried=str(target))


def is_about_host_key(text: str) -> bool:
    """Return whether this output, if it can be believed, means that the host key is wrong."""
    return _host_key_problem(_lines(text), Target()) is not None


def no_answer(seconds: float, target: Target) -> Problem:
    """Return the problem for a machine that stopped answering."""
    message = f"there was no answer within {seconds:.0f} s"
    return Problem(TIMED_OUT, message, _FIREWALL, tried=str(target))


def _lines(text: str) -> list[str]:
    text = tail(text, _KEPT)
    says = _ANSIBLE_SAYS.match(text)
    parts = re.split(r"[\r\n]+", text[says.end() :] if says else text)
    lines = (part.strip()[:_LONGEST_LINE] for part in parts)
    return [line for line in lines if line and not _NOISE.match(line)]


def _host_key_problem(lines: list[str], target: Target) -> Problem | None:
    """Return the problem with the host key, if that is why ssh failed.

    If ssh is configured to accept a changed key, it only warns; so its last line has to agree.
    """
    if not any(_UNVERIFIED.search(line) for line in lines[-1:]):
        return None
    if any(_CHANGED.search(line) for line in lines):
        return _changed_host_key(lines, target)
    if any(_REVOKED.search(line) for line in lines):
        return Problem(
            UNREACHABLE,
            "its host key is marked as revoked in known_hosts",
            "Do not log in until you know why.",
            final=True,
        )
    return Problem(
        UNREACHABLE,
        "its host key is not known, and ssh accepts only known ones",
        "Compare its fingerprint and add it to known_hosts, or let ssh accept keys of new hosts "
        "with -o StrictHostKeyChecking=accept-new in ansible_ssh_common_args.",
        final=True,
    )


def _changed_host_key(lines: list[str], target: Target) -> Problem:
    prints = [match[1] for match in map(_FINGERPRINT.match, lines) if match]
    now = f"; it is now {prints[-1]}" if prints else ", and ssh does not show the new one"
    message = f"its host key has changed{now}"
    offending = [line for line in lines if _OFFENDING.match(line)]
    if offending:
        message += f", and ssh reports {quoted(offending[-1], 200)}"
    command = target.forget_command
    # No full stop after the command: it would be copied too.
    how = f": {command}" if command else " from known_hosts."
    return Problem(
        HOST_KEY_CHANGED,
        message,
        "Either the machine was reinstalled, or a different machine answers at this address: find "
        f"out which before you log in. Then remove the old key{how}",
        final=True,
    )


def _by_rules(lines: list[str]) -> Problem:
    for line in reversed(lines):
        for rule in _RULES:
            if re.search(rule.pattern, line):
                message = rule.message.format(line=printable(line))
                return Problem(rule.kind, message, rule.hint, rule.final)
    last: t.Sequence[str] = lines[-1:] or ["ssh gave no reason"]
    return Problem(
        UNREACHABLE,
        f"the connection failed: {printable(last[0])}",
        "Try to connect by hand with ssh -v.",
    )

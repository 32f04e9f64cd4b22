# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can keep a machine from being ready."""

from __future__ import annotations

from dataclasses import dataclass, replace

REFUSED = "refused"
TIMED_OUT = "timed_out"
PERMISSION_DENIED = "permission_denied"
HOST_KEY_CHANGED = "host_key_changed"
UNREACHABLE = "unreachable"
NO_PYTHON = "no_python"
CLOUD_INIT_FAILED = "cloud_init_failed"
REBOOTING = "rebooting"
PACKAGE_LOCK = "package_lock"
UNSUPPORTED = "unsupported"
NOT_ALLOWED = "not_allowed"
FACTS_FAILED = "facts_failed"
FORGED_FACTS = "forged_facts"
WRONG_OPTION = "wrong_option"
NOT_YET = "not_yet"


@dataclass(frozen=True)
class Problem:
    """``message`` says what is wrong, ``hint`` what to do next, ``tried`` over which connection.

    A ``final`` problem does not go away by waiting; all others may.
    """

    kind: str
    message: str
    hint: str
    final: bool = False
    tried: str = ""

    @property
    def sentence(self) -> str:
        """The message with what was tried, as one sentence."""
        tried = f" (tried {self.tried})" if self.tried else ""
        return f"{self.message[:1].upper()}{self.message[1:].rstrip('.')}{tried}."

    def __str__(self) -> str:
        return f"{self.sentence} {self.hint}".rstrip()


def not_yet(problem: Problem) -> Problem:
    """Return the problem of a machine that has this one, and time left to get over it."""
    return replace(
        problem,
        kind=NOT_YET,
        hint="It still has time: try again later with the same began_at.",
    )

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outcome of one check. The judge's table adds its name."""

from __future__ import annotations

from dataclasses import dataclass

from .._text import printable
from .action import FIX_SOFTWARE, REBOOT_AND_RETEST, RESET_GPU, RETURN_MACHINE, WATCH

PASS, FAIL, SKIP, INCONCLUSIVE, NO_GPU = "pass", "fail", "skip", "inconclusive", "no_gpu"

NOT_LISTED = "no tool listed the GPUs"
REBOOT = "Reboot the machine; if that does not help, ask the vendor for another one."

ADVICE = {
    RETURN_MACHINE: "Ask the vendor for another machine.",
    REBOOT_AND_RETEST: REBOOT,
    RESET_GPU: (
        "Reset the GPU or reboot the machine; if that does not help, ask the vendor for another "
        "one."
    ),
    FIX_SOFTWARE: "Fix the software, and check again.",
    WATCH: "Watch it.",
}
"""What to do, in words for people."""

_DETAIL_LENGTH = 400


@dataclass(frozen=True)
class Outcome:
    """``detail`` says what was seen; for a failed check also what to do next."""

    verdict: str
    detail: str
    action: str | None = None

    def as_dict(self, name: str) -> dict[str, str | None]:
        """Return it as plain data."""
        return {
            "name": name,
            "verdict": self.verdict,
            "detail": self._line,
            "action": self.action,
        }

    @property
    def sentence(self) -> str:
        """The detail as one or more sentences, for the reasons of a verdict."""
        text = self._line
        # Names of commands keep their spelling.
        if not text.startswith(("nvidia-smi", "amd-smi", "rocm-smi", "lspci")):
            text = text[:1].upper() + text[1:]
        return text if text.endswith((".", "...", "?")) else text + "."

    @property
    def _line(self) -> str:
        return printable(self.detail, _DETAIL_LENGTH)


def passed(detail: str, *, watch: bool = False) -> Outcome:
    """All is well, or nothing can be wrong. ``watch`` if it may be about to change."""
    return Outcome(PASS, detail, WATCH if watch else None)


def failed(detail: str, action: str) -> Outcome:
    """The machine is not fit for work, and what to do about it."""
    return Outcome(FAIL, detail, action)


def failed_with_advice(found: str, action: str) -> Outcome:
    """The machine is not fit for work; the words for the action are added."""
    return failed(f"{found}. {ADVICE[action]}", action)


def skipped(detail: str) -> Outcome:
    """The check could not be made, or does not apply."""
    return Outcome(SKIP, detail)


def timed_out(tool: str, timeout: float) -> Outcome:
    """A tool hung."""
    what = f"{tool} timed out after {timeout:g} s and was killed"
    return failed_with_advice(f"{what}: a GPU or its driver hangs", REBOOT_AND_RETEST)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outcome of one check. The judge's table adds its name."""

from __future__ import annotations

from dataclasses import dataclass

from .._text import printable

PASS = "pass"  # noqa: S105 - a verdict, not a password
FAIL = "fail"
SKIP = "skip"
NO_GPU = "no_gpu"

NOT_LISTED = "no tool listed the GPUs"
REBOOT = "Reboot the machine; if that does not help, ask the vendor for another one."

_DETAIL_LENGTH = 400


@dataclass(frozen=True)
class Outcome:
    """``detail`` says what was seen; for a failed check also what to do next."""

    verdict: str
    detail: str

    def as_dict(self, name: str) -> dict[str, str]:
        """Return it as plain data."""
        return {"name": name, "verdict": self.verdict, "detail": self._line}

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


def passed(detail: str) -> Outcome:
    """All is well, or nothing can be wrong."""
    return Outcome(PASS, detail)


def failed(detail: str) -> Outcome:
    """The machine is not fit for work."""
    return Outcome(FAIL, detail)


def skipped(detail: str) -> Outcome:
    """The check could not be made, or does not apply."""
    return Outcome(SKIP, detail)


def timed_out(tool: str, timeout: float) -> Outcome:
    """A tool hung."""
    what = f"{tool} timed out after {timeout:g} s and was killed"
    return failed(f"{what}: a GPU or its driver hangs. {REBOOT}")


def count_of(number: int, word: str) -> str:
    """Return ``1 GPU``, ``2 GPUs``."""
    return f"{number} {word}" + ("" if number == 1 else "s")


def are(number: int) -> str:
    """Return the verb for so many things."""
    return "is" if number == 1 else "are"

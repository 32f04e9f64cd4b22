# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of one check of a machine's GPUs."""

from __future__ import annotations

from dataclasses import dataclass

from .._text import printable

PASS = "pass"  # noqa: S105 - a verdict, not a password
FAIL = "fail"
SKIP = "skip"
NO_GPU = "no_gpu"

CHECK_NAMES = (
    "tool", "driver_library", "count", "name", "driver_version", "cuda_version", "gpu_state", "ecc",
    "memory_rows", "kernel_log", "temperature", "throttling", "persistence", "mig", "fabric",
    "cuda_start",
)  # fmt: skip
"""Every report has all of them, in this order."""

_DETAIL_LENGTH = 400


@dataclass(frozen=True)
class Check:
    """``detail`` says what was seen; of a failed check also what to do next."""

    name: str
    verdict: str
    detail: str

    def as_dict(self) -> dict[str, str]:
        """Return it as plain data."""
        detail = printable(self.detail, _DETAIL_LENGTH)
        return {"name": self.name, "verdict": self.verdict, "detail": detail}

    @property
    def sentence(self) -> str:
        """The detail as one or more sentences, for the reasons of a verdict."""
        text = printable(self.detail, _DETAIL_LENGTH)
        # Names of commands stay as they are written.
        begin = (
            text
            if text.startswith(("nvidia-smi", "amd-smi", "rocm-smi", "lspci"))
            else (text[:1].upper() + text[1:])
        )
        return begin if begin.endswith((".", "...", "?")) else begin + "."


def count_of(number: int, word: str) -> str:
    """Return ``1 GPU``, ``2 GPUs``."""
    return f"{number} {word}" + ("" if number == 1 else "s")

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A user's expectations of a machine's GPUs, checked before anything runs."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .._options import OptionError, checked_number
from .._text import quoted

_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,5}", re.ASCII)

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "expected_count": {"type": "int"},
    "expected_name": {"type": "str"},
    "min_driver_version": {"type": "str"},
    "min_cuda_version": {"type": "str"},
    "command_timeout": {"type": "float", "default": 20},
    "known_bad": {"type": "path"},
    "record": {"type": "path"},
}
"""The argument spec of the module gpu_facts."""

ON_CONTROLLER = ("known_bad", "record")
"""The options that the action plugin sees to, and does not pass on to the machine."""


@dataclass(frozen=True)
class Expectations:
    """None means anything goes."""

    count: int | None = None
    name: str | None = None
    min_driver_version: str | None = None
    min_cuda_version: str | None = None
    command_timeout: float = 20.0

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> Expectations:
        """Read the options of the module. Raises OptionError."""
        count = options["expected_count"]
        if count is not None and count < 0:
            raise OptionError("expected_count", f"must be 0 or more, not {count}")
        return cls(
            count=count,
            # A survey passes an empty text for a variable that is not set.
            name=(options["expected_name"] or "").strip() or None,
            min_driver_version=_checked_version("min_driver_version", options),
            min_cuda_version=_checked_version("min_cuda_version", options),
            command_timeout=checked_number(
                "command_timeout", options["command_timeout"], at_least=1
            ),
        )

    @property
    def wants_gpus(self) -> bool:
        """Whether a machine without any GPU fails."""
        return bool(self.count) or (self.count is None and self.name is not None)

    def fits_name(self, name: str) -> bool:
        """Return whether a GPU of this name is expected, by whole words: L40 is not L40S."""
        words = re.escape(self.name or "")
        return bool(re.search(rf"(?<![A-Za-z0-9]){words}(?![A-Za-z0-9])", name, re.IGNORECASE))


def version_key(text: str) -> tuple[int, ...]:
    """Return a version for comparison: ``550.90.07`` < ``550.127.05``, and 12 equals 12.0."""
    numbers = [int(number[:9]) for number in re.findall(r"[0-9]+", text, re.ASCII)]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _checked_version(option: str, options: t.Mapping[str, t.Any]) -> str | None:
    value = (options[option] or "").strip()
    if value and not _VERSION.fullmatch(value):
        raise OptionError(option, f"{quoted(value)} is not a version such as 550.90.07")
    return value or None

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of reports, which machines have made: typed, and bounded where they are shown."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.text.converters import to_text

from ...module_utils._text import printable

Mapping = t.Mapping[str, t.Any]


def gpus_of(report: Mapping) -> list[Mapping]:
    """Return the GPUs of a report or a record."""
    return mappings(report, "gpus")


def mappings(holder: Mapping, key: str) -> list[Mapping]:
    """Return the mappings in a list; an empty list in place of anything else."""
    found = holder.get(key)
    return [one for one in found if isinstance(one, t.Mapping)] if isinstance(found, list) else []


def number_of(holder: Mapping, key: str) -> int | None:
    """Return a whole number, or None."""
    value = holder.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def text_of(holder: Mapping, key: str, limit: int = 200) -> str:
    """Return a text as one printable line; an empty one in place of anything else."""
    value = holder.get(key)
    return printable(to_text(value), limit) if isinstance(value, str) else ""


def numbers(gpus: t.Sequence[Mapping], key: str) -> list[int]:
    """Return the different numbers that GPUs have, in order."""
    return sorted({value for gpu in gpus if (value := number_of(gpu, key)) is not None})


def texts(gpus: t.Sequence[Mapping], key: str) -> list[str]:
    """Return the different texts that GPUs have, as they first appear."""
    return list(dict.fromkeys(value for gpu in gpus if (value := text_of(gpu, key))))


def span(found: t.Sequence[int]) -> str:
    """Return numbers in order as ``28`` or ``28-34``; an empty text for none."""
    if not found:
        return ""
    return str(found[0]) if found[0] == found[-1] else f"{found[0]}-{found[-1]}"

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters that make text from outside safe to show, and to hand on to other jobs."""

from __future__ import annotations

import re
import typing as t

from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.text.converters import to_text

from ..module_utils._text import printable
from ..plugin_utils._inventory.trust import UNSAFE_CHARACTERS, is_harmless


def printable_filter(text: t.Any, length: int = 200) -> str:
    """Return a text as one printable line of at most ``length`` characters."""
    return _shortened("printable", text, length)


def harmless_filter(text: t.Any, replacement: str = " ", length: int = 400) -> str:
    """Return a text without any character that can be part of a template."""
    line = _shortened("harmless", text, length)
    new = to_text(replacement)
    if not is_harmless(new):
        raise AnsibleFilterError("harmless: replacement has characters that it should replace")
    return re.sub(UNSAFE_CHARACTERS, lambda _match: new, line)


def _shortened(name: str, text: t.Any, length: t.Any) -> str:
    try:
        most = int(length)
    except (TypeError, ValueError, OverflowError):
        raise AnsibleFilterError(f"{name}: length is not a number of characters") from None
    return printable(to_text(text), max(most, 4))


class FilterModule:
    """The filters for text from outside."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"printable": printable_filter, "harmless": harmless_filter}

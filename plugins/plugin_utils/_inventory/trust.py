# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps Ansible from taking a text from the API for a template, on every supported core.

Before ansible-core 2.19 every string is a template unless it is wrapped as unsafe. Since then no
string is one unless it is tagged as trusted, and ``ansible-inventory`` prints untagged strings as
``{"__ansible_unsafe": ...}``, which AWX cannot read. So strings of harmless characters stay plain
(and are tagged), and all others are wrapped (or left without a tag).
"""

from __future__ import annotations

import re
import typing as t

import ansible.template
from ansible.utils.unsafe_proxy import wrap_var

# Since ansible-core 2.19.
_trusted: t.Callable[[str], str] | None = getattr(ansible.template, "trust_as_template", None)

# By characters, not by template markers: a first line "#jinja2: variable_start_string:'[%'" changes
# the markers, so a text without a single brace can run a lookup.
UNSAFE_CHARACTERS = r"[^A-Za-z0-9 ._:/@+,()=-]"
"""A pattern for one character that may be part of a template."""
_UNSAFE = re.compile(UNSAFE_CHARACTERS)


def is_harmless(text: str) -> bool:
    """Return whether no character of ``text`` can be part of a template."""
    return _UNSAFE.search(text) is None


def inert(value: t.Any) -> t.Any:
    """Return a string from the API in the form that Ansible never evaluates."""
    if not isinstance(value, str):
        return value
    # The method, because a wrapped string stays wrapped through str().
    plain = str.__str__(value)
    if _trusted is None:
        return plain if is_harmless(plain) else wrap_var(value)
    return _trusted(plain) if is_harmless(plain) else value


class Inert:
    """Makes the variables of many hosts inert. It remembers strings, as most of them recur."""

    def __init__(self) -> None:
        self._known: dict[str, t.Any] = {}

    def variables(self, record: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return a record with every string inert."""
        known = self._known
        result: dict[str, t.Any] = {}
        for name, value in record.items():
            if isinstance(value, str):
                found = known.get(value)
                if found is None:
                    found = known[value] = inert(value)
                result[name] = found
            else:
                result[name] = value
        return result


def plain_if_harmless(value: t.Any) -> t.Any:
    """Return the result of a user's expression over such strings, readable where that is safe.

    A string that could be a template stays as Ansible made it, with its memory of being unsafe.
    """
    if isinstance(value, str):
        return inert(value) if is_harmless(value) else value
    if isinstance(value, list):
        return [plain_if_harmless(entry) for entry in value]
    if isinstance(value, dict):
        return {plain_if_harmless(key): plain_if_harmless(entry) for key, entry in value.items()}
    return value

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Templates in the options of an inventory source, which Ansible leaves as they are."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.text.converters import to_text

from ...module_utils._options import OptionError
from ...module_utils._text import printable


def templated(
    config: t.Mapping[str, t.Any], expressions: t.Container[str], templar: t.Any
) -> dict[str, t.Any]:
    """Return the options with their templates evaluated, before their types are checked.

    A string is a template, and each element of a list; an element that yields a list becomes its
    elements. ``expressions`` names the options that are evaluated later, host by host. Raises
    OptionError, naming the option.
    """
    return {
        name: value if name in expressions else _evaluated(name, value, templar)
        for name, value in config.items()
    }


def _evaluated(name: str, value: t.Any, templar: t.Any) -> t.Any:
    if isinstance(value, str):
        return _template(name, value, templar)
    if not isinstance(value, list):
        return value
    elements: list[t.Any] = []
    for entry in value:
        result = _template(name, entry, templar) if isinstance(entry, str) else entry
        elements.extend(result if isinstance(result, list) else [result])
    return elements


def _template(name: str, text: str, templar: t.Any) -> t.Any:
    try:
        return templar.template(text)
    # A filter or lookup can raise anything; whoever wrote the template needs to see it.
    except Exception as exc:
        raise OptionError(name, printable(to_text(exc), 400)) from exc

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The user's expressions over the variables of a host: filters, names, variables, groups.

Ansible's Constructable evaluates them. It is silent about an expression that fails; this is not.
"""

from __future__ import annotations

import typing as t
from functools import partial

from ansible.module_utils.common.text.converters import to_text

from ...module_utils._offers.hosts import chosen_name
from ...module_utils._options import OptionError
from ...module_utils._phrases import json_type
from ...module_utils._text import printable, quoted
from .names import NameTaken
from .trust import plain_if_harmless

Variables = t.Dict[str, t.Any]


class Expressions:
    """The expressions of one source. ``plugin`` is the inventory plugin, after its options."""

    def __init__(self, plugin: t.Any) -> None:
        self._plugin = plugin
        self._failed: dict[tuple[str, str], list[tuple[str, str]]] = {}

    def keeps(self, variables: Variables) -> bool:
        """Return whether all filters are true and no exclude filter is. Raises OptionError."""
        option = self._plugin.get_option
        return all(
            self._is_true("filters", text, variables) for text in option("filters")
        ) and not any(
            self._is_true("exclude_filters", text, variables) for text in option("exclude_filters")
        )

    def name(self, default: str, variables: Variables) -> str:
        """Return the first name that is not empty, or the default one."""
        for text in self._plugin.get_option("hostnames"):
            compose = partial(self._plugin._compose, text, variables)
            value = self._tried("hostnames", text, default, compose)
            name = "" if value is None else chosen_name(to_text(value))
            if name:
                return name
        return default

    def compose(self, host: str, variables: Variables) -> None:
        """Set composed variables. Raises OptionError."""
        for name, text in (self._plugin.get_option("compose") or {}).items():
            self._tried("compose", name, host, partial(self._compose, name, text, variables, host))

    def add_to_groups(self, host: str, variables: Variables) -> None:
        """Add the host to composed and to keyed groups. Raises OptionError, or NameTaken."""
        plugin = self._plugin
        for name, text in (plugin.get_option("groups") or {}).items():
            add = partial(plugin._add_host_to_composed_groups, {name: text}, variables, host, True)
            self._tried("groups", name, host, add)
        for keyed in plugin.get_option("keyed_groups") or []:
            key = keyed.get("key") if isinstance(keyed, dict) else keyed
            add = partial(plugin._add_host_to_keyed_groups, [keyed], variables, host, True)
            self._tried("keyed_groups", str(key), host, add)

    def warnings(self) -> list[str]:
        """Return one sentence for every expression that failed, for all its hosts together."""
        return [
            f"{option}: {quoted(label)} fails for {len(failed)} hosts, first for "
            f"{quoted(failed[0][0], 210)}: {failed[0][1]}"
            for (option, label), failed in self._failed.items()
        ]

    def _compose(self, name: str, text: str, variables: Variables, host: str) -> None:
        inventory = self._plugin.inventory
        self._plugin._set_composite_vars({name: text}, variables, host, True)
        value = plain_if_harmless(inventory.get_host(host).vars[name])
        inventory.set_variable(host, name, value)

    def _is_true(self, option: str, text: str, variables: Variables) -> bool:
        try:
            value = self._plugin._compose(text, variables)
        # A filter can raise anything, and to count that as false would drop machines silently.
        except Exception as exc:
            raise OptionError(option, f"{quoted(text)} fails: {_reason(exc)}") from exc
        if not isinstance(value, bool):
            problem = f"{quoted(text)} gives {json_type(value)}, not true or false"
            raise OptionError(option, problem)
        return value

    def _tried(self, option: str, label: str, host: str, call: t.Callable[[], t.Any]) -> t.Any:
        """Return what ``call`` returns; if it fails, raise with ``strict``, or else note it."""
        try:
            return call()
        except NameTaken:
            raise
        except Exception as exc:
            if self._plugin.get_option("strict"):
                problem = f"{quoted(label)} fails for host {quoted(host, 210)}: {_reason(exc)}"
                raise OptionError(option, problem) from exc
            self._failed.setdefault((option, label), []).append((host, _reason(exc)))
            return None


def _reason(exc: Exception) -> str:
    return printable(to_text(exc), 300)

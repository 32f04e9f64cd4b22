# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An inventory plugin with options of the test's choice, and what it gets from Ansible."""

from __future__ import annotations

import typing as t

import ansible.template
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin, Constructable

# Since ansible-core 2.19: what stands in a file of the user.
_trusted: t.Callable[[str], str] = getattr(ansible.template, "trust_as_template", str)


def theirs(value: t.Any) -> t.Any:
    """Return what the user wrote as Ansible hands it over: templates are evaluated."""
    if isinstance(value, str):
        return _trusted(value)
    if isinstance(value, list):
        return [theirs(entry) for entry in value]
    if isinstance(value, dict):
        return {key: theirs(entry) for key, entry in value.items()}
    return value


class Source(BaseInventoryPlugin, Constructable):
    """The real functions for templates and groups, with options that are simply there."""

    NAME = "source"
    OPTIONS: t.ClassVar[dict[str, t.Any]] = {
        "compose": {},
        "exclude_filters": [],
        "filters": [],
        "groups": {},
        "hostnames": [],
        "keyed_groups": [],
        "min_hosts": 0,
        "strict": False,
        "leading_separator": True,
        "use_extra_vars": False,
    }

    def __init__(self, **options: t.Any) -> None:
        super().__init__()
        self._given = {**self.OPTIONS, **theirs(options)}
        self.inventory = InventoryData()
        BaseInventoryPlugin.parse(self, self.inventory, DataLoader(), "offers.yml")

    def get_option(self, option: str, hostvars: t.Any = None) -> t.Any:
        return self._given[option]

    def groups_of(self, host: str) -> list[str]:
        """Return the names of the groups of a host."""
        return sorted(group.name for group in self.inventory.get_host(host).get_groups())

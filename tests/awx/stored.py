# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWX's copy of an inventory: stored by a sync, given to jobs."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from . import rules


@dataclass
class StoredInventory:
    """Hosts and groups in AWX's database."""

    variables: dict[str, dict[str, t.Any]] = field(default_factory=dict)
    enabled: dict[str, bool] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def from_output(cls, printed: dict[str, t.Any], source: rules.Thing) -> StoredInventory:
        """Return what AWX stores from ``ansible-inventory --list --export``."""
        stored = cls(variables=printed["_meta"]["hostvars"])
        for name, variables in stored.variables.items():
            # AWX aborts the whole sync for such a name.
            assert "{{" not in name and "{%" not in name
            stored.enabled[name] = rules.is_enabled(variables, source) is not False
        for name, group in printed.items():
            if name not in ("_meta", "all") and group.get("hosts"):
                stored.groups[name] = group["hosts"]
        return stored

    def write_script(self, path: Path, slice_number: int = 1, slice_count: int = 1) -> None:
        """Write the inventory script that AWX gives to a job, or to one slice of it."""
        # AWX counts disabled hosts when it cuts.
        share = sorted(self.enabled)[slice_number - 1 :: slice_count]
        hosts = [name for name in share if self.enabled[name]]
        groups = {
            name: {"hosts": [host for host in members if host in hosts]}
            for name, members in self.groups.items()
        }
        grouped = {host for group in groups.values() for host in group["hosts"]}
        data = {
            "all": {"hosts": sorted(set(hosts) - grouped), "children": list(groups)},
            **groups,
            "_meta": {"hostvars": {host: self.variables[host] for host in hosts}},
        }
        text = f"#! /usr/bin/env python3\n# -*- coding: utf-8 -*-\nprint({json.dumps(data)!r})\n"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o700)

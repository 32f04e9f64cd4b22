# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adds the host of a task to a group, as ansible.builtin.group_by does."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase


def add_to_group(action: ActionBase, group: str, changed: bool) -> dict[str, t.Any]:
    """Add the host to a group until the end of the run; return what the result needs for that.

    Before ansible-core 2.21 this works only for a result that is not a failure, and would make it a
    change; with this it is one only if ``changed``.
    """
    add_group = getattr(action, "add_group", None)
    if add_group:
        add_group(group, parent_group_names=["all"])
        return {}
    # Ansible asks this again after it has added the host.
    if not action._task.changed_when:
        action._task.changed_when = [changed]
    return {"add_group": group, "parent_groups": ["all"]}

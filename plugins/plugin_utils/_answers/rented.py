# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a host is a rented machine, on which something may be installed."""

from __future__ import annotations

import typing as t

from ansible.plugins.connection import ConnectionBase


def why_not_rented(connection: ConnectionBase, task_vars: t.Mapping[str, t.Any]) -> str | None:
    """Return why the host of a task does not count as a rented machine; None if it does."""
    if connection.transport == "local":
        return "its connection is local, so it is not a rented machine"
    if "compute_desk_instance_id" not in task_vars:
        return "it has no compute_desk_instance_id, so it is not a rented machine"
    return None

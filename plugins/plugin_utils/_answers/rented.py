# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts to leave alone: those without a POSIX shell, and those that are not rented machines.

And as what a host is rented.
"""

from __future__ import annotations

import typing as t

from ansible.plugins.connection import ConnectionBase, NetworkConnectionBase

from .._first_contact.problem import NOT_ALLOWED, UNSUPPORTED, Problem


def without_shell(connection: ConnectionBase) -> Problem | None:
    """Return the problem for a connection to something other than a POSIX shell."""
    is_windows = getattr(connection._shell, "_IS_WINDOWS", False)
    if not is_windows and not isinstance(connection, NetworkConnectionBase):
        return None
    return Problem(
        UNSUPPORTED,
        f"{connection.transport} does not connect to a machine with a POSIX shell",
        "Leave this host out.",
    )


def rented_as(variables: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the ``offer_id`` and ``instance_id`` of a host; None for what is not known."""
    names = ("offer_id", "instance_id")
    return {name: variables.get(f"compute_desk_{name}") for name in names}


def not_rented(connection: ConnectionBase, task_vars: t.Mapping[str, t.Any]) -> Problem | None:
    """Return the problem with installing Python on a host that is not a rented machine."""
    if connection.transport == "local":
        reason = "its connection is local"
    elif "compute_desk_instance_id" not in task_vars:
        reason = "it has no compute_desk_instance_id"
    else:
        return None
    return Problem(
        NOT_ALLOWED,
        f"Python is not installed on this host, because {reason}, so it is not a rented machine",
        "Install it yourself, or unset instance_ready_install_python for this host.",
    )

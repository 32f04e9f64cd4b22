# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reports of the machines of a play, by what is left in their variables."""

from __future__ import annotations

import typing as t

from .outcome import Host

_DEPTH = 12


def fleet_of(
    hostvars: t.Mapping[str, t.Any], hosts: t.Iterable[str], lost: t.Collection[str]
) -> dict[str, dict[str, t.Any] | None]:
    """Return the reports of gpu_facts by host; None for one that failed before it had a report.

    That is one that Ansible has given up (``lost``), or that did not become ready, which is data
    in the main job. Any other without a report was not looked at on purpose, and is left out.
    """
    fleet: dict[str, dict[str, t.Any] | None] = {}
    for name in hosts:
        host = Host(hostvars.get(name))
        report = host.mapping("gpu_verify_report")
        if report.get("verdict") is not None:
            fleet[str(name)] = plain(report)
        elif name in lost or (_is_unready(host) and host.wants_gpus):
            fleet[str(name)] = None
    return fleet


def _is_unready(host: Host) -> bool:
    return host.mapping("instance_ready_result").get("ok") is False


def plain(value: t.Any, depth: int = 0) -> t.Any:
    """Return a variable as plain data, without Ansible's own classes of texts and containers."""
    if depth > _DEPTH:
        return None
    if isinstance(value, t.Mapping):
        return {str.__str__(str(key)): plain(one, depth + 1) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one, depth + 1) for one in value]
    return str.__str__(value) if isinstance(value, str) else value

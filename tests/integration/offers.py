# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Timelines for the simulator that several tests use, and the hosts that come of them."""

from __future__ import annotations

import typing as t

from simulator import Simulator

A = "aaaaaaaa-0000-4000-8000-000000000001"
B = "bbbbbbbb-0000-4000-8000-000000000002"
C = "cccccccc-0000-4000-8000-000000000003"
D = "dddddddd-0000-4000-8000-000000000004"


def offer(offer_id: str, *entries: dict[str, t.Any], **keys: t.Any) -> dict[str, t.Any]:
    """Return an offer with one paper machine ``m``, and these entries as its timeline."""
    machine = {"instance_id": f"i-{offer_id[:8]}", "instance_name": "gpu", "ssh": None}
    return {"offer_id": offer_id, "instances": {"m": machine}, "timeline": list(entries), **keys}


def provisioning(at: float = 0, **keys: t.Any) -> dict[str, t.Any]:
    """Return an entry of a timeline: the machine is being built."""
    return {
        "at": at,
        "status": "procured",
        "procurement_status": "provisioning_in_progress",
        "progress": "0/1 instances running",
        **keys,
    }


def ready(at: float = 0, **keys: t.Any) -> dict[str, t.Any]:
    """Return an entry of a timeline: the machine is ready, at a documentation address."""
    return {
        "at": at,
        "status": "procured",
        "procurement_status": "ready",
        "progress": "1/1 instances running",
        "instances": {
            "m": {"status": "running", "external_ip": "203.0.113.7", "ssh_command": None}
        },
        **keys,
    }


def ready_offer(
    offer_id: str,
    instances: t.Mapping[str, t.Mapping[str, t.Any]],
    states: t.Mapping[str, t.Mapping[str, t.Any]] | None = None,
    **entry: t.Any,
) -> dict[str, t.Any]:
    """Return an offer that is ready from the beginning.

    ``states`` is what the API says of the instances, by key, beside that they run; ``entry`` what
    it says of the offer.
    """
    said = {key: {"status": "running", **(states or {}).get(key, {})} for key in instances}
    ready = {"at": 0, "status": "procured", "procurement_status": "ready", "instances": said}
    return {
        "offer_id": offer_id,
        "instances": {key: dict(instance) for key, instance in instances.items()},
        "timeline": [{**ready, **entry}],
    }


def in_steps(offer_id: str) -> dict[str, t.Any]:
    """Return an offer that goes on at 10 and at 20; ``support.live.follow`` tells it to."""
    half = provisioning(10, progress="half of it")
    return offer(offer_id, provisioning(), half, ready(20))


def ssh_hosts(simulator: Simulator) -> dict[str, dict[str, t.Any]]:
    """Return the hosts of an inventory by which ssh reaches the machines of the simulator."""
    return {
        one["key"]: {
            "ansible_host": one["host"],
            "ansible_port": one["port"],
            "ansible_user": one["user"],
            "ansible_ssh_common_args": "-o StrictHostKeyChecking=accept-new",
        }
        for one in simulator.instances()
    }

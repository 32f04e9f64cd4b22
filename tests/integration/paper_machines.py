# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Offers with machines that only the API knows, and the names of their hosts."""

from __future__ import annotations

import typing as t

from .offers import A, B, ready_offer

NAME_A, NAME_B = "gpu-aaaaaaaa", "gpu-bbbbbbbb"
OFFER_A, OFFER_B = (f"compute_desk_offer_{one.replace('-', '_')}" for one in (A, B))


def machines(offer_id: str, *states: dict[str, t.Any], **keys: t.Any) -> dict[str, t.Any]:
    """Return an offer that is ready, with a machine for each of the states; all run by default."""
    paper = {
        f"m{number}": {
            "instance_id": state.get("instance_id", f"i-{offer_id[:4]}000{number}"),
            "instance_name": state.get("instance_name", f"node-{number}"),
            "ssh": None,
        }
        for number, state in enumerate(states)
    }
    said = {
        f"m{number}": {
            "external_ip": f"203.0.113.{number + 1}",
            "ssh_command": None,
            **state,
        }
        for number, state in enumerate(states)
    }
    return {**ready_offer(offer_id, paper, said), **keys}


def one_machine(offer_id: str, name: str = "gpu", **keys: t.Any) -> dict[str, t.Any]:
    return machines(offer_id, {"instance_id": f"i-{offer_id[:8]}", "instance_name": name, **keys})

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of wait_for_machines, as the next round gets them."""

from __future__ import annotations

import typing as t

from ...fake_api import A

NOT_READ = {"polls": 1, "transient_errors": 0, "state": "waiting", "message": None}


def entry(name: str, state: str, **values: t.Any) -> dict[str, t.Any]:
    """Return the entry of a machine in an earlier result."""
    told = dict.fromkeys(("kind", "message", "hint"))
    return {
        "name": name,
        "offer_id": A,
        "address": f"{name} port 22",
        "state": state,
        "answers": True,
        "since": 1000.0,
        "host_record": {"name": name},
        **told,
        **values,
    }


def previous(**values: t.Any) -> dict[str, t.Any]:
    """Return the result of a round in which ``a`` was started."""
    machines = [entry("a", "started")]
    return {"round": 1, "began_at": 1000.0, "machines": machines, "offers": [], **values}

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters that say how a run of the main job went."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ..plugin_utils._fleet.rows import difference_lines
from ..plugin_utils._live.terminal import line_room
from ..plugin_utils._play import summary
from ..plugin_utils._play.fleet import fleet_of
from ..plugin_utils._play.table import table


def summary_filter(
    hostvars: t.Any, run: t.Any, lost: t.Any = None, width: t.Any = None
) -> list[str]:
    """Return a table of all machines of a run, as lines, and how their GPUs differ."""
    checked = _checked("summary", hostvars, run, lost)
    rows = summary.summary_rows(*checked)
    try:
        room = line_room(width)
    except ValueError as exc:
        raise AnsibleFilterError(f"summary: {exc}") from exc
    started = [one for one in summary.machines_of(*checked) if one.started]
    fleet = fleet_of(hostvars, [one.name for one in started], [])
    # Offers may be of different GPUs on purpose.
    one_kind = len({str(one.told.get("offer_id")) for one in started}) == 1
    return [*table(rows, room, summary.LEAST_NEEDED), *difference_lines(fleet, room, one_kind)]


def not_configured_filter(hostvars: t.Any, run: t.Any, lost: t.Any = None) -> dict[str, t.Any]:
    """Return the machines of a run that are not configured, and a sentence on them."""
    return summary.not_configured(*_checked("not_configured", hostvars, run, lost))


def _checked(name: str, hostvars: t.Any, run: t.Any, lost: t.Any) -> tuple[t.Any, t.Any, set[str]]:
    if not isinstance(hostvars, t.Mapping):
        raise AnsibleFilterError(f"{name}: the input is not hostvars")
    if not isinstance(run, t.Mapping):
        raise AnsibleFilterError(f"{name}: run is not a result of wait_for_machines")
    lost = [] if lost is None else lost
    if not isinstance(lost, list) or not all(isinstance(one, str) for one in lost):
        raise AnsibleFilterError(f"{name}: lost is not a list of names of hosts")
    return hostvars, run, set(lost)


class FilterModule:
    """The filters for the end of the main job."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"summary": summary_filter, "not_configured": not_configured_filter}

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that aligns rows of cells in columns."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ..plugin_utils._live.terminal import line_room
from ..plugin_utils._play.table import table


def table_filter(rows: t.Any, width: t.Any = None, least_needed: t.Any = None) -> list[str]:
    """Return rows of cells as lines with aligned columns, which fit into ``width`` columns."""
    if not isinstance(rows, list) or not all(isinstance(row, list) and row for row in rows):
        raise AnsibleFilterError("table: the input is not a list of rows, each a list of cells")
    if len({len(row) for row in rows}) > 1:
        raise AnsibleFilterError("table: the rows have different numbers of cells")
    names = [] if least_needed is None else least_needed
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise AnsibleFilterError("table: least_needed is not a list of names of columns")
    try:
        room = line_room(width)
    except ValueError as exc:
        raise AnsibleFilterError(f"table: {exc}") from exc
    return table(rows, room, names)


class FilterModule:
    """The filter for tables."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filter by name."""
        return {"table": table_filter}

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter for tables."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.compute_desk.supply.plugins.filter.table import FilterModule

table = FilterModule().filters()["table"]
EVIL = "a\x1b[31mb\r\n{{ lookup('pipe', 'id') }}\u202e\x9bc"


def test_a_table_is_aligned_whatever_is_in_it() -> None:
    rows = [["HOST", "GPUS", "REASON"], ["node-1", 8, "-"], [EVIL, 10, "x" * 999]]

    lines = table(rows)

    assert lines[0].startswith("HOST")
    assert (
        len({line.index("GPUS" if not n else str(rows[n][1])) for n, line in enumerate(lines)}) == 1
    )
    assert all("\n" not in line and "\x1b" not in line for line in lines)
    assert len(lines[2]) < 270


@pytest.mark.parametrize("rows", ["text", 5, [5], [[]], [["a", "b"], ["c"]], {"a": 1}])
def test_what_is_no_table_is_refused(rows: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="table: "):
        table(rows)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"least_needed": "KERNEL"}, "least_needed is not a list of names of columns"),
        ({"least_needed": [1]}, "least_needed is not a list of names of columns"),
        ({"width": "wide"}, "width must be a whole number"),
    ],
)
def test_what_is_no_option_of_a_table_is_refused(options: dict[str, t.Any], said: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"table: .*{said}"):
        table([["a"]], **options)

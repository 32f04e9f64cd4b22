# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests on real machines share."""

from __future__ import annotations

import typing as t

import pytest

from . import Machines, NotPossible, NotRoot


@pytest.fixture
def machines() -> t.Iterator[Machines]:
    """Machines that end with the test.

    `make machines-test` ends before it comes here where there can be none; without it, skip.
    """
    try:
        made = Machines().__enter__()
    except (NotRoot, NotPossible) as exc:
        pytest.skip(str(exc))
    with made:
        yield made

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers, durations and types, in the words of messages."""

from __future__ import annotations

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._phrases import (
    are,
    clock_face,
    count_of,
    json_type,
    times,
)


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 GPUs are"), (1, "1 GPU is"), (2, "2 GPUs are")]
)
def test_numbers_of_things(number: int, said: str) -> None:
    assert f"{count_of(number, 'GPU')} {are(number)}" == said


@pytest.mark.parametrize(
    ("seconds", "face"),
    [
        (0, "0:00"),
        (45, "0:45"),
        (59.6, "1:00"),
        (855, "14:15"),
        (3600, "1:00:00"),
        (3723, "1:02:03"),
        (90000, "25:00:00"),
        (-3, "0:00"),
    ],
)
def test_clock_face(seconds: float, face: str) -> None:
    assert clock_face(seconds) == face


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "null"),
        (True, "a boolean"),
        (0, "a number"),
        (1.5, "a number"),
        ("", "a string"),
        ([], "an array"),
        ({}, "an object"),
    ],
)
def test_values_are_called_as_json_calls_them(value: object, name: str) -> None:
    assert json_type(value) == name


@pytest.mark.parametrize(
    ("elapsed", "wait_timeout", "text"),
    [
        (0, 900, "(0:00 elapsed, 15:00 left)"),
        (3700, 7200, "(1:01:40 elapsed, 58:20 left)"),
        (905, 900, "(15:05 elapsed, 0:00 left)"),
        (45, None, "(0:45 elapsed)"),
    ],
)
def test_times(elapsed: float, wait_timeout: float | None, text: str) -> None:
    assert times(elapsed, wait_timeout) == text

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user expects: options that cannot be used, names and versions compared."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.expectations import (
    Expectations,
    version_key,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError
from hypothesis import given

from ...helpers import ANY_TEXT


def options(**given_options: t.Any) -> dict[str, t.Any]:
    unset = dict.fromkeys(
        ("expected_count", "expected_name", "min_driver_version", "min_cuda_version")
    )
    return {**unset, "command_timeout": 20.0, **given_options}


def test_options_become_expectations() -> None:
    assert Expectations.from_options(options()) == Expectations()
    assert Expectations.from_options(
        options(expected_count=8, expected_name=" H100 ", min_cuda_version="12.4")
    ) == Expectations(count=8, name="H100", min_cuda_version="12.4")
    # None at all is a number, too.
    assert Expectations.from_options(options(expected_count=0)) == Expectations(count=0)
    # A survey leaves out what it asks for as empty texts.
    assert Expectations.from_options(options(expected_name="", min_driver_version=" ")) == (
        Expectations()
    )


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"expected_count": -1}, "expected_count: must be 0 or more, not -1"),
        ({"min_driver_version": "latest"}, "min_driver_version: 'latest' is not a version"),
        ({"min_cuda_version": "12.x"}, "min_cuda_version: '12.x' is not a version"),
        ({"min_cuda_version": "12."}, "min_cuda_version: '12.' is not a version"),
        ({"command_timeout": 0.5}, "command_timeout: must be at least 1 seconds, not 0.5"),
        ({"command_timeout": float("nan")}, "command_timeout: must be a number of seconds"),
    ],
)
def test_what_cannot_be_used_is_named(bad: dict[str, t.Any], words: str) -> None:
    with pytest.raises(OptionError) as caught:
        Expectations.from_options(options(**bad))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("expected", "name", "fits"),
    [
        ("H100", "NVIDIA H100 80GB HBM3", True),
        ("h100 80gb", "NVIDIA H100 80GB HBM3", True),
        ("A100", "NVIDIA A100-SXM4-80GB", True),
        ("NVIDIA H200", "NVIDIA H200", True),
        ("H200", "NVIDIA GH200 480GB", False),
        ("L40", "NVIDIA L40S", False),
        ("H100 PCIe", "NVIDIA H100 80GB HBM3", False),
        (".*", "NVIDIA H200", False),
        ("H200", "", False),
    ],
)
def test_names_are_compared_by_whole_words(expected: str, name: str, fits: bool) -> None:
    assert Expectations(name=expected).fits_name(name) is fits


def test_only_some_expectations_want_a_gpu() -> None:
    assert Expectations(count=1).wants_gpus
    assert Expectations(name="H100").wants_gpus
    assert not Expectations(count=0, name="H100").wants_gpus
    assert not Expectations(min_driver_version="550").wants_gpus


@pytest.mark.parametrize(
    ("older", "newer"),
    [("550.90.07", "550.127.05"), ("535.54.03", "550"), ("12.4", "12.10"), ("9.2", "12.0")],
)
def test_versions_are_compared_by_numbers(older: str, newer: str) -> None:
    assert version_key(older) < version_key(newer)


def test_missing_parts_of_a_version_are_zero() -> None:
    assert version_key("12") == version_key("12.0") == version_key("12.0.0")


@given(ANY_TEXT, ANY_TEXT)
def test_any_texts_can_be_compared(one: str, other: str) -> None:
    assert isinstance(version_key(one) < version_key(other), bool)
    assert isinstance(Expectations(name=one).fits_name(other), bool)


def test_an_endless_number_in_a_version_is_cut() -> None:
    assert version_key("1234567890.5") == (123456789, 5)

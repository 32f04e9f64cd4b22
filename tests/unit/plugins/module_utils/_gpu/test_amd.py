# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AMD's tools say, in the shapes that their versions have."""

from __future__ import annotations

import json

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.amd import (
    _mib,
    parse_amd_smi,
    parse_rocm_smi,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.tool import UnreadableOutput
from hypothesis import given

from ...gpu_stand_in import output_of
from ...helpers import ANY_JSON, ANY_TEXT


def test_an_mi350x_by_amd_smi() -> None:
    text = output_of("mi350x", "amd-smi")
    errors = json.dumps([{"gpu": 0, "ecc": {"total_uncorrectable_count": 5}}])

    (gpu,) = parse_amd_smi(text, errors)

    assert (gpu.vendor, gpu.name) == ("amd", "AMD Instinct MI350X")
    assert (gpu.pci_bus_id, gpu.driver_version) == ("0000:05:00.0", "6.18.3")
    assert (gpu.memory_total_mib, gpu.uuid) == (294896, "0x1A2B3C4D5E6F7081")
    assert gpu.ecc_uncorrected_volatile == 5


def test_a_number_without_end_hides_nothing_else() -> None:
    digits = "9" * 6000
    text = (
        f'[{{"gpu": {digits}, "vram": {{"size": {{"value": {digits}}}}}, "bus": {{"bdf": "x"}}}}]'
    )

    (gpu,) = parse_amd_smi(text, text)

    assert (gpu.memory_total_mib, gpu.pci_bus_id) == (None, "x")


@pytest.mark.parametrize("number", ["[]", "{}", "null", "true"])
def test_the_number_of_a_gpu_may_be_anything(number: str) -> None:
    text = f'[{{"gpu": {number}, "ecc": {{"total_uncorrectable_count": 5}}}}]'

    assert len(parse_amd_smi(text, text)) == 1


def test_newer_versions_wrap_the_list_and_print_warnings() -> None:
    text = output_of("mi350x", "amd-smi")
    wrapped = "WARNING: user is not in the group render\n" + json.dumps(
        {"gpu_data": json.loads(text)}
    )

    assert parse_amd_smi(wrapped) == parse_amd_smi(text)


def test_a_radeon_by_rocm_smi() -> None:
    (gpu,) = parse_rocm_smi(output_of("rx_7900", "rocm-smi"))

    assert (gpu.name, gpu.pci_bus_id) == ("Radeon RX 7900 XT", "0000:03:00.0")
    assert (gpu.memory_total_mib, gpu.driver_version) == (20464, "6.7.0")


@pytest.mark.parametrize("text", ["", "no JSON", "{", "[1", '"text"', "[" * 100_000])
def test_what_is_no_list_of_gpus_is_a_typed_error(text: str) -> None:
    for parse in (parse_amd_smi, parse_rocm_smi):
        with pytest.raises(UnreadableOutput):
            parse(text)


def test_json_of_another_kind_is_said_to_be_no_list() -> None:
    with pytest.raises(UnreadableOutput, match="its JSON is not a list of GPUs"):
        parse_amd_smi('"text"')


@given(ANY_JSON)
def test_any_json_is_read_or_a_typed_error(document: object) -> None:
    for shape in (document, [document], {"gpu_data": [document]}, {"card0": document}):
        for parse in (parse_amd_smi, parse_rocm_smi):
            try:
                parse(json.dumps(shape))
            except UnreadableOutput:
                continue


@given(ANY_TEXT)
def test_any_text_is_read_or_a_typed_error(text: str) -> None:
    for parse in (parse_amd_smi, parse_rocm_smi):
        for candidate in (text, "[" + text, "{" + text):
            try:
                parse(candidate)
            except UnreadableOutput:
                continue


def test_what_a_tool_says_before_its_json_may_have_any_letter() -> None:
    text = json.dumps([{"gpu": 0, "asic": {"market_name": "MI300X"}}])

    assert parse_amd_smi(f"LIMITED XGMI SUPPORT\n{text}") == parse_amd_smi(text)


def test_memory_is_a_whole_number_of_mib() -> None:
    assert repr(_mib("21474836481")) == "20480"
    assert _mib("N/A") is None

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading nvidia-smi of real machines of several ages."""

from __future__ import annotations

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.gpu import Gpu
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.nvidia import (
    module_version,
    parse_smi_xml,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.nvlink import read_links
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.tool import UnreadableOutput
from hypothesis import given
from hypothesis import strategies as st

from ...gpu_stand_in import output_of
from ...helpers import ANY_TEXT

DOCUMENT = "<nvidia_smi_log><driver_version>1.2</driver_version>{}</nvidia_smi_log>"


def of_gpu(inner: str) -> Gpu:
    (gpu,) = parse_smi_xml(DOCUMENT.format(f'<gpu id="00000000:01:00.0">{inner}</gpu>')).gpus
    return gpu


def test_eight_h100() -> None:
    log = parse_smi_xml(output_of("h100_nvswitch", "nvidia-smi"))

    assert (log.driver_version, log.cuda_version, len(log.gpus)) == ("565.57.01", "12.7", 8)
    gpu = log.gpus[7]
    assert gpu.index == 7
    assert gpu.uuid == "GPU-33135771-a848-ece1-b61e-489e221d663c"
    assert gpu.name == "NVIDIA H100 80GB HBM3"
    assert gpu.pci_bus_id == "0000:db:00.0"
    assert gpu.memory_total_mib == 81559
    assert gpu.persistence_mode is True
    assert gpu.mig_mode is False
    assert gpu.ecc_mode is True
    assert gpu.ecc_uncorrected_volatile == 0
    assert (gpu.rows_pending, gpu.rows_failure, gpu.rows_remapped) == (False, False, 0)
    assert (gpu.temperature_c, gpu.temperature_margin_c) == (29, 58)
    assert (gpu.temperature_slowdown_c, gpu.temperature_margin_slowdown_c) == (None, -2)
    assert gpu.throttle_reasons == ("gpu_idle",)
    assert (gpu.fabric_state, gpu.fabric_status) == ("Completed", "Success")
    assert gpu.recovery_action is None
    assert gpu.trouble is None


def test_a_t4_of_an_older_layout() -> None:
    (gpu,) = parse_smi_xml(output_of("t4", "nvidia-smi")).gpus

    assert (gpu.name, gpu.memory_total_mib) == ("Tesla T4", 15360)
    assert (gpu.mig_mode, gpu.persistence_mode) == (None, False)
    assert (gpu.pages_pending, gpu.rows_pending) == (False, None)
    assert (gpu.temperature_c, gpu.temperature_slowdown_c) == (40, 93)
    assert gpu.fabric_state is None


def test_an_a100_with_mig() -> None:
    (gpu,) = parse_smi_xml(output_of("a100_mig", "nvidia-smi")).gpus

    # The slices have memory of their own; it is not that of the GPU.
    assert (gpu.mig_mode, gpu.memory_total_mib) == (True, 81920)


def test_memory_errors() -> None:
    gpu = parse_smi_xml(output_of("ecc_errors", "nvidia-smi")).gpus[1]

    assert (gpu.ecc_uncorrected_volatile, gpu.ecc_uncorrected_aggregate) == (32, 71)
    assert (gpu.rows_remapped, gpu.rows_pending, gpu.recovery_action) == (4, True, "Reset")


def test_the_reason_for_low_clocks_has_two_names() -> None:
    for word in ("event", "throttle"):
        active = (
            f"<clocks_{word}_reasons>"
            f"<clocks_{word}_reason_hw_slowdown>Active</clocks_{word}_reason_hw_slowdown>"
            f"<clocks_{word}_reason_sync_boost>Not Active</clocks_{word}_reason_sync_boost>"
            f"</clocks_{word}_reasons>"
        )
        assert of_gpu(active).throttle_reasons == ("hw_slowdown",)


def test_errors_are_summed_in_every_layout() -> None:
    counts = "<ecc_errors><volatile>{}</volatile></ecc_errors>"
    new = (
        "<sram_uncorrectable_parity>1</sram_uncorrectable_parity>"
        "<sram_uncorrectable_secded>2</sram_uncorrectable_secded>"
        "<dram_uncorrectable>4</dram_uncorrectable>"
    )
    middle = "<sram_uncorrectable>3</sram_uncorrectable><dram_uncorrectable>4</dram_uncorrectable>"
    old = "<double_bit><device_memory>7</device_memory><total>7</total></double_bit>"

    for layout in (new, middle, old):
        assert of_gpu(counts.format(layout)).ecc_uncorrected_volatile == 7
    assert of_gpu(counts.format("")).ecc_uncorrected_volatile is None


def test_what_stands_around_the_document_is_a_remark() -> None:
    warning = "WARNING: infoROM is corrupted at gpu 0000:3B:00.0"
    log = parse_smi_xml(f"<?xml version='1.0'?>\n{DOCUMENT.format('')}\n{warning}\n")

    assert log.driver_version == "1.2"
    assert warning in log.remarks


def test_a_gpu_that_does_not_answer_is_noticed() -> None:
    assert of_gpu("<product_name>[Unknown Error]</product_name>").trouble == (
        "product_name: [Unknown Error]"
    )
    assert of_gpu("<ecc_mode><current_ecc>GPU is lost</current_ecc></ecc_mode>").trouble
    # A user chooses the name of a process.
    assert of_gpu("<processes><name>ERR! GPU is lost</name></processes>").trouble is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No devices were found\n",
        "<nvidia_smi_log>",
        "<nvidia_smi_log><gpu></nvidia_smi_log>",
        # Without its prolog, which is left out, there is no entity to expand.
        '<!DOCTYPE nvidia_smi_log [<!ENTITY a "aaaa">]>' + DOCUMENT.format("&a;"),
        DOCUMENT.format("\x00"),
        DOCUMENT.format("\ud800"),
    ],
)
def test_what_is_no_document_is_a_typed_error(text: str) -> None:
    with pytest.raises(UnreadableOutput, match=r"^nvidia-smi: its "):
        parse_smi_xml(text)


@given(ANY_TEXT)
def test_any_text_is_a_document_or_a_typed_error(text: str) -> None:
    for candidate in (text, DOCUMENT.format(text), DOCUMENT.format(f"<gpu>{text}</gpu>")):
        problem = ""
        try:
            parse_smi_xml(candidate)
        except UnreadableOutput as exc:
            problem = str(exc)
        assert len(problem) < 400 and "\n" not in problem
    read_links(text, text)
    module_version(text)


@given(st.sampled_from(["a100", "t4", "h200", "rtx_3080"]), st.data())
def test_a_damaged_document_is_read_or_a_typed_error(machine: str, data: st.DataObject) -> None:
    whole = output_of(machine, "nvidia-smi")
    begin = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(begin, min(len(whole), begin + 200)))
    damaged = whole[:begin] + data.draw(ANY_TEXT) + whole[end:]
    try:
        log = parse_smi_xml(damaged)
    except UnreadableOutput:
        return
    for gpu in log.gpus:
        assert set(gpu.as_dict()) == set(of_gpu("").as_dict())


def test_the_version_of_the_module_is_read() -> None:
    proc = (
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build\n"
        "GCC version:  gcc version 13.3.0\n"
    )

    assert module_version(proc) == "580.95.05"
    assert module_version("580.95.05\n") == "580.95.05"
    assert module_version("nothing") is None

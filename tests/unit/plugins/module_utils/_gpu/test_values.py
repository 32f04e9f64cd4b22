# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values as the tools print them, and whole GPUs made of these."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu import xid_table
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.amd import (
    parse_amd_smi,
    parse_rocm_smi,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.gpu import (
    Gpu,
    number_value,
    switch_value,
    text_value,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.iso_time import (
    is_iso_time,
    seconds_of,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.nvidia import parse_smi_xml
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.pci import (
    PciFunction,
    read_sysfs,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.tool import UnreadableOutput


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (None, None),
        ("", None),
        (" N/A\n", None),
        ("[N/A]", None),
        ("None", None),
        ("[Not Supported]", None),
        ("Unknown", None),
        ("X", "X"),
        ("[X]", "[X]"),
        ("x" * 97, "x" * 93 + "..."),
    ],
)
def test_a_text(text: str | None, value: str | None) -> None:
    assert text_value(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (None, None),
        ("", None),
        ("N/A", None),
        ("81559 MiB", 81559),
        (" -2 C", -2),
        ("1" * 18, int("1" * 18)),
        ("1" * 19, None),
        # Spaces that no tool prints.
        ("\u00a05", None),
    ],
)
def test_a_number(text: str | None, value: int | None) -> None:
    assert number_value(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((word, True) for word in ("Enabled", " yes\n", "Active", "Pending")),
        *((word, False) for word in ("Disabled", "No", "Not Active")),
        *((word, None) for word in ("N/A", "", None)),
    ],
)
def test_a_switch(text: str | None, value: bool | None) -> None:
    assert switch_value(text) is value


def test_a_range_of_codes_has_both_its_ends() -> None:
    assert list(xid_table._codes("13 143-146 31")) == [13, 143, 144, 145, 146, 31]


# NVIDIA


def elements(**values: t.Any) -> str:
    """Return an element for each value; two underscores lead into an element."""
    found = ""
    for path, value in values.items():
        names = path.split("__")
        before = "".join(f"<{name}>" for name in names)
        found += f"{before}{value}" + "".join(f"</{name}>" for name in reversed(names))
    return found


def of_gpu(inner: str, **attributes: str) -> Gpu:
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    (gpu,) = parse_smi_xml(f"<nvidia_smi_log><gpu{written}>{inner}</gpu></nvidia_smi_log>").gpus
    return gpu


def test_a_gpu_of_nvidia_that_tells_nothing() -> None:
    assert of_gpu("") == Gpu(index=0, vendor="nvidia")


LINK = "pci__pci_gpu_link_info__"


@pytest.mark.parametrize(
    ("told", "values"),
    [
        ({"pci__pci_bus_id": "00000000:18:00.0"}, {"pci_bus_id": "0000:18:00.0"}),
        ({"uuid": "GPU-1", "product_name": "L4"}, {"uuid": "GPU-1", "name": "L4"}),
        ({"serial": "123", "vbios_version": "96.0"}, {"serial": "123", "vbios_version": "96.0"}),
        ({"serial": "0"}, {}),
        (
            {"fb_memory_usage__total": "81559 MiB", "persistence_mode": "Enabled"},
            {"memory_total_mib": 81559, "persistence_mode": True},
        ),
        ({"mig_mode__current_mig": "Disabled"}, {"mig_mode": False}),
        (
            {"fabric__state": "Completed", "fabric__status": "Success"},
            {"fabric_state": "Completed"},
        ),
        ({"gpu_recovery_action": "Reboot"}, {"recovery_action": "Reboot"}),
        ({"gpu_reset_status__reset_required": "Yes"}, {"recovery_action": "Reset"}),
        ({"gpu_reset_status__reset_required": "No"}, {}),
        ({"ecc_mode__current_ecc": "Enabled"}, {"ecc_mode": True}),
        (
            {"ecc_errors__aggregate__sram_threshold_exceeded": "Yes"},
            {"ecc_threshold_exceeded": True},
        ),
        (
            {"ecc_errors__volatile__double_bit__total": "2"},
            {"ecc_uncorrected_volatile": 2},
        ),
        ({"retired_pages__pending_retirement": "Yes"}, {"pages_pending": True}),
        ({"remapped_rows__remapped_row_unc": "1"}, {"rows_remapped": 1}),
        ({"remapped_rows__remapped_row_corr": "1"}, {"rows_remapped_corrected": 1}),
        ({"remapped_rows__remapped_row_pending": "Yes"}, {"rows_pending": True}),
        ({"remapped_rows__remapped_row_failure": "No"}, {"rows_failure": False}),
        ({f"{LINK}pcie_gen__current_link_gen": "1"}, {"pcie_generation": 1}),
        ({f"{LINK}pcie_gen__max_link_gen": "5"}, {"pcie_generation_max": 5}),
        ({f"{LINK}pcie_gen__max_device_link_gen": "5"}, {"pcie_generation_gpu": 5}),
        ({f"{LINK}pcie_gen__max_host_link_gen": "4"}, {"pcie_generation_slot": 4}),
        ({f"{LINK}pcie_gen__max_host_link_gen": "0"}, {}),
        ({f"{LINK}link_widths__current_link_width": "8x"}, {"pcie_width": 8}),
        ({f"{LINK}link_widths__max_link_width": "16x"}, {"pcie_width_max": 16}),
        ({"pci__replay_counter": "3"}, {"pcie_replays": 3}),
        ({"gpu_virtualization_mode__virtualization_mode": " None "}, {"passthrough": False}),
        ({"temperature__gpu_temp": "30 C"}, {"temperature_c": 30}),
        ({"temperature__gpu_temp_slow_threshold": "93 C"}, {"temperature_slowdown_c": 93}),
        ({"temperature__gpu_temp_tlimit": "57 C"}, {"temperature_margin_c": 57}),
        (
            {"temperature__gpu_temp_slow_tlimit_threshold": "-2 C"},
            {"temperature_margin_slowdown_c": -2},
        ),
        (
            {f"clocks_event_reasons__clocks_event_reason_{'x' * 61}": "Active"},
            {"throttle_reasons": ("x" * 57 + "...",)},
        ),
        (
            {f"{'t' * 41}": f"GPU is lost {'x' * 60}"},
            {"trouble": f"{'t' * 37}...: GPU is lost {'x' * 45}..."},
        ),
    ],
)
def test_each_thing_that_nvidia_smi_tells(told: dict[str, str], values: dict[str, t.Any]) -> None:
    if "fabric_state" in values:
        values = {**values, "fabric_status": "Success"}

    assert of_gpu(elements(**told)) == Gpu(index=0, vendor="nvidia", **values)


def test_the_address_is_also_an_attribute() -> None:
    gpu = of_gpu(elements(pci__pci_bus_id="N/A"), id="00000000:3B:00.0")

    assert gpu == Gpu(index=0, vendor="nvidia", pci_bus_id="0000:3b:00.0")


# AMD


def test_gpus_by_amd_smi() -> None:
    entries = [
        {
            "gpu": 4,
            "asic": {"asic_serial": "0x1A", "market_name": "MI350X"},
            "bus": {"bdf": "0000:05:00.0"},
            "driver": {"version": "6.18"},
            "vram": {"size": {"value": 294896}},
        },
        {"gpu": 7, "bus": {"bdf": "N/A"}},
    ]
    errors = [{"gpu": 7, "ecc": {"total_uncorrectable_count": 5}}]

    assert parse_amd_smi(json.dumps(entries), json.dumps(errors)) == [
        Gpu(
            index=0,
            vendor="amd",
            uuid="0x1A",
            name="MI350X",
            pci_bus_id="0000:05:00.0",
            driver_version="6.18",
            memory_total_mib=294896,
        ),
        Gpu(index=1, vendor="amd", ecc_uncorrected_volatile=5),
    ]


def test_gpus_by_rocm_smi() -> None:
    cards = {
        "system": {"Driver version": "6.7.0"},
        "card0": {
            "Unique ID": "0x1A",
            "Card Series": "Radeon",
            "PCI Bus": "0000:03:00.0",
            "VRAM Total Memory (B)": 21457010688,
        },
        "card1": {"Card series": "Older"},
        "card2": "no object",
    }

    assert parse_rocm_smi("WARNING: old\n" + json.dumps(cards)) == [
        Gpu(
            index=0,
            vendor="amd",
            uuid="0x1A",
            name="Radeon",
            pci_bus_id="0000:03:00.0",
            driver_version="6.7.0",
            memory_total_mib=20463,
        ),
        Gpu(index=1, vendor="amd", name="Older", driver_version="6.7.0"),
    ]


@pytest.mark.parametrize(
    ("parse", "text", "said"),
    [
        (parse_amd_smi, "{", "amd-smi: its output is not JSON"),
        (parse_amd_smi, "{}", "amd-smi: its JSON is not a list of GPUs"),
        (parse_amd_smi, "hello", "amd-smi: its JSON is not a list of GPUs"),
        (parse_rocm_smi, "{", "rocm-smi: its output is not JSON"),
        (parse_rocm_smi, "[]", "rocm-smi: its JSON is not an object"),
    ],
)
def test_what_amds_tools_should_have_said(
    parse: t.Callable[[str], t.Any], text: str, said: str
) -> None:
    with pytest.raises(UnreadableOutput) as caught:
        parse(text)
    assert str(caught.value) == said


# The files of the kernel


@pytest.mark.parametrize(
    ("files", "function"),
    [
        (
            {"class": "0x030200", "vendor": "0x10de", "device": "0x2330", "revision": "0xa1"},
            PciFunction("0000:3b:00.0", "0302", "10de", "2330", "a1"),
        ),
        (
            {"class": "0x30200", "vendor": "0xde", "device": "0x33"},
            PciFunction("0000:3b:00.0", "0302", "00de", "0033", ""),
        ),
        ({"class": "0x030200", "vendor": "0x10de"}, None),
        ({"class": "0x030200", "device": "0x2330"}, None),
        ({"vendor": "0x10de", "device": "0x2330"}, None),
        ({"class": "030200", "vendor": "0x10de", "device": "0x2330"}, None),
    ],
)
def test_a_function_by_its_files(
    tmp_path: Path, files: dict[str, str], function: PciFunction | None
) -> None:
    folder = tmp_path / "0000:3B:00.0"
    folder.mkdir()
    for name, value in files.items():
        (folder / name).write_text(value + "\n")

    assert read_sysfs(str(tmp_path)) == ([function] if function else None)


# Points in time


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1970-01-02T00:00:01Z", 86401), ("1970-01-02", None), ("", None), ("soon", None)],
)
def test_a_time_is_seconds(text: str, seconds: int | None) -> None:
    assert seconds_of(text) == seconds
    assert is_iso_time(text) is (seconds is not None)


def test_a_gpu_as_plain_data() -> None:
    gpu = Gpu(index=0, vendor="nvidia", uuid="GPU-1", throttle_reasons=("gpu_idle",))

    told = {key: value for key, value in gpu.as_dict().items() if value is not None}

    assert told == {
        "index": 0,
        "vendor": "nvidia",
        "uuid": "GPU-1",
        "throttle_reasons": ["gpu_idle"],
    }

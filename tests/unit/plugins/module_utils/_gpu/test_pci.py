# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PCI functions, by lspci and by /sys: which are GPUs, which NVSwitches, and which are dead."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.pci import (
    PciFunction,
    addresses,
    normal_address,
    parse_lspci,
    read_sysfs,
)
from hypothesis import given

from ...gpu_stand_in import output_of
from ...helpers import ANY_TEXT

GPU = PciFunction("0000:3b:00.0", "0302", "10de", "2330", "a1")


def test_what_lspci_prints_is_read() -> None:
    functions = parse_lspci(output_of("h100_nvswitch", "lspci"))

    gpus = [function for function in functions if function.is_nvidia_gpu]
    assert addresses(gpus) == (
        "0000:18:00.0, 0000:2a:00.0, 0000:3a:00.0, 0000:5d:00.0, 0000:9a:00.0, 0000:ab:00.0, "
        "0000:ba:00.0, 0000:db:00.0"
    )
    assert sum(function.is_nvswitch for function in functions) == 4
    assert not any(function.is_dead for function in functions)


def test_a_dead_function_is_told_by_its_revision() -> None:
    functions = parse_lspci(output_of("lost_gpu", "lspci"))

    assert addresses(function for function in functions if function.is_dead) == "0000:db:00.0"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0000:3b:00.0 0302: 10de:2330 (rev a1)", GPU),
        ("0000:3b:00.0 Class 0302: 10de:2330 (rev a1)", GPU),
        ("0000:3B:00.0 0302: 10DE:2330 (rev a1) (prog-if 00)", GPU),
        ("0000:3b:00.0 0302: 10de:2330", PciFunction("0000:3b:00.0", "0302", "10de", "2330")),
        ("c941:00:02.0 0200: 15b3:1016", PciFunction("c941:00:02.0", "0200", "15b3", "1016")),
        ("10000:01:00.0 0108: 8086:0a54", PciFunction("10000:01:00.0", "0108", "8086", "0a54")),
    ],
)
def test_forms_of_lines(line: str, expected: PciFunction) -> None:
    assert parse_lspci(line) == [expected]


@pytest.mark.parametrize(
    ("class_code", "vendor", "device", "nvidia", "amd", "switch"),
    [
        ("0300", "10de", "2216", True, False, False),
        ("0302", "10de", "20b2", True, False, False),
        # The sound of a graphics card, and an NVSwitch.
        ("0403", "10de", "1aef", False, False, False),
        ("0680", "10de", "22a3", False, False, True),
        ("0680", "10de", "1af1", False, False, True),
        # A bridge in an old chipset.
        ("0680", "10de", "0269", False, False, False),
        ("1200", "1002", "74a1", False, True, False),
        ("0380", "1002", "740f", False, True, False),
        # The graphics in a CPU, and that of a server's management.
        ("0300", "1002", "164e", False, False, False),
        ("0300", "1a03", "2000", False, False, False),
    ],
)
def test_what_counts_as_what(
    class_code: str, vendor: str, device: str, nvidia: bool, amd: bool, switch: bool
) -> None:
    function = PciFunction("0000:00:00.0", class_code, vendor, device)

    found = (function.is_nvidia_gpu, function.is_amd_gpu, function.is_nvswitch)
    assert found == (nvidia, amd, switch)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00000000:3B:00.0", "0000:3b:00.0"),
        ("0000:3b:00.0", "0000:3b:00.0"),
        ("00010000:01:00.0", "00010000:01:00.0"),
        ("0001:00:00.0", "0001:00:00.0"),
        ("nonsense", "nonsense"),
    ],
)
def test_addresses_have_one_form(text: str, expected: str) -> None:
    assert normal_address(text) == expected


def test_sysfs_tells_the_same_as_lspci(tmp_path: Path) -> None:
    folder = tmp_path / "0000:3b:00.0"
    folder.mkdir()
    for name, value in {
        "class": "0x030200",
        "vendor": "0x10de",
        "device": "0x2330",
        "revision": "0xa1",
    }.items():
        (folder / name).write_text(value + "\n")
    # What cannot be read, or is no device, is left out.
    (tmp_path / "0000:3c:00.0").mkdir()
    broken = tmp_path / "0000:3d:00.0"
    broken.mkdir()
    (broken / "class").write_bytes(b"\xff\xfe")

    assert read_sysfs(str(tmp_path)) == [GPU]


def test_no_sysfs_is_not_the_same_as_no_gpu(tmp_path: Path) -> None:
    assert read_sysfs(str(tmp_path)) is None
    assert read_sysfs(str(tmp_path / "missing")) is None


@given(ANY_TEXT)
def test_any_text_is_read_as_something(text: str) -> None:
    for function in parse_lspci(text + "\n" + "0000:3b:00.0 0302: 10de:2330" + text):
        assert int(function.vendor, 16) >= 0
        assert isinstance(function.is_nvswitch, bool)
    assert isinstance(normal_address(text), str)

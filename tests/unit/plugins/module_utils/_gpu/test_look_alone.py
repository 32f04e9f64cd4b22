# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of a machine, and what becomes of each answer; no process is started."""

from __future__ import annotations

import os
import typing as t
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu import look as looking
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.amd import parse_amd_smi
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.command import Ran
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.cuda import CudaStart
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.facts import (
    FabricManager,
    Facts,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.gpu import Gpu
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.kernel_log import (
    parse_kernel_log,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.look import look
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.nvidia import parse_smi_xml
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.nvlink import Links
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.pci import (
    PciFunction,
    parse_lspci,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.slot import Slot
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.tool import Tool

LIMIT, NOW = 7.0, 1_800_000_000.0
ADDRESS = "0000:18:00.0"
XML = f"""\
<nvidia_smi_log>
<driver_version>565.57.01</driver_version><cuda_version>12.7</cuda_version>
<gpu id="{ADDRESS}">
<gpu_virtualization_mode><virtualization_mode>None</virtualization_mode></gpu_virtualization_mode>
<pci><pci_gpu_link_info><link_widths>
<max_link_width>16x</max_link_width><current_link_width>8x</current_link_width>
</link_widths></pci_gpu_link_info></pci>
</gpu>
</nvidia_smi_log>
"""
LSPCI = f"{ADDRESS} 0302: 10de:2330 (rev a1)\n0000:05:00.0 0680: 10de:22a3 (rev a1)\n"
XID = "NVRM: Xid (PCI:0000:18:00): {}, something\n"
CORRUPTED = "WARNING: infoROM is corrupted at gpu {}\n"
STATUS = "GPU 0: NVIDIA H100\n\t Link 0: 26.562 GB/s\n\t Link 1: <inactive>\n"
ERRORS = "GPU 0: NVIDIA H100\n\t Link 0: Replay Errors: 2\n\t Link 0: Recovery Errors: 1\n"
JOURNAL = "journalctl -k -b -q -o short-monotonic -n 20000 --no-pager"
AMD = "amd-smi static --asic --bus --vram --driver --json"
ROCM = (
    "rocm-smi --showproductname --showbus --showuniqueid --showdriverversion --showmeminfo vram "
    "--json"
)


class Machine:
    """Answers command lines. What answers none is not installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.answers: dict[str, Ran] = {}
        self.asked: list[tuple[str, float]] = []

    def find(self, name: str) -> str | None:
        known = {line.split()[0] for line in self.answers}
        return f"/bin/{name}" if name in known else None

    def run(self, argv: t.Sequence[str], timeout: float) -> Ran:
        line = " ".join([os.path.basename(argv[0]), *argv[1:]])
        self.asked.append((line, timeout))
        return self.answers.get(line, Ran(2, stderr="unknown command"))

    def start_cuda(self, timeout: float) -> CudaStart:
        self.asked.append(("cuda", timeout))
        return CudaStart(device_count=1)

    def plug(self, lanes: int) -> None:
        """Put the GPU into a slot."""
        device = self.folder / "devices" / "0000:15:01.0" / ADDRESS
        device.mkdir(parents=True)
        (device.parent / "max_link_width").write_text(f"{lanes}\n")
        for name, value in (("class", "030200"), ("vendor", "10de"), ("device", "2330")):
            (device / name).write_text(f"0x{value}\n")
        (self.folder / "sys").mkdir()
        (self.folder / "sys" / ADDRESS).symlink_to(device)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine without anything."""
    made = Machine(tmp_path)
    monkeypatch.setattr(looking, "find_tool", made.find)
    monkeypatch.setattr(looking, "run_command", made.run)
    monkeypatch.setattr(looking, "start_cuda", made.start_cuda)
    monkeypatch.setattr(looking, "time", SimpleNamespace(time=lambda: NOW))
    monkeypatch.setattr(looking, "SYSFS", str(tmp_path / "sys"))
    versions = (str(tmp_path / "missing"), str(tmp_path / "version"))
    monkeypatch.setattr(looking, "MODULE_VERSION_FILES", versions)
    monkeypatch.setattr(looking, "BOOT_FILE", str(tmp_path / "stat"))
    return made


def nothing(**values: t.Any) -> Facts:
    """Return what is found where there is nothing, but for these."""
    return Facts(**{"looked_at": NOW, "timeout": LIMIT, **values})


def test_a_machine_without_anything(machine: Machine) -> None:
    assert look(LIMIT) == nothing()
    assert machine.asked == []


def test_a_machine_that_has_everything(machine: Machine, tmp_path: Path) -> None:
    machine.plug(lanes=8)
    (tmp_path / "version").write_bytes(b"NVRM version: \xff  565.57.01  Release\n")
    (tmp_path / "stat").write_bytes(b"cpu 1\xff\nbtime 1795000000\nprocesses 9\n")
    machine.answers = {
        "nvidia-smi -q -x": Ran(
            14, CORRUPTED.format("0000:3A:00.0") + XML, CORRUPTED.format("0000:3B:00.0")
        ),
        "lspci -Dn": Ran(0, LSPCI),
        JOURNAL: Ran(stdout=XID.format(31) * 2, flooded=True),
        "dmesg": Ran(0, XID.format(31) + XID.format(13)),
        "nvidia-smi nvlink --status": Ran(0, STATUS),
        "nvidia-smi nvlink --errorcounters": Ran(0, ERRORS),
        "systemctl is-active nvidia-fabricmanager": Ran(0, "active\n"),
        "nv-fabricmanager --version": Ran(0, "Fabric Manager version is : 565.57.01\n"),
    }
    gpu = replace(
        parse_smi_xml(XML).gpus[0],
        pcie_width_max=8,
        nvlinks_active=1,
        nvlinks_inactive=1,
        nvlink_errors=3,
    )

    assert look(LIMIT) == nothing(
        pci=parse_lspci(LSPCI),
        pci_source="lspci",
        nvidia=Tool(
            "nvidia-smi",
            gpus=(gpu,),
            driver_version="565.57.01",
            cuda_version="12.7",
            corrupted_inforoms=("0000:3A:00.0", "0000:3B:00.0"),
        ),
        module_version="565.57.01",
        kernel_log=parse_kernel_log(XID.format(31) * 2, XID.format(31) + XID.format(13)),
        cuda=CudaStart(device_count=1),
        fabric_manager=FabricManager("active", "565.57.01"),
        nvlinks={0: Links(active=1, inactive=[1], recoveries=1, corrected=2)},
        slots={ADDRESS: Slot(8, gpu_lanes=16)},
        booted_at=1_795_000_000.0,
    )
    assert sorted(machine.asked) == sorted((line, LIMIT) for line in [*machine.answers, "cuda"])


@pytest.mark.parametrize(
    ("ran", "found"),
    [
        (
            Ran(0, LSPCI),
            {"pci": parse_lspci(LSPCI), "pci_source": "lspci"},
        ),
        (Ran(timed_out=True), {"pci_source": "lspci", "pci_timed_out": True}),
        (Ran(1, LSPCI), {"pci": [PciFunction(ADDRESS, "0302", "10de", "2330")]}),
    ],
)
def test_lspci_is_asked_and_else_the_files_of_the_kernel(
    machine: Machine, ran: Ran, found: dict[str, t.Any]
) -> None:
    machine.plug(lanes=16)
    machine.answers = {"lspci -Dn": ran}

    assert look(LIMIT) == nothing(**found)


@pytest.mark.parametrize(
    ("ran", "kind", "complaint"),
    [
        (Ran(timed_out=True, stdout=XML), "timed_out", " (exit code None)"),
        (Ran(flooded=True, stdout=XML), "failed", "it produced too much output"),
        (Ran(9, stderr="no driver."), "no_driver", "no driver (exit code 9)"),
        (Ran(0, "hello"), "failed", "its output is not the XML that -q -x prints"),
    ],
)
def test_how_nvidia_smi_fails(machine: Machine, ran: Ran, kind: str, complaint: str) -> None:
    machine.answers = {"nvidia-smi -q -x": ran}

    tool = look(LIMIT).nvidia

    assert (tool.name, tool.kind, tool.gpus) == ("nvidia-smi", kind, ())
    assert tool.complaint.endswith(complaint)
    assert machine.asked == [("nvidia-smi -q -x", LIMIT)]


def test_whoever_hangs_is_asked_for_no_more_links(machine: Machine) -> None:
    machine.answers = {
        "nvidia-smi -q -x": Ran(0, XML),
        "nvidia-smi nvlink --status": Ran(timed_out=True, stdout=STATUS),
        "nvidia-smi nvlink --errorcounters": Ran(0, ERRORS),
    }

    found = look(LIMIT)

    assert found.nvlinks == {0: Links(active=1, inactive=[1])}
    assert [line for line, _limit in machine.asked if "errorcounters" in line] == []


def test_links_that_are_all_down_are_not_counted(machine: Machine) -> None:
    down = "GPU 0: NVIDIA H100\nNVML: Unable to retrieve: all links are inActive\n"
    machine.answers = {
        "nvidia-smi -q -x": Ran(0, XML),
        "nvidia-smi nvlink --status": Ran(0, down),
    }

    (gpu,) = look(LIMIT).nvidia.gpus

    assert (gpu.nvlinks_active, gpu.nvlinks_inactive, gpu.nvlink_errors) == (0, None, None)


AMD_JSON = '[{"gpu": 0, "asic": {"market_name": "MI350X"}}]'
ECC_JSON = '[{"gpu": 0, "ecc": {"total_uncorrectable_count": 5}}]'


@pytest.mark.parametrize(
    ("answers", "tool"),
    [
        (
            {AMD: Ran(0, AMD_JSON), "amd-smi metric --ecc --json": Ran(0, ECC_JSON)},
            Tool("amd-smi", gpus=tuple(parse_amd_smi(AMD_JSON, ECC_JSON))),
        ),
        (
            {AMD: Ran(0, AMD_JSON), "amd-smi metric --ecc --json": Ran(1, ECC_JSON)},
            Tool("amd-smi", gpus=tuple(parse_amd_smi(AMD_JSON))),
        ),
        # The newer tool is asked if there are both.
        (
            {AMD: Ran(0, "[]"), ROCM: Ran(0, '{"card0": {}}')},
            Tool("amd-smi"),
        ),
        (
            {ROCM: Ran(0, '{"card0": {}}')},
            Tool("rocm-smi", gpus=(Gpu(index=0, vendor="amd"),)),
        ),
        (
            {AMD: Ran(1, stderr="no driver")},
            Tool("amd-smi", kind="failed", complaint="no driver (exit code 1)"),
        ),
        (
            {ROCM: Ran(0, "hello")},
            Tool("rocm-smi", kind="failed", complaint="its JSON is not an object"),
        ),
    ],
)
def test_the_tools_of_amd(machine: Machine, answers: dict[str, Ran], tool: Tool) -> None:
    machine.answers = dict(answers)

    assert look(LIMIT) == nothing(amd=tool)
    assert {limit for _line, limit in machine.asked} == {LIMIT}


@pytest.mark.parametrize(
    ("journal", "dmesg", "log"),
    [
        (Ran(1, XID.format(31)), Ran(1, XID.format(31)), None),
        (Ran(0, " \n"), Ran(0, ""), None),
        (Ran(0, " \n"), Ran(0, XID.format(31)), parse_kernel_log(XID.format(31))),
        (Ran(0, "usb 1-1\n"), Ran(1), parse_kernel_log("")),
    ],
)
def test_any_log_that_has_something_is_read(
    machine: Machine, journal: Ran, dmesg: Ran, log: t.Any
) -> None:
    machine.answers = {JOURNAL: journal, "dmesg": dmesg}

    assert look(LIMIT) == nothing(kernel_log=log)


@pytest.mark.parametrize(
    ("said", "active"),
    [
        ("active\n", "active"),
        ("activating\n", "activating"),
        ("inactive\n", "inactive"),
        ("failed\n", "failed"),
        ("unknown\n", "unknown"),
        ("System has not been booted with systemd\n", None),
        ("", None),
    ],
)
def test_the_state_of_the_fabric_manager(machine: Machine, said: str, active: str | None) -> None:
    machine.answers = {
        "nvidia-smi -q -x": Ran(0, XML),
        "lspci -Dn": Ran(0, LSPCI),
        "systemctl is-active nvidia-fabricmanager": Ran(3, said),
    }

    assert look(LIMIT).fabric_manager == FabricManager(active, None)


def test_where_no_start_is_told_none_is_known(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "stat").write_text("cpu 1\n btime 1795000000\n")

    assert look(LIMIT) == nothing()

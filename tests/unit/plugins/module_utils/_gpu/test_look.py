# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole machines, whose tools are scripts: looking at them, and judging them."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu import command
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu import look as looking
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.cuda import CudaStart
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.expectations import (
    Expectations,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.judge import (
    CHECK_NAMES,
    judge,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.look import look

from ...gpu_stand_in import NAMES, install, write_script

LONG = 60.0

Report = t.Dict[str, t.Any]


class Machine:
    """A folder that is all that tools are searched in."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()

    def install(self, name: str) -> None:
        install(name, self.bin)

    def script(self, tool: str, text: str) -> None:
        write_script(self.bin / tool, "#!/bin/sh\n" + text)

    def judge(self, timeout: float = LONG, **expected: t.Any) -> Report:
        return judge(look(timeout), Expectations(**expected))


@pytest.fixture
def make_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Callable[[], Machine]:
    """A function that makes a machine without any tool, and without anything in /sys and /proc."""
    monkeypatch.setattr(command, "_MORE_FOLDERS", ("/usr/bin", "/bin"))
    monkeypatch.setattr(looking, "SYSFS", str(tmp_path / "sys"))
    monkeypatch.setattr(looking, "MODULE_VERSION_FILES", (str(tmp_path / "version"),))
    monkeypatch.setattr(looking, "BOOT_FILE", str(tmp_path / "stat"))

    def make() -> Machine:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        made = Machine(folder)
        monkeypatch.setattr(
            looking,
            "find_tool",
            lambda name: str(made.bin / name) if (made.bin / name).exists() else None,
        )
        monkeypatch.setenv("PATH", f"{made.bin}:/usr/bin:/bin")
        return made

    return make


@pytest.fixture
def machine(make_machine: t.Callable[[], Machine]) -> Machine:
    """One such machine."""
    return make_machine()


def check(report: Report, name: str) -> tuple[str, str]:
    (found,) = [entry for entry in report["checks"] if entry["name"] == name]
    return found["verdict"], found["detail"]


def verdicts(report: Report, verdict: str) -> list[str]:
    return [entry["name"] for entry in report["checks"] if entry["verdict"] == verdict]


def failed(report: Report) -> list[str]:
    return verdicts(report, "fail")


VERDICTS = Path(__file__).with_name("verdicts.yml")
HEADER = """\
---
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Each recorded machine: its verdict, and the checks that do not pass. test_look.py writes it.
"""
EIGHT_H100 = {
    "count": 8,
    "name": "H100",
    "min_driver_version": "550.90",
    "min_cuda_version": "12.4",
}
EXPECTED: dict[str, dict[str, t.Any]] = {"anything": {}, "eight H100": EIGHT_H100}


def summary(report: Report) -> dict[str, t.Any]:
    """Return the verdict, and the checks that failed and were skipped."""
    found: dict[str, t.Any] = {
        "verdict": report["verdict"],
        "action": report["action"],
        "fail": [],
        "inconclusive": [],
        "skip": [],
    }
    for entry in report["checks"]:
        if entry["verdict"] != "pass":
            found[entry["verdict"]].append(entry["name"])
    return {
        name: " ".join(value) if isinstance(value, list) else value
        for name, value in found.items()
        if value not in ([], None)
    }


def test_every_machine_gets_its_verdicts(
    make_machine: t.Callable[[], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``UPDATE_GOLDEN=1 pytest`` on this file writes the verdicts anew."""
    # Whoever runs the tests may have the library of a driver.
    monkeypatch.setattr(looking, "start_cuda", lambda _timeout: CudaStart(missing=True))
    found: dict[str, t.Any] = {}
    for name in NAMES:
        machine = make_machine()
        machine.install(name)
        for title, expected in EXPECTED.items():
            report = machine.judge(**expected)
            found.setdefault(name, {})[title] = summary(report)
            given = {"no_gpu": 1, "inconclusive": len(verdicts(report, "inconclusive"))}
            assert len(report["reasons"]) == given.get(report["verdict"], len(failed(report)))
            assert all(reason.isprintable() for reason in report["reasons"] + report["notes"])
            assert tuple(entry["name"] for entry in report["checks"]) == CHECK_NAMES

    if os.environ.get("UPDATE_GOLDEN"):
        text = yaml.safe_dump(found, sort_keys=False, width=110)
        VERDICTS.write_text(HEADER + text, encoding="utf-8")
    assert found == yaml.safe_load(VERDICTS.read_text(encoding="utf-8"))


def test_a_healthy_machine_that_is_what_was_expected(machine: Machine) -> None:
    machine.install("h100_nvswitch")

    report = machine.judge(
        count=8, name="H100", min_driver_version="550.90.07", min_cuda_version="12.4"
    )

    assert (report["verdict"], report["reasons"], len(report["gpus"])) == ("pass", [], 8)
    assert check(report, "count") == ("pass", "8 plugged in, 8 listed, 8 expected")
    assert check(report, "name") == ("pass", "NVIDIA H100 80GB HBM3")
    assert check(report, "driver_version") == ("pass", "565.57.01 is at least 550.90.07")
    assert check(report, "fabric") == (
        "pass",
        "completed on all GPUs; nvidia-fabricmanager is active",
    )


def test_a_lost_gpu_is_named_by_its_address(machine: Machine) -> None:
    machine.install("lost_gpu")

    assert machine.judge()["reasons"][0].startswith(
        "nvidia-smi lists 7 of the 8 GPUs plugged in: 0000:db:00.0 is lost. Reboot"
    )
    assert machine.judge(count=8)["reasons"][0].startswith(
        "8 GPUs expected, 7 listed; nvidia-smi lists 7 of the 8 GPUs plugged in: "
        "0000:db:00.0 is lost."
    )


def test_both_versions_of_a_mismatch_are_named(machine: Machine, tmp_path: Path) -> None:
    machine.install("driver_mismatch")
    (reason,) = machine.judge()["reasons"]
    assert "the kernel has loaded 535.54.03, the library is 535.86." in reason
    assert "reboot the machine" in reason

    # What is loaded is known from the kernel itself as well, also to who may not read its log.
    (machine.bin / "dmesg").unlink()
    (tmp_path / "version").write_text(
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.54.03  Release\n"
    )
    assert machine.judge()["reasons"] == [reason]


def test_what_was_expected_and_is_not_there(machine: Machine) -> None:
    machine.install("h200")

    report = machine.judge(count=8, name="H100", min_driver_version="570", min_cuda_version="12.8")

    assert failed(report) == ["count", "name", "driver_version", "cuda_version"]
    assert report["reasons"][0].startswith("8 GPUs expected, 1 listed.")
    assert report["reasons"][1].startswith("1 of 1 GPU is not H100 but NVIDIA H200.")
    assert report["reasons"][2].startswith("The driver version is 550.90.12, older than 570.")
    assert report["reasons"][3].startswith("The driver's CUDA version is 12.4, older than 12.8.")


def test_no_gpu_is_fine_unless_one_is_expected(machine: Machine) -> None:
    for name in ("", "no_gpu"):
        if name:
            machine.install(name)
        assert machine.judge()["reasons"] == ["There is no GPU, and none is expected."]
        assert machine.judge(count=0)["verdict"] == "no_gpu"
        assert machine.judge(min_driver_version="550")["verdict"] == "no_gpu"
        report = machine.judge(count=8, name="H100")
        assert report["verdict"] == "fail"
        assert report["reasons"][0].startswith("There is no GPU; expected: 8 H100.")
        assert machine.judge(name="H100")["verdict"] == "fail"


def test_a_gpu_where_none_is_expected(machine: Machine) -> None:
    machine.install("t4")

    assert machine.judge(count=0)["reasons"][0].startswith("0 GPUs expected, 1 listed.")


def test_gpus_without_a_driver(machine: Machine) -> None:
    machine.install("h100_nvswitch")
    (machine.bin / "nvidia-smi").unlink()

    report = machine.judge()

    assert failed(report) == ["tool"]
    assert "there is no nvidia-smi: the driver is not installed" in report["reasons"][0]
    # What is plugged in can be compared with what is expected all the same.
    assert failed(machine.judge(count=9)) == ["tool", "count"]


def test_lspci_is_believed_and_else_the_files_of_the_kernel(
    machine: Machine, tmp_path: Path
) -> None:
    machine.install("t4")
    device = tmp_path / "sys" / "0000:3b:00.0"
    device.mkdir(parents=True)
    for name, value in {"class": "0x030200", "vendor": "0x10de", "device": "0x1eb8"}.items():
        (device / name).write_text(value)

    assert check(machine.judge(), "count") == ("pass", "1 plugged in, 1 listed")
    # By the files, another one is plugged in; so many that none is missed.
    (machine.bin / "lspci").unlink()
    assert check(machine.judge(), "count") == ("pass", "1 plugged in, 1 listed")
    machine.script("lspci", "echo broken >&2; exit 1")
    assert check(machine.judge(), "count") == ("pass", "1 plugged in, 1 listed")


def test_a_container_that_sees_no_pci_bus_is_no_fault(machine: Machine) -> None:
    machine.install("t4")
    (machine.bin / "lspci").unlink()

    report = machine.judge()

    assert report["verdict"] == "inconclusive"
    (reason,) = report["reasons"]
    assert reason == (
        "The check count could not be made: 1 listed, but sysfs shows 0, as in a container, so a "
        "lost one would not be noticed. Say how many are expected, or look where lspci shows the "
        "GPUs."
    )
    assert machine.judge(count=1)["verdict"] == "pass"
    assert machine.judge(count=2)["verdict"] == "fail"


@pytest.mark.parametrize("tool", ["nvidia-smi", "lspci", "amd-smi"])
def test_a_tool_that_hangs_is_a_failed_check(machine: Machine, tool: str) -> None:
    machine.install("no_gpu")
    machine.script(tool, "trap '' TERM INT HUP\necho begin\nsleep 600")

    report = machine.judge(timeout=3)

    assert failed(report) == ["count" if tool == "lspci" else "tool"]
    assert report["reasons"][0].startswith(f"{tool} timed out after 3 s and was killed:")


def test_a_tool_that_floods_is_a_failed_check(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.install("t4")
    machine.script("nvidia-smi", "while :; do echo '<nvidia_smi_log></nvidia_smi_log>'; done")
    monkeypatch.setattr(
        command.run_command,
        "__kwdefaults__",
        {
            **(command.run_command.__kwdefaults__ or {}),
            "max_bytes": 100_000,
        },
    )

    report = machine.judge()

    assert failed(report) == ["tool"]
    assert "it produced too much output" in report["reasons"][0]


@pytest.mark.parametrize("stream", [1, 2])
def test_a_warning_beside_the_document_is_read(machine: Machine, stream: int) -> None:
    machine.install("t4")
    (machine.bin / "nvidia-smi").rename(machine.bin / "whole")
    warning = "WARNING: infoROM is corrupted at gpu 0000:3B:00.0"
    machine.script("nvidia-smi", f'whole "$@"; echo "{warning}" >&{stream}; exit 14')

    report = machine.judge()

    assert len(report["gpus"]) == 1
    assert report["reasons"][0].startswith("The infoROM of 0000:3B:00.0 is corrupted. Ask ")


def test_the_errors_of_an_amd_gpu_are_asked_for_once_it_is_listed(machine: Machine) -> None:
    machine.install("mi350x")
    (machine.bin / "amd-smi").rename(machine.bin / "whole")
    errors = '[{"gpu": 0, "ecc": {"total_uncorrectable_count": 5}}]'
    machine.script("amd-smi", f"case $1 in metric) echo '{errors}';; *) exec whole \"$@\";; esac")

    assert failed(machine.judge()) == ["ecc"]


def test_a_tool_that_prints_nonsense_is_a_failed_check(machine: Machine) -> None:
    machine.install("t4")
    machine.script("nvidia-smi", "echo '{{ 1/0 }} hello'")

    (reason,) = machine.judge()["reasons"]
    assert reason.startswith(
        "nvidia-smi failed: its output is not the XML that -q -x prints. Reboot"
    )


def test_a_kernel_log_that_cannot_be_read_is_skipped_and_said(machine: Machine) -> None:
    machine.install("h200")
    machine.script(
        "dmesg", "echo 'dmesg: read kernel buffer failed: Operation not permitted'; exit 1"
    )

    verdict, detail = check(machine.judge(), "kernel_log")

    assert verdict == "skip"
    assert "only root may read it" in detail


def test_the_journal_remembers_what_dmesg_has_forgotten(machine: Machine) -> None:
    machine.install("h200")
    machine.script("journalctl", "echo 'kernel: NVRM: Xid (PCI:0000:03:00): 48, DBE'")

    assert check(machine.judge(), "kernel_log")[0] == "fail"


def test_a_fabric_without_its_service(machine: Machine) -> None:
    machine.install("h100_nvswitch")
    machine.script("nv-fabricmanager", "echo 'Fabric Manager version is : 550.90.07'")

    (reason,) = machine.judge()["reasons"]

    assert reason.startswith("The fabric manager is 550.90.07, but the driver is 565.57.01.")


def test_bad_links_are_told_apart_from_what_is_over(machine: Machine, tmp_path: Path) -> None:
    machine.install("h100_bad_links")
    (tmp_path / "stat").write_text("cpu  1 2 3\nbtime 1795000000\nprocesses 9\n")

    report = machine.judge()

    assert failed(report) == ["kernel_log", "pcie", "nvlink"]
    kernel, pcie, nvlink = report["reasons"]
    assert kernel.startswith("In the kernel log: SXid 20034 on 0000:07:00.0 (Fatal, Link 30 LTSSM ")
    assert "Xid 119" not in kernel
    assert pcie == "GPU 0 (0000:18:00.0) has 8 of 16 PCIe lanes."
    assert nvlink == (
        "1 NVLink is inactive, such as link 3 of GPU 0, GPU 1 had to recover NVLinks 1 time."
    )
    assert [(xid["code"], xid["action"]) for xid in report["xids"]] == [
        (31, None),
        (119, None),
        (154, None),
        (20034, "reboot_and_retest"),
        (20009, "watch"),
    ]
    notes = " ".join(report["notes"])
    for words in (
        "Xid 31",
        "Xid 119",
        "SXid 20009",
        "a previous tenant's",
        "97 PCIe replays",
        "1 bank with few spare rows",
        "1 corrected NVLink error",
    ):
        assert words in notes
    assert report["booted_at"] == "2026-11-18T11:06:40Z"
    first, second = report["gpus"]
    assert (first["nvlinks_active"], first["nvlinks_inactive"]) == (3, 1)
    assert (first["nvlink_errors"], second["nvlink_errors"]) == (0, 2)
    assert (first["serial"], second["serial"]) == ("1650322014526", "1650322014527")


def test_a_narrow_slot_is_no_fault_of_its_gpu(machine: Machine, tmp_path: Path) -> None:
    machine.install("h100_bad_links")
    assert "pcie" in failed(machine.judge())
    folder = tmp_path / "devices" / "0000:15:01.0" / "0000:18:00.0"
    folder.mkdir(parents=True)
    (folder.parent / "max_link_width").write_text("8\n")
    (tmp_path / "sys").mkdir()
    (tmp_path / "sys" / "0000:18:00.0").symlink_to(folder)

    report = machine.judge()

    assert "pcie" not in failed(report)
    assert [gpu["pcie_width_max"] for gpu in report["gpus"]] == [8, 16]
    assert "GPU 0 (0000:18:00.0) can use 16 PCIe lanes, but its slot has only 8." in report["notes"]


def test_a_gpu_without_any_link_up_is_told(machine: Machine) -> None:
    machine.install("h100_bad_links")
    (machine.bin / "nvidia-smi").rename(machine.bin / "whole")
    down = "NVML: Unable to retrieve NVLink information as all links are inActive"
    machine.script(
        "nvidia-smi",
        'case "$*" in "nvlink --status") printf "GPU 0: NVIDIA H100\\n\\t Link 0: 26.562 GB/s\\n'
        f'GPU 1: NVIDIA H100\\n{down}\\n";; *) exec whole "$@";; esac',
    )

    report = machine.judge()

    assert [(gpu["nvlinks_active"], gpu["nvlinks_inactive"]) for gpu in report["gpus"]] == [
        (1, 0),
        (0, None),
    ]
    assert "all NVLinks of GPU 1 are inactive" in check(report, "nvlink")[1]


def test_a_hanging_table_of_links_costs_one_time_limit(machine: Machine) -> None:
    machine.install("t4")
    (machine.bin / "nvidia-smi").rename(machine.bin / "whole")
    asked = machine.bin / "asked"
    machine.script(
        "nvidia-smi",
        f'echo x >> {asked}; case $1 in nvlink) sleep 600;; *) exec whole "$@";; esac',
    )

    report = machine.judge(timeout=3)

    assert report["verdict"] == "pass"
    assert check(report, "nvlink")[0] == "skip"
    assert asked.read_text().count("x") == 2


def test_cuda_is_started_where_there_are_gpus(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[float] = []

    def start(timeout: float) -> CudaStart:
        started.append(timeout)
        return CudaStart(problem="CUDA does not start: cuInit returns 802")

    monkeypatch.setattr(looking, "start_cuda", start)

    assert machine.judge()["verdict"] == "no_gpu"
    assert started == []
    machine.install("h100_nvswitch")
    report = machine.judge(timeout=LONG)
    assert started == [LONG]
    assert report["reasons"] == ["CUDA does not start: cuInit returns 802."]


def test_a_tool_of_amd_without_its_gpus_says_nothing_of_those_of_nvidia(machine: Machine) -> None:
    machine.install("h200")
    machine.script("amd-smi", "echo 'no driver' >&2; exit 1")

    assert machine.judge()["verdict"] == "pass"

    machine.install("mi350x")
    machine.script("amd-smi", "echo 'no driver' >&2; exit 1")
    assert failed(machine.judge()) == ["tool"]


def test_tools_of_nvidia_without_its_gpus_say_nothing_of_those_of_amd(machine: Machine) -> None:
    for other in ("no_gpu", "no_driver"):
        machine.install(other)
        machine.install("mi350x")

        report = machine.judge(count=1)

        assert report["verdict"] == "pass", report["reasons"]
        assert check(report, "count") == ("pass", "1 plugged in, 1 listed, 1 expected")


@pytest.mark.parametrize("tool", ["amd-smi", "rocm-smi"])
def test_what_a_tool_of_amd_says_in_no_form_of_its_own_is_named(
    machine: Machine, tool: str
) -> None:
    machine.install("mi350x")
    for other in ("amd-smi", "rocm-smi"):
        (machine.bin / other).unlink(missing_ok=True)
    machine.script(tool, "echo 'Segmentation fault'")

    report = machine.judge()

    assert failed(report) == ["tool"]
    assert report["reasons"][0].startswith(f"{tool} ")

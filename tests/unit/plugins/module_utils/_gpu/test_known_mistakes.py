# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes that published health checks of GPUs make when they read what the tools print."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.kernel_log import (
    parse_kernel_log,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.tool import Tool

from .machines import HEALTHY, changed, facts, report_of


@pytest.mark.parametrize(
    "fault",
    [
        {"ecc_uncorrected_volatile": 1},
        {"rows_failure": True},
        {"recovery_action": "Reset"},
        {"throttle_reasons": ("hw_slowdown",)},
        {"pcie_width": 8},
    ],
)
@pytest.mark.parametrize("place", range(4))
def test_every_gpu_counts_and_not_only_the_first(place: int, fault: dict[str, t.Any]) -> None:
    gpus = [
        changed(
            index=i,
            pci_bus_id=f"0000:{i:02x}:00.0",
            **{"pcie_width": 16, "pcie_width_max": 16, **(fault if i == place else {})},
        )
        for i in range(4)
    ]
    report = report_of(facts(*gpus))

    assert report["verdict"] == "fail"
    assert f"GPU {place} (0000:{place:02x}:00.0)" in report["reasons"][0]


@pytest.mark.parametrize(
    "when", ["[    5.000000] ", "[Tue Jan  2 03:04:05 2024] ", "Jan 02 03:04:05 node kernel: "]
)
def test_an_error_counts_however_old_it_is(when: str) -> None:
    log = parse_kernel_log(f"{when}NVRM: Xid (PCI:0000:18:00): 95, Uncontained ECC error\n")

    assert report_of(facts(HEALTHY, kernel_log=log))["verdict"] == "fail"


@pytest.mark.parametrize("code", [56, 57, 58, 63, 65, 81, 92, 106, 121, 125])
def test_codes_that_are_unused_or_to_be_ignored_fail_nobody(code: int) -> None:
    log = parse_kernel_log(f"NVRM: Xid (PCI:0000:18:00): {code}, something")

    assert report_of(facts(HEALTHY, kernel_log=log))["verdict"] == "pass"


@pytest.mark.parametrize("code", [95, 109, 140, 143])
def test_codes_that_lists_of_others_lack_fail(code: int) -> None:
    log = parse_kernel_log(f"NVRM: Xid (PCI:0000:18:00): {code}, something")

    assert report_of(facts(HEALTHY, kernel_log=log))["verdict"] == "fail"


@pytest.mark.parametrize("kind", ["failed", "timed_out", "lost", "mismatch", "no_driver"])
def test_a_tool_that_fails_is_no_pass(kind: str) -> None:
    found = facts(HEALTHY, nvidia=Tool("nvidia-smi", kind=kind, complaint="no"), cuda=None)

    assert report_of(found)["verdict"] == "fail"


@pytest.mark.parametrize("number", [1, 2, 3, 5, 7, 16])
def test_no_number_of_gpus_is_taken_for_granted(number: int) -> None:
    gpus = [changed(index=i, pci_bus_id=f"0000:{i:02x}:00.0") for i in range(number)]

    assert report_of(facts(*gpus))["verdict"] == "pass"


def test_an_unknown_gpu_is_judged_like_any_other() -> None:
    gpu = changed(name="NVIDIA Z9000")

    assert report_of(facts(gpu))["verdict"] == "pass"
    assert report_of(facts(changed(name="NVIDIA Z9000", rows_failure=True)))["verdict"] == "fail"


def test_a_link_of_generation_3_at_work_is_noticed() -> None:
    link = {"pcie_width": 16, "pcie_width_max": 16, "pcie_generation": 3, "pcie_generation_max": 5}

    assert report_of(facts(changed(**link, at_work=True)))["verdict"] == "fail"

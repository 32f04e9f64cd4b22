# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts that follow from others: whose GPUs a machine has, and which tool should answer."""

from __future__ import annotations

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.facts import Facts
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.gpu import Gpu
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.pci import PciFunction
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.tool import (
    NO_NVIDIA_SMI,
    Tool,
)

NVIDIA = PciFunction("0000:18:00.0", "0302", "10de", "2330", "a1")
AMD = PciFunction("0000:05:00.0", "0380", "1002", "74a1", "00")
SWITCH = PciFunction("0000:06:00.0", "0680", "10de", "22a3", "a1")
H100 = Gpu(index=0, vendor="nvidia")
MI300X = Gpu(index=0, vendor="amd")


def nvidia(*gpus: Gpu, kind: str | None = None) -> Tool:
    return Tool("nvidia-smi", gpus=gpus, kind=kind)


def amd(*gpus: Gpu, kind: str | None = None) -> Tool:
    return Tool("amd-smi", gpus=gpus, kind=kind)


def test_functions_are_told_apart() -> None:
    facts = Facts(pci=[NVIDIA, AMD, SWITCH])

    assert (facts.nvidia_functions, facts.amd_functions) == ((NVIDIA,), (AMD,))
    assert facts.has_nvswitch
    assert not Facts(pci=[NVIDIA]).has_nvswitch
    assert Facts().nvidia_functions == ()


def test_gpus_of_both_makers_are_listed() -> None:
    assert Facts(nvidia=nvidia(H100), amd=amd(MI300X)).gpus == (H100, MI300X)
    assert not Facts(nvidia=nvidia(H100)).has_mig
    assert Facts(nvidia=nvidia(H100, Gpu(index=1, vendor="nvidia", mig_mode=True))).has_mig


@pytest.mark.parametrize(
    ("tool", "plugged", "without"),
    [
        (NO_NVIDIA_SMI, [], True),
        (NO_NVIDIA_SMI, [NVIDIA], False),
        (nvidia(kind="no_driver"), [AMD], True),
        (nvidia(kind="no_devices"), [], True),
        (nvidia(kind="lost"), [], False),
        (nvidia(), [], False),
    ],
)
def test_a_machine_may_have_the_tools_of_nvidia_without_a_gpu(
    tool: Tool, plugged: list[PciFunction], without: bool
) -> None:
    assert Facts(pci=plugged, nvidia=tool).is_without_nvidia is without


@pytest.mark.parametrize(
    ("facts", "failed"),
    [
        (Facts(amd=amd(MI300X)), False),
        (Facts(), False),
        (Facts(amd=amd(kind="timed_out"), nvidia=nvidia(H100)), True),
        (Facts(amd=amd(kind="failed")), True),
        # Installed beside GPUs of NVIDIA alone, it has nothing to say.
        (Facts(amd=amd(kind="failed"), nvidia=nvidia(H100)), False),
        (Facts(amd=amd(kind="failed"), nvidia=nvidia(H100), pci=[AMD]), True),
    ],
)
def test_the_tool_of_amd_must_answer_only_for_its_own_gpus(facts: Facts, failed: bool) -> None:
    assert facts.amd_failed is failed

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the tools of GPUs fail, and what they say about it."""

from __future__ import annotations

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.command import Ran
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.tool import (
    Tool,
    complaint_kind,
    complaint_text,
    corrupted_inforoms,
    failed_tool,
    library_version,
)
from hypothesis import given

from ...gpu_stand_in import output_of
from ...helpers import ANY_TEXT


@pytest.mark.parametrize(
    ("text", "code", "kind"),
    [
        ("Failed to initialize NVML: Driver/library version mismatch\n", 18, "mismatch"),
        ("Unable to determine the device handle for GPU0000:A1:00.0: Unknown Error", 255, "lost"),
        (
            "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
            9,
            "no_driver",
        ),
        ("Failed to initialize NVML: Driver Not Loaded", 255, "no_driver"),
        ("No devices were found", 6, "no_devices"),
        ("", 15, "lost"),
        ("", 9, "no_driver"),
        ("Segmentation fault", 139, "failed"),
    ],
)
def test_kinds_of_complaints(text: str, code: int, kind: str) -> None:
    assert complaint_kind("nvidia-smi", Ran(code, stdout=text)) == kind
    assert complaint_kind("nvidia-smi", Ran(code, stderr=text)) == kind
    assert complaint_kind("nvidia-smi", Ran(code, stdout=text, timed_out=True)) == "timed_out"
    assert complaint_kind("amd-smi", Ran(code, stdout=text)) == "failed"


def test_complaints_are_quoted_in_one_line() -> None:
    assert complaint_text(Ran(3, stderr="bad\n\x1b[2Jnews.\n")) == "bad news (exit code 3)"
    assert complaint_text(Ran(3)) == "it printed nothing (exit code 3)"
    assert complaint_text(Ran(problem="Permission denied")) == "Permission denied"
    assert complaint_text(Ran(flooded=True, stdout="x")) == "it produced too much output"


def test_a_tool_that_fails_keeps_what_it_said() -> None:
    text = (
        "Failed to initialize NVML: Driver/library version mismatch\n"
        "NVML library version: 535.86\n"
        "WARNING: infoROM is corrupted at gpu 0000:3B:00.0\n"
    )

    assert failed_tool("nvidia-smi", Ran(18, stdout=text)) == Tool(
        "nvidia-smi",
        kind="mismatch",
        complaint="Failed to initialize NVML: Driver/library version mismatch NVML library version:"
        " 535.86 WARNING: infoROM is corrupted at gpu 0000:3B:00.0 (exit code 18)",
        library_version="535.86",
        corrupted_inforoms=("0000:3B:00.0",),
    )


def test_output_that_cannot_be_read_is_a_failure_of_its_own() -> None:
    for name in ("nvidia-smi", "amd-smi"):
        tool = failed_tool(name, Ran(0, stdout="No devices were found"), "its output is not JSON")
        assert (tool.kind, tool.complaint) == ("failed", "its output is not JSON")


def test_the_version_of_the_library_is_found() -> None:
    assert library_version(output_of("driver_mismatch", "nvidia-smi")) == "535.86"
    assert library_version("NVML library version: 535.86.") == "535.86"
    assert library_version("nothing") is None


def test_some_corrupted_inforoms_are_named_never_thousands() -> None:
    line = "WARNING: infoROM is corrupted at gpu 0000:3B:00.0\n"

    assert corrupted_inforoms(line) == ("0000:3B:00.0",)
    assert len(corrupted_inforoms(line * 5000)) == 16
    assert corrupted_inforoms("nothing") == ()


@given(ANY_TEXT)
def test_any_text_is_a_complaint(text: str) -> None:
    tool = failed_tool("nvidia-smi", Ran(1, stdout=text + "library version: " + text))

    assert tool.kind and tool.complaint.isprintable()

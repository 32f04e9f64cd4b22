# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the Xid codes of NVIDIA's driver mean for a machine that was just handed over. Only data.

From NVIDIA's catalog (SOURCE, read on READ_ON), for A100, H100 and newer. A kind is the name of its
bucket in that catalog; where it has none, of what the code tells. 171 and 172 are from the
catalog's workflow for 48.
"""

from __future__ import annotations

from dataclasses import dataclass

from .action import FIX_SOFTWARE, REBOOT_AND_RETEST, RESET_GPU, RETURN_MACHINE, WATCH

SOURCE = "https://docs.nvidia.com/deploy/xid-errors/analyzing-xid-catalog.html"
READ_ON = "2026-11-24"

RECOVERY_ACTION = "recovery_action"
NVLINK5 = "workflow_nvlink5_err"
UNKNOWN = "unknown"
SXID_FATAL = "sxid_fatal"
SXID_NON_FATAL = "sxid_non_fatal"


@dataclass(frozen=True)
class Meaning:
    """``action`` is None if the code asks nothing of the machine."""

    kind: str
    action: str | None = None


_ROWS: tuple[tuple[Meaning, str], ...] = (
    (Meaning("restart_bm", REBOOT_AND_RETEST), "79"),
    (
        Meaning("reset_gpu", RESET_GPU),
        "46 62 64 95 109 110 119 120 136 140 143 155 156 158",
    ),
    (Meaning("workflow_xid_48", RESET_GPU), "48"),
    # They follow a 48 and say which memory it was: DRAM or SRAM.
    (Meaning("memory_of_xid_48", WATCH), "171 172"),
    (Meaning("workflow_nvlink_err", RESET_GPU), "74"),
    # Fatal or not by their text, until a 154 says what the driver thinks of it.
    (Meaning(NVLINK5, RESET_GPU), "144-150"),
    (Meaning("check_mechanicals", RETURN_MACHINE), "54"),
    (Meaning("restart_vm", REBOOT_AND_RETEST), "151"),
    (Meaning("restart_vm_or_enable_ecc", REBOOT_AND_RETEST), "168"),
    (Meaning("update_swfw", FIX_SOFTWARE), "78"),
    (Meaning("check_uvm", FIX_SOFTWARE), "159"),
    # Of programs.
    (
        Meaning("restart_app"),
        "8 11 13 25 31 32 39-41 60 68-72 75-77 80 82-86 88 89 94 96-105 126-135 139",
    ),
    (Meaning("restart_fabric_manager"), "45"),
    (
        Meaning("ignore"),
        "14 37 38 43 44 63 66 67 93 106-108 121 137 141 152 153 160 161",
    ),
    (Meaning("ignore", WATCH), "92 157"),
    # Its text has the action; see kernel_log.py.
    (Meaning(RECOVERY_ACTION), "154"),
    (Meaning("power_smoothing"), "162-165"),
    (Meaning("confidential_computing"), "166 170"),
    (
        Meaning("unused"),
        "1-7 9 10 12 15-24 26-30 33-36 42 47 49-53 55-59 61 65 73 81 87 90 91 111-118 122-125 138",
    ),
)


def _codes(text: str) -> list[int]:
    found: list[int] = []
    for part in text.split():
        first, _dash, last = part.partition("-")
        found.extend(range(int(first), int(last or first) + 1))
    return found


XIDS: dict[int, Meaning] = {
    code: meaning for meaning, codes in _ROWS for code in sorted(_codes(codes))
}
"""Each code that the catalog names. A code that is not here is unknown."""

KINDS = (
    *dict.fromkeys(meaning.kind for meaning, _listed in _ROWS),
    SXID_FATAL,
    SXID_NON_FATAL,
    UNKNOWN,
)
"""All kinds of an Xid or SXid."""


def meaning_of(code: int) -> Meaning:
    """Return what an Xid means by its number alone."""
    return XIDS.get(code, Meaning(UNKNOWN))

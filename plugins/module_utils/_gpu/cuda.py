# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starts CUDA once: load the driver's library, initialise it, count the devices.

It needs no CUDA toolkit, and runs in a process of its own, the only one that a driver can hang or
crash.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass

from .._text import printable, tail
from .command import Ran, run_command
from .tool import UnreadableOutput

# Text, because modules run from an archive: the process has no file of ours.
PROBE = """
import ctypes, json

def start():
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError as exc:
        return {"missing": str(exc)}
    version, count = ctypes.c_int(0), ctypes.c_int(0)
    steps = (
        ("cuInit", lambda: cuda.cuInit(0)),
        ("cuDriverGetVersion", lambda: cuda.cuDriverGetVersion(ctypes.byref(version))),
        ("cuDeviceGetCount", lambda: cuda.cuDeviceGetCount(ctypes.byref(count))),
    )
    for step, call in steps:
        code = call()
        if code:
            return {"step": step, "code": code}
    return {"count": count.value, "version": version.value}

print(json.dumps(start()))
"""

# Meanings from the page "CUDA Driver API", each with its remedy.
_ERRORS = {
    2: "out of memory. Is something else using the GPUs?",
    3: "not initialized. Reload the driver, or reboot the machine",
    46: "the devices are busy. Is a program using them in exclusive compute mode?",
    100: "no device is detected, although the driver lists GPUs. Reboot the machine",
    802: "system not yet initialized. The fabric manager is not running, does not match the "
    "driver, or has not finished; start nvidia-fabricmanager, and check its log",
    803: "the driver and its library have different versions. Reboot the machine",
    804: "this CUDA compatibility library does not support these GPUs. Remove it, or use a newer "
    "driver",
    999: "unknown error. Reload the kernel module nvidia_uvm, or reboot the machine",
}

# The answer is one short line.
_LAST_WORDS = 2000


@dataclass(frozen=True)
class CudaStart:
    """``device_count`` if CUDA started, ``missing`` if there is no library, else ``problem``."""

    device_count: int | None = None
    problem: str | None = None
    missing: bool = False


def start_cuda(timeout: float) -> CudaStart:
    """Start CUDA once, within ``timeout`` seconds."""
    environment = {**os.environ, "LC_ALL": "C"}
    # Count all devices, whatever the profile of the account says.
    environment.pop("CUDA_VISIBLE_DEVICES", None)
    ran = run_command([sys.executable, "-I", "-c", PROBE], timeout, environment=environment)
    if ran.timed_out:
        return CudaStart(problem=f"CUDA did not start within {timeout:g} s and was killed")
    if not ran.ok:
        return CudaStart(problem=_crash(ran))
    try:
        return parse_probe(ran.stdout)
    except UnreadableOutput as exc:
        return CudaStart(problem=str(exc))


def parse_probe(text: str) -> CudaStart:
    """Read the output of the probe. Raises UnreadableOutput."""
    lines = tail(text.strip(), _LAST_WORDS).splitlines()
    try:
        # The library may have printed something first.
        found = json.loads(lines[-1] if lines else "")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UnreadableOutput("the start of CUDA", "it printed no result")
    if "missing" in found:
        return CudaStart(missing=True)
    code, count = found.get("code"), found.get("count")
    if isinstance(code, int):
        step = printable(str(found.get("step")), 40)
        meaning = _ERRORS.get(code, "see the documentation of the CUDA Driver API")
        return CudaStart(problem=f"CUDA does not start: {step} returns {code}, {meaning}")
    if not isinstance(count, int):
        raise UnreadableOutput("the start of CUDA", "it printed no number of devices")
    return CudaStart(device_count=count)


def _crash(ran: Ran) -> str:
    said = printable(ran.problem or tail(ran.stderr.strip(), 400), 120)
    return f"CUDA does not start: the process ended with {ran.code}" + (f", {said}" if said else "")

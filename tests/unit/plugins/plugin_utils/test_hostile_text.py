# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a machine says, and however much: judged soon, and shown as a few harmless lines."""

from __future__ import annotations

import contextlib
import math
import tracemalloc
import typing as t
from dataclasses import dataclass

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu import amd as _gpu_amd
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu import cuda as _gpu_cuda
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu import (
    kernel_log as _gpu_kernel_log,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu import nvidia as _gpu_nvidia
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu import nvlink as _gpu_nvlink
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu import pci as _gpu_pci
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.command import Ran
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.gpu import Gpu
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.tool import (
    UnreadableOutput,
    failed_tool,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._text import printable
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact import (
    cloud_init,
    package_lock,
    python,
    shutdown,
    ssh_failure,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.problem import (
    Problem,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from ..hostile import LONGEST, alarm, is_linear, long_texts, repeated

TARGET = ssh_failure.Target(ssh_failure.Setting("203.0.113.7", "from ansible_host"))
DIGITS = "9" * 6000


def shown(problem: Problem | None) -> list[str]:
    return [str(problem)] if problem else []


def judge_ssh(text: str) -> list[str]:
    ssh_failure.is_about_host_key(text)
    return [str(ssh_failure.judge(text, TARGET, believe)) for believe in (True, False)]


def judge_locks(text: str) -> list[str]:
    holders = package_lock.read(text)
    assert len(holders) <= 50
    return shown(package_lock.problem(holders))


def judge_cloud_init(text: str) -> list[str]:
    said = []
    for code, stdout, stderr in ((0, text, ""), (1, text, text), (1, "", text), (2, text, "")):
        state = cloud_init.read(code, stdout, stderr)
        said += [*state.errors, cloud_init.warning(state) or "", *shown(cloud_init.problem(state))]
    return said


def judge_shutdown(text: str) -> list[str]:
    return shown(shutdown.problem(shutdown.read(text), within=math.inf))


def judge_python(text: str) -> list[str]:
    found = python.read(text)
    return [*shown(python.problem(found, ["python3"])), *map(str, found[:5])]


def judge_kernel_log(text: str) -> list[str]:
    return _gpu_kernel_log.parse_kernel_log(text).faults


def judge_nvidia_smi(text: str) -> list[str]:
    ran = Ran(code=1, stdout=text, stderr=text)
    tool = failed_tool("nvidia-smi", ran)
    said = [tool.complaint, tool.library_version or "", *tool.corrupted_inforoms]
    _gpu_nvlink.read_links(text, text)
    with contextlib.suppress(UnreadableOutput):
        said += gpu_words(_gpu_nvidia.parse_smi_xml(text).gpus)
    return said


def judge_amd(text: str) -> list[str]:
    said: list[str] = []
    for parse in (_gpu_amd.parse_amd_smi, _gpu_amd.parse_rocm_smi):
        with contextlib.suppress(UnreadableOutput):
            said += gpu_words(parse(text))
    return said


def judge_cuda(text: str) -> list[str]:
    try:
        return [_gpu_cuda.parse_probe(text).problem or ""]
    except UnreadableOutput as exc:
        return [str(exc)]


def judge_lspci(text: str) -> list[str]:
    return [function.address for function in _gpu_pci.parse_lspci(text)[:5]]


def gpu_words(gpus: t.Sequence[Gpu]) -> list[str]:
    return [str(value) for gpu in gpus[:5] for value in gpu.as_dict().values()]


@dataclass(frozen=True)
class Parser:
    """What judges a text, and what a text is made of that nearly is what it looks for."""

    judge: t.Callable[[str], list[str]]
    pieces: tuple[str, ...]
    # All of a text that is eight times as long is read.
    size: int
    # What the last piece may be followed by, so that a pattern gets as far as it can.
    ends: tuple[str, ...] = ("",)


PARSERS = {
    "ssh": Parser(
        judge_ssh,
        (
            "host key for ",
            "The host key for x ",
            " has changed",
            " host key for a",
            "SHA256:",
            "REMOTE HOST IDENTIFICATION HAS CHANGED!",
            "Offending key in ",
            "\nHost key for x ",
            "\nHost key verification failed.",
            "a@",
            "a@b: Permission denied (a",
            "\n",
            "\r",
            " ",
            "connect to host ",
            "Connection to ",
            " port 1",
            " timed out",
            "Permissions 0 for '",
            "' are too open",
            "Identity file ",
            'Please login as the user "a',
            "debug1: ",
            "@",
            "Data could not be sent ",
            "Invalid/incorrect ",
            "Read from remote host ",
            ": Connection reset",
            "Timeout, server ",
            "not responding",
            DIGITS,
            "\x1b[0",
            "\x1b]",
        ),
        4_000,
        ("", "\nHost key verification failed."),
    ),
    "locks": Parser(
        judge_locks,
        (
            "file 2049 131090 /lock\n",
            "lock 1: POSIX  ADVISORY  WRITE 714 08:01:131090 0 EOF\n",
            "file 42 7 /x\n",
            "lock 1: FLOCK  ADVISORY  WRITE 9 00:28:7 0 EOF\n",
            "lock 1: a ",
            "pidfile 4242 /x.pid\n",
            "process 4242 dnf\n",
            "process 714 ",
            "lock ",
            "0",
            "  ",
            "a:",
            f"lock {DIGITS}: POSIX  ADVISORY  WRITE {DIGITS} 0:0:{DIGITS} 0 EOF\n",
            f"file {DIGITS} {DIGITS} x\n",
            f"pidfile {DIGITS} x\n",
            "\n",
            "\x1b[0",
        ),
        20_000,
    ),
    "cloud-init": Parser(
        judge_cloud_init,
        (
            "status: error\n",
            "errors:\n",
            "\t- x\n",
            "recoverable_errors:\n",
            "WARNING:\n",
            ".",
            "extended_status: degraded\n",
            "detail:\n",
            "a",
            "a: ",
            ": ",
            "- ",
            "\n",
            "\x85",
            "\t",
            "usage:",
            "A",
            DIGITS,
            "\x1b[0",
        ),
        8_000,
    ),
    "shutdown": Parser(
        judge_shutdown,
        (
            "system stopping\n",
            "process x\n",
            "scheduled USEC=",
            "scheduled MODE=",
            "now ",
            "1",
            "scheduled MODE=reboot\n",
            f"scheduled USEC={DIGITS}\n",
            f"now {DIGITS}\n",
            "\n",
            "a-",
            "scheduled USEC=9999999999999999999\n",
            "now 1\n",
        ),
        2_000,
    ),
    "python": Parser(
        judge_python,
        (
            "python 3.6.8 /usr/bin/python3\n",
            "python 3.",
            "python ",
            "1",
            ".",
            "\n",
            "\x1b[0",
            f"python {DIGITS}.{DIGITS}.{DIGITS} x\n",
            f"python 3.{DIGITS}.1 x\n",
        ),
        2_000,
    ),
    "printable": Parser(
        lambda text: [printable(text, 80), printable(text, len(text) + 3)[:80]],
        (
            "a",
            " ",
            "\n",
            "\x1b",
            "\x1b[",
            "\x1b[0",
            "\x1b]",
            "\x1b\\",
            "\x9b",
            "\x9b0",
            "0",
            ";",
            "\x07",
            "\u200b",
            "\u2028",
            "\u202e",
            "\ud800",
            "\U000e0041",
            "\u0301",
            "é",
        ),
        8_000,
    ),
    "kernel log": Parser(
        judge_kernel_log,
        (
            "NVRM: ",
            "NVRM: GPU at PCI:0000:3b:00: ",
            "fallen off the bus",
            "NVRM: Xid (PCI:0000:",
            "NVRM: Xid (PCI:0000:3b:00): 79, x",
            "\n",
            f"NVRM: Xid (0000:3b:00): {DIGITS}\n",
            " ",
            "NVRM: The NVIDIA GPU ",
            "0",
            f"NVRM: API mismatch: the client has the version {DIGITS}",
            "changed from ",
            " to 0x0",
            "NVRM: Xid (PCI:0000:3b:00): 154, ",
            " (None)",
            "pid=1, name=",
            "nvswitch0: SXid (PCI:",
            "nvidia-nvswitch0: SXid (PCI:0000:07:00.0): 9, ",
            "Fatal",
            "pci 0000:3b:00.0: 1 Gb/s ",
            "available PCIe bandwidth, limited by ",
            "8.0 GT/s PCIe x4 link at ",
            "(capable of ",
        ),
        20_000,
        ("", "fallen off the bus"),
    ),
    "nvidia-smi": Parser(
        judge_nvidia_smi,
        (
            "<nvidia_smi_log>",
            "</nvidia_smi_log>",
            "<gpu>",
            "</gpu>",
            "<gpu/>",
            "<pci>",
            "x",
            f"<gpu><uuid>{DIGITS}</uuid></gpu>",
            "library version:",
            " ",
            "0",
            ".",
            "NVML: ",
            "\n",
            "<fb_memory_usage><total>" + DIGITS,
            "GPU 1:",
            "Link 1:",
            "inactive",
            "GPU is lost",
            "Replay",
            " Errors: ",
            DIGITS,
        ),
        8_000,
        ("", "</nvidia_smi_log>"),
    ),
    "amd-smi": Parser(
        judge_amd,
        (
            "[",
            "]",
            "{",
            "}",
            '{"gpu": 0},',
            '"gpu": ',
            "[0]",
            DIGITS,
            ",",
            "1",
            "1e",
            '"',
            "\\",
            '{"gpu": [], "bus": {"bdf": "0"}}',
            '{"card0": ',
            '"asic": {"market_name": "',
            "\n",
        ),
        20_000,
    ),
    "cuda": Parser(
        judge_cuda,
        ('{"count": ', '{"code": 1, "step": "', "1", DIGITS, "}", "[", "\n", '"', "{"),
        20_000,
    ),
    "lspci": Parser(
        judge_lspci,
        ("0000:3b:00.0 0302: 10de:2330 (rev a1)\n", "0", "0000:", ":", " ", "class ", "\n"),
        20_000,
    ),
}


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=40)
@given(data=st.data())
def test_any_amount_of_text_is_judged_and_shown_in_a_few_lines(
    name: str, data: st.DataObject
) -> None:
    parser = PARSERS[name]
    text = data.draw(long_texts(parser.pieces)) + data.draw(st.sampled_from(parser.ends))

    with alarm():
        said = parser.judge(text)

    assert len(said) <= 200
    for line in said:
        assert line.isprintable()
        assert len(line) <= 2500


@pytest.mark.parametrize("name", PARSERS)
def test_the_time_grows_with_the_size_and_no_faster(name: str) -> None:
    parser = PARSERS[name]

    for piece in parser.pieces:
        for end in parser.ends:

            def make(size: int, piece: str = piece, end: str = end) -> str:
                return piece * (size // len(piece) or 1) + end

            with alarm(60):
                assert is_linear(parser.judge, make, parser.size), piece[:40] + end


@pytest.mark.parametrize("name", PARSERS)
def test_half_a_megabyte_of_anything_is_judged(name: str) -> None:
    parser = PARSERS[name]

    for piece in parser.pieces:
        for end in parser.ends:
            with alarm():
                parser.judge(repeated(piece, LONGEST) + end)


def test_thousands_of_locks_of_thousands_of_files_are_few_holders() -> None:
    files = "".join(f"file 2049 7 /lock{number}\n" for number in range(4000))
    locks = "".join(
        f"lock {number}: POSIX  ADVISORY  WRITE {number + 1} 08:01:7 0 EOF\n"
        for number in range(4000)
    )

    tracemalloc.start()
    try:
        with alarm():
            holders = package_lock.read(files + locks)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(holders) == 50
    assert peak < 20_000_000
    assert str(package_lock.problem(holders)).startswith(
        "The package manager is locked by an unknown process (pid 1), which holds /lock0. "
    )


def test_locks_grow_in_both_directions_and_the_time_only_in_one() -> None:
    def make(size: int) -> str:
        return "".join(
            f"file 42 {number} /lock{number}\nfile 42 7 /lock{number}\n"
            f"lock 1: POSIX  ADVISORY  WRITE 1 00:1:{number} 0 EOF\n"
            f"lock 1: POSIX  ADVISORY  WRITE 9{number} 00:1:7 0 EOF\n"
            for number in range(100, 100 + size)
        )

    with alarm(60):
        assert is_linear(package_lock.read, make, 100)


@pytest.mark.parametrize(
    "text",
    [
        "host key for " * 40_000,
        "The host key for " * 30_000,
        "The host key for x has change" * 18_000,
        "a@" * 260_000,
        "Permissions 0 for '" * 27_000,
        " port 1" * 75_000,
        "\n".join(["host key for " * 1000] * 40),
    ],
)
def test_what_almost_is_a_message_about_host_keys_is_judged(text: str) -> None:
    for whole in (text, f"Failed to connect to the host via ssh: {text}", f"x{text}\nConnection"):
        with alarm():
            assert ssh_failure.judge(whole, TARGET).kind == "unreachable"


def test_the_reason_is_found_behind_a_flood() -> None:
    changed = (
        "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n"
        + "line\n" * 15
        + "Host key verification failed.\n"
    )

    assert ssh_failure.judge("flood\n" * 100_000 + changed, TARGET).kind == "host_key_changed"
    assert ssh_failure.judge("x" * 500_000 + "\nConnection refused", TARGET).message == (
        "the connection failed: Connection refused"
    )


def test_what_comes_behind_a_flood_is_not_read() -> None:
    flood = "x\n" * 1_000_000

    assert package_lock.read(f"{flood}pidfile 1 /x.pid\nprocess 1 dnf\n") == []
    assert shutdown.read(f"{flood}system stopping\n") is None
    assert python.read(f"{flood}python 3.12.1 /usr/bin/python3\n") == []
    assert cloud_init.read(0, f"{flood}status: disabled\n", "").status == "done"


def test_the_errors_of_cloud_init_are_counted_and_few_are_kept() -> None:
    text = "errors:\n" + "".join(f"\t- error {number} {'x' * 1000}\n" for number in range(50))

    state = cloud_init.read(1, text, "")

    assert len(state.errors) == 20 and all(len(error) == 400 for error in state.errors)
    assert state.left_out == 30
    assert state.described_errors().endswith("; and 45 more")


@pytest.mark.parametrize("said", [f"{DIGITS}.1.1", f"3.{DIGITS}.1", f"3.8.{DIGITS}"])
def test_a_version_has_no_thousands_of_digits(said: str) -> None:
    assert python.read(f"python {said} /usr/bin/python3\n") == []

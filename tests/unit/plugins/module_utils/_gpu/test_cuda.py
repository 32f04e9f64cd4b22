# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The start of CUDA: with libraries of our own, and in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu import cuda
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.command import Ran
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.cuda import (
    CudaStart,
    parse_probe,
    start_cuda,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.tool import UnreadableOutput
from hypothesis import given

from ...helpers import ANY_JSON, ANY_TEXT

LIBRARY = """
#include <stdlib.h>
#include <unistd.h>
int cuInit(unsigned flags) {{ {init} }}
int cuDriverGetVersion(int *version) {{ *version = 12040; return 0; }}
int cuDeviceGetCount(int *count) {{ *count = {count}; return {count_code}; }}
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A function that makes a library of the driver, which the process then finds."""
    compiler = shutil.which("cc")
    if not compiler:
        pytest.skip("no C compiler to make a library with")

    def make(init: str = "return 0;", count: int = 8, count_code: int = 0) -> None:
        source = tmp_path / "cuda.c"
        source.write_text(LIBRARY.format(init=init, count=count, count_code=count_code))
        target = str(tmp_path / "libcuda.so.1")
        subprocess.run([compiler, "-shared", "-fPIC", "-o", target, str(source)], check=True)
        monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))

    return make


def test_a_good_library_counts_its_devices(install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    install()

    assert start_cuda(60) == CudaStart(device_count=8)


def test_all_devices_are_meant(install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    install('return getenv("CUDA_VISIBLE_DEVICES") ? 999 : 0;')

    assert start_cuda(60).problem is None


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (802, "cuInit returns 802, system not yet initialized. The fabric manager is not running"),
        (803, "cuInit returns 803, the driver and its library have different versions"),
        (999, "cuInit returns 999, unknown error"),
        (4711, "cuInit returns 4711, see the documentation"),
    ],
)
def test_errors_of_the_library_are_explained(install, code: int, words: str) -> None:
    install(f"return {code};")

    start = start_cuda(60)

    assert start.device_count is None
    assert words in (start.problem or "")


def test_a_later_step_may_fail_too(install) -> None:
    install(count_code=100)

    assert "cuDeviceGetCount returns 100" in (start_cuda(60).problem or "")


def test_a_library_that_hangs_is_given_up(install) -> None:
    install("sleep(600); return 0;")

    assert start_cuda(1).problem == "CUDA did not start within 1 s and was killed"


def test_a_library_that_crashes_takes_only_its_own_process_along(install) -> None:
    install("abort(); return 0;")

    assert "the process ended with -6" in (start_cuda(60).problem or "")


def test_a_library_that_cannot_be_loaded_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "libcuda.so.1").write_bytes(b"no library")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))

    assert start_cuda(60) == CudaStart(missing=True)


def test_the_process_reads_nothing_from_the_current_folder(
    install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install()
    (tmp_path / "json.py").write_text("raise SystemExit('run from the current folder')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    assert start_cuda(60).device_count == 8


def test_a_python_that_cannot_be_started_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")

    assert "No such file or directory" in (start_cuda(60).problem or "")


def test_what_the_process_does_not_say_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "run_command", lambda *_, **__: Ran(0, stdout="hello\n"))

    assert start_cuda(60).problem == "the start of CUDA: it printed no result"


DOES_NOT_START = "CUDA does not start: "


@pytest.mark.parametrize(
    ("ran", "start"),
    [
        (
            Ran(timed_out=True),
            CudaStart(problem="CUDA did not start within 7 s and was killed"),
        ),
        (Ran(-6), CudaStart(problem=DOES_NOT_START + "the process ended with -6")),
        (
            Ran(-6, stderr="it crashed\n"),
            CudaStart(problem=DOES_NOT_START + "the process ended with -6, it crashed"),
        ),
        (
            Ran(1, stderr="x\n" + "y" * 399),
            CudaStart(problem=f"{DOES_NOT_START}the process ended with 1, {'y' * 117}..."),
        ),
        (
            Ran(problem="No such file"),
            CudaStart(problem=DOES_NOT_START + "the process ended with None, No such file"),
        ),
        (Ran(0, 'noise\n{"count": 8, "version": 12040}\n'), CudaStart(device_count=8)),
        (Ran(0, '{"missing": "no file"}'), CudaStart(missing=True)),
        (
            Ran(0, '{"step": "cuInit", "code": 2}'),
            CudaStart(
                problem=DOES_NOT_START
                + "cuInit returns 2, out of memory. Is something else using the GPUs?"
            ),
        ),
        (
            Ran(0, json.dumps({"step": "s" * 41, "code": 4711})),
            CudaStart(
                problem=f"{DOES_NOT_START}{'s' * 37}... returns 4711, see the documentation of "
                "the CUDA Driver API"
            ),
        ),
        (
            Ran(0, '{"count": null}'),
            CudaStart(problem="the start of CUDA: it printed no number of devices"),
        ),
        (Ran(0, ""), CudaStart(problem="the start of CUDA: it printed no result")),
        (Ran(0, "[1]"), CudaStart(problem="the start of CUDA: it printed no result")),
    ],
)
def test_what_the_process_says_and_how_it_ends(
    monkeypatch: pytest.MonkeyPatch, ran: Ran, start: CudaStart
) -> None:
    asked: list[object] = []

    def run(argv: list[str], timeout: float, environment: dict[str, str]) -> Ran:
        asked.extend([argv, timeout, environment])
        return ran

    monkeypatch.setattr(cuda, "run_command", run)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    environment = {**os.environ, "LC_ALL": "C"}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")

    assert start_cuda(7.0) == start
    assert asked == [[sys.executable, "-I", "-c", cuda.PROBE], 7.0, environment]


@given(ANY_JSON)
def test_any_json_is_an_outcome_or_a_typed_error(found: object) -> None:
    for document in (found, {"count": found}, {"code": found, "step": found}):
        try:
            start = parse_probe("noise\n" + json.dumps(document))
        except UnreadableOutput:
            continue
        assert start.missing or start.problem or isinstance(start.device_count, int)


@given(ANY_TEXT)
def test_any_text_is_an_outcome_or_a_typed_error(text: str) -> None:
    try:
        problem = parse_probe(text).problem
    except UnreadableOutput as exc:
        problem = str(exc)
    assert problem is None or "start" in problem

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where code in the process of a task works, and where it is afterwards."""

from __future__ import annotations

import fcntl
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._live import task_environment


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the user started in."""
    folder = tmp_path / "started"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_work_is_done_in_the_folder_and_then_in_the_one_before(
    started: Path, tmp_path: Path
) -> None:
    with task_environment._folder(str(tmp_path)):
        assert Path.cwd() == tmp_path

    assert Path.cwd() == started


def test_the_way_back_is_taken_after_an_error_too(started: Path, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), task_environment._folder(str(tmp_path)):
        raise ZeroDivisionError

    assert Path.cwd() == started


@pytest.mark.skipif(not hasattr(os, "O_PATH"), reason="only Linux has it")
def test_the_way_back_needs_no_right_to_list_the_folder() -> None:
    # Root, who may be running this, has every right: so only how it is opened can be looked at.
    way_back = task_environment._way_back()
    assert way_back is not None
    try:
        assert fcntl.fcntl(way_back, fcntl.F_GETFL) & os.O_PATH
    finally:
        os.close(way_back)


def test_no_descriptor_stays_open(
    started: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    real_open = os.open

    def noted_open(*given: t.Any, **named: t.Any) -> int:
        opened.append(real_open(*given, **named))
        return opened[-1]

    monkeypatch.setattr(os, "open", noted_open)

    with task_environment._folder(str(tmp_path)):
        assert Path.cwd() == tmp_path

    assert opened
    for descriptor in opened:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


def test_work_is_done_although_the_folder_before_is_closed_to_us(
    started: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing_open(path: t.Any, *_given: t.Any, **_named: t.Any) -> int:
        raise PermissionError(13, "Permission denied", path)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refusing_open)
        with task_environment._folder(str(tmp_path)):
            assert Path.cwd() == tmp_path
        # There is no way back, and the process belongs to the task.
        assert Path.cwd() == tmp_path

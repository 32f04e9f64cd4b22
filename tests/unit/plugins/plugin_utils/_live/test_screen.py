# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines that are shown while a task goes on: who reads them, and the signs of life."""

from __future__ import annotations

import os
import signal
import threading
import typing as t

import pytest
from ansible import constants as C
from ansible_collections.compute_desk.supply.plugins.plugin_utils._live import screen


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, t.Any]]:
    """The lines that Ansible was given, with their colors."""
    lines: list[tuple[str, t.Any]] = []

    class Display:
        def display(self, line: str, color: t.Any, stderr: bool) -> None:
            assert stderr
            # Ctrl-C waits until the line is out.
            assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
            lines.append((line, color))

    monkeypatch.setattr(screen, "display", Display())
    monkeypatch.setattr(C.config, "get_config_value", lambda name: f"<{name}>" * ("COLOR_" in name))
    return lines


def test_on_a_terminal_lines_have_colors_and_no_time(
    shown: list[tuple[str, t.Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "_is_read", lambda: True)
    monkeypatch.setattr(screen, "_ON_TERMINAL", True)

    screen.show("gpu-1", "ready", "good")
    screen.note("no roles")

    assert shown == [("WAITING: [gpu-1]: ready", "<COLOR_OK>"), ("NOTE: no roles", None)]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_elsewhere_lines_have_a_time_and_no_color(
    shown: list[tuple[str, t.Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "_is_read", lambda: True)
    monkeypatch.setattr(screen, "_ON_TERMINAL", False)
    monkeypatch.setattr(C.config, "get_config_value", lambda _name: False)

    screen.show("gpu-1", "gone", "bad")

    ((line, color),) = shown
    assert (line[8:], color) == (" WAITING: [gpu-1]: gone", None)
    assert line[2] == line[5] == ":"


def test_colors_can_be_asked_for_where_there_is_no_terminal(
    shown: list[tuple[str, t.Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "_is_read", lambda: True)
    monkeypatch.setattr(screen, "_ON_TERMINAL", False)
    monkeypatch.setattr(C.config, "get_config_value", lambda name: f"<{name}>")

    screen.show("gpu-1", "gone", "bad")
    screen.show("gpu-1", "late", "warning")
    screen.show("gpu-1", "still there")

    assert [color for _line, color in shown] == ["<COLOR_ERROR>", "<COLOR_WARN>", None]


def test_what_is_typed_ahead_does_not_keep_lines_away(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    os.write(ours, b"yes\n")
    monkeypatch.setattr(screen, "_STDERR", theirs)

    assert screen._is_read()

    for descriptor in (ours, theirs):
        os.close(descriptor)


def test_nothing_is_said_where_nobody_reads(
    shown: list[tuple[str, t.Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    monkeypatch.setattr(screen, "_STDERR", writer)
    screen.show("gpu-1", "heard")
    os.close(reader)
    screen.show("gpu-1", "unheard")
    os.close(writer)
    monkeypatch.setattr(screen, "_STDERR", None)
    screen.show("gpu-1", "unheard")

    assert [line[9:] for line, _color in shown] == ["WAITING: [gpu-1]: heard"]


def test_a_process_whose_ansible_is_gone_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    beats: list[int] = []
    killed: list[tuple[int, int]] = []
    enough = threading.Event()
    parents = iter([7, 7, 1])

    def beat() -> None:
        beats.append(len(killed))
        if len(beats) == 2:
            enough.set()

    monkeypatch.setattr(screen.os, "getppid", lambda: next(parents, 1))
    monkeypatch.setattr(screen.os, "kill", lambda *given: killed.append(given))

    with screen.Heartbeat(beat, 0.001):
        assert enough.wait(60)

    assert beats[:2] == [0, 1]
    assert killed[0] == (os.getpid(), signal.SIGTERM)


def test_a_beat_keeps_no_process_from_ending() -> None:
    assert screen.Heartbeat(lambda: None, 60.0)._thread.daemon

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gives code in the process of a task the environment and the folder that a module would have."""

from __future__ import annotations

import contextlib
import os
import sys
import typing as t

from ansible.plugins.action import ActionBase


@contextlib.contextmanager
def environment_of_a_module(action: ActionBase) -> t.Iterator[None]:
    """Work with the task's ``environment`` and in its folder for as long as it lasts."""
    environment: dict[str, t.Any] = {}
    action._compute_environment_string(environment)
    # A module that runs here starts in this folder.
    with _environment(environment), _folder(action._loader.get_basedir()):
        yield


@contextlib.contextmanager
def _environment(variables: dict[str, t.Any]) -> t.Iterator[None]:
    """Set these variables for as long as it lasts: all items of a loop share a process."""
    before = dict(os.environ)
    try:
        os.environ.update({name: str(value) for name, value in variables.items()})
        if sys.platform == "darwin":
            _forget_proxies_of_macos()
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)


@contextlib.contextmanager
def _folder(path: str) -> t.Iterator[None]:
    """Work in this folder for as long as it lasts."""
    before = _way_back()
    try:
        os.chdir(path)
        yield
    finally:
        if before is not None:
            os.fchdir(before)
            os.close(before)


def _way_back() -> int | None:
    """Return the current folder, open; None if it may not be entered, as root's after a sudo."""
    try:
        # What only Linux has will do for a folder that may be entered, but not be listed.
        return os.open(".", getattr(os, "O_PATH", os.O_RDONLY))
    except OSError:
        return None


def _forget_proxies_of_macos() -> None:
    """Go by the usual variables alone: macOS kills a forked process that asks for its proxies."""
    from urllib.request import getproxies_environment

    if not getproxies_environment():
        os.environ["no_proxy"] = "*"

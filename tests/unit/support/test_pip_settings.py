# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is handed on of pip's settings, and to whom."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from support import pip_settings

FILE = """
[global]
cert = {folder}/authority.pem
extra-index-url =
    file://{folder}/index/simple
    https://packages.example/simple
find-links = {folder} /nowhere/at/all
timeout = 7
[list]
format = json
[install]
index-url = https://index.example/simple
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., dict[str, str]]:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    (tmp_path / "authority.pem").touch()
    (tmp_path / "index" / "simple").mkdir(parents=True)
    (tmp_path / "pip.conf").write_text(FILE.format(folder=tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    # The machine's own files are read too, and count less.
    return pip_settings.read


def test_uv_does_what_pip_is_told(settings: t.Callable[..., dict[str, str]], tmp_path) -> None:
    variables = pip_settings.for_uv(settings())

    assert variables["SSL_CERT_FILE"] == f"{tmp_path}/authority.pem"
    assert variables["UV_DEFAULT_INDEX"] == "https://index.example/simple"
    assert (
        variables["UV_INDEX"] == f"file://{tmp_path}/index/simple https://packages.example/simple"
    )
    assert variables["UV_FIND_LINKS"] == f"{tmp_path},/nowhere/at/all"
    assert variables["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert variables["UV_HTTP_TIMEOUT"] == "7"


def test_the_environment_counts_most(
    settings: t.Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CERT", "/other.pem")

    assert settings()["cert"] == "/other.pem"


def test_nothing_is_set_where_pip_has_no_settings() -> None:
    assert pip_settings.for_uv({}) == {}


def test_another_machine_needs_the_files_that_are_named(
    settings: t.Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    paths = pip_settings.local_paths(settings())

    assert {str(tmp_path), f"{tmp_path}/authority.pem", f"{tmp_path}/index"} <= set(paths)
    assert "/nowhere/at/all" not in paths


def test_as_a_file_they_are_the_same(
    settings: t.Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = settings()
    (tmp_path / "copy.conf").write_text(pip_settings.for_pip(before))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "copy.conf"))

    assert pip_settings.read() == before

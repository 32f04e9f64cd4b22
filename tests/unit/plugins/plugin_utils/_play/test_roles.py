# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which roles are meant, where they are, and where they were looked for."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible import constants as C
from ansible.parsing.dataloader import DataLoader
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError
from ansible_collections.compute_desk.supply.plugins.plugin_utils._play.roles import (
    find_role,
    role_names,
)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (None, []),
        ("", []),
        ("one", ["one"]),
        (" one, two ,,", ["one", "two"]),
        (["one ", "", "a.b.two"], ["one", "a.b.two"]),
    ],
)
def test_roles_are_a_list_or_a_text_with_commas(value: t.Any, names: list[str]) -> None:
    assert role_names(value) == names


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder with the role `own`, and beside it all that Ansible searches."""
    usual = tmp_path / "usual"
    monkeypatch.setattr(C, "DEFAULT_ROLES_PATH", [str(usual)])
    user = tmp_path / "user"
    for role in (usual / "common", user / "roles" / "own", user / "roles" / "common"):
        (role / "tasks").mkdir(parents=True)
    return user


def found(name: str, folder: Path) -> str:
    loader = DataLoader()
    loader.set_basedir(str(folder.parent / "book"))
    return find_role(name, loader, folder)


def test_a_role_that_ansible_finds_keeps_its_name(folder: Path) -> None:
    assert found("common", folder) == "common"


def test_a_role_in_the_folder_of_the_user_is_named_by_its_path(folder: Path) -> None:
    assert found("own", folder) == str(folder / "roles" / "own")


def test_a_folder_that_cannot_be_read_has_no_roles(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_stat = os.stat

    def stat(path: t.Any, *given: t.Any, **named: t.Any) -> os.stat_result:
        if str(path).startswith(str(folder)):
            raise PermissionError(13, "Permission denied", str(path))
        return real_stat(path, *given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", stat)
        with pytest.raises(OptionError, match=r"^compute_desk_roles: there is no role 'own' in "):
            found("own", folder)


def test_a_role_that_is_nowhere_is_refused_with_all_places(folder: Path) -> None:
    places = [folder.parent / part for part in ("book/roles", "usual", "book", "user/roles")]

    with pytest.raises(OptionError) as caught:
        found("nosuch", folder)

    assert str(caught.value) == (
        "compute_desk_roles: there is no role 'nosuch' in the installed collections, nor in "
        f"{', '.join(map(str, places))}. Install it, correct the name, or set ANSIBLE_ROLES_PATH"
    )


def test_places_without_end_are_cut(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(C, "DEFAULT_ROLES_PATH", ["/" + "x" * 1000])

    with pytest.raises(OptionError) as caught:
        found("nosuch", folder)

    places = str(caught.value).partition(", nor in ")[2].partition(". Install it")[0]
    assert len(places) == 600
    assert places.endswith("x...")

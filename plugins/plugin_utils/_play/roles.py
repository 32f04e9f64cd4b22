# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds roles at the start of a run, as include_role will find them later."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.module_utils.common.text.converters import to_text
from ansible.playbook.role.definition import RoleDefinition

from ...module_utils._options import OptionError
from ...module_utils._text import printable, quoted

OPTION = "compute_desk_roles"


def role_names(value: t.Any) -> list[str]:
    """Return the names from a list, or from a text with commas. Raises OptionError."""
    parts = value.split(",") if isinstance(value, str) else value or []
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise OptionError(OPTION, "must be a list of names, or names separated by commas")
    return [part.strip() for part in parts if part.strip()]


def find_role(name: str, loader: t.Any, folder: Path) -> str:
    """Return the name or path by which include_role finds a role. Raises OptionError.

    The usual places are searched, and the folder ``roles`` of ``folder``, the user's current one,
    because the playbook is in the collection and not there.
    """
    definition = RoleDefinition(loader=loader)
    try:
        definition.preprocess_data(name)
        return name
    except AnsibleError as exc:
        searched = to_text(exc)
    own = folder / "roles" / name
    # The folder may be one that this account cannot read, and Path.is_dir() would raise that.
    if os.path.isdir(own):
        return str(own)
    _before, _in, places = searched.partition(" was not found in")
    looked = [*places.strip().split(":"), str(own.parent)]
    where = ", ".join(dict.fromkeys(place for place in looked if place))
    raise OptionError(
        OPTION,
        f"there is no role {quoted(name)} in the installed collections, nor in "
        f"{printable(where, 600)}. Install it, correct the name, or set ANSIBLE_ROLES_PATH",
    )

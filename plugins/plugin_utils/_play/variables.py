# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the main job: their names and their values.

Ansible accepts any variable and does not mention one that nobody reads, so a misspelled name is
found here or not at all.
"""

from __future__ import annotations

import difflib
import typing as t
from pathlib import Path

import yaml
from ansible.module_utils.parsing.convert_bool import boolean

from ...module_utils._offers.hosts import HOST_VARIABLES
from ...module_utils._options import OptionError, checked_number
from ...module_utils._text import quoted

_COLLECTION = Path(__file__).resolve().parents[3]
_PLAYBOOKS = _COLLECTION / "playbooks" / "vars" / "argument_specs.yml"
_ROLES = ("instance_ready", "gpu_verify")
# With these begin the names of all variables that the main job reads.
_PREFIXES = ("compute_desk_", *(f"{role}_" for role in _ROLES))

Spec = t.Mapping[str, t.Any]


class Variables:
    """Checks names and values. Raises OptionError, naming the variable."""

    def __init__(self) -> None:
        playbooks = _read(_PLAYBOOKS)
        self.options: dict[str, Spec] = {}
        for spec in playbooks["argument_specs"].values():
            self.options.update(spec["options"])
        for role in _ROLES:
            path = _COLLECTION / "roles" / role / "meta" / "argument_specs.yml"
            self.options.update(_read(path)["argument_specs"]["main"]["options"])
        others = (*playbooks["left_behind"], *playbooks["between_tasks"])
        self.known = {*self.options, *HOST_VARIABLES, *others}

    def check_name(self, name: str) -> None:
        """Refuse an unknown name with one of our prefixes."""
        if not name.startswith(_PREFIXES) or name in self.known:
            return
        near = difflib.get_close_matches(name, self.options, n=1)
        hint = f"; did you mean {near[0]}?" if near else "; the README lists them all"
        raise OptionError(quoted(name), f"there is no such variable{hint}")

    def check_value(self, name: str, value: t.Any) -> None:
        """Refuse a value that is invalid for its option."""
        spec = self.options.get(name)
        if spec is None or value is None:
            return
        choices = spec.get("choices")
        if choices:
            _check_choice(name, value, choices)
        elif spec["type"] in ("float", "int"):
            checked_number(name, value, at_least=0)
        elif spec["type"] == "bool":
            _check_switch(name, value)


def _read(path: Path) -> t.Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _check_choice(name: str, value: t.Any, choices: t.Sequence[str]) -> None:
    words = {True: "true", False: "false"}
    word = words[value] if isinstance(value, bool) else str(value).lower()
    same = {"yes": "true", "no": "false"}
    if word not in choices and same.get(word) not in choices:
        problem = f"must be one of {', '.join(choices)}, not {quoted(str(value))}"
        raise OptionError(name, problem)


def _check_switch(name: str, value: t.Any) -> None:
    try:
        boolean(value)
    except TypeError:
        raise OptionError(name, f"must be true or false, not {quoted(str(value))}") from None

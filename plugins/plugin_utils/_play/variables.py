# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the main job: their names and their values.

Ansible accepts any variable and does not mention one that nobody reads, so a misspelled name is
found here or not at all.
"""

from __future__ import annotations

import difflib
import os
import typing as t
from pathlib import Path

import yaml
from ansible.module_utils.common.validation import check_type_int

from ...module_utils._gpu.expectations import ARGUMENTS, ON_CONTROLLER, Expectations
from ...module_utils._offers.hosts import HOST_VARIABLES
from ...module_utils._options import OptionError, checked_number
from ...module_utils._phrases import json_type
from ...module_utils._text import quoted
from .._fleet.files import check_file, check_folder
from .._fleet.known_bad import read_known_bad

_COLLECTION = Path(__file__).resolve().parents[3]
_PLAYBOOKS = _COLLECTION / "playbooks" / "vars" / "argument_specs.yml"
_ROLES = ("instance_ready", "gpu_verify")
# With these begin the names of all variables that the main job reads.
_PREFIXES = ("compute_desk_", *(f"{role}_" for role in _ROLES))

# What the filter bool knows in every ansible-core, and no more: to it, the word t is false.
_SWITCHES = {"true": True, "yes": True, "on": True, "1": True}
_SWITCHES.update({"false": False, "no": False, "off": False, "0": False})

# The variables that the module gpu_facts checks, by its names for them.
_EXPECTATIONS = {f"gpu_verify_{name}": name for name in ARGUMENTS if name not in ON_CONTROLLER}
_LARGEST = 10**9

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
        hint = f"; did you mean {near[0]}?" if near else "; the guide lists them all"
        raise OptionError(quoted(name), f"there is no such variable{hint}")

    def check_value(self, name: str, value: t.Any) -> None:
        """Refuse a value that is invalid for its option."""
        spec = self.options.get(name)
        if spec is None or value is None:
            return
        if spec["type"] == "path":
            _check_path(name, value)
        choices = spec.get("choices")
        if choices:
            _check_choice(name, value, choices)
        elif name in _EXPECTATIONS:
            _check_expectation(name, value)
        elif spec["type"] == "int":
            _whole_number(name, value)
        elif spec["type"] == "float":
            checked_number(name, value, at_least=0)
        elif spec["type"] == "bool":
            _check_switch(name, value)

    @staticmethod
    def check_together(values: t.Mapping[str, t.Any]) -> None:
        """Refuse what contradicts each other among the values of one host."""
        switch = _SWITCHES.get(str(values.get("compute_desk_gpu_verify")).lower())
        if switch is False and values.get("gpu_verify_known_bad"):
            raise OptionError(
                "gpu_verify_known_bad",
                "no machine is compared with this file, because compute_desk_gpu_verify is false; "
                "leave out one of the two",
            )


_PATHS: dict[str, t.Callable[[str, str], t.Any]] = {
    "gpu_verify_known_bad": read_known_bad,
    "gpu_verify_record": check_folder,
    "gpu_verify_report_file": check_file,
    "gpu_verify_junit_file": check_file,
}


def _check_path(name: str, value: t.Any) -> None:
    """Refuse a path that cannot be used, while nothing has been waited or paid for."""
    if not isinstance(value, str):
        raise OptionError(name, f"must be a path, not {json_type(value)}")
    # As Ansible reads an option that is a path. A survey passes an empty text for none.
    path = os.path.expanduser(os.path.expandvars(value))
    if path:
        _PATHS[name](name, path)


def _read(path: Path) -> t.Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _check_choice(name: str, value: t.Any, choices: t.Sequence[str]) -> None:
    """Refuse what is none of the words."""
    if value in choices:
        return
    near = difflib.get_close_matches(str(value).lower(), choices, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    problem = f"must be one of {', '.join(choices)}, not {quoted(str(value))}"
    raise OptionError(name, f"{problem}{hint}")


def _check_expectation(name: str, value: t.Any) -> None:
    """Refuse what the module would refuse on every machine."""
    option = _EXPECTATIONS[name]
    options = {argument: spec.get("default") for argument, spec in ARGUMENTS.items()}
    # By its type, as the module gets it.
    given = _whole_number(name, value) if ARGUMENTS[option]["type"] == "int" else str(value)
    try:
        Expectations.from_options({**options, option: given})
    except OptionError as exc:
        raise OptionError(name, exc.problem) from None


def _whole_number(name: str, value: t.Any) -> int:
    """Return what a module makes of a value for an option of type int. Raises OptionError."""
    try:
        # As a text, which is what templates give before ansible-core 2.19.
        number = check_type_int(str(value))
    except (TypeError, OverflowError):
        number = -1
    if not 0 <= number <= _LARGEST:
        problem = f"must be a whole number from 0 to {_LARGEST}, not {quoted(str(value))}"
        raise OptionError(name, problem)
    return int(number)


def _check_switch(name: str, value: t.Any) -> None:
    if str(value).lower() not in _SWITCHES:
        raise OptionError(name, f"must be true or false, not {quoted(str(value))}")

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs offer_status in the process of the task, as the module would, but with progress."""

from __future__ import annotations

import contextlib
import json
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.release import __version__
from ansible.utils.unsafe_proxy import wrap_var

from ...module_utils._offers.arguments import MUTUALLY_EXCLUSIVE, argument_spec
from ...module_utils._offers.run import run
from .progress import Progress


def run_here(
    args: dict[str, t.Any], name: str, host: str, *, check_mode: bool, no_log: bool
) -> dict[str, t.Any]:
    """Return what the module ``name`` would return for a task's arguments."""
    # Before 2.19 an inline !vault is no string, and what cannot be validated is shown.
    args = json.loads(json.dumps(args, default=str))
    validator = ArgumentSpecValidator(argument_spec(), mutually_exclusive=MUTUALLY_EXCLUSIVE)
    validation = validator.validate(args)
    options = {**args, **validation.validated_parameters}
    if validation.errors.errors:
        result = _invalid(validation, name, options)
    else:
        progress = Progress(
            host,
            options["wait_timeout"],
            options["progress_interval"],
            options["min_instances"],
            hides_offers=no_log,
        )
        waits = options["wait"] and not check_mode
        with progress.heartbeat() if waits else contextlib.nullcontext():
            result = run(options, check_mode, progress, ansible_core=__version__)
    return _as_from_a_module(result, validation)


def _invalid(validation: t.Any, name: str, options: dict[str, t.Any]) -> dict[str, t.Any]:
    message = validation.errors.msg
    if isinstance(validation.errors[0], UnsupportedError):
        message = f"Unsupported parameters for ({name}) module: {message}"
    return {"failed": True, "msg": message, "invocation": {"module_args": options}}


def _as_from_a_module(result: dict[str, t.Any], validation: t.Any) -> dict[str, t.Any]:
    """Do with a result what AnsibleModule does."""
    doubles = [
        f"Both option {double['option']} and its alias {double['alias']} are set."
        for double in validation._warnings
    ]
    warnings = [*doubles, *result.pop("warnings", [])]
    if warnings:
        result["warnings"] = warnings
    if not result["failed"]:
        del result["failed"]
        result["changed"] = False
    shown = remove_values(result, validation._no_log_values)
    # Plain data that nobody takes for a template, whatever tags the task's arguments carried.
    plain: dict[str, t.Any] = wrap_var(json.loads(json.dumps(shown)))
    return plain

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs offer_status in the process of the task, as the module would, but with progress."""

from __future__ import annotations

import contextlib
import json
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.release import __version__
from ansible.utils.unsafe_proxy import wrap_var

from ...module_utils._offers.arguments import MUTUALLY_EXCLUSIVE, argument_spec
from ...module_utils._offers.result import empty_result
from ...module_utils._offers.run import run, shown_options
from .progress import Progress


def run_here(
    args: dict[str, t.Any], name: str, host: str, *, check_mode: bool, no_log: bool
) -> dict[str, t.Any]:
    """Return what the module ``name`` would return for a task's arguments."""
    validator = ArgumentSpecValidator(argument_spec(), mutually_exclusive=MUTUALLY_EXCLUSIVE)
    validation = validator.validate(args)
    options = {**args, **validation.validated_parameters}
    if validation.errors.errors:
        message = validation.errors.msg
        if isinstance(validation.errors[0], UnsupportedError):
            message = f"Unsupported parameters for ({name}) module: {message}"
        invocation = {"module_args": shown_options(options)}
        return _as_from_a_module({"failed": True, "msg": message, "invocation": invocation})
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
    return _as_from_a_module(result)


def refuse(message: str) -> dict[str, t.Any]:
    """Return the result for an option that cannot be used."""
    return empty_result(message)


def _as_from_a_module(result: dict[str, t.Any]) -> dict[str, t.Any]:
    if not result["failed"]:
        result["changed"] = result.pop("failed")
    if not result.get("warnings"):
        result.pop("warnings", None)
    # Plain data that nobody takes for a template, whatever tags the task's arguments carried.
    plain: dict[str, t.Any] = wrap_var(json.loads(json.dumps(result)))
    return plain

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options as arguments of a module.

Their documentation is the fragment ``_connection``.
"""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.errors import AnsibleFallbackNotFound

from .settings import DEFAULTS, variable_of


def connection_arguments() -> dict[str, dict[str, t.Any]]:
    """Return the part of an argument spec that ``Settings.from_options`` understands.

    The token has no fallback here: whether a variable counts depends on both token options, and
    Settings decides that.
    """
    return {
        "api_token": {"type": "str", "no_log": True},
        "api_token_file": {"type": "path", "no_log": False},
        "api_url": _argument("api_url", "str"),
        "validate_certs": _argument("validate_certs", "bool"),
        "ca_path": _argument("ca_path", "path"),
        "request_timeout": _argument("request_timeout", "float"),
        "concurrency": _argument("concurrency", "int"),
    }


def _argument(option: str, kind: str) -> dict[str, t.Any]:
    argument: dict[str, t.Any] = {"type": kind, "fallback": (_set_variable, [variable_of(option)])}
    if option in DEFAULTS:
        argument["default"] = DEFAULTS[option]
    return argument


def _set_variable(name: str) -> str:
    """Return an environment variable. Unlike Ansible's own fallback, an empty one is not set:

    AWX exports a credential's optional fields as empty variables.
    """
    value = os.environ.get(name)
    if not value:
        raise AnsibleFallbackNotFound
    return value

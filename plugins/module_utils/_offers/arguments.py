# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The argument spec of offer_status, for the module and for its action plugin."""

from __future__ import annotations

import typing as t

from .._api.arguments import connection_arguments
from .hosts import HOST_KEY_POLICIES

MUTUALLY_EXCLUSIVE = [("api_token", "api_token_file")]


def argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the argument spec of the module."""
    return {
        **connection_arguments(),
        "offer_ids": {"type": "list", "elements": "str", "required": True, "aliases": ["offer_id"]},
        "wait": {"type": "bool", "default": False},
        "independent": {"type": "bool", "default": False},
        "wait_timeout": {"type": "float", "default": 900},
        "poll_interval": {"type": "float", "default": 15},
        "procurement_timeout": {"type": "float", "default": 60},
        "min_instances": {"type": "int"},
        "progress_interval": {"type": "float", "default": 60},
        "ssh_host_key_policy": {
            "type": "str",
            "default": "accept_new",
            "choices": list(HOST_KEY_POLICIES),
        },
    }

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX 24 makes of credentials and hosts when something runs."""

from __future__ import annotations

import typing as t

import jinja2
import jinja2.sandbox

Thing = dict[str, t.Any]

# Set for every inventory sync.
SYNC_ENVIRONMENT = {
    "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
    "ANSIBLE_INVENTORY_EXPORT": "True",
    "ANSIBLE_VERBOSE_TO_STDERR": "True",
    "ANSIBLE_HOST_PATTERN_MISMATCH": "error",
}


def is_enabled(variables: Thing, source: Thing) -> bool | None:
    """Return whether a host arrives enabled; None if its variables do not say."""
    name = source["enabled_var"]
    if name not in variables:
        return None
    return str(source["enabled_value"]).lower() == str(variables[name]).lower()


def rendered(injectors: Thing, inputs: Thing) -> dict[str, str]:
    """Return the environment that a credential gives a job or a sync."""
    return {name: render(template, inputs) for name, template in injectors["env"].items()}


def render(template: str, values: Thing) -> str:
    """Return a template of a credential type with values filled in."""
    sandbox = jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    return sandbox.from_string(template).render(values)

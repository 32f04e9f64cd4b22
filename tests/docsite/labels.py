# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the pages of Ansible's own documentation are that ours refer to.

Sphinx usually fetches a list of all of them. This one is made here, so that the site can be built
without a network; it is short, because it has only what our pages name.
"""

from __future__ import annotations

import zlib

SITE = "https://docs.ansible.com/projects/ansible/devel/"
MODULES = (
    "add_host",
    "assert",
    "debug",
    "include_role",
    "set_stats",
    "setup",
    "wait_for_connection",
)
OPTIONS = (("setup", "gather_subset"),)
# By label; a label is an anchor with underscores.
PAGES = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
VARIABLES = (
    "ANSIBLE_CACHE_PLUGIN",
    "ANSIBLE_CACHE_PLUGIN_CONNECTION",
    "ANSIBLE_CACHE_PLUGIN_PREFIX",
    "ANSIBLE_CACHE_PLUGIN_TIMEOUT",
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED",
)


def inventory() -> bytes:
    """Return the list in Sphinx's format, version 2."""
    head = "# Sphinx inventory version 2\n# Project: Ansible\n# Version: devel\n"
    head += "# The remainder of this file is compressed using zlib.\n"
    lines = [f"{name} {kind} -1 {address} {title}\n" for name, kind, address, title in _entries()]
    return head.encode() + zlib.compress("".join(lines).encode())


def _entries() -> list[tuple[str, str, str, str]]:
    """Return name, kind, address and title of each."""
    entries = [
        (label, "std:label", f"{page}#{label.replace('_', '-')}", label.replace("_", " "))
        for label, page in PAGES.items()
    ]
    for name in MODULES:
        label = f"ansible_collections.ansible.builtin.{name}_module"
        anchor = label.replace(".", "-").replace("_", "-")
        entries.append((label, "std:label", f"{_page(name)}#{anchor}", f"ansible.builtin.{name}"))
    for name, option in OPTIONS:
        label = f"ansible_collections.ansible.builtin.{name}_module__parameter-{option}"
        entries.append((label, "std:label", f"{_page(name)}#parameter-{option}", option))
    config = PAGES["ansible_configuration_settings"]
    entries += [(name, "std:envvar", f"{config}#envvar-{name}", "-") for name in VARIABLES]
    return entries


def _page(module: str) -> str:
    return f"collections/ansible/builtin/{module}_module.html"

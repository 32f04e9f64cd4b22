# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is printed for people: lines to paste into another terminal, whatever that has set."""

from __future__ import annotations

import os
import shlex
import sys
import typing as t
from pathlib import Path
from urllib.parse import urlsplit

from support.tree import collection_tree

_PROXIES = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")


def greeting(ready: t.Mapping[str, t.Any]) -> list[str]:
    """Return the lines; makes in the state folder the collections path that they name."""
    folder = Path(ready["state_dir"])
    collections = shlex.quote(str(collection_tree(folder)))
    ssh = f"-o UserKnownHostsFile={folder / 'known_hosts'} -o IdentitiesOnly=yes"
    others = '"${ANSIBLE_COLLECTIONS_PATH:-$HOME/.ansible/collections}"'
    job = "ansible-playbook compute_desk.supply.configure -e compute_desk_offer_ids="
    return [
        "# Paste all of this into another terminal:",
        *_ansible(),
        # Collections that the person has stay within reach.
        f"export ANSIBLE_COLLECTIONS_PATH={collections}:{others}",
        # Host keys that are gone with the simulator have no place in the person's own file.
        f"export ANSIBLE_SSH_EXTRA_ARGS={shlex.quote(ssh)}",
        *_past_proxies(ready["url"]),
        f"export COMPUTE_DESK_API_URL={shlex.quote(ready['url'])}",
        f"export COMPUTE_DESK_API_TOKEN={shlex.quote(ready['token'])}",
        f"export ANSIBLE_PRIVATE_KEY_FILE={shlex.quote(ready['private_key_file'])}",
        "# The main job, with all offers of the timeline:",
        job + ",".join(ready["offer_ids"]),
        "",
        "# Ctrl-C here ends it.",
    ]


def _ansible() -> list[str]:
    """Lead to the Ansible beside this Python, in a locale in which it starts."""
    lines = []
    folder = Path(sys.executable).parent
    if (folder / "ansible-playbook").exists():
        lines.append(f'export PATH={shlex.quote(str(folder))}:"$PATH"')
    if os.environ.get("LC_ALL"):
        lines.append(f"export LC_ALL={shlex.quote(os.environ['LC_ALL'])}")
    return lines


def _past_proxies(url: str) -> list[str]:
    """Keep requests to the simulator from a proxy, which would look for it on itself."""
    if not any(os.environ.get(name) for name in _PROXIES):
        return []
    return [f'export no_proxy={urlsplit(url).hostname}"${{no_proxy:+,$no_proxy}}"']

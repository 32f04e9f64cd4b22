# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the stand-in has before anybody adds something."""

from __future__ import annotations

import typing as t

from .objects import Objects


def _fields(*names: str, **more: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    plain = [{"id": name, "label": name, "type": "string"} for name in names]
    return plain + [{"id": name, "label": name, **one} for name, one in more.items()]


_SECRET = {"type": "string", "secret": True}
_BOOLEAN = {"type": "boolean"}
# A credential, the type that it has, this type's kind and its fields.
CREDENTIALS: list[tuple[str, str, str, list[dict[str, t.Any]]]] = [
    ("our key", "Machine", "ssh", _fields("username", password=_SECRET, ssh_key_data=_SECRET)),
    (
        "back to AWX",
        "Red Hat Ansible Automation Platform",
        "cloud",
        _fields("host", "username", password=_SECRET, oauth_token=_SECRET, verify_ssl=_BOOLEAN),
    ),
    (
        "our git",
        "Source Control",
        "scm",
        _fields("username", password=_SECRET, ssh_key_data=_SECRET, ssh_key_unlock=_SECRET),
    ),
    (
        "our registry",
        "Container Registry",
        "registry",
        _fields("host", "username", password=_SECRET, verify_ssl=_BOOLEAN),
    ),
    ("our vault", "Vault", "vault", _fields("vault_id", vault_password=_SECRET)),
]
INSTANCE_GROUPS = ("controlplane", "default", "our nodes")


def fill(objects: Objects) -> None:
    """Add an organization, instance groups, types of credentials and a credential of each."""
    organization = objects.add("organizations", {"name": "Default"})["id"]
    for name in INSTANCE_GROUPS:
        objects.add("instance_groups", {"name": name})
    for name, type_name, kind, fields in CREDENTIALS:
        inputs = {"fields": fields}
        kind_of_credential = objects.add(
            "credential_types",
            {"name": type_name, "managed": True, "kind": kind, "inputs": inputs},
        )
        objects.add(
            "credentials",
            {
                "name": name,
                "credential_type": kind_of_credential["id"],
                "organization": organization,
                "inputs": {},
            },
        )

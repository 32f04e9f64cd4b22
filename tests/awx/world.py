# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An AWX that has one object of each kind, to try changes on."""

from __future__ import annotations

import typing as t

from .client import Client

Fields = dict[str, t.Any]
# In the order in which they need each other.
KINDS = (
    "credential_types",
    "credentials",
    "execution_environments",
    "projects",
    "inventories",
    "inventory_sources",
    "labels",
    "job_templates",
    "workflow_job_templates",
    "workflow_job_template_nodes",
)


class World(t.NamedTuple):
    """The numbers of objects that are there; every test changes something of them."""

    client: Client
    ids: dict[str, int]

    def post(self, kind: str, /, **changed: t.Any) -> tuple[int, t.Any]:
        """Post an object like the one that is there, with another name and some changes."""
        return self.client.post(f"{kind}/", **self.fields(kind, **{"name": "another", **changed}))

    def patch(self, kind: str, /, **changed: t.Any) -> tuple[int, t.Any]:
        """Change the object that is there."""
        return self.client.patch(f"{kind}/{self.ids[kind]}/", **changed)

    def fields(self, kind: str, /, **changed: t.Any) -> Fields:
        """Return what an object of a kind is made of. A value of None leaves a field out."""
        inputs = {
            "fields": [
                {"id": "api_token", "label": "API token", "type": "string", "secret": True},
                {"id": "api_url", "label": "Address", "type": "string", "format": "url"},
                {"id": "fast", "label": "Fast", "type": "boolean"},
            ],
            "required": ["api_token"],
        }
        ours: dict[str, Fields] = {
            "credential_types": {
                "kind": "cloud",
                "inputs": inputs,
                "injectors": {"env": {"OURS": "{{ api_url }}"}},
            },
            "credentials": {"credential_type": self.ids.get("credential_types")},
            "execution_environments": {"image": "registry.example.com/ee"},
            "projects": {"scm_type": "git", "scm_url": "https://git.example.com/a.git"},
            "inventories": {},
            "inventory_sources": {
                "source": "scm",
                "source_project": self.ids.get("projects"),
                "inventory": self.ids.get("inventories"),
                "organization": None,
            },
            "labels": {},
            "job_templates": {
                "project": self.ids.get("projects"),
                "inventory": self.ids.get("inventories"),
                "playbook": "wait.yml",
            },
            "workflow_job_templates": {},
            "workflow_job_template_nodes": {
                "workflow_job_template": self.ids.get("workflow_job_templates"),
                "name": None,
                "unified_job_template": self.ids.get("job_templates"),
                "organization": None,
            },
        }
        given = {"name": "ours", "organization": 1, **ours[kind], **changed}
        if kind == "workflow_job_template_nodes":
            given = {"identifier": given.pop("name") or "ours", **given}
        return {name: value for name, value in given.items() if value is not None}

    @classmethod
    def made(cls, client: Client) -> World:
        """Make the objects."""
        found = cls(client, {})
        for kind in KINDS:
            one = client.made(kind, **found.fields(kind))
            found.ids[kind] = one["id"]
            while kind == "projects" and client.get(one["url"])["status"] != "successful":
                pass
        return found

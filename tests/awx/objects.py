# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWX's database, in memory: objects, links between them, surveys."""

from __future__ import annotations

import itertools
import typing as t

from .refusal import Refusal, not_found

Thing = dict[str, t.Any]

TYPES = {
    "organizations": "organization",
    "instance_groups": "instance_group",
    "credential_types": "credential_type",
    "credentials": "credential",
    "execution_environments": "execution_environment",
    "projects": "project",
    "project_updates": "project_update",
    "inventories": "inventory",
    "inventory_sources": "inventory_source",
    "job_templates": "job_template",
    "workflow_job_templates": "workflow_job_template",
    "workflow_job_template_nodes": "workflow_job_template_node",
    "labels": "label",
}
# What AWX shows of an object when nobody gave it.
DEFAULTS: dict[str, Thing] = {
    "credential_types": {"managed": False, "inputs": {}, "injectors": {}},
    "credentials": {"organization": None, "inputs": {}},
    "execution_environments": {"organization": None, "credential": None, "pull": ""},
    "projects": {
        "scm_type": "",
        "scm_url": "",
        "scm_branch": "",
        "scm_refspec": "",
        "credential": None,
        "scm_update_on_launch": False,
        "default_environment": None,
        "scm_revision": "",
        "allow_override": False,
        "last_update_failed": False,
    },
    "inventories": {"kind": "", "host_filter": None, "variables": ""},
    "inventory_sources": {"source_path": "", "source_project": None, "source_vars": ""},
    "workflow_job_template_nodes": {"extra_data": {}},
}


class Objects:
    """The objects by kind and number; no two have one number."""

    def __init__(self) -> None:
        self.surveys: dict[int, Thing] = {}
        self._ids = itertools.count(1)
        self._things: dict[str, dict[int, Thing]] = {kind: {} for kind in TYPES}
        self._linked: dict[tuple[int, str], list[int]] = {}

    def add(self, kind: str, data: Thing) -> Thing:
        """Keep a new object and return it."""
        number = next(self._ids)
        url = f"/api/v2/{kind}/{number}/"
        self._things[kind][number] = {
            "description": "",
            **DEFAULTS.get(kind, {}),
            **data,
            "id": number,
            "type": TYPES[kind],
            "url": url,
            "summary_fields": {},
            "related": {"survey_spec": f"{url}survey_spec/"} if kind.endswith("templates") else {},
        }
        if kind == "inventory_sources":
            self._things[kind][number]["related"]["update"] = f"{url}update/"
        return self._things[kind][number]

    def drop(self, kind: str, number: int) -> None:
        """Forget an object, its survey and its links in both directions."""
        del self._things[kind][number]
        self.surveys.pop(number, None)
        for owner, relation in list(self._linked):
            if owner == number:
                del self._linked[owner, relation]
            elif number in self._linked[owner, relation]:
                self._linked[owner, relation].remove(number)

    def of(self, kind: str) -> list[Thing]:
        """Return the objects of a kind."""
        if kind not in TYPES:
            raise Refusal(404, {"detail": "The requested resource could not be found."})
        return list(self._things[kind].values())

    def get(self, kind: str, number: object) -> Thing:
        """Return an object, or refuse with 404."""
        for one in self.of(kind):
            if one["id"] == number:
                return one
        raise not_found()

    def has(self, kind: str, number: object) -> bool:
        """Return whether there is such an object."""
        return any(one["id"] == number for one in self.of(kind))

    def where(self, kind: str, /, **fields: t.Any) -> list[Thing]:
        """Return the objects of a kind with these values."""
        wanted = fields.items()
        return [one for one in self.of(kind) if all(one.get(n) == value for n, value in wanted)]

    def linked(self, number: int, relation: str) -> list[int]:
        """Return the numbers linked to an object, in their order. The list may be changed."""
        return self._linked.setdefault((number, relation), [])

    def uses(self, number: int, relation: str) -> bool:
        """Return whether anything is linked to this object by such a relation."""
        return any(
            number in ids for (_owner, name), ids in self._linked.items() if name == relation
        )

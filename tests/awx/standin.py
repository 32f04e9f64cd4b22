# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for AWX's API: keeps objects in memory and refuses what AWX refuses.

It knows the calls that the collection awx.awx makes for the objects of the role awx_setup (api.py),
the rules of AWX that such objects easily break (rules.py), and what AWX removes with what.

    with StandIn(playbooks={"wait.yml"}) as awx:
        run(..., env=awx.env())
        assert [one["name"] for one in awx.all("projects")] == ["Compute Desk project"]
"""

from __future__ import annotations

import itertools
import socket
import threading
import time
import typing as t

import uvicorn

from . import rules
from .api import TOKEN, make_app

Thing = dict[str, t.Any]

TYPES = {
    "organizations": "organization",
    "credential_types": "credential_type",
    "credentials": "credential",
    "execution_environments": "execution_environment",
    "projects": "project",
    "inventories": "inventory",
    "inventory_sources": "inventory_source",
    "job_templates": "job_template",
    "workflow_job_templates": "workflow_job_template",
    "workflow_job_template_nodes": "workflow_job_template_node",
    "labels": "label",
}
UNIFIED = ("projects", "inventory_sources", "job_templates", "workflow_job_templates")
# What AWX removes together with its owner: kind, kind of the owner.
OWNED = {
    "inventory_sources": "inventories",
    "workflow_job_template_nodes": "workflow_job_templates",
}
DEFAULTS: dict[str, Thing] = {
    "inventories": {"kind": "", "host_filter": None, "variables": ""},
    "workflow_job_template_nodes": {"extra_data": {}},
}


class StandIn:
    """The server and its objects; a context manager. ``writes`` are the changing requests."""

    def __init__(self, playbooks: t.Collection[str]) -> None:
        self.playbooks = frozenset(playbooks)
        self.writes: list[tuple[str, str]] = []
        self._ids = itertools.count(1)
        self._things: dict[str, dict[int, Thing]] = {kind: {} for kind in TYPES}
        self._surveys: dict[int, Thing] = {}
        self._linked: dict[tuple[int, str], list[int]] = {}
        # How many more reads show an inventory that is being removed.
        self._going: dict[int, int] = {}
        self.add("organizations", {"name": "Default"})
        for name in ("Machine", "Red Hat Ansible Automation Platform"):
            self.add("credential_types", {"name": name, "managed": True, "kind": "ssh"})
        for number, name in enumerate(("our key", "back to AWX")):
            kind = list(self._things["credential_types"])[number]
            self.add(
                "credentials",
                {"name": name, "credential_type": kind, "organization": 1, "inputs": {}},
            )
        self._existing = {id(one) for kind in TYPES for one in self._things[kind].values()}
        self._server = uvicorn.Server(uvicorn.Config(make_app(self), log_level="warning"))
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))

    def __enter__(self) -> StandIn:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def env(self) -> dict[str, str]:
        """Return the variables that point awx.awx here."""
        host, port = self._socket.getsockname()
        return {"CONTROLLER_HOST": f"http://{host}:{port}", "CONTROLLER_OAUTH_TOKEN": TOKEN}

    def all(self, kind: str) -> list[Thing]:
        """Return all objects of a kind, with the secrets AWX shows only to its own jobs."""
        found = self._things[kind].values()
        return [one for one in found if id(one) not in self._existing]

    def one(self, kind: str, name: str) -> Thing:
        """Return the object with that name, or the node with that identifier."""
        things = self._things[kind].values()
        (found,) = (one for one in things if name in (one.get("name"), one.get("identifier")))
        return found

    def name_of(self, number: int) -> str:
        """Return the name of an object, or the identifier of a node."""
        (thing,) = (self._things[kind][number] for kind in TYPES if number in self._things[kind])
        return str(thing.get("identifier") or thing["name"])

    def survey(self, name: str, kind: str = "job_templates") -> Thing:
        """Return the survey of a template."""
        return self._surveys[self.one(kind, name)["id"]]

    def links(self, kind: str, name: str, relation: str) -> set[str]:
        """Return the names of the objects associated with another."""
        numbers = self._linked.get((self.one(kind, name)["id"], relation), [])
        return {self.name_of(number) for number in numbers}

    # Requests

    def add(self, kind: str, data: Thing) -> Thing:
        number = next(self._ids)
        url = f"/api/v2/{kind}/{number}/"
        thing = {
            **DEFAULTS.get(kind, {}),
            **data,
            "id": number,
            "type": TYPES[kind],
            "url": url,
            "summary_fields": {},
            "related": {"survey_spec": f"{url}survey_spec/"} if "template" in kind else {},
        }
        if kind == "projects":
            thing["scm_revision"] = "f00"
            thing["summary_fields"] = {"current_update": {"id": number}}
        self._things[kind][number] = thing
        return thing

    def find(self, kind: str, wanted: t.Mapping[str, str]) -> list[Thing]:
        """Return the objects that match a list query."""
        kinds = UNIFIED if kind == "unified_job_templates" else (kind,)
        found = [one for each in kinds for one in list(self._things[each].values())]
        for one in found:
            self._fade(one)
        return [one for one in found if all(_fits(one, *item) for item in wanted.items())]

    def get(self, kind: str, number: int) -> Thing | None:
        return self._things.get(kind, {}).get(number)

    def problem(self, kind: str, data: Thing, existing: Thing | None = None) -> Thing | None:
        """Return the message AWX would refuse an object with, or None."""
        for kind_of_field, field in (("credentials", "credential"), ("projects", "source_project")):
            if data.get(field) is not None and data[field] not in self._things[kind_of_field]:
                return {field: ["Invalid pk"]}
        return rules.problem(kind, {**(existing or {}), **data}, self.playbooks)

    def remove(self, kind: str, number: int) -> int:
        """Remove an object and its dependents; return the status code."""
        if kind == "labels":
            return 405
        if kind == "credential_types":
            used = [c["credential_type"] for c in self._things["credentials"].values()]
            if number in used:
                return 403
        if kind == "inventories":
            # AWX removes it in the background and lists it a while longer.
            self._going.setdefault(number, 3)
            return 202
        self._drop(kind, number)
        return 204

    def linked(self, number: int, relation: str) -> list[int]:
        return self._linked.setdefault((number, relation), [])

    def keep_survey(self, number: int, survey: Thing) -> None:
        self._surveys[number] = survey

    def survey_of(self, number: int) -> Thing:
        return self._surveys.get(number, {})

    def _fade(self, one: Thing) -> None:
        if one["id"] in self._going and one["type"] == "inventory":
            self._going[one["id"]] -= 1
            if not self._going[one["id"]]:
                self._drop("inventories", one["id"])

    def _drop(self, kind: str, number: int) -> None:
        del self._things[kind][number]
        self._surveys.pop(number, None)
        for owned, owner in OWNED.items():
            if owner == kind:
                things = self._things[owned]
                field = TYPES[owner]
                for each in [n for n, one in things.items() if one[field] == number]:
                    self._drop(owned, each)


def _fits(one: Thing, field: str, value: str) -> bool:
    if field.startswith("or__"):
        return True
    if field == "type":
        return bool(one["type"] == value)
    if field == "organization" and one["type"] == "inventory_source":
        # An inventory source has no organization; AWX uses its inventory's.
        return True
    return str(one.get(field)) == value

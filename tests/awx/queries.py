# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that read objects."""

from __future__ import annotations

import typing as t

from .objects import DEFAULTS, TYPES, Thing
from .refusal import Refusal

if t.TYPE_CHECKING:
    from .standin import StandIn

# Relations that a query can follow, as in inventory__name.
RELATED = {"inventory": "inventories", "organization": "organizations"}
UNIFIED = ("projects", "inventory_sources", "job_templates", "workflow_job_templates")
# Of a list, not of its objects.
PAGING = ("order_by", "page", "page_size", "search")
COMMON = ("id", "type", "name", "description", "created", "modified")
# Further fields that AWX can look for; those with a default are known already.
FIELDS = {
    "credential_types": ("kind", "namespace"),
    "credentials": ("credential_type",),
    "execution_environments": ("image",),
    "inventories": ("organization",),
    "inventory_sources": ("inventory", "organization", "source"),
    "job_templates": ("organization", "project", "inventory", "playbook"),
    "labels": ("organization",),
    "project_updates": ("project", "status"),
    "projects": ("organization", "status"),
    "workflow_job_template_nodes": (
        "identifier",
        "workflow_job_template",
        "unified_job_template",
    ),
    "workflow_job_templates": ("organization",),
    "unified_job_templates": ("organization", "status"),
}


def find(awx: StandIn, kind: str, wanted: t.Mapping[str, str]) -> list[Thing]:
    """Return the objects that match a list query, as the API shows them."""
    kinds = UNIFIED if kind == "unified_job_templates" else (kind,)
    found = [one for each in kinds for one in awx.objects.of(each)]
    for field in wanted:
        _check_field(kind, field.removeprefix("or__"))
    matching = [one for one in found if _fits(awx, one, wanted)]
    return [shown(awx, kinds[0], one) for one in matching if _noticed(awx, one)]


def one(awx: StandIn, kind: str, number: int) -> Thing:
    """Return an object as the API shows it."""
    thing = awx.objects.get(kind, number)
    _noticed(awx, thing)
    return shown(awx, kind, thing)


def shown(awx: StandIn, kind: str, thing: Thing) -> Thing:
    """Return an object without its secrets."""
    if kind != "credentials":
        return thing
    fields = awx.objects.get("credential_types", thing["credential_type"])["inputs"]["fields"]
    secret = {field["id"] for field in fields if field.get("secret")}
    inputs = {n: "$encrypted$" if n in secret and v else v for n, v in thing["inputs"].items()}
    return {**thing, "inputs": inputs}


def _noticed(awx: StandIn, thing: Thing) -> bool:
    """Bring on what goes on with an object; return whether it is still there."""
    awx.updates.read(thing)
    if thing["type"] == "inventory":
        awx.removal.read(thing["id"])
        return awx.objects.has("inventories", thing["id"])
    return True


def _check_field(kind: str, field: str) -> None:
    first, _dots, rest = field.partition("__")
    if first not in (*COMMON, *FIELDS.get(kind, ()), *DEFAULTS.get(kind, ()), *PAGING):
        model = "".join(word.capitalize() for word in TYPES.get(kind, kind[:-1]).split("_"))
        raise Refusal(400, {"detail": f"{model} has no field named '{first}'"})
    if rest:
        _check_field(RELATED[first], rest)


def _fits(awx: StandIn, thing: Thing, wanted: t.Mapping[str, str]) -> bool:
    """All of the conditions have to be met, and one of those that begin with or__."""
    every = {name: value for name, value in wanted.items() if name not in PAGING}
    some = {name: value for name, value in every.items() if name.startswith("or__")}
    if some and not any(_is(awx, thing, name.removeprefix("or__"), some[name]) for name in some):
        return False
    return all(_is(awx, thing, name, value) for name, value in every.items() if name not in some)


def _is(awx: StandIn, thing: Thing, field: str, value: str) -> bool:
    first, _dots, rest = field.partition("__")
    if rest:
        return _is(awx, awx.objects.get(RELATED[first], thing[first]), rest, value)
    return str(thing.get(field)) == value

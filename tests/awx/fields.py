# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX demands of the fields of an object: types, choices, other objects, unique names."""

from __future__ import annotations

import json
import typing as t

import yaml

from .objects import TYPES, Objects, Thing
from .refusal import invalid

INTEGERS = ("forks", "timeout", "job_slice_count")
BOOLEANS = (
    "survey_enabled",
    "allow_simultaneous",
    "overwrite",
    "overwrite_vars",
    "update_on_launch",
    "scm_update_on_launch",
    "allow_override",
)
CHOICES: dict[tuple[str, str], tuple[t.Any, ...]] = {
    ("execution_environments", "pull"): ("", "always", "missing", "never"),
    ("inventories", "kind"): ("", "smart", "constructed"),
    # AWX has more sources; all but this one need a cloud.
    ("inventory_sources", "source"): ("file", "scm"),
    ("inventory_sources", "verbosity"): (0, 1, 2),
    ("job_templates", "job_type"): ("run", "check"),
    ("job_templates", "verbosity"): (0, 1, 2, 3, 4, 5),
    ("projects", "scm_type"): ("", "git", "svn", "insights", "archive"),
}
REQUIRED = {
    "credentials": ("name", "credential_type"),
    "execution_environments": ("name", "image"),
    "inventories": ("name", "organization"),
    "inventory_sources": ("name", "inventory", "source"),
    "labels": ("name", "organization"),
    "workflow_job_template_nodes": ("workflow_job_template",),
}
REFERENCES = {
    "credential": ("credentials",),
    "credential_type": ("credential_types",),
    "default_environment": ("execution_environments",),
    "execution_environment": ("execution_environments",),
    "inventory": ("inventories",),
    "organization": ("organizations",),
    "project": ("projects",),
    "source_project": ("projects",),
    "unified_job_template": (
        "job_templates",
        "inventory_sources",
        "projects",
        "workflow_job_templates",
    ),
    "workflow_job_template": ("workflow_job_templates",),
}
VARIABLES = ("extra_vars", "source_vars", "variables")
# What no two objects of a kind have in common.
UNIQUE = {
    "credential_types": ("name", "kind"),
    "credentials": ("organization", "name", "credential_type"),
    "execution_environments": ("name",),
    "instance_groups": ("name",),
    "inventories": ("name", "organization"),
    "inventory_sources": ("name", "inventory"),
    "job_templates": ("name", "organization"),
    "labels": ("name", "organization"),
    "organizations": ("name",),
    "projects": ("name", "organization"),
    "workflow_job_template_nodes": ("identifier", "workflow_job_template"),
    "workflow_job_templates": ("name", "organization"),
}
# For these AWX looks itself, because they are rows of one table.
SOFT = {
    "inventory_sources": "InventorySource",
    "job_templates": "JobTemplate",
    "projects": "Project",
    "workflow_job_templates": "WorkflowJobTemplate",
}


def check(objects: Objects, kind: str, data: Thing, existing: Thing | None) -> Thing:
    """Return what somebody sent with values of the right type, or refuse it."""
    if existing is None:
        for field in REQUIRED.get(kind, ("name",)):
            if data.get(field) is None:
                raise invalid(field, "This field is required.")
    if data.get("name") == "":
        raise invalid("name", "This field may not be blank.")
    typed = {field: _typed(kind, field, value) for field, value in data.items()}
    for field, kinds in REFERENCES.items():
        if typed.get(field) is not None:
            typed[field] = _reference(objects, field, kinds, typed[field])
    for field in VARIABLES:
        if field in typed:
            parsed(field, typed[field])
    return typed


def check_unique(objects: Objects, kind: str, thing: Thing) -> None:
    """Refuse an object if another one has its name."""
    fields = UNIQUE.get(kind, ())
    wanted = {field: thing.get(field) for field in fields}
    if not fields or (kind not in SOFT and None in wanted.values()):
        return
    if all(one["id"] == thing.get("id") for one in objects.where(kind, **wanted)):
        return
    label = TYPES[kind].replace("_", " ").capitalize()
    if kind in SOFT:
        names = f"({', '.join(fields)}) combination"
        raise invalid("__all__", f"{SOFT[kind]} with this {names} already exists.")
    capital = [field.replace("_", " ").capitalize() for field in fields]
    if len(fields) == 1:
        raise invalid(fields[0], f"{label} with this {capital[0]} already exists.")
    names = f"{', '.join(capital[:-1])} and {capital[-1]}"
    raise invalid("__all__", f"{label} with this {names} already exists.")


def parsed(field: str, text: t.Any) -> Thing:
    """Return variables that may be JSON or YAML, or refuse them."""
    if isinstance(text, dict):
        return text
    try:
        found = yaml.safe_load(text) or {}
        json.dumps(found)
        if not isinstance(found, dict):
            raise TypeError(f"Input type `{type(found).__name__}` is not a dictionary")
    except (yaml.YAMLError, TypeError, AttributeError, ValueError) as exc:
        raise invalid(field, f"Cannot parse as JSON or YAML (error: {exc}).") from exc
    return found


def _typed(kind: str, field: str, value: t.Any) -> t.Any:
    if field in INTEGERS:
        return _integer(field, value)
    if field in BOOLEANS:
        if str(value).lower() not in ("true", "false"):
            raise invalid(field, "Must be a valid boolean.")
        return str(value).lower() == "true"
    choices = CHOICES.get((kind, field))
    for choice in choices or ():
        if str(choice) == str(value):
            return choice
    if choices and value is not None:
        raise invalid(field, f'"{value}" is not a valid choice.')
    return value


def _integer(field: str, value: t.Any) -> int:
    try:
        number = int(str(value))
    except ValueError:
        raise invalid(field, "A valid integer is required.") from None
    if number < 0 and field != "timeout":
        raise invalid(field, "Ensure this value is greater than or equal to 0.")
    return number


def _reference(objects: Objects, field: str, kinds: t.Sequence[str], number: t.Any) -> int:
    if isinstance(number, bool) or not str(number).isdigit():
        name = type(number).__name__
        raise invalid(field, f"Incorrect type. Expected pk value, received {name}.")
    if not any(objects.has(kind, int(number)) for kind in kinds):
        raise invalid(field, f'Invalid pk "{number}" - object does not exist.')
    return int(number)

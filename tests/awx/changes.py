# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that add or change an object: they are checked, and have consequences."""

from __future__ import annotations

import typing as t

from . import credentials, fields, projects, templates
from .objects import DEFAULTS, Thing

if t.TYPE_CHECKING:
    from .standin import StandIn


def create(awx: StandIn, kind: str, data: Thing) -> Thing:
    """Add an object that somebody posted, or refuse it."""
    thing = awx.objects.add(kind, _checked(awx, kind, data, None))
    if kind == "projects":
        projects.begin_if_new(awx, thing, {})
    return thing


def change(awx: StandIn, kind: str, number: int, data: Thing) -> Thing:
    """Change an object that somebody patched, or refuse it."""
    thing = awx.objects.get(kind, number)
    before = dict(thing)
    thing.update(_checked(awx, kind, data, before))
    if kind == "projects":
        projects.begin_if_new(awx, thing, before)
    return thing


def _checked(awx: StandIn, kind: str, data: Thing, existing: Thing | None) -> Thing:
    """Return an object with what was sent of it, or refuse that."""
    data = fields.check(awx.objects, kind, data, existing)
    thing = {**DEFAULTS.get(kind, {}), **(existing or {}), **data}
    if kind == "credential_types":
        credentials.check_type(awx.objects, data, existing)
    elif kind == "credentials":
        credentials.check(awx.objects, thing, existing)
    elif kind == "execution_environments":
        templates.check_environment(awx, data, existing)
    elif kind == "projects":
        projects.check(thing)
        templates.check_credential_of_project(awx, thing)
    elif kind == "job_templates":
        templates.check_job_template(awx, thing)
    elif kind == "inventory_sources":
        templates.check_source(awx, thing, data)
    fields.check_unique(awx.objects, kind, thing)
    return thing

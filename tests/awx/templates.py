# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX refuses of templates, inventory sources, and credentials in the wrong place."""

from __future__ import annotations

import typing as t

from . import fields
from .objects import Thing
from .refusal import invalid

if t.TYPE_CHECKING:
    from .standin import StandIn

# Source variables become environment variables; these would break the sync.
BLOCKED = ("HOME", "USER", "_", "TERM", "PATH")


def check_job_template(awx: StandIn, thing: Thing) -> None:
    """Refuse a job template that AWX refuses."""
    if thing.get("project") is None:
        raise invalid("project", "Job Templates must have a project assigned.")
    if thing.get("inventory") is None and not thing.get("ask_inventory_on_launch"):
        raise invalid(
            "inventory", "You must either set a default value or ask to prompt on launch."
        )
    playbook = thing.get("playbook")
    if not playbook:
        raise invalid("playbook", "Must select playbook for project.")
    project = awx.objects.get("projects", int(thing["project"]))
    if playbook not in awx.updates.playbooks(project["id"]) and not project["allow_override"]:
        raise invalid("playbook", "Playbook not found for project.")
    # A template is always of its project's organization.
    thing["organization"] = project.get("organization")


def check_source(awx: StandIn, thing: Thing, data: Thing) -> None:
    """Refuse an inventory source that AWX refuses; ``data`` is what was sent of it."""
    if thing["source"] == "scm":
        sent = "source" in data or "source_project" in data
        if sent and thing.get("source_project") is None:
            raise invalid("source_project", "Project required for scm type sources.")
    else:
        redundant = [name for name in ("source_project", "source_path") if data.get(name)]
        if redundant:
            raise invalid("detail", f"Cannot set {' '.join(redundant)} if not SCM type.")
    if data.get("source_project") is not None:
        project = awx.objects.get("projects", int(data["source_project"]))
        if not project["scm_type"]:
            raise invalid("source_project", "Cannot use manual project for SCM-based inventory.")
    for name in fields.parsed("source_vars", thing.get("source_vars", "")):
        if name in BLOCKED:
            raise invalid("source_vars", f"`{name}` is a prohibited environment variable")
    if data.get("credential") is not None and kind_of(awx, data["credential"]) == "vault":
        text = "Credentials of type insights and vault are disallowed for scm inventory sources."
        raise invalid("credential", text)
    thing["organization"] = awx.objects.get("inventories", thing["inventory"]).get("organization")


def check_credential_of_project(awx: StandIn, thing: Thing) -> None:
    """Refuse a project with a credential of the wrong type."""
    number = thing.get("credential")
    if thing["scm_type"] and number is not None and kind_of(awx, number) != "scm":
        raise invalid("credential", "Credential kind must be 'scm'.")


def check_environment(awx: StandIn, data: Thing, existing: Thing | None) -> None:
    """Refuse an execution environment that AWX refuses."""
    number, organization = data.get("credential"), data.get("organization")
    if number is not None and kind_of(awx, number) != "registry":
        text = "Only Container Registry credentials can be associated with an Execution Environment"
        raise invalid("credential", text)
    if existing and organization and organization != existing["organization"]:
        text = "Cannot change the organization of an execution environment"
        raise invalid("organization", text)


def kind_of(awx: StandIn, credential: int) -> str:
    """Return the kind of a credential's type."""
    number = awx.objects.get("credentials", int(credential))["credential_type"]
    return str(awx.objects.get("credential_types", number)["kind"])

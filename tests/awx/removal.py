# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX removes, with what, and what it does not remove."""

from __future__ import annotations

import typing as t

from .fields import REFERENCES
from .objects import TYPES, Thing
from .refusal import Refusal

if t.TYPE_CHECKING:
    from .standin import StandIn

# What AWX removes together with its owner: kind, field, kind of the owner.
OWNED = (
    ("inventory_sources", "inventory", "inventories"),
    ("inventory_sources", "source_project", "projects"),
    ("project_updates", "project", "projects"),
    ("workflow_job_template_nodes", "workflow_job_template", "workflow_job_templates"),
)
# What uses an object while it runs: the object's kind, the kind of what runs, its field.
USERS = (
    ("inventories", "inventory_sources", "inventory"),
    ("inventories", "job_templates", "inventory"),
    ("projects", "job_templates", "project"),
)
JOBS = {
    "inventory_source": "inventory_update",
    "job_template": "job",
    "project": "project_update",
    "workflow_job_template": "workflow_job",
}
# How many reads still show an inventory that is being removed.
READS_UNTIL_GONE = 3


class Removal:
    """Removes objects, some of them in the background."""

    def __init__(self, awx: StandIn) -> None:
        self._awx = awx
        self._going: dict[int, int] = {}

    def remove(self, kind: str, number: int) -> int:
        """Remove an object and its dependents; return the status code."""
        if kind == "labels":
            raise Refusal(405, {"detail": 'Method "DELETE" not allowed.'})
        thing = self._awx.objects.get(kind, number)
        if kind == "credential_types":
            self._check_type(thing)
        self._check_jobs(kind, thing)
        if kind == "inventories":
            if number in self._going:
                raise Refusal(400, {"error": "Inventory is already pending deletion."})
            self._going[number] = READS_UNTIL_GONE
            thing["pending_deletion"] = True
            for template in self._awx.objects.where("job_templates", inventory=number):
                template["inventory"] = None
            return 202
        self._drop(kind, number)
        return 204

    def read(self, number: int) -> None:
        """Bring the removal of an inventory on that somebody reads."""
        if number in self._going:
            self._going[number] -= 1
            if not self._going[number]:
                del self._going[number]
                self._drop("inventories", number)

    def forget_label(self, number: int) -> None:
        """Remove a label that nothing has any more."""
        if not self._awx.objects.uses(number, "labels"):
            self._awx.objects.drop("labels", number)

    def _check_type(self, thing: Thing) -> None:
        if thing["managed"]:
            text = "Deletion not allowed for managed credential types"
            raise Refusal(403, {"detail": text})
        if self._awx.objects.where("credentials", credential_type=thing["id"]):
            raise Refusal(403, {"detail": "Credential types that are in use cannot be deleted"})

    def _check_jobs(self, kind: str, thing: Thing) -> None:
        objects, running = self._awx.objects, [thing]
        for owner, user, field in USERS:
            if owner == kind:
                running += objects.where(user, **{field: thing["id"]})
        active = [
            {"id": one["id"], "type": JOBS.get(one["type"], "job")}
            for one in running
            if one["id"] in self._awx.running
        ]
        if kind == "projects" and self._awx.updates.is_under_way(thing):
            update = thing["summary_fields"]["current_update"]
            active.append({"id": update["id"], "type": "project_update"})
        if active:
            error = "Resource is being used by running jobs."
            raise Refusal(409, {"error": error, "active_jobs": active})

    def _drop(self, kind: str, number: int) -> None:
        objects = self._awx.objects
        labels = list(objects.linked(number, "labels"))
        objects.drop(kind, number)
        for label in labels:
            self.forget_label(label)
        for owned, field, owner in OWNED:
            if owner == kind:
                for one in objects.where(owned, **{field: number}):
                    self._drop(owned, one["id"])
        for field, kinds in REFERENCES.items():
            if kind in kinds:
                for one in (
                    each for name in TYPES for each in objects.where(name, **{field: number})
                ):
                    one[field] = None

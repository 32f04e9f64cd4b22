# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Project updates: AWX fetches a project when it is new, when it changes, and when it is told to.

An update goes one step on whenever somebody reads it or its project, and ends as the stand-in's
``update_fails`` was when it began. Until one has succeeded, the project has no playbooks.
"""

from __future__ import annotations

import itertools
import typing as t

from .objects import Thing
from .refusal import Refusal, invalid

if t.TYPE_CHECKING:
    from .standin import StandIn

STEPS = ("pending", "waiting", "running")
# AWX fetches a project anew when one of these changes.
SOURCE = ("scm_type", "scm_url", "scm_branch", "scm_refspec")
# AWX allows more for types that we do not use.
SCHEMES = ("ssh", "git", "http", "https", "ftp", "ftps", "file")
SHOWN = ("id", "name", "description", "status", "failed")
_TIME = "2026-01-01T00:00:00.000000Z"


class Updates:
    """The updates of all projects."""

    def __init__(self, awx: StandIn) -> None:
        self._awx = awx
        self._playbooks: dict[int, frozenset[str]] = {}
        # The steps that are left to updates, and the status at the end.
        self._ahead: dict[int, t.Iterator[str]] = {}

    def settle(self, project: Thing) -> None:
        """Make a project one that was fetched long ago."""
        project["status"] = "successful"
        project["scm_revision"] = self._awx.revision
        project["related"]["update"] = f"{project['url']}update/"
        self._playbooks[project["id"]] = self._awx.playbooks

    def begin(self, project: Thing) -> Thing:
        """Start an update and return it."""
        end = "failed" if self._awx.update_fails else "successful"
        fields = ("name", "scm_type", "scm_url", "scm_branch", "organization")
        update = self._awx.objects.add(
            "project_updates",
            {
                **{field: project.get(field) for field in fields},
                "project": project["id"],
                "job_type": "check",
                "launch_type": "manual",
                "status": STEPS[0],
                "failed": False,
                "started": None,
                "finished": None,
                "elapsed": 0.0,
                "job_explanation": "",
                "event_processing_finished": False,
                "scm_revision": "",
            },
        )
        self._ahead[update["id"]] = itertools.chain(STEPS[1:], [end])
        self._show(project, update)
        return update

    def read(self, thing: Thing) -> None:
        """Go a step on with an update, or with that of a project."""
        if thing["type"] == "project":
            thing = thing["summary_fields"].get("current_update", {})
        if thing.get("id") in self._ahead:
            self._advance(self._awx.objects.get("project_updates", thing["id"]))

    def is_under_way(self, project: Thing) -> bool:
        """Return whether the project is being fetched."""
        return "current_update" in project["summary_fields"]

    def playbooks(self, project: int) -> frozenset[str]:
        """Return what was fetched the last time it worked."""
        return self._playbooks.get(project, frozenset())

    def _advance(self, update: Thing) -> None:
        update["status"] = next(self._ahead[update["id"]])
        project = self._awx.objects.get("projects", update["project"])
        update["started"] = _TIME if update["status"] == "running" else update["started"]
        if update["status"] in ("successful", "failed"):
            del self._ahead[update["id"]]
            update["failed"] = update["status"] == "failed"
            update.update(finished=_TIME, elapsed=1.5, event_processing_finished=True)
            if not update["failed"]:
                project["scm_revision"] = update["scm_revision"] = self._awx.revision
                self._playbooks[project["id"]] = self._awx.playbooks
        self._show(project, update)

    def _show(self, project: Thing, update: Thing) -> None:
        """Write into a project what AWX says there about its last update."""
        project["status"] = update["status"]
        names = ("current_update", "current_job"), ("last_update", "last_job")
        ended = bool(update["finished"])
        for name in names[ended]:
            project["summary_fields"][name] = {field: update[field] for field in SHOWN}
            project["related"][name] = update["url"]
        if ended:
            project["last_update_failed"] = project["last_job_failed"] = update["failed"]
            for name in names[0]:
                project["summary_fields"].pop(name, None)
                project["related"].pop(name, None)


def begin_if_new(awx: StandIn, project: Thing, before: Thing) -> None:
    """Start an update of a project that is new (nothing before), or that has another source."""
    project["related"]["update"] = f"{project['url']}update/"
    if project["scm_type"] and any(before.get(name) != project[name] for name in SOURCE):
        awx.updates.begin(project)


def launch(awx: StandIn, project: Thing) -> Thing:
    """Start an update because somebody asked for it; return the answer."""
    if not project["scm_type"]:
        raise Refusal(405, {"detail": 'Method "POST" not allowed.'})
    update = awx.updates.begin(project)
    return {"project_update": update["id"], **update}


def check(thing: Thing) -> None:
    """Refuse a project whose URL git cannot have."""
    kind, url = thing["scm_type"], str(thing["scm_url"] or "")
    if kind == "":
        return
    if not url.strip():
        raise invalid("scm_url", "SCM URL is required.")
    if "://" in url:
        scheme, rest = url.split("://", 1)
        if scheme not in SCHEMES:
            raise invalid("scm_url", f"Unsupported {kind} URL")
        if scheme != "file" and not rest.split("/")[0]:
            raise invalid("scm_url", f"Host is required for {scheme} URL")
    elif url.split("@", 1)[-1].count(":") > 1 and "]:" not in url:
        raise invalid("scm_url", f"Invalid {kind} URL")

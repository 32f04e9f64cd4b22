# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for AWX's API: keeps objects in memory and refuses what AWX refuses.

It knows the calls that the collection awx.awx makes for the objects of the role awx_setup (api.py),
the rules of AWX that such objects easily break (changes.py, links.py, permissions.py), how a
project is fetched (projects.py), and what AWX removes with what (removal.py). Its answers are those
of AWX 24.6.1; where it knows no answer, it has none.

    with StandIn(playbooks={"wait.yml"}) as awx:
        run(..., env=awx.env())
        assert [one["name"] for one in awx.all("projects")] == ["Compute Desk project"]
"""

from __future__ import annotations

import socket
import threading
import time
import typing as t

import uvicorn

from .api import make_app
from .contents import fill
from .objects import TYPES, Objects, Thing
from .permissions import ORGANIZATION_TOKEN, TOKEN
from .projects import Updates
from .removal import Removal

__all__ = ["ORGANIZATION_TOKEN", "TOKEN", "StandIn"]


class StandIn:
    """The server and its objects; a context manager.

    ``playbooks`` and ``revision`` are what an update of a project fetches. ``writes`` are the
    changing requests.
    """

    def __init__(self, playbooks: t.Collection[str]) -> None:
        self.playbooks = frozenset(playbooks)
        self.revision = "f00"
        self.update_fails: bool = False
        """Whether project updates that begin now will fail."""
        self.running: set[int] = set()
        """The numbers of templates, projects, sources or inventories that have a running job."""
        self.writes: list[tuple[str, str]] = []
        self.syncs: list[str] = []
        """The variables of inventory sources whose sync was started."""
        self.objects = Objects()
        self.updates = Updates(self)
        self.removal = Removal(self)
        fill(self.objects)
        self._existing = {one["id"] for kind in TYPES for one in self.objects.of(kind)}
        self._server = uvicorn.Server(uvicorn.Config(make_app(self), log_level="warning"))
        self._socket = socket.create_server(("127.0.0.1", 0))
        # Head and body of an answer are sent one by one; together they would wait 40 ms.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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

    def env(self, token: str = TOKEN) -> dict[str, str]:
        """Return the variables that point awx.awx here, as the administrator or with a token."""
        host, port = self._socket.getsockname()
        return {"CONTROLLER_HOST": f"http://{host}:{port}", "CONTROLLER_OAUTH_TOKEN": token}

    def add(self, kind: str, data: Thing) -> Thing:
        """Add an object unchecked, as one that has been there for long, and return it."""
        thing = self.objects.add(kind, data)
        if kind == "projects":
            self.updates.settle(thing)
        return thing

    def all(self, kind: str) -> list[Thing]:
        """Return what was added of a kind, with the secrets AWX shows only to its own jobs."""
        return [one for one in self.objects.of(kind) if one["id"] not in self._existing]

    def one(self, kind: str, name: str) -> Thing:
        """Return the object with that name, or the node with that identifier."""
        things = self.objects.of(kind)
        (found,) = (one for one in things if name in (one.get("name"), one.get("identifier")))
        return found

    def name_of(self, number: int) -> str:
        """Return the name of an object, or the identifier of a node."""
        (thing,) = (one for kind in TYPES for one in self.objects.of(kind) if one["id"] == number)
        return str(thing.get("identifier") or thing["name"])

    def survey(self, name: str, kind: str = "job_templates") -> Thing:
        """Return the survey of a template."""
        return self.objects.surveys[self.one(kind, name)["id"]]

    def links(self, kind: str, name: str, relation: str) -> set[str]:
        """Return the names of the objects associated with another."""
        numbers = self.objects.linked(self.one(kind, name)["id"], relation)
        return {self.name_of(number) for number in numbers}

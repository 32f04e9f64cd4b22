# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API calls that the stand-in answers."""

from __future__ import annotations

import typing as t

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from . import changes, links, permissions, projects, queries, surveys
from .objects import Thing
from .refusal import Refusal

if t.TYPE_CHECKING:
    from .standin import StandIn


def make_app(awx: StandIn) -> FastAPI:
    """Return the API over a stand-in."""
    app = FastAPI()
    _guard(app, awx)
    _answer_for_projects(app, awx)
    _answer_for_syncs(app, awx)
    _answer_for_objects(app, awx)
    _answer_for_surveys(app, awx)
    _answer_for_links(app, awx)
    return app


def _guard(app: FastAPI, awx: StandIn) -> None:
    @app.middleware("http")
    async def guard(request: Request, call_next: t.Any) -> Response:
        authorization = request.headers.get("Authorization")
        try:
            permissions.check(authorization, request.method, request.url.path)
        except Refusal as refusal:
            return JSONResponse(refusal.body, refusal.status)
        if request.method != "GET":
            awx.writes.append((request.method, request.url.path))
        response: Response = await call_next(request)
        response.headers["X-API-Product-Name"] = "AWX"
        response.headers["X-API-Product-Version"] = "24.6.1"
        return response

    @app.exception_handler(Refusal)
    async def refuse(_request: Request, refusal: Refusal) -> Response:
        return JSONResponse(refusal.body, refusal.status)


def _answer_for_projects(app: FastAPI, awx: StandIn) -> None:
    @app.post("/api/v2/projects/{number}/update/", status_code=202)
    async def fetch(number: int) -> Thing:
        return projects.launch(awx, awx.objects.get("projects", number))


def _answer_for_syncs(app: FastAPI, awx: StandIn) -> None:
    @app.post("/api/v2/inventory_sources/{number}/update/", status_code=202)
    async def sync(number: int) -> Thing:
        awx.syncs.append(awx.objects.get("inventory_sources", number)["source_vars"])
        return {"inventory_update": len(awx.syncs), "id": len(awx.syncs), "status": "pending"}


def _answer_for_objects(app: FastAPI, awx: StandIn) -> None:
    @app.get("/api/v2/{kind}/")
    async def read_list(kind: str, request: Request) -> Thing:
        found = queries.find(awx, kind, request.query_params)
        return {"count": len(found), "next": None, "results": found}

    @app.post("/api/v2/{kind}/", status_code=201)
    async def create(kind: str, request: Request) -> Thing:
        return queries.shown(awx, kind, changes.create(awx, kind, await request.json()))

    @app.get("/api/v2/{kind}/{number}/")
    async def read(kind: str, number: int) -> Thing:
        return queries.one(awx, kind, number)

    @app.patch("/api/v2/{kind}/{number}/")
    async def update(kind: str, number: int, request: Request) -> Thing:
        return queries.shown(awx, kind, changes.change(awx, kind, number, await request.json()))

    @app.delete("/api/v2/{kind}/{number}/")
    async def remove(kind: str, number: int) -> Response:
        return Response(status_code=awx.removal.remove(kind, number))


def _answer_for_surveys(app: FastAPI, awx: StandIn) -> None:
    @app.get("/api/v2/{kind}/{number}/survey_spec/")
    async def survey(kind: str, number: int) -> Thing:
        awx.objects.get(kind, number)
        return awx.objects.surveys.get(number, {})

    @app.post("/api/v2/{kind}/{number}/survey_spec/")
    async def set_survey(kind: str, number: int, request: Request) -> Thing:
        awx.objects.get(kind, number)
        data = await request.json()
        surveys.check(data)
        awx.objects.surveys[number] = data
        return {}

    @app.delete("/api/v2/{kind}/{number}/survey_spec/")
    async def drop_survey(kind: str, number: int) -> Thing:
        awx.objects.get(kind, number)
        awx.objects.surveys[number] = {}
        return {}


def _answer_for_links(app: FastAPI, awx: StandIn) -> None:
    @app.get("/api/v2/{kind}/{number}/{relation}/")
    async def read_links(kind: str, number: int, relation: str) -> Thing:
        found = links.read(awx, kind, number, relation)
        return {"count": len(found), "next": None, "results": found}

    @app.post("/api/v2/{kind}/{number}/{relation}/", status_code=204)
    async def link(kind: str, number: int, relation: str, request: Request) -> Response:
        links.change(awx, kind, number, relation, await request.json())
        return Response(status_code=204)

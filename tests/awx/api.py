# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API calls that the stand-in answers."""

from __future__ import annotations

import typing as t

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from . import rules

if t.TYPE_CHECKING:
    from .standin import StandIn

Thing = dict[str, t.Any]

TOKEN = "token-of-the-administrator"


def make_app(awx: StandIn) -> FastAPI:
    """Return the API over a stand-in."""
    app = FastAPI()
    _guard(app, awx)
    _answer_for_objects(app, awx)
    _answer_for_surveys(app, awx)
    _answer_for_links(app, awx)
    return app


def _shown(kind: str, one: Thing) -> Thing:
    """Return an object as the API shows it: without secrets."""
    if kind != "credentials":
        return one
    secret = {n: "$encrypted$" if n == "api_token" else v for n, v in one["inputs"].items()}
    return {**one, "inputs": secret}


def _guard(app: FastAPI, awx: StandIn) -> None:
    @app.middleware("http")
    async def guard(request: Request, call_next: t.Any) -> Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"detail": "Authentication credentials were not provided."}, 401)
        if request.method != "GET":
            awx.writes.append((request.method, request.url.path))
        response: Response = await call_next(request)
        response.headers["X-API-Product-Name"] = "AWX"
        response.headers["X-API-Product-Version"] = "24.6.1"
        return response


def _answer_for_objects(app: FastAPI, awx: StandIn) -> None:
    @app.get("/api/v2/project_updates/{number}/")
    async def project_update(number: int) -> Thing:
        return {"id": number, "status": "successful"}

    @app.get("/api/v2/{kind}/")
    async def read_list(kind: str, request: Request) -> Thing:
        found = [_shown(kind, one) for one in awx.find(kind, request.query_params)]
        return {"count": len(found), "next": None, "results": found}

    @app.post("/api/v2/{kind}/", status_code=201)
    async def create(kind: str, request: Request) -> t.Any:
        data = await request.json()
        problem = awx.problem(kind, data)
        return JSONResponse(problem, 400) if problem else _shown(kind, awx.add(kind, data))

    @app.patch("/api/v2/{kind}/{number}/")
    async def update(kind: str, number: int, request: Request) -> t.Any:
        data = await request.json()
        existing = awx.get(kind, number)
        if existing is None:
            return JSONResponse({"detail": "Not found."}, 404)
        problem = awx.problem(kind, data, existing)
        if problem:
            return JSONResponse(problem, 400)
        existing.update(data)
        return _shown(kind, existing)

    @app.delete("/api/v2/{kind}/{number}/")
    async def remove(kind: str, number: int) -> Response:
        return Response(status_code=awx.remove(kind, number))


def _answer_for_surveys(app: FastAPI, awx: StandIn) -> None:
    @app.get("/api/v2/{kind}/{number}/survey_spec/")
    async def survey(kind: str, number: int) -> Thing:
        return awx.survey_of(number)

    @app.post("/api/v2/{kind}/{number}/survey_spec/")
    async def set_survey(kind: str, number: int, request: Request) -> t.Any:
        data = await request.json()
        problem = rules.survey_problem(data)
        if problem:
            return JSONResponse({"error": problem}, 400)
        awx.keep_survey(number, data)
        return {}

    @app.delete("/api/v2/{kind}/{number}/survey_spec/")
    async def drop_survey(kind: str, number: int) -> Thing:
        awx.keep_survey(number, {})
        return {}


def _answer_for_links(app: FastAPI, awx: StandIn) -> None:
    @app.get("/api/v2/{kind}/{number}/{relation}/")
    async def read_links(kind: str, number: int, relation: str) -> Thing:
        found = [{"id": each} for each in awx.linked(number, relation)]
        return {"count": len(found), "next": None, "results": found}

    @app.post("/api/v2/{kind}/{number}/{relation}/", status_code=204)
    async def link(kind: str, number: int, relation: str, request: Request) -> Response:
        data = await request.json()
        known = awx.linked(number, relation)
        if data.get("disassociate"):
            known.remove(data["id"])
        else:
            known.append(data["id"])
        return Response(status_code=204)

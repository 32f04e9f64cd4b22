# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator's own endpoints, for tests: not in the API, nor its OpenAPI, nor the log."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable
from uuid import UUID

from fastapi import Depends, FastAPI
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from .faults_model import Seconds
from .offers import Offers
from .recorder import CONTROL
from .request_log import RequestLog


class Jump(BaseModel):
    """Where to set the clock of an offer, or of all offers."""

    second: Seconds
    offer_id: UUID | None = None


@dataclasses.dataclass
class Control:
    """What there is to see and to move. `instances()` describes the machines."""

    offers: Offers
    log: RequestLog
    instances: Callable[[], list[dict[str, t.Any]]]


def add_control(app: FastAPI, control: Control, authorised: Callable[..., t.Any]) -> None:
    """Adds the endpoints to `app`; they want a good token as the API does."""
    options: dict[str, t.Any] = {"include_in_schema": False, "dependencies": [Depends(authorised)]}

    @app.get(f"{CONTROL}/requests", **options)
    async def list_requests() -> JSONResponse:
        return JSONResponse(control.log.as_json())

    @app.get(f"{CONTROL}/instances", **options)
    async def list_instances() -> JSONResponse:
        return JSONResponse(control.instances())

    @app.post(f"{CONTROL}/clock", **options)
    async def jump(to: Jump) -> Response:
        for offer in control.offers:
            if to.offer_id in (None, offer.script.offer_id):
                offer.clock.jump(to.second)
                offer.body()  # which lets happen what is due
        return Response(status_code=204)

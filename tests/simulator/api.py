# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP side: the one documented path that the collection uses.

The order of checks is FastAPI's: the bearer token (401), then the path parameter (422), then the
offer (404), then an ordered fault, then the answer. An unauthorised request never meets a fault.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.responses import Response

from .contract import TITLE, VERSION, OfferStatusResponse
from .control import Control, add_control
from .faults import answer, to_json
from .offers import Offers
from .recorder import Recorder, entry_of
from .request_log import RequestLog
from .tokens import Tokens

_bearer = HTTPBearer(auto_error=False)
_Credentials = t.Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def build_api(
    offers: Offers,
    tokens: Tokens,
    log: RequestLog,
    instances: Callable[[], list[dict[str, t.Any]]],
) -> FastAPI:
    """The application. `instances()` lists the machines for the control endpoint."""
    app = FastAPI(title=TITLE, version=VERSION, docs_url=None, redoc_url=None)
    app.add_middleware(Recorder, log=log)

    async def authorised(request: Request, credentials: _Credentials) -> None:
        entry = entry_of(request.scope)
        number = entry.number if entry else None
        if credentials is None:
            raise _unauthorised("Not authenticated")
        if not tokens.accept(credentials.credentials, number):
            raise _unauthorised("Invalid token")
        if entry:
            entry.authorized = True

    _add_offer_status(app, offers, authorised)
    add_control(app, Control(offers, log, instances), authorised)
    return app


def _unauthorised(detail: str) -> HTTPException:
    return HTTPException(401, detail, {"WWW-Authenticate": "Bearer"})


def _add_offer_status(app: FastAPI, offers: Offers, authorised: Callable[..., t.Any]) -> None:
    @app.get(
        "/offers/{offer_id}/status",
        tags=["Offers"],
        response_model=OfferStatusResponse,
        dependencies=[Depends(authorised)],
    )
    async def get_offer_status(offer_id: UUID, request: Request) -> Response:
        """The state of an offer, of its procurement, and its instances."""
        offer = offers.get(offer_id)
        if offer is None:
            raise HTTPException(404, "Offer not found")
        offer.clock.start()
        entry = entry_of(request.scope)
        fault = offer.due_fault(entry.number)
        if fault is not None:
            entry.fault = fault.kind
            return answer(fault, offer.body)
        # Bypass the response model: a timeline may ask for a body that breaks the contract.
        return Response(to_json(offer.body()), media_type="application/json")

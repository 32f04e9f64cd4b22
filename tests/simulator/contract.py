# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documents that the API gives, as its page "get-offer-status" declares them.

Their names, types, required fields and nulls are the vendor's; FastAPI makes the OpenAPI from them.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

TITLE = "Supply Service"
VERSION = "0.1.0"


class InstanceDetail(BaseModel):
    """One instance. Its `status` is an open set of words, in any case."""

    instance_id: str
    instance_name: str
    zone: str
    external_ip: str | None = None
    internal_ip: str | None = None
    status: str
    ssh_command: str | None = None


class OfferResourceInfo(BaseModel):
    """One resource that an offer created."""

    resource_id: UUID
    resource_type: str
    role: str
    status: str


class OfferStatusResponse(BaseModel):
    """The state of an offer, of its procurement, and its instances."""

    offer_id: UUID
    status: str
    procurement_status: str | None = None
    instances: list[InstanceDetail] = []
    resources: list[OfferResourceInfo] = []
    progress: str | None = None
    failure_reason: str | None = None
    created_at: datetime
    procured_at: datetime | None = None

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Offer and Instance: a status document parsed, and judged.

Field names and the values that are documented for them come from the vendor's page "Get offer
status".

    >>> offer = parse_offer(document, "4f9d2c1e-8a37-4b65-9d0e-2c7f81a6b3d4")
    >>> offer.phase, [i.unusable_reason for i in offer.instances]
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import MISSING, dataclass, fields
from functools import cached_property

from .._api.errors import InvalidResponse
from .._options import OptionError
from .._phrases import json_type
from .._text import quoted, storable

FAILED = "failed"
READY = "ready"
PROVISIONING = "provisioning"
EXPIRED = "expired"
NOT_PROCURED = "not_procured"
UNKNOWN = "unknown"

# The statuses of an instance that will not come back by itself. The set of statuses is open.
_GONE = ("terminated", "stopped", "preempted", "error")

EXTERNAL = "external"
INTERNAL = "internal"

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


class Reach(t.NamedTuple):
    """Whether a machine can be a host under one of its addresses."""

    address: str | None
    """In its canonical form; None if it is not the address of a machine."""
    problem: str | None
    """Why the machine cannot be a host now, in a few words; None if it can."""


@dataclass(frozen=True)
class Instance:
    """One machine of an offer, as the API describes it. A field with a default may be null."""

    instance_id: str
    instance_name: str
    zone: str
    status: str
    external_ip: str | None = None
    internal_ip: str | None = None
    ssh_command: str | None = None

    def reach(self, address: str = EXTERNAL) -> Reach:
        """Return the ``external`` or the ``internal`` address, and why it cannot be used."""
        return self._reaches[address]

    @cached_property
    def _reaches(self) -> dict[str, Reach]:
        return {
            EXTERNAL: self._reach("external_ip", self.external_ip),
            INTERNAL: self._reach("internal_ip", self.internal_ip),
        }

    def _reach(self, name: str, text: str | None) -> Reach:
        address = machine_address(text)
        # Bare, where that is clear: a quote is among the characters that Ansible wraps in listings.
        if _word(self.status) != "running":
            return Reach(address, f"status is {_bare(self.status)}, not running")
        if not text:
            return Reach(None, f"it has no {name}")
        if address is None:
            return Reach(None, f"{name} {_bare(text)} is not the address of a machine")
        if not re.search(r"[A-Za-z0-9]", self.instance_id):
            return Reach(address, f"instance_id {quoted(self.instance_id)} cannot identify it")
        return Reach(address, None)

    @property
    def unusable_reason(self) -> str | None:
        """Why it cannot be a host under its external address; None if it can."""
        return self.reach().problem

    @property
    def usable(self) -> bool:
        """Whether the machine runs and has an external address."""
        return self.unusable_reason is None

    @property
    def is_gone(self) -> bool:
        """Whether the machine is stopped, lost or broken."""
        return _word(self.status) in _GONE

    def as_dict(self) -> dict[str, t.Any]:
        """Return the fields of the API under their names."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


@dataclass(frozen=True)
class Offer:
    """The status of one offer. States are compared without case."""

    offer_id: str
    status: str
    created_at: str
    procurement_status: str | None = None
    progress: str | None = None
    failure_reason: str | None = None
    procured_at: str | None = None
    instances: tuple[Instance, ...] = ()
    resources: tuple[dict[str, str], ...] = ()

    @cached_property
    def phase(self) -> str:
        """The state of the offer, from both of the API's state fields.

        The page documents ``procurement_status`` twice, with different values, and lets it be
        null; both lists count here, and any other value is ``unknown``.
        """
        status, procurement = _word(self.status), _word(self.procurement_status)
        not_begun = procurement in ("", "available")
        if FAILED in (status, procurement):
            return FAILED
        if procurement == "ready":
            return READY
        if procurement == "pending" or procurement.startswith("provisioning"):
            return PROVISIONING
        if not_begun and status == "procured":
            return PROVISIONING
        if status == "expired":
            return EXPIRED
        return NOT_PROCURED if not_begun else UNKNOWN

    @cached_property
    def usable_count(self) -> int:
        """How many instances can be hosts now, under their external addresses."""
        return self.count_usable(EXTERNAL)

    def count_usable(self, address: str) -> int:
        """Return how many instances can be hosts under that address."""
        return sum(instance.reach(address).problem is None for instance in self.instances)

    @cached_property
    def is_gone(self) -> bool:
        """Whether it has instances, and every one of them is gone."""
        return bool(self.instances) and all(instance.is_gone for instance in self.instances)

    def is_ready(self, min_instances: int | None = None) -> bool:
        """Return whether the phase is ``ready`` and enough instances are usable.

        Enough is ``min_instances``; if that is None, every instance listed, and at least one.
        """
        needed = max(1, len(self.instances)) if min_instances is None else min_instances
        return self.phase == READY and self.usable_count >= needed

    def as_document(self) -> dict[str, t.Any]:
        """Return the status document, with only the fields that are known here."""
        document = {one.name: getattr(self, one.name) for one in fields(self)}
        document["instances"] = [instance.as_dict() for instance in self.instances]
        document["resources"] = [dict(resource) for resource in self.resources]
        return document


_OFFER_OPTIONAL = ("procurement_status", "progress", "failure_reason", "procured_at")
_RESOURCE_REQUIRED = ("resource_id", "resource_type", "role", "status")


def checked_offer_ids(values: t.Iterable[t.Any]) -> list[str]:
    """Return offer ids in lower case, in the order given, each once.

    Raises OptionError for an empty list and for anything that is not a UUID.
    """
    ids: list[str] = []
    for value in values:
        offer_id = str(value).strip().lower()
        if not _UUID.fullmatch(offer_id):
            raise OptionError("offer_ids", f"{quoted(str(value))} is not the UUID of an offer")
        if offer_id not in ids:
            ids.append(offer_id)
    if not ids:
        raise OptionError("offer_ids", "is empty; give the ID of at least one offer")
    return ids


def machine_address(text: str | None) -> str | None:
    """Return an IP address in its canonical form, or None if it cannot be that of one machine.

    No zone id, no ``0.0.0.0`` (which would be the controller itself), no multicast or broadcast.
    """
    try:
        address = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    if "%" in str(address):
        return None
    reached = getattr(address, "ipv4_mapped", None) or address
    if reached.is_unspecified or reached.is_multicast or str(reached) == "255.255.255.255":
        return None
    return str(address)


def parse_offer(document: t.Any, asked_id: str) -> Offer:
    """Return the offer that a status document describes.

    Unknown keys are ignored; ``instances`` and ``resources`` may be absent or null. Raises
    InvalidResponse, naming the field, if a required field is missing, a field has a wrong type, or
    the document is about another offer than ``asked_id``.
    """
    if not isinstance(document, dict):
        problem = f"the answer is {json_type(document)}, not a JSON object"
        raise InvalidResponse(problem, offer_id=asked_id)
    fields = _Fields(document, "", asked_id)
    answered_id = fields.text("offer_id")
    if answered_id.strip().lower() != asked_id.lower():
        raise fields.error("offer_id", f"is {quoted(answered_id)}, which is another offer")
    return Offer(
        offer_id=asked_id.lower(),
        status=fields.text("status"),
        created_at=fields.text("created_at"),
        instances=tuple(_parse_instance(entry) for entry in fields.objects("instances")),
        resources=tuple(_parse_resource(entry) for entry in fields.objects("resources")),
        **{name: fields.optional_text(name) for name in _OFFER_OPTIONAL},
    )


def _parse_instance(document: _Fields) -> Instance:
    values: dict[str, t.Any] = {}
    for one in fields(Instance):
        read = document.text if one.default is MISSING else document.optional_text
        values[one.name] = read(one.name)
    return Instance(**values)


def _parse_resource(fields: _Fields) -> dict[str, str]:
    return {name: fields.text(name) for name in _RESOURCE_REQUIRED}


class _Fields:
    """Takes typed fields out of a JSON object; its errors say where in the document they are."""

    def __init__(self, data: t.Mapping[str, t.Any], path: str, offer_id: str) -> None:
        self._data = data
        self._path = path
        self._offer_id = offer_id

    def text(self, name: str) -> str:
        if self._data.get(name) is None:
            raise self.error(name, "is null" if name in self._data else "is missing")
        return self.optional_text(name) or ""

    def optional_text(self, name: str) -> str | None:
        value = self._data.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.error(name, f"is {json_type(value)}, not a string")
        return storable(value)

    def objects(self, name: str) -> list[_Fields]:
        value = self._data.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.error(name, f"is {json_type(value)}, not an array")
        for index, entry in enumerate(value):
            if not isinstance(entry, dict):
                raise self.error(f"{name}[{index}]", f"is {json_type(entry)}, not an object")
        return [
            _Fields(entry, f"{self._path}{name}[{index}].", self._offer_id)
            for index, entry in enumerate(value)
        ]

    def error(self, name: str, problem: str) -> InvalidResponse:
        return InvalidResponse(
            f"in the answer, {self._path}{name} {problem}", offer_id=self._offer_id, code=200
        )


def _word(state: str | None) -> str:
    """Return a state for comparison: the page itself writes both running and RUNNING."""
    return (state or "").strip().lower()


def _bare(text: str) -> str:
    """Return a word as it is, and anything else made printable and quoted."""
    return text if re.fullmatch(r"[A-Za-z0-9._:-]{1,60}", text, re.ASCII) else quoted(text)

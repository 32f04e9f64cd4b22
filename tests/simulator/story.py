# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of an offer at a second of its timeline, and when its machines are up."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import datetime, timedelta

from .model import INSTANCE_FIELDS, OFFER_FIELDS, Entry, InstanceEntry, OfferScript, Ssh

GONE = frozenset({"terminated", "stopped", "preempted", "error"})
_NOTHING: t.Any = object()


@dataclasses.dataclass
class InstanceState:
    """All that the entries so far said of one instance. `up`: it ran and is not gone since."""

    fields: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    without: list[str] = dataclasses.field(default_factory=list)
    extra: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    raw: t.Any = _NOTHING
    up: bool = False

    def take(self, entry: InstanceEntry) -> None:
        """Apply an entry. A `raw` ends with the next entry that names the instance."""
        self.fields.update(entry.named(*INSTANCE_FIELDS))
        self.without = entry.named("without").get("without", self.without)
        self.extra = entry.named("extra").get("extra", self.extra)
        self.raw = entry.named("raw").get("raw", _NOTHING)
        status = str(self.fields.get("status")).lower()
        self.up = status == "running" or (self.up and status not in GONE)


@dataclasses.dataclass
class OfferState:
    """All that the entries so far said of an offer; `instances` holds the listed ones."""

    fields: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    instances: dict[str, InstanceState] = dataclasses.field(default_factory=dict)
    literal_instances: t.Any = _NOTHING
    without: list[str] = dataclasses.field(default_factory=list)
    extra: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    raw: t.Any = _NOTHING

    def take(self, entry: Entry) -> None:
        """Apply an entry. A `raw` ends with the next entry."""
        self.fields.update(entry.named(*OFFER_FIELDS))
        self.without = entry.named("without").get("without", self.without)
        self.extra = entry.named("extra").get("extra", self.extra)
        self.raw = entry.named("raw").get("raw", _NOTHING)
        if "instances" not in entry.model_fields_set:
            return
        self.literal_instances = _NOTHING if isinstance(entry.instances, dict) else entry.instances
        for key, change in entry.instances.items() if isinstance(entry.instances, dict) else ():
            if isinstance(change, InstanceEntry):
                self.instances.setdefault(key, InstanceState()).take(change)
            else:
                self.instances.pop(key, None)


def state_at(script: OfferScript, now: float) -> OfferState:
    """The offer at second `now`: every entry up to then, each overriding the keys it names."""
    state = OfferState()
    for entry in script.timeline:
        if entry.at > now:
            break
        state.take(entry)
    return state


class Address(t.NamedTuple):
    """Where a machine really answers."""

    host: str
    port: int
    user: str

    @property
    def ssh_command(self) -> str:
        """The complete command, as the API gives it."""
        return f"ssh -p {self.port} {self.user}@{self.host}"


def body_at(script: OfferScript, now: float, addresses: dict[str, Address]) -> t.Any:
    """The JSON value that the API answers at second `now` (vendor's page "get-offer-status")."""
    state = state_at(script, now)
    if state.raw is not _NOTHING:
        return state.raw
    body: dict[str, t.Any] = {
        "offer_id": str(script.offer_id),
        "status": "available",
        "procurement_status": None,
        "instances": [
            _instance(script, key, state.instances[key], addresses.get(key))
            for key in script.instances
            if key in state.instances
        ],
        "resources": [],
        "progress": None,
        "failure_reason": None,
        "created_at": script.created_at,
        "procured_at": _procured_at(script, now),
    }
    if state.literal_instances is not _NOTHING:
        body["instances"] = state.literal_instances
    return _dressed(body, state)


def _instance(
    script: OfferScript, key: str, state: InstanceState, address: Address | None
) -> t.Any:
    if state.raw is not _NOTHING:
        return state.raw
    machine = script.instances[key]
    body: dict[str, t.Any] = {
        **dict.fromkeys(INSTANCE_FIELDS),
        "instance_id": machine.instance_id,
        "instance_name": machine.instance_name,
        "zone": machine.zone,
        "status": "starting",
    }
    if address and state.up:
        body["external_ip"] = body["internal_ip"] = address.host
        body["ssh_command"] = address.ssh_command
    return _dressed(body, state)


def _dressed(body: dict[str, t.Any], state: OfferState | InstanceState) -> dict[str, t.Any]:
    """`body` with the values that the timeline gives, and without what it takes away."""
    body.update(state.fields)
    body.update(state.extra)
    for name in state.without:
        body.pop(name, None)
    return body


def _procured_at(script: OfferScript, now: float) -> str | None:
    """Creation plus the second at which the offer became `procured`; null until then."""
    status: t.Any = None
    for entry in script.timeline:
        if entry.at > now:
            break
        status = entry.named("status").get("status", status)
        if status == "procured":
            try:
                created = datetime.fromisoformat(str(script.created_at).replace("Z", "+00:00"))
                return (created + timedelta(seconds=entry.at)).isoformat().replace("+00:00", "Z")
            except (ValueError, OverflowError):
                return None
    return None


class Stretch(t.NamedTuple):
    """A part of the timeline; `end` is None where it never ends."""

    begin: float
    end: float | None


def running_stretches(script: OfferScript, key: str) -> list[Stretch]:
    """When the machine `key` is up according to the API: from `running` until it is gone."""
    stretches: list[Stretch] = []
    state = OfferState()
    begin: float | None = None
    for entry in script.timeline:
        state.take(entry)
        instance = state.instances.get(key)
        up = instance is not None and instance.up
        if up and begin is None:
            begin = entry.at
        elif not up and begin is not None:
            stretches.append(Stretch(begin, entry.at))
            begin = None
    return stretches if begin is None else [*stretches, Stretch(begin, None)]


def listening_stretches(running: Stretch, ssh: Ssh) -> list[Stretch]:
    """When sshd listens while the machine is up: late by `up_after`, not in `down_between`."""
    if ssh.behaviour == "refuse":
        return []
    begin: float | None = running.begin + ssh.up_after
    stretches: list[Stretch] = []
    for off, on in sorted(ssh.down_between):
        if begin is not None and running.begin + on > begin:
            if running.begin + off > begin:
                stretches.append(Stretch(begin, running.begin + off))
            begin = running.begin + on
    stretches.append(Stretch(t.cast(float, begin), None))
    clipped = [Stretch(s.begin, _earlier(s.end, running.end)) for s in stretches]
    return [s for s in clipped if s.end is None or s.end > s.begin]


def _earlier(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


class Event(t.NamedTuple):
    """Something that happens to a machine at a second of the timeline."""

    at: float
    action: t.Literal["boot", "rekey", "listen", "silence", "power_off"]


_RANK = {"boot": 0, "rekey": 1, "silence": 2, "listen": 3, "power_off": 4}


def machine_events(script: OfferScript, key: str, ssh: Ssh) -> list[Event]:
    """All that happens to the machine `key`, in order."""
    events: list[Event] = []
    for running in running_stretches(script, key):
        events.append(Event(running.begin, "boot"))
        for listening in listening_stretches(running, ssh):
            events.append(Event(listening.begin, "listen"))
            if listening.end is not None:
                events.append(Event(listening.end, "silence"))
        if ssh.host_key_changes_after is not None:
            change = running.begin + ssh.host_key_changes_after
            if running.end is None or change < running.end:
                events.append(Event(change, "rekey"))
        if running.end is not None:
            events.append(Event(running.end, "power_off"))
    return sorted(events, key=lambda event: (event.at, _RANK[event.action]))

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links between objects: what AWX associates with what, and what it refuses to."""

from __future__ import annotations

import typing as t

from . import queries
from .objects import TYPES, Thing
from .refusal import Refusal
from .templates import kind_of

if t.TYPE_CHECKING:
    from .standin import StandIn

NODES = ("success_nodes", "failure_nodes", "always_nodes")
# By the kind of the owner: its relations.
RELATIONS = {
    "inventories": ("instance_groups", "labels"),
    "inventory_sources": ("credentials",),
    "job_templates": ("credentials", "instance_groups", "labels"),
    "organizations": ("instance_groups",),
    "workflow_job_templates": ("labels",),
    "workflow_job_template_nodes": (*NODES, "credentials", "instance_groups", "labels"),
}


def read(awx: StandIn, kind: str, number: int, relation: str) -> list[Thing]:
    """Return what is linked to an object, as the API shows it."""
    target = _kind_of_relation(kind, relation)
    awx.objects.get(kind, number)
    linked = awx.objects.linked(number, relation)
    return [queries.shown(awx, target, awx.objects.get(target, each)) for each in linked]


def change(awx: StandIn, kind: str, number: int, relation: str, data: Thing) -> None:
    """Link something to an object, or unlink it, or refuse to."""
    target = _kind_of_relation(kind, relation)
    awx.objects.get(kind, number)
    sub = data.get("id")
    if not isinstance(sub, int):
        # AWX can also make what is to be linked; nobody here asks for that.
        raise Refusal(400, {"msg": '"id" field must be an integer.'})
    if not awx.objects.has(target, sub):
        name = "".join(word.capitalize() for word in TYPES[target].split("_"))
        raise Refusal(400, {"detail": f"{name} matching query does not exist."})
    linked = awx.objects.linked(number, relation)
    if "disassociate" in data:
        if sub in linked:
            linked.remove(sub)
        if relation == "labels":
            awx.removal.forget_label(sub)
        return
    if kind == "job_templates" and relation == "credentials":
        _check_credential(awx, linked, sub)
    if relation in NODES:
        _check_node(awx, number, relation, sub)
    if sub not in linked:
        linked.append(sub)


def _kind_of_relation(kind: str, relation: str) -> str:
    if relation not in RELATIONS.get(kind, ()):
        raise Refusal(404, {"detail": "The requested resource could not be found."})
    return "workflow_job_template_nodes" if relation in NODES else relation


def _check_credential(awx: StandIn, linked: list[int], sub: int) -> None:
    """A template has one credential of each type, and of vaults one for each of their names."""
    name = _shown_type(awx, sub)
    if name in [_shown_type(awx, each) for each in linked]:
        raise Refusal(400, {"error": f"Cannot assign multiple {name} credentials."})
    kind = kind_of(awx, sub)
    if kind not in ("ssh", "vault", "cloud", "net", "kubernetes"):
        raise Refusal(400, {"error": f"Cannot assign a Credential of kind `{kind}`."})


def _shown_type(awx: StandIn, number: int) -> str:
    credential = awx.objects.get("credentials", number)
    kind = awx.objects.get("credential_types", credential["credential_type"])
    vault = credential["inputs"].get("vault_id") if kind["kind"] == "vault" else None
    return f"{kind['name']} (id={vault})" if vault else str(kind["name"])


def _check_node(awx: StandIn, number: int, relation: str, sub: int) -> None:
    others = [name for name in NODES if name != relation]
    if number != sub and any(sub in awx.objects.linked(number, name) for name in others):
        raise Refusal(400, {"Error": "Relationship not allowed."})
    if number in _following(awx, sub):
        raise Refusal(400, {"Error": "Cycle detected."})


def _following(awx: StandIn, node: int) -> set[int]:
    """Return a node and all that may run after it."""
    found, ahead = set(), [node]
    while ahead:
        one = ahead.pop()
        if one not in found:
            found.add(one)
            ahead += [each for name in NODES for each in awx.objects.linked(one, name)]
    return found

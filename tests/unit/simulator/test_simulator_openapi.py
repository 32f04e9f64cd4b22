# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator's OpenAPI against what the vendor's page "get-offer-status" documents.

The contract stands here as data of its own, so that neither side is derived from the other.
"""

from __future__ import annotations

import typing as t

import pytest
import requests

STRING = {"type": "string"}
UUID = {"type": "string", "format": "uuid"}
TIME = {"type": "string", "format": "date-time"}

# field: (type, required, may be null)
OFFER_STATUS_RESPONSE = {
    "offer_id": (UUID, True, False),
    "status": (STRING, True, False),
    "procurement_status": (STRING, False, True),
    "instances": ("InstanceDetail", False, False),
    "resources": ("OfferResourceInfo", False, False),
    "progress": (STRING, False, True),
    "failure_reason": (STRING, False, True),
    "created_at": (TIME, True, False),
    "procured_at": (TIME, False, True),
}
INSTANCE_DETAIL = {
    "instance_id": (STRING, True, False),
    "instance_name": (STRING, True, False),
    "zone": (STRING, True, False),
    "external_ip": (STRING, False, True),
    "internal_ip": (STRING, False, True),
    "status": (STRING, True, False),
    "ssh_command": (STRING, False, True),
}
OFFER_RESOURCE_INFO = {
    "resource_id": (UUID, True, False),
    "resource_type": (STRING, True, False),
    "role": (STRING, True, False),
    "status": (STRING, True, False),
}
STRING_OR_INTEGER = {"anyOf": [{"type": "string"}, {"type": "integer"}]}
VALIDATION_ERROR = {
    "loc": ({"type": "array", "items": STRING_OR_INTEGER}, True, False),
    "msg": (STRING, True, False),
    "type": (STRING, True, False),
}
HTTP_VALIDATION_ERROR = {"detail": ("ValidationError", False, False)}


@pytest.fixture(scope="module")
def openapi(session_client) -> t.Any:
    answer = requests.get(f"{session_client.simulator.url}/openapi.json", timeout=30)
    assert answer.status_code == 200
    return answer.json()


def test_service(openapi) -> None:
    assert openapi["openapi"].startswith("3.1.")
    assert openapi["info"] == {"title": "Supply Service", "version": "0.1.0"}
    assert openapi.get("security", []) == []
    assert openapi["components"]["securitySchemes"] == {
        "HTTPBearer": {"type": "http", "scheme": "bearer"}
    }


def test_paths(openapi) -> None:
    assert {path: list(item) for path, item in openapi["paths"].items()} == {
        "/offers/{offer_id}/status": ["get"]
    }


def test_operation(openapi) -> None:
    operation = openapi["paths"]["/offers/{offer_id}/status"]["get"]
    assert operation["operationId"] == "get_offer_status_offers__offer_id__status_get"
    assert operation["tags"] == ["Offers"]
    assert operation["security"] == [{"HTTPBearer": []}]
    (parameter,) = operation["parameters"]
    assert (parameter["name"], parameter["in"], parameter["required"]) == ("offer_id", "path", True)
    assert plain(parameter["schema"]) == UUID
    assert {
        code: response["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for code, response in operation["responses"].items()
    } == {"200": "OfferStatusResponse", "422": "HTTPValidationError"}


def test_schema_names(openapi) -> None:
    assert set(openapi["components"]["schemas"]) == {
        "OfferStatusResponse",
        "InstanceDetail",
        "OfferResourceInfo",
        "HTTPValidationError",
        "ValidationError",
    }


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("OfferStatusResponse", OFFER_STATUS_RESPONSE),
        ("InstanceDetail", INSTANCE_DETAIL),
        ("OfferResourceInfo", OFFER_RESOURCE_INFO),
        ("HTTPValidationError", HTTP_VALIDATION_ERROR),
        ("ValidationError", VALIDATION_ERROR),
    ],
)
def test_schema(openapi, name: str, fields: dict[str, t.Any]) -> None:
    schema = openapi["components"]["schemas"][name]
    assert schema["type"] == "object"
    found = described(schema)
    if name == "ValidationError":
        # Newer versions of FastAPI document two optional keys more, which the vendor's page lacks.
        found = {field: found[field] for field in found if field not in {"input", "ctx"}}
    assert found == fields


def described(schema: dict[str, t.Any]) -> dict[str, t.Any]:
    """A schema in the form of the tables above."""
    required = schema.get("required", [])
    fields = {}
    for field, declared in schema["properties"].items():
        branches = declared.get("anyOf", [declared])
        null = {"type": "null"} in branches
        kinds = [branch for branch in branches if branch != {"type": "null"}]
        assert len(kinds) == 1
        fields[field] = (kind(kinds[0]), field in required, null)
    return fields


def kind(schema: dict[str, t.Any]) -> t.Any:
    """The name of the items of an array of documents; any other type without its trimmings."""
    reference = schema.get("items", {}).get("$ref")
    return reference.rpartition("/")[2] if reference else plain(schema)


def plain(schema: dict[str, t.Any]) -> dict[str, t.Any]:
    return {key: value for key, value in schema.items() if key not in {"title", "default"}}


def test_no_state_is_an_enum(openapi) -> None:
    assert "enum" not in str(openapi) and "const" not in str(openapi)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX refuses of credentials and of their types."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import urlparse

import jinja2
import jinja2.sandbox

from .objects import Objects, Thing
from .refusal import Refusal, invalid
from .rules import render

# Variables of a job that credentials must not set.
BLOCKED = {
    "VIRTUAL_ENV",
    "PATH",
    "PYTHONPATH",
    "JOB_ID",
    "INVENTORY_ID",
    "INVENTORY_SOURCE_ID",
    "INVENTORY_UPDATE_ID",
    "AD_HOC_COMMAND_ID",
    "REST_API_URL",
    "REST_API_TOKEN",
    "MAX_EVENT_RES",
    "CALLBACK_QUEUE",
    "CALLBACK_CONNECTION",
    "CACHE",
    "JOB_CALLBACK_DEBUG",
    "INVENTORY_HOSTVARS",
    "AWX_HOST",
    "PROJECT_REVISION",
    "SUPERVISOR_CONFIG_PATH",
}
FIELD_KEYS = {
    "type",
    "format",
    "choices",
    "id",
    "label",
    "help_text",
    "multiline",
    "secret",
    "default",
    "ask_at_runtime",
}
INPUT_KEYS = {"fields", "required"}
INJECTOR_KEYS = {"env", "file", "extra_vars"}
# Of Python and of the shell alike.
NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
PYTHON_TYPES = {"string": str, "boolean": bool}
ENCRYPTED = "$encrypted$"


def check_type(objects: Objects, data: Thing, existing: Thing | None) -> None:
    """Refuse a credential type that AWX refuses."""
    thing = {"inputs": {}, "injectors": {}, **(existing or {}), **data}
    if existing and existing["managed"]:
        text = "Modifications not allowed for managed credential types"
        raise Refusal(403, {"detail": text})
    _check_fields(thing["inputs"])
    _check_injectors(thing["injectors"], thing["inputs"])
    if existing and existing["inputs"] != thing["inputs"] and _is_used(objects, existing):
        text = "Modifications to inputs are not allowed for credential types that are in use"
        raise Refusal(403, {"detail": text})
    if thing.get("kind") not in ("cloud", "net"):
        raise invalid("kind", f"Must be 'cloud' or 'net', not {thing.get('kind')}")
    if any(field.get("ask_at_runtime") for field in thing["inputs"].get("fields", [])):
        raise invalid("inputs", "'ask_at_runtime' is not supported for custom credentials.")


def check(objects: Objects, thing: Thing, existing: Thing | None) -> None:
    """Refuse a credential that AWX refuses; put secrets that were sent back in again."""
    if existing is None and thing.get("organization") is None:
        raise invalid("detail", "Missing 'user', 'team', or 'organization'.")
    kind = objects.get("credential_types", int(thing["credential_type"]))
    fields = {field["id"]: field for field in kind["inputs"].get("fields", [])}
    inputs = thing["inputs"]
    if not isinstance(inputs, dict):
        raise invalid("inputs", f"{type(inputs).__name__} provided, expected dict")
    for name, value in inputs.items():
        if name not in fields:
            text = f"Additional properties are not allowed ('{name}' was unexpected)"
            raise invalid("inputs", text)
        if value == ENCRYPTED and fields[name].get("secret"):
            if existing is None:
                text = f"{ENCRYPTED} is a reserved keyword, and cannot be used for {name}."
                raise invalid("inputs", text)
            inputs[name] = existing["inputs"].get(name, "")
        elif value is None:
            inputs[name] = PYTHON_TYPES[fields[name].get("type", "string")]()
        _check_input(name, inputs[name], fields[name])


def _is_used(objects: Objects, kind: Thing) -> bool:
    return bool(objects.where("credentials", credential_type=kind["id"]))


def _check_input(name: str, value: t.Any, field: Thing) -> None:
    kind = field.get("type", "string")
    text = None
    if not isinstance(value, PYTHON_TYPES[kind]):
        text = f"{value!r} is not of type '{kind}'"
    elif field.get("choices") and value not in field["choices"]:
        text = f"{value!r} is not one of {field['choices']}"
    elif field.get("format") == "url":
        parts = urlparse(str(value))
        if not parts.scheme:
            text = "Invalid URL: Missing url scheme (http, https, etc.)"
        elif not parts.netloc:
            text = f"Invalid URL: {value}"
    if text:
        raise Refusal(400, {"inputs": {name: [text]}})


def _check_fields(inputs: Thing) -> None:
    _check_keys("inputs", inputs, INPUT_KEYS)
    seen = set()
    for field in inputs.get("fields", []):
        _check_keys("inputs", field, FIELD_KEYS)
        for key in ("id", "label"):
            if key not in field:
                raise invalid("inputs", f"'{key}' is a required property")
        name, kind = field["id"], field.setdefault("type", "string")
        if not NAME.fullmatch(name):
            raise invalid("inputs", f"{name} is an invalid variable name")
        if kind not in PYTHON_TYPES:
            raise invalid("inputs", f"'{kind}' is not one of ['string', 'boolean']")
        if name == "tower":
            raise invalid("inputs", '"tower" is a reserved field name')
        if name in seen:
            raise invalid("inputs", f"field IDs must be unique ({name})")
        if "default" in field and not isinstance(field["default"], PYTHON_TYPES[kind]):
            raise invalid("inputs", f"{field['default']} is not a {kind}")
        for key in ("choices", "multiline", "format", "secret"):
            if key in field and kind != "string":
                raise invalid("inputs", f"{key} not allowed for {kind} type ({name})")
        seen.add(name)


def _check_injectors(injectors: Thing, inputs: Thing) -> None:
    _check_keys("injectors", injectors, INJECTOR_KEYS)
    known = {field["id"]: "EXAMPLE" for field in inputs.get("fields", [])}
    for name, template in injectors.get("env", {}).items():
        if not NAME.fullmatch(name):
            text = f"'{name}' does not match any of the regexes: '^[a-zA-Z_]+[a-zA-Z0-9_]*$'"
            raise invalid("injectors", f"Schema validation error in relative path ['env'] ({text})")
        if not isinstance(template, str) or not template.isascii():
            raise invalid("injectors", f"{template!r} does not match '^[\\x00-\\x7F]*$'")
        if name.startswith("ANSIBLE_"):
            text = (
                f"Environment variable {name} may affect Ansible configuration so its use is not "
                "allowed in credentials."
            )
            raise invalid("injectors", text)
        if name in BLOCKED:
            text = f"Environment variable {name} is not allowed to be used in credentials."
            raise invalid("injectors", text)
    for kind, templates in injectors.items():
        for name, template in templates.items():
            _check_template(kind, name, template, known)


def _check_template(kind: str, name: str, template: t.Any, known: Thing) -> None:
    try:
        render(str(template), known)
    except jinja2.UndefinedError as exc:
        raise invalid("injectors", f"{name} uses an undefined field ({exc})") from exc
    except jinja2.sandbox.SecurityError as exc:
        raise invalid("injectors", f"Encountered unsafe code execution: {exc}") from exc
    except jinja2.TemplateSyntaxError as exc:
        text = f"Syntax error rendering template for {name} inside of {kind} ({exc})"
        raise invalid("injectors", text) from exc


def _check_keys(where: str, given: t.Any, allowed: t.Collection[str]) -> None:
    if not isinstance(given, dict):
        raise invalid(where, f"{type(given).__name__} provided, expected dict")
    for name in sorted(set(given) - set(allowed)):
        raise invalid(where, f"Additional properties are not allowed ('{name}' was unexpected)")

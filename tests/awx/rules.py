# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of AWX 24 for credentials, surveys and hosts."""

from __future__ import annotations

import typing as t

import jinja2
import jinja2.sandbox

Thing = dict[str, t.Any]

# Variables of a job that credentials must not set.
BLOCKED = {"VIRTUAL_ENV", "PATH", "PYTHONPATH", "JOB_ID", "INVENTORY_ID", "CACHE", "AWX_HOST"}
FIELD_KEYS = {
    "type", "format", "choices", "id", "label", "help_text", "multiline", "secret", "default",
    "ask_at_runtime",
}  # fmt: skip
ANSWERS: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "textarea": str,
    "password": str,
    "multiplechoice": str,
    "multiselect": str,
    "integer": int,
    "float": (int, float),
}

# Set for every inventory sync.
SYNC_ENVIRONMENT = {
    "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
    "ANSIBLE_INVENTORY_EXPORT": "True",
    "ANSIBLE_VERBOSE_TO_STDERR": "True",
    "ANSIBLE_HOST_PATTERN_MISMATCH": "error",
}


def is_enabled(variables: Thing, source: Thing) -> bool | None:
    """Return whether a host arrives enabled; None if its variables do not say."""
    name = source["enabled_var"]
    if name not in variables:
        return None
    return str(source["enabled_value"]).lower() == str(variables[name]).lower()


def rendered(injectors: Thing, inputs: Thing) -> dict[str, str]:
    """Return the environment that a credential gives a job or a sync."""
    sandbox = jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    return {
        name: sandbox.from_string(template).render(inputs)
        for name, template in injectors["env"].items()
    }


def problem(kind: str, thing: Thing, playbooks: t.Collection[str]) -> Thing | None:
    """Return the message AWX would refuse it with (400), or None."""
    found: str | None = None
    if kind == "credential_types":
        found = _credential_type_problem(thing)
    elif kind == "job_templates" and thing.get("playbook") not in playbooks:
        found = "Playbook not found for project."
    elif kind == "inventory_sources" and thing.get("source") != "scm":
        found = "Cannot set source_path if not SCM type."
    return {"__all__": [found]} if found else None


def _credential_type_problem(thing: Thing) -> str | None:
    if thing["kind"] not in ("cloud", "net"):
        return "Must be 'cloud' or 'net'"
    fields = thing["inputs"]["fields"]
    for field in fields:
        if set(field) - FIELD_KEYS or not {"id", "label"} <= set(field):
            return f"Additional or missing properties: {sorted(field)}"
    if set(thing["inputs"]) - {"fields", "required"} or set(thing["injectors"]) - {
        "env", "file", "extra_vars",
    }:  # fmt: skip
        return "Additional properties are not allowed"
    for name, template in thing["injectors"].get("env", {}).items():
        if name.startswith("ANSIBLE_") or name in BLOCKED:
            return f"Environment variable {name} is not allowed to be used in credentials."
        if not template.isascii():
            return "The value of an environment variable has to be ASCII"
    try:
        rendered({"env": {}, **thing["injectors"]}, {field["id"]: "EXAMPLE" for field in fields})
    except jinja2.UndefinedError as exc:
        return f"uses an undefined field ({exc})"
    return None


def survey_problem(survey: Thing) -> str | None:
    """Return AWX's complaint about a survey, or None."""
    for name, kind in (("name", str), ("description", str), ("spec", list)):
        if not isinstance(survey.get(name), kind):
            return f"Field '{name}' is missing from survey spec, or has a wrong type."
    for number, question in enumerate(survey["spec"]):
        for name in ("type", "question_name", "variable"):
            if not isinstance(question.get(name), str):
                return f"'{name}' in survey question {number} expected to be string."
        if not isinstance(question.get("required"), bool):
            return f"'required' in survey question {number} expected to be boolean."
        if question["type"] not in ANSWERS:
            return f"'{question['type']}' is not one of the allowed question types."
        default = question.get("default", "")
        if default != "" and not isinstance(default, ANSWERS[question["type"]]):
            return f"Default value {default} in survey question {number} has a wrong type."
        for name in ("min", "max"):
            if not isinstance(question.get(name, 0), int):
                return f"The {name} limit in survey question {number} expected to be integer."
    return None

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX refuses of the surveys of templates."""

from __future__ import annotations

import typing as t

from .refusal import Refusal

ANSWERS: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "textarea": str,
    "password": str,
    "multiplechoice": str,
    "multiselect": str,
    "integer": int,
    "float": (int, float),
}
PARTS = (("name", str, "string"), ("description", str, "string"), ("spec", list, "list of items"))


def check(survey: t.Any) -> None:
    """Refuse a survey that AWX refuses."""
    problem = _problem_outside(survey) or _problem_inside(survey["spec"])
    if problem:
        raise Refusal(400, {"error": problem})


def _problem_outside(survey: t.Any) -> str | None:
    for name, kind, label in PARTS:
        if name not in survey:
            return f"Field '{name}' is missing from survey spec."
        if not isinstance(survey[name], kind):
            given = type(survey[name]).__name__
            return f"Expected {label} for field '{name}', received {given} type."
    return None if survey["spec"] else "'spec' doesn't contain any items."


def _problem_inside(spec: list[t.Any]) -> str | None:
    seen = set()
    for number, question in enumerate(spec):
        if not isinstance(question, dict):
            return f"Survey question {number} is not a json object."
        problem = _problem_of_keys(question, number)
        if problem:
            return problem
        if question["variable"] in seen:
            return f"'variable' '{question['variable']}' duplicated in survey question {number}."
        seen.add(question["variable"])
        problem = _problem_of_values(question, number) or _problem_of_choices(question, number)
        if problem:
            return problem
    return None


def _problem_of_keys(question: dict[str, t.Any], number: int) -> str | None:
    for name in ("type", "question_name", "variable", "required"):
        kind, label = (bool, "boolean") if name == "required" else (str, "string")
        if name not in question:
            return f"'{name}' missing from survey question {number}"
        if not isinstance(question[name], kind):
            return f"'{name}' in survey question {number} expected to be {label}."
    return None


def _problem_of_values(question: dict[str, t.Any], number: int) -> str | None:
    kind = question["type"]
    if kind not in ANSWERS:
        allowed = ", ".join(ANSWERS)
        text = f"'{kind}' in survey question {number} is not one of '{allowed}' allowed"
        return f"{text} question types."
    default = question.get("default", "")
    if default != "" and not isinstance(default, ANSWERS[kind]):
        label = kind if kind in ("integer", "float") else "string"
        return f"Default value {default} in survey question {number} expected to be {label}."
    for name in ("min", "max"):
        if question.get(name) is not None and not isinstance(question[name], int):
            return f"The {name} limit in survey question {number} expected to be integer."
    return None


def _problem_of_choices(question: dict[str, t.Any], number: int) -> str | None:
    kind = question["type"]
    if kind not in ("multiplechoice", "multiselect"):
        return None
    if "choices" not in question:
        return f"Survey question {number} of type {kind} must specify choices."
    defaults = str(question.get("default", "")).split("\n") if question.get("default") else []
    if kind == "multiplechoice" and len(defaults) > 1:
        return "Multiple Choice (Single Select) can only have one default value."
    if any(one not in question["choices"] for one in defaults):
        return "Default choice must be answered from the choices listed."
    return None

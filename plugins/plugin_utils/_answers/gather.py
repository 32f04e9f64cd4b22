# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gathers the facts of a rented machine, and drops what is not one."""

from __future__ import annotations

import typing as t

from .facts import INTERPRETER, TooMuch, acted_on, interpreter_of, sound_facts
from .machine_action import MachineAction, NoAnswer

_SHOWN = 20


class NoFacts(Exception):
    """The machine gave no facts. The text says why, in one printable line."""


def gather(
    action: MachineAction, subset: list[str], seconds: float, task_vars: dict[str, t.Any]
) -> dict[str, t.Any]:
    """Return ``ansible_facts``, and in ``left_out`` the names of what was dropped. Raises NoFacts.

    The module ansible.builtin.setup may take ``seconds`` for the facts in ``subset``.
    """
    arguments = {"gather_subset": subset}
    try:
        answer = action.ask(
            "ansible.builtin.setup", arguments, seconds, task_vars, keys=("ansible_facts",)
        )
        sent = answer.get("ansible_facts")
        facts, left_out = sound_facts(sent, acted_on(action._connection))
    except (NoAnswer, TooMuch) as exc:
        raise NoFacts(str(exc)) from None
    if not facts:
        raise NoFacts("The machine returned no facts.")
    facts.update(interpreter_of(sent))
    left_out = [name for name in left_out if name != INTERPRETER]
    return {"ansible_facts": facts, "left_out": left_out[:_SHOWN]}

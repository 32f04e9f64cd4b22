# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a machine fared in the main job, by what the job left in its variables."""

from __future__ import annotations

import json
import typing as t

from ansible.errors import AnsibleError
from ansible.module_utils.common.text.converters import to_text
from ansible.module_utils.parsing.convert_bool import boolean
from jinja2 import Undefined

from ...module_utils._text import printable

NO_GPU = (
    "There is no sign of a GPU, but the machines of an offer have GPUs. Is this the machine you "
    "ordered? To go on without looking, set compute_desk_gpu_verify=false"
)
UNCHECKED = "lost before its first check, see above"
LOST = "lost on the way, see above"
STOPPED = "stopped, because a task with run_once or any_errors_fatal failed on another machine"

_LENGTH = 600


class Host:
    """The variables of a host, without those that the machine itself has set.

    A machine's facts can become variables. What the job sets stands above them; so a variable that
    is among the facts was set by the job only if it has another value there.
    """

    def __init__(self, variables: t.Any) -> None:
        self._variables = variables if isinstance(variables, t.Mapping) else {}
        self.facts = _mapping(self._read("ansible_facts"))
        self._of_play: t.Mapping[str, t.Any] = {}
        of_play = _mapping(self.mapping("compute_desk_checked").get("play_vars"))
        self._of_play = _mapping(of_play.get(self._read("inventory_hostname")))

    def get(self, name: str) -> t.Any:
        """Return a variable, or None if it is absent, from the machine, or cannot be read."""
        if name in self._of_play:
            return self._of_play[name]
        value = self._read(name)
        # Ansible leaves out how the names of facts begin.
        for fact in (name, name[len("ansible_") :] if name.startswith("ansible_") else name):
            if fact in self.facts and _same(self.facts[fact], value):
                return None
        return value

    def mapping(self, name: str) -> t.Mapping[str, t.Any]:
        """Return a variable that is a dictionary; an empty one in place of anything else."""
        return _mapping(self.get(name))

    def flag(self, name: str, default: bool = False) -> bool:
        """Return whether a variable is true."""
        value = self.get(name)
        known = isinstance(value, (bool, int, str))
        return bool(boolean(value, strict=False)) if known else default

    @property
    def wants_gpus(self) -> bool:
        """Whether the main job looks at its GPUs."""
        return self.flag("compute_desk_gpu_verify", default=True)

    def _read(self, name: str) -> t.Any:
        # A template of the user's own can be wrong, and matters to the host, not to the summary.
        try:
            value = self._variables.get(name)
        except AnsibleError:
            return None
        # That is how ansible-core 2.19 says it inside of a template.
        return None if isinstance(value, Undefined) else value


def problem_of_machine(machine: t.Mapping[str, t.Any], host: Host, lost: bool) -> str | None:
    """Return why a machine of the run is not configured, or None if it is.

    ``lost`` says whether Ansible gave the host up.
    """
    if machine.get("state") == "started":
        return problem_of_host(host, lost)
    if not machine.get("message"):
        return "It did not answer before the end."
    return _sentence(machine)


def problem_of_host(host: Host, lost: bool) -> str | None:
    """Return why a host that was started is not configured, or None if it is."""
    result = host.get("instance_ready_result")
    if not isinstance(result, t.Mapping) or "ok" not in result:
        return UNCHECKED
    if not result["ok"]:
        return _sentence(result)
    return _problem_of_gpus(host) or _problem_of_roles(host, lost)


def _problem_of_gpus(host: Host) -> str | None:
    report = host.mapping("gpu_verify_report")
    verdict = report.get("verdict")
    strict = host.get("gpu_verify_on_inconclusive") == "fail"
    bad = verdict == "fail" or (verdict == "inconclusive" and strict)
    if bad and host.flag("gpu_verify_fail", default=True):
        return (
            printable(" ".join(map(to_text, _list(report.get("reasons")))), _LENGTH)
            or "no reason given"
        )
    expected = _mapping(report.get("expected")).get("count")
    if verdict == "no_gpu" and expected != 0 and host.wants_gpus:
        return NO_GPU
    return None


def _problem_of_roles(host: Host, lost: bool) -> str | None:
    # A role can have failures of its own that it has dealt with; this is set after the others.
    if not host.flag("compute_desk_failed"):
        return LOST if lost else None
    result = host.mapping("ansible_failed_result")
    task = host.mapping("ansible_failed_task")
    if not result and not task:
        return STOPPED
    name = task.get("name") or task.get("action") or "a task"
    message = result.get("msg") or "failed"
    if result.get("_ansible_no_log") or task.get("no_log"):
        message = "failed, and no_log hides why"
    return printable(f"{to_text(name)}: {to_text(message)}", _LENGTH)


def _sentence(told: t.Mapping[str, t.Any]) -> str:
    """Return kind, message and hint as one text."""
    text = " ".join(to_text(told[key]) for key in ("message", "hint") if told.get(key))
    return printable(": ".join(filter(None, [to_text(told.get("kind") or ""), text])), _LENGTH)


def _same(fact: t.Any, value: t.Any) -> bool:
    """Return whether both are the same data. By their JSON, in which NaN is like NaN."""
    one, other = (json.dumps(data, default=to_text, skipkeys=True) for data in (fact, value))
    return one == other


def _mapping(value: t.Any) -> t.Mapping[str, t.Any]:
    return value if isinstance(value, t.Mapping) else {}


def _list(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else []

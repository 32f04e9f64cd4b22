# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waits on the controller until machines can start: their offers are ready, and they answer."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.release import __version__

from ..module_utils._options import OptionError
from ..plugin_utils._answers.controller_action import ControllerAction
from ..plugin_utils._live.task_environment import environment_of_a_module
from ..plugin_utils._round.together import CHOICES, OFFER

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "hosts": {"type": "str"},
    "allow_no_hosts": {"type": "bool", "default": False},
    "together": {"type": "str", "default": OFFER, "choices": list(CHOICES)},
    "machine_timeout": {"type": "float", "default": 300},
    "last_round": {"type": "bool", "default": True},
    "previous": {"type": "dict"},
}


class ActionModule(ControllerAction):
    """Asks the API and the machines from the process of the task."""

    @classmethod
    def arguments(cls) -> dict[str, dict[str, t.Any]]:
        """Return the options: those of a wait for offers, which are not required, and ours."""
        # Imported in the process of the task, see offer_status.
        from ..module_utils._offers.arguments import argument_spec

        spec = argument_spec()
        spec["offer_ids"] = {**spec["offer_ids"], "required": False}
        return {**{name: spec[name] for name in set(spec) - {"wait", "independent"}}, **ARGUMENTS}

    def act(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the machines that can start, and what is left for the next round."""
        redact: t.Callable[[t.Any], t.Any] = dict
        try:
            with environment_of_a_module(self):
                task = _task(options, task_vars, no_log=self._task.no_log)
                if task.settings:
                    redact = task.settings.token.redact_all
                return _plain(redact(task.run(self._task.check_mode)))
        except OptionError as exc:
            raise AnsibleActionFail(redact({"msg": str(exc)})["msg"]) from None


def _task(options: dict[str, t.Any], task_vars: dict[str, t.Any], *, no_log: bool) -> t.Any:
    from ..plugin_utils._round.inventory import Inventory
    from ..plugin_utils._round.task import Task

    inventory = Inventory(task_vars["hostvars"], options["machine_timeout"])
    host = str(task_vars.get("inventory_hostname", "localhost"))
    agent = f"wait_for_machines; ansible-core/{__version__}"
    return Task(options, inventory, host, agent=agent, no_log=no_log)


def _plain(result: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return plain data that nobody takes for a template."""
    import json

    from ansible.utils.unsafe_proxy import wrap_var

    plain: dict[str, t.Any] = wrap_var(json.loads(json.dumps(result)))
    return plain

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Task: all of wait_for_machines, from options to result."""

from __future__ import annotations

import time
import typing as t

from ...module_utils._api.client import SupplyClient
from ...module_utils._api.settings import Settings
from ...module_utils._api.transport import HAS_REQUESTS, how_to_get_requests
from ...module_utils._offers.hosts import HostOptions, host_records
from ...module_utils._offers.news import News
from ...module_utils._offers.offer import EXPIRED, checked_offer_ids
from ...module_utils._offers.offer import FAILED as OFFER_FAILED
from ...module_utils._offers.polling import Polling
from ...module_utils._offers.terms import WaitOptions, WaitReport
from ...module_utils._offers.watch import Watch
from ...module_utils._options import OptionError, checked_number
from ...module_utils._text import quoted
from .._first_contact.problem import NOT_YET, Problem
from .._live.progress import Progress
from .._live.screen import Heartbeat, show
from . import together
from .address import Route, route_to, second_opinion
from .greeting import ask_for_greeting
from .inventory import Inventory, give_up_if_taken, new_machine
from .machine import FAILED, STARTED, WAITING, Machine
from .progress import RoundProgress
from .result import message, no_previous, offer_entries, read_previous
from .round import Offers, Round, Rules

_WHAT_TO_SET = (
    "Set compute_desk_offer_ids to the IDs of your offers, for example with "
    "-e compute_desk_offer_ids=4f9d2c1e-8a37-4b65-9d0e-2c7f81a6b3d4, or give an inventory of the "
    "plugin compute_desk.supply.instances that has machines"
)
# How long one look at a machine may take.
_LOOK = 10.0


class Task:
    """One run of wait_for_machines. Raises OptionError for an option that cannot be used."""

    def __init__(
        self,
        options: dict[str, t.Any],
        inventory: Inventory,
        host: str,
        *,
        agent: str,
        no_log: bool,
    ) -> None:
        """``host`` is that of the task, ``agent`` who asks the API."""
        self._options = options
        self._inventory = inventory
        self._host = host
        self._agent = agent
        self._no_log = no_log
        self._now = time.time()
        self.settings = Settings.from_options(options) if options["offer_ids"] else None
        given = options["previous"]
        self._previous = read_previous(given) if given else no_previous(self._now)
        names = [name for name in WaitOptions.names() if options[name] is not None]
        self._wait_options = WaitOptions(**{name: options[name] for name in names})
        checked_number("machine_timeout", options["machine_timeout"], at_least=0)
        checked_number("progress_interval", options["progress_interval"], at_least=1)
        self._routes: dict[str, Route] = {}
        self._told: set[str] = set()

    def run(self, check_mode: bool) -> dict[str, t.Any]:
        """Return the result of the task."""
        machines = self._known_machines()
        watches = self._watches()
        allows_none = self._options["allow_no_hosts"] and self._options["hosts"]
        if not machines and not watches and not allows_none:
            pattern = quoted(self._options["hosts"] or "")
            raise OptionError(
                "offer_ids", f"is empty, and no host matches {pattern}. {_WHAT_TO_SET}"
            )
        passed = time.time() - self._previous.began_at
        began = time.monotonic() - passed
        options = self._options
        offer_progress = Progress(
            self._host,
            options["wait_timeout"],
            min_instances=options["min_instances"],
            hides_offers=self._no_log,
            began=began,
        )
        wait = self._wait(watches, began, offer_progress) if watches else None
        offers = Offers(wait, watches, options["min_instances"], self._machines_of)
        lines = RoundProgress(self._host, time.time, self._no_log)
        rules = Rules(options["together"], options["last_round"], looks_once=check_mode)
        this_round = Round(
            machines,
            offers,
            rules,
            self._look,
            on_news=lambda changed, now: lines.show(changed, now.silent),
        )

        def beat() -> None:
            if offers.undecided:
                offer_progress.beat()
            lines.still_waiting(this_round.silent)

        with Heartbeat(beat, options["progress_interval"]):
            chosen = this_round.run()
        report = wait.report() if wait else WaitReport([], passed, True)
        return self._result(this_round, chosen, offers, report)

    # What is waited for

    def _known_machines(self) -> list[Machine]:
        """Return the machines of the inventory, or those of the rounds before."""
        if not self._previous.round:
            pattern = self._options["hosts"]
            names = self._inventory.matching(pattern) if pattern else []
            machines = [
                Machine(name, self._inventory.offer_of(name), since=self._now) for name in names
            ]
        else:
            machines = self._previous.machines
            waited = [(one, one.record) for one in machines if one.record and one.state == WAITING]
            self._inventory.add([record for _machine, record in waited])
            for machine, record in waited:
                # Your roles may have added hosts and groups since.
                give_up_if_taken(machine, record, self._inventory)
        for machine in machines:
            if machine.state == STARTED and self._is_put_off(machine.name):
                machine.state, machine.answers = WAITING, True
            if machine.state == WAITING:
                self._prepare(machine)
        return machines

    def _is_put_off(self, name: str) -> bool:
        found = self._inventory.trusted(name, "instance_ready_result")
        return isinstance(found, t.Mapping) and found.get("kind") == NOT_YET

    def _watches(self) -> list[Watch]:
        if self._previous.round:
            return self._previous.watches()
        given = self._options["offer_ids"]
        return [Watch(offer_id) for offer_id in checked_offer_ids(given)] if given else []

    def _wait(self, watches: list[Watch], began: float, progress: Progress) -> Polling:
        if not HAS_REQUESTS:
            raise OptionError("offer_ids", how_to_get_requests())
        if self.settings is None:
            raise OptionError("offer_ids", "are needed as long as an offer is waited for")

        def tell(news: News) -> None:
            ends = (OFFER_FAILED, EXPIRED)
            self._told |= {w.offer_id for w in news.changed if w.phase in ends or w.has_final_error}
            progress(news)

        return Polling(
            SupplyClient(self.settings, self._agent),
            watches,
            self._wait_options,
            on_news=tell,
            independent=True,
            began=began if self._previous.round else None,
        )

    def _machines_of(self, watch: Watch) -> list[Machine]:
        """Return the machines of an offer that is ready. Raises HostNameClash."""
        options = HostOptions(self._options["ssh_host_key_policy"])
        found = host_records([watch.offer] if watch.offer else [], options)
        now = time.time()
        machines = [
            new_machine(one, self._inventory, now) for one in self._inventory.add(found.records)
        ]
        for machine in machines:
            if machine.state == WAITING:
                self._prepare(machine)
        return machines

    def _prepare(self, machine: Machine) -> None:
        """Find out where a machine is asked, and how long it may be silent."""
        machine.timeout = self._inventory.timeout_of(machine.name)
        route = route_to(self._inventory.variables(machine.name))
        if route is None:
            machine.answers = True
        else:
            machine.address = route.shown
            self._routes[machine.name] = route

    def _look(self, machine: Machine) -> Problem | None:
        """Return why a machine does not answer. Called in a thread."""
        route = self._routes[machine.name]
        problem = ask_for_greeting(route.target, _LOOK)
        if problem is None or not route.command:
            return problem
        where = second_opinion(route)
        if where is None:
            # Behind a jump host of ssh's own configuration.
            return None
        self._routes[machine.name] = Route(where, [])
        return problem if where == route.target else ask_for_greeting(where, _LOOK)

    # What it came to

    def _result(
        self, this_round: Round, chosen: list[Machine], offers: Offers, report: WaitReport
    ) -> dict[str, t.Any]:
        entries, warnings = offer_entries(self._previous, report, offers, self._wait_options)
        untold = {watch.offer_id for watch in offers.failed} - self._told
        for entry in entries:
            if entry["offer_id"] in untold:
                self._say(entry["message"])
        machines = this_round.machines
        has_failed = any(one.state == FAILED for one in machines) or any(
            entry["state"] == FAILED for entry in entries
        )
        is_off = self._options["together"] == together.ALL and has_failed
        if is_off:
            together.prevent_all(machines)
        is_left = any(one.state == WAITING for one in machines) or bool(offers.undecided)
        return {
            "failed": has_failed and (is_off or self._options["last_round"]),
            "msg": message(chosen, machines, entries),
            "round": self._previous.round + 1,
            "began_at": self._previous.began_at,
            "ended_at": time.time(),
            "hosts": [machine.record or {"name": machine.name} for machine in chosen],
            "waiting": is_left and not is_off,
            "machines": [machine.as_entry() for machine in machines],
            "offers": entries,
            "warnings": warnings,
        }

    def _say(self, text: str) -> None:
        if not self._no_log:
            show(self._host, text, "bad")

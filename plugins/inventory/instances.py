# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: instances
short_description: Hosts from the instances of Compute Desk offers
version_added: 1.0.0
description:
  - Reads offers from the Supply API and adds a host for each instance that is running and has a valid address.
  - You get all hosts or an error, never half an inventory. An offer that cannot be read fails the whole source, unless
    O(on_error) says otherwise. An unusable instance is left out with a warning, and the others load.
  - Hosts and their variables are the same as in RV(compute_desk.supply.offer_status#module:hosts) of
    M(compute_desk.supply.offer_status).
  - "Any YAML file (C(.yml) or C(.yaml)) with the line C(plugin: compute_desk.supply.instances) is a source."
  - Options about the API and its offers can also come from environment variables.
  - In the file, string options and the elements of lists are templates, and can use variables given with C(-e).
    O(hostnames), O(filters), O(exclude_filters), O(compose), O(groups) and O(keyed_groups) are expressions
    (without braces) over the variables of one host.
  - Text from the API is data. It never becomes a template, an ssh argument or a file name.
author:
  - Compute Desk collection maintainers (@compute-desk)
extends_documentation_fragment:
  - compute_desk.supply._connection
  - compute_desk.supply._connection.plugin
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: Marks the file as a source for this plugin.
    type: str
    required: true
    choices: [compute_desk.supply.instances]
  offer_ids:
    description:
      - The IDs of the offers, as a list or separated by commas. An ID given twice counts once.
    type: list
    elements: str
    required: true
    aliases: [offer_id]
    env:
      - name: COMPUTE_DESK_OFFER_IDS
  address:
    description:
      - Which address of an instance becomes C(ansible_host). An instance without that address is not usable.
      - V(internal) addresses can be reached only from within the vendor's network, or through a bastion.
    type: str
    choices: [external, internal]
    default: external
    env:
      - name: COMPUTE_DESK_ADDRESS
  hostnames:
    description:
      - Expressions for the name of a host. The first result that is not empty is used.
      - The default name is the name of the instance and the end of its ID. It is the same in every run.
      - Characters other than letters, digits, dot, underscore and dash become dashes, and so does the dot of a last C(.yml),
        C(.yaml) or C(.json).
      - Two hosts with the same name are an error, and so is a host with the name of a group.
    type: list
    elements: str
    default: []
    env:
      - name: COMPUTE_DESK_HOSTNAMES
  filters:
    description:
      - Expressions that must all be true for a host to be added.
      - An expression that fails, or is neither true nor false, is an error.
    type: list
    elements: str
    default: []
    env:
      - name: COMPUTE_DESK_FILTERS
  exclude_filters:
    description:
      - Expressions that must all be false for a host to be added. Otherwise like O(filters).
    type: list
    elements: str
    default: []
    env:
      - name: COMPUTE_DESK_EXCLUDE_FILTERS
  include_unusable:
    description:
      - Whether to add unusable instances too, with C(compute_desk_usable=false). AWX can disable such hosts by that
        variable instead of deleting them.
      - They are in the group C(compute_desk_unusable) only, whatever O(groups) and O(keyed_groups) say.
      - One without an address gets the C(ansible_host) V(no-address.invalid), which never resolves.
    type: bool
    default: false
    env:
      - name: COMPUTE_DESK_INCLUDE_UNUSABLE
  min_hosts:
    description:
      - Fail the source if it has fewer hosts than this. Only usable instances that pass the filters count.
    type: int
    default: 0
    env:
      - name: COMPUTE_DESK_MIN_HOSTS
  on_error:
    description:
      - What to do about an offer that cannot be read.
      - V(fail) makes the source an error.
      - V(skip) leaves out the machines of that offer, with a warning. Consider O(min_hosts) then.
      - V(stale) uses the last stored answer for that offer, with a warning and C(compute_desk_stale=true). If there is
        none, or it is older than O(stale_max_age), the source is an error. This needs O(cache).
    type: str
    choices: [fail, skip, stale]
    default: fail
    env:
      - name: COMPUTE_DESK_ON_ERROR
  stale_max_age:
    description:
      - How many seconds old an answer may be for O(on_error=stale).
    type: float
    default: 86400
    env:
      - name: COMPUTE_DESK_STALE_MAX_AGE
  ssh_host_key_policy:
    description:
      - How SSH checks the host keys of the machines. Sets C(ansible_ssh_common_args).
      - V(accept_new) remembers the key of an instance under its ID at the first connection, and refuses a changed key.
        The key of another machine that had the same address before does not matter.
      - V(strict) also looks keys up under the ID of the instance, but accepts only known ones.
      - V(unmanaged) sets nothing.
    type: str
    choices: [accept_new, strict, unmanaged]
    default: accept_new
    env:
      - name: COMPUTE_DESK_SSH_HOST_KEY_POLICY
notes:
  - A list that is given as one text, as in an environment variable, is separated by commas. An expression that contains
    a comma has to be an element of a list in the file.
  - Groups are C(compute_desk), C(compute_desk_offer_ID) with underscores for the dashes of the ID, and
    C(compute_desk_zone_ZONE).
  - To log in as another user or at another port than the API suggests, set C(ansible_user) or C(ansible_port) with
    O(compose).
  - After a transient error, the offer is requested again, three times in all. No attempt begins later than
    O(request_timeout) after the first one.
  - C(ansible-inventory) and C(ansible-playbook) go on when a source fails. Set E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) to
    V(true), or C(any_unparsed_is_failed) in C(ansible.cfg), to make them stop.
  - With O(cache), answers are stored under a key made of the API's address, the offer IDs and the token. Only offers
    that are ready with all instances usable are used from the cache without asking, for O(cache_timeout) seconds.
    The default cache plugin, C(memory), stores nothing beyond one run.
seealso:
  - module: compute_desk.supply.offer_status
"""

EXAMPLES = r"""
# The first line is enough if everything else comes from environment variables. The guide "From offers to inventory"
# has a configuration for each common case.
plugin: compute_desk.supply.instances

# The token comes from a file, and the offers from -e my_offers=ID1,ID2.
api_token_file: ~/.compute-desk-token
offer_ids: "{{ my_offers }}"

# Answers are stored, and stand in while the API is down, for an hour.
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/compute-desk
on_error: stale
stale_max_age: 3600
min_hosts: 1

# Your own names, groups and variables.
filters:
  - compute_desk_zone.startswith('eu-')
hostnames:
  - compute_desk_instance_name ~ '.gpu'
compose:
  gpu_zone: compute_desk_zone | upper
  ansible_user: "'ubuntu'"
keyed_groups:
  - key: compute_desk_zone
    prefix: zone
"""

import time
import typing as t
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace

from ansible import constants as C
from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.release import __version__ as ansible_version

from ..module_utils._api.client import Exchange, SupplyClient
from ..module_utils._api.settings import CONNECTION_OPTIONS, Settings
from ..module_utils._api.transport import HAS_REQUESTS, how_to_get_requests
from ..module_utils._offers.hosts import HostNameClash, HostOptions
from ..module_utils._offers.offer import checked_offer_ids
from ..module_utils._offers.words import offer_line
from ..module_utils._options import OptionError, checked_number
from ..plugin_utils._inventory.cache import open_cache, stored_offers
from ..plugin_utils._inventory.gather import (
    STALE,
    Gathered,
    GatherOptions,
    SourceUnreadable,
    gather,
)
from ..plugin_utils._inventory.hosts import SourceHosts
from ..plugin_utils._inventory.source import (
    check_expressions,
    names_plugin,
    refuse_unknown_options,
)
from ..plugin_utils._inventory.stored import StoredOffer, entry_key, to_entry
from ..plugin_utils._inventory.templated import templated

# Evaluated for each host, and not when the file is read.
EXPRESSIONS = ("hostnames", "filters", "exclude_filters", "compose", "groups", "keyed_groups")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Options to settings, answers to host records, records to hosts."""

    NAME = "compute_desk.supply.instances"

    def verify_file(self, path: str) -> bool:
        """Return whether a file is a source of ours, whatever its name."""
        return super().verify_file(path) and names_plugin(path, self.NAME)

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Add the hosts of the source, or raise AnsibleParserError."""
        super().parse(inventory, loader, path, cache)
        if not HAS_REQUESTS:
            raise AnsibleParserError(how_to_get_requests())
        try:
            self._read_config_data(path)
            self._load(use_cache=cache)
        except (OptionError, HostNameClash, SourceUnreadable) as exc:
            raise AnsibleParserError(str(exc)) from None

    def set_options(
        self, task_keys: t.Any = None, var_options: t.Any = None, direct: t.Any = None
    ) -> None:
        """Check the names of the options and evaluate their templates, before their types."""
        given = dict(direct or {})
        refuse_unknown_options(given, self._option_names())
        if {"offer_ids", "offer_id"} <= set(given):
            raise OptionError("offer_id", "is another name of offer_ids; give only one of them")
        self.templar.available_variables = self._vars or {}
        self._given = templated(given, EXPRESSIONS, self.templar)
        super().set_options(task_keys=task_keys, var_options=var_options, direct=self._given)

    def _load(self, use_cache: bool) -> None:
        # Not get_option: Settings has to know whether a token came from the file or a variable.
        settings = Settings.from_options({n: self._given.get(n) for n in CONNECTION_OPTIONS})
        offer_ids = checked_offer_ids(self.get_option("offer_ids"))
        names = ("ssh_host_key_policy", "address", "include_unusable")
        options = HostOptions(**{name: self.get_option(name) for name in names})
        gather_options = self._gather_options(use_cache)
        check_expressions(self.get_option, self._definitions()["keyed_groups"]["suboptions"])
        key = entry_key(settings.api_url, offer_ids, settings.token.current())
        stored = self._stored(key)
        with self._client(settings) as client:
            gathered = gather(
                client, offer_ids, gather_options, options.is_settled, stored, time.time()
            )
        options = replace(options, stale_offers=frozenset(gathered.stale))
        warnings = SourceHosts(self).add(gathered.offers, options)
        self._show(gathered, options, warnings)
        if self.get_option("cache"):
            # Our caller writes it to the cache, if it has changed.
            self._cache[key] = to_entry(gathered.stored)

    def _option_names(self) -> set[str]:
        """Return the names of all options, aliases and those of Ansible's fragments included."""
        definitions = self._definitions()
        aliases = [alias for one in definitions.values() for alias in one.get("aliases") or []]
        return {*definitions, *aliases, "plugin"}

    def _definitions(self) -> dict[str, t.Any]:
        """Return the documentation of all options, by name."""
        found: dict[str, t.Any] = C.config.get_configuration_definitions(
            "inventory", self._load_name
        )
        return found

    def _gather_options(self, use_cache: bool) -> GatherOptions:
        on_error, stored = self.get_option("on_error"), self.get_option("cache")
        if on_error == STALE and not stored:
            raise OptionError("on_error", "stale needs cache: true, for answers to fall back on")
        age = checked_number("stale_max_age", self.get_option("stale_max_age"), at_least=0)
        timeout = checked_number("cache_timeout", self.get_option("cache_timeout"), at_least=0)
        # As everywhere in Ansible, 0 is for ever.
        fresh_for = (timeout or float("inf")) if stored and use_cache else None
        return GatherOptions(on_error, age, fresh_for)

    def _stored(self, key: str) -> dict[str, StoredOffer]:
        if not self.get_option("cache"):
            return {}
        self._cache = open_cache(self)
        return stored_offers(self._cache, key, self.display.warning)

    @contextmanager
    def _client(self, settings: Settings) -> t.Iterator[SupplyClient]:
        """Lend a client, and show its requests in the end."""
        exchanges: list[Exchange] = []
        asking = f"instances; ansible-core/{ansible_version}"
        try:
            yield SupplyClient(settings, asking, exchanges.append)
        finally:
            self._show_exchanges(exchanges)

    def _show(self, gathered: Gathered, options: HostOptions, warnings: list[str]) -> None:
        """Warn of whatever is not as it should be; with -v, show each offer."""
        for offer in gathered.offers:
            line = offer_line(offer, options, offer.offer_id in gathered.stale)
            # Unusable hosts say why they are; of an offer without any, nothing else does.
            is_listed = options.include_unusable and bool(offer.instances)
            if options.is_settled(offer) or is_listed:
                self.display.v(line)
            else:
                self.display.warning(line)
        for warning in [*gathered.warnings, *warnings]:
            self.display.warning(warning)

    def _show_exchanges(self, exchanges: list[Exchange]) -> None:
        attempts: Counter[str] = Counter()
        for one in exchanges:
            attempts[one.path] += 1
            self.display.vvv(
                f"{one.method} {one.path}: {one.outcome}, {one.milliseconds} ms, "
                f"attempt {attempts[one.path]}"
            )

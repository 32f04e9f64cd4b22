# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: instances
short_description: Hosts from the instances of Compute Desk offers
version_added: 0.1.0
description:
  - Reads offers from the Supply API, and makes a host of every instance that is running and has an address.
  - What it shows is complete, or it is an error. An offer that cannot be read fails the whole source, unless
    O(on_error) says otherwise. An instance that is not usable is left out with a warning, and the others load.
  - Hosts and their variables are the very ones that M(compute_desk.supply.offer_status) returns as RV(compute_desk.supply.offer_status#module:hosts).
  - Any file whose name ends in C(.yml) or C(.yaml) and that says C(plugin=compute_desk.supply.instances) is a source.
    A file with nothing else in it takes everything from environment variables.
  - Options that are strings, and the elements of lists, are templates; variables given with C(-e) can be used in them.
    O(hostnames), O(filters), O(exclude_filters), O(compose), O(groups) and O(keyed_groups) are expressions
    (without braces) over the variables of one host.
  - Texts from the API are data. They are never templates, never ssh arguments, and never file names.
author:
  - Compute Desk (@compute-desk)
extends_documentation_fragment:
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
      - The ids of the offers, as a list or separated by commas. Each counts once.
    type: list
    elements: str
    required: true
    aliases: [offer_id]
    env:
      - name: COMPUTE_DESK_OFFER_IDS
  address:
    description:
      - Which address of an instance becomes C(ansible_host). Instances without that one are not usable.
      - With V(internal) the machines have to be reached from within, or through a bastion.
    type: str
    choices: [external, internal]
    default: external
    env:
      - name: COMPUTE_DESK_ADDRESS
  hostnames:
    description:
      - Expressions for the name of a host. The first one that gives something that is not empty wins.
      - Without any, and where all are empty, it is the name of the instance and the end of its id, which stays the same
        in every run.
      - Characters other than letters, digits, dot, underscore and dash become dashes.
      - Two hosts of one name are an error.
    type: list
    elements: str
    default: []
    env:
      - name: COMPUTE_DESK_HOSTNAMES
  filters:
    description:
      - Expressions that all have to be true for a host to be added.
      - One that fails, or gives anything but true and false, is an error.
    type: list
    elements: str
    default: []
    env:
      - name: COMPUTE_DESK_FILTERS
  exclude_filters:
    description:
      - Expressions of which none may be true for a host to be added. Otherwise like O(filters).
    type: list
    elements: str
    default: []
    env:
      - name: COMPUTE_DESK_EXCLUDE_FILTERS
  include_not_ready:
    description:
      - Whether instances that are not usable become hosts too, with C(compute_desk_usable=false). AWX can disable them by
        that variable instead of deleting them.
      - They are in the group C(compute_desk_not_ready) only. One without an address gets the C(ansible_host)
        V(no-address.invalid), which nothing answers to.
    type: bool
    default: false
    env:
      - name: COMPUTE_DESK_INCLUDE_NOT_READY
  min_hosts:
    description:
      - With fewer hosts than this, the source is an error. Counted are usable instances that pass the filters.
    type: int
    default: 0
    env:
      - name: COMPUTE_DESK_MIN_HOSTS
  on_error:
    description:
      - What becomes of an offer that cannot be read.
      - With V(fail) the source is an error.
      - With V(skip) the machines of that offer are left out, with a warning. Consider O(min_hosts) then.
      - With V(stale) the last stored answer of that offer is served, with a warning and C(compute_desk_stale=true). Without
        one that is young enough, the source is an error. It needs O(cache).
    type: str
    choices: [fail, skip, stale]
    default: fail
    env:
      - name: COMPUTE_DESK_ON_ERROR
  stale_max_age:
    description:
      - How many seconds old an answer may be to be served with O(on_error=stale).
    type: float
    default: 86400
    env:
      - name: COMPUTE_DESK_STALE_MAX_AGE
  ssh_host_key_policy:
    description:
      - How SSH treats the host keys of the machines, by C(ansible_ssh_common_args).
      - With V(accept_new) the key of an instance is remembered under its id at the first connection. A changed key ends
        the connection, while the key of another machine that had the same address before does not matter.
      - With V(strict) keys are looked up under the id of the instance as well, and have to be known before.
      - With V(unmanaged) nothing is set.
    type: str
    choices: [accept_new, strict, unmanaged]
    default: accept_new
    env:
      - name: COMPUTE_DESK_SSH_HOST_KEY_POLICY
  ansible_user:
    description:
      - The user to log in as, instead of the one that the API suggests, which is C(root) if it suggests none.
    type: str
    env:
      - name: COMPUTE_DESK_ANSIBLE_USER
  ansible_port:
    description:
      - The port to log in at, instead of the one that the API suggests, which is 22 if it suggests none.
    type: int
    env:
      - name: COMPUTE_DESK_ANSIBLE_PORT
notes:
  - A list in an environment variable is separated by commas, so an expression with a comma in it has to be in the file.
  - Groups are C(compute_desk), C(compute_desk_offer_ID) with underscores for the dashes of the id, and
    C(compute_desk_zone_ZONE).
  - C(ansible-inventory) and C(ansible-playbook) go on when a source fails. Set E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) to
    V(true), or C(any_unparsed_is_failed) in C(ansible.cfg), to have them stop.
  - With O(cache), answers are stored under a key made of the API's address, the offer ids and the token. Only offers
    that are ready with all their instances usable are served from there without asking, for O(cache_timeout) seconds.
    The default cache plugin, C(memory), stores nothing beyond one run.
seealso:
  - module: compute_desk.supply.offer_status
"""

EXAMPLES = r"""
# The first line is enough where everything else comes from environment variables. The guide "From offers to inventory"
# has a configuration for each of the usual cases.
plugin: compute_desk.supply.instances

# The token from a file, and the offers given with -e my_offers=ID1,ID2.
api_token_file: ~/.compute-desk-token
offer_ids: "{{ my_offers }}"

# Answers are stored, and an hour of trouble is outlived.
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/compute-desk
on_error: stale
stale_max_age: 3600
min_hosts: 1

# Names, groups and variables of your own.
filters:
  - compute_desk_zone.startswith('eu-')
hostnames:
  - compute_desk_instance_name ~ '.gpu'
compose:
  gpu_zone: compute_desk_zone | upper
keyed_groups:
  - key: compute_desk_zone
    prefix: zone
"""

import time
import typing as t
from collections import Counter
from dataclasses import replace

from ansible import constants as C
from ansible.errors import AnsibleParserError
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.inventory import (
    BaseInventoryPlugin,
    Cacheable,
    Constructable,
    get_cache_plugin,
)
from ansible.release import __version__ as ansible_version
from ansible_collections.compute_desk.supply.plugins.module_utils._api.client import (
    Exchange,
    SupplyClient,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._api.settings import (
    CONNECTION_OPTIONS,
    Settings,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._api.transport import (
    HAS_REQUESTS,
    how_to_get_requests,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.hosts import (
    HostNameClash,
    HostOptions,
    group_suffix,
    records_by_default_name,
    refuse_clashes,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.offer import (
    checked_offer_ids,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.words import offer_line
from ansible_collections.compute_desk.supply.plugins.module_utils._options import (
    OptionError,
    checked_number,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._text import printable
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory.expressions import (
    Expressions,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory.gather import (
    STALE,
    Gathered,
    GatherOptions,
    SourceUnreadable,
    gather,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory.names import (
    add_host,
    refuse_taken,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory.source import (
    names_plugin,
    refuse_unknown_options,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory.stored import (
    StoredOffer,
    entry_key,
    from_entry,
    to_entry,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory.templated import (
    templated,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory.trust import (
    Inert,
    inert,
)

# Worked out for each host, and not when the file is read.
EXPRESSIONS = ("hostnames", "filters", "exclude_filters", "compose", "groups", "keyed_groups")

Record = t.Dict[str, t.Any]


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Options to settings, answers to host records, records to hosts."""

    NAME = "compute_desk.supply.instances"

    def verify_file(self, path: str) -> bool:
        """Return whether a file is a source of ours, whatever it is called."""
        return super().verify_file(path) and names_plugin(path, self.NAME)

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Add the hosts of the source, or raise AnsibleParserError."""
        super().parse(inventory, loader, path, cache)
        if not HAS_REQUESTS:
            raise AnsibleParserError(how_to_get_requests())
        try:
            self._read_config_data(path)
            self._group_names: dict[str, str] = {}
            self._load(use_cache=cache)
        except (OptionError, HostNameClash, SourceUnreadable) as exc:
            raise AnsibleParserError(str(exc)) from None

    def set_options(
        self, task_keys: t.Any = None, var_options: t.Any = None, direct: t.Any = None
    ) -> None:
        """Check the names of the options, and work their templates out, before their types."""
        given = dict(direct or {})
        refuse_unknown_options(given, self._option_names())
        self.templar.available_variables = self._vars or {}
        self._given = templated(given, EXPRESSIONS, self.templar)
        super().set_options(task_keys=task_keys, var_options=var_options, direct=self._given)

    def _load(self, use_cache: bool) -> None:
        # Not get_option: Settings has to know whether a token came from the file or a variable.
        settings = Settings.from_options({n: self._given.get(n) for n in CONNECTION_OPTIONS})
        offer_ids = checked_offer_ids(self.get_option("offer_ids"))
        host_options = self._host_options()
        gather_options = self._gather_options(use_cache)
        key = entry_key(settings.api_url, offer_ids, settings.token.current())
        exchanges: list[Exchange] = []
        client = SupplyClient(
            settings, f"instances; ansible-core/{ansible_version}", exchanges.append
        )
        try:
            gathered = gather(
                client,
                offer_ids,
                gather_options,
                host_options.is_settled,
                self._stored(key),
                time.time(),
            )
        finally:
            self._show_exchanges(exchanges)
        self._add_hosts(gathered, host_options)
        if self.get_option("cache"):
            # Written by whoever called us, if it has changed.
            self._cache[key] = to_entry(gathered.stored)

    def _option_names(self) -> set[str]:
        """Return the names of all options, aliases and those of Ansible's fragments included."""
        definitions = C.config.get_configuration_definitions("inventory", self._load_name)
        aliases = [alias for one in definitions.values() for alias in one.get("aliases") or []]
        return {*definitions, *aliases, "plugin"}

    def _host_options(self) -> HostOptions:
        return HostOptions(
            **{
                name: self.get_option(name)
                for name in (
                    "ssh_host_key_policy", "address", "include_not_ready", "ansible_user",
                    "ansible_port",
                )
            }
        )  # fmt: skip

    def _gather_options(self, use_cache: bool) -> GatherOptions:
        on_error, stored = self.get_option("on_error"), self.get_option("cache")
        if on_error == STALE and not stored:
            raise OptionError(
                "on_error", "stale needs cache, or there is no answer to fall back on"
            )
        age = checked_number("stale_max_age", self.get_option("stale_max_age"), at_least=0)
        timeout = checked_number("cache_timeout", self.get_option("cache_timeout"), at_least=0)
        # As everywhere in Ansible, 0 is for ever.
        fresh_for = (timeout or float("inf")) if stored and use_cache else None
        return GatherOptions(on_error, age, fresh_for)

    def _stored(self, key: str) -> dict[str, StoredOffer]:
        """Return the stored answers. What is damaged or not ours counts as none."""
        if not self.get_option("cache"):
            return {}
        # Answers that are too old to be served are what on_error=stale needs; age is judged here.
        options = {"_timeout": 0}
        for name, option in (("_uri", "cache_connection"), ("_prefix", "cache_prefix")):
            if self.get_option(option) is not None:
                options[name] = self.get_option(option)
        self._cache = get_cache_plugin(self.get_option("cache_plugin"), **options)
        try:
            return from_entry(self._cache[key])
        except KeyError:
            return {}
        # Whatever a cache plugin raises over a damaged entry.
        except Exception as exc:  # noqa: BLE001 - it is told
            self._cache.pop(key, None)
            problem = printable(to_text(exc), 300)
            self.display.warning(f"The stored answers are not used, and replaced: {problem}")
            return {}

    def _add_hosts(self, gathered: Gathered, options: HostOptions) -> None:
        """Add the hosts, in the order of the offers and their instances."""
        options = replace(options, stale_offers=frozenset(gathered.stale))
        made = records_by_default_name(gathered.offers, options)
        expressions, all_inert = Expressions(self), Inert()
        hosts: list[tuple[Record, Record]] = []
        for record in made.records:
            variables = all_inert.variables(record)
            name = variables.pop("name")
            if expressions.keeps(variables):
                record["name"] = expressions.name(name, variables)
                hosts.append((record, variables))
        refuse_clashes(record for record, _variables in hosts)
        refuse_taken(t.cast("t.Any", self.inventory), (record for record, _variables in hosts))
        self._check_count(sum(record["compute_desk_usable"] for record, _variables in hosts))
        for record, variables in hosts:
            host = self._add_host(record, variables)
            expressions.construct(host, variables)
        self._show(gathered, options, made.warnings + expressions.warnings())

    def _check_count(self, usable: int) -> None:
        least = self.get_option("min_hosts")
        if usable < least:
            raise OptionError(
                "min_hosts",
                f"there are {usable} hosts, and at least {least} are wanted; -v tells what became "
                "of each instance",
            )

    def _add_host(self, record: Record, variables: Record) -> str:
        """Add a host with its variables and our groups; return its name."""
        inventory: t.Any = self.inventory
        host: str = inert(record["name"])
        add_host(inventory, {**record, "name": host})
        for group in _groups(record):
            inventory.add_child(self._group(group), host)
        # Not by inventory.set_variable(), which looks at each value again for what may be a template;
        # these are as they should be. With many hosts, that takes a quarter of the whole time.
        set_variable = inventory.get_host(host).set_variable
        for name, value in variables.items():
            set_variable(name, value)
        return host

    def _group(self, name: str) -> str:
        known, inventory = self._group_names, t.cast("t.Any", self.inventory)
        if name not in known:
            known[name] = inventory.add_group(inert(name))
        return known[name]

    def _show(self, gathered: Gathered, options: HostOptions, warnings: list[str]) -> None:
        """Say what was not as it should be, and at -v what became of each offer."""
        for offer in gathered.offers:
            line = offer_line(offer, options, offer.offer_id in gathered.stale)
            if options.is_settled(offer) or options.include_not_ready:
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


def _groups(record: Record) -> list[str]:
    """Return our groups for a host. One that is not ready is in none that a play would be run on."""
    if not record["compute_desk_usable"]:
        return ["compute_desk_not_ready"]
    groups = ["compute_desk", f"compute_desk_offer_{group_suffix(record['compute_desk_offer_id'])}"]
    if record["compute_desk_zone"]:
        groups.append(f"compute_desk_zone_{group_suffix(record['compute_desk_zone'])}")
    return groups

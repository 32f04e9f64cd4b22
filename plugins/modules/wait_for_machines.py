#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation only: the action plugin of the same name does the work.

from __future__ import annotations

DOCUMENTATION = r"""
module: wait_for_machines
short_description: Wait for offers and their machines, and return those that can start
version_added: 1.0.0
author:
  - Compute Desk collection maintainers (@compute-desk)
description:
  - Waits for offers to become ready, and for their machines to answer at their SSH port. It can also wait for hosts of the
    inventory. It returns the machines that you can work on now, and what has failed, and why.
  - Runs on the controller and asks all machines at the same time, whatever C(forks) is. It does not log in.
  - An offer does not wait for another, and a machine only for those of its own offer, unless you set O(together).
  - The playbook C(compute_desk.supply.configure) calls this in rounds. A round adds the machines in RV(hosts) to the
    inventory and works on them. The next one gets the result as O(previous), and returns those that are ready by then. Only
    the last one waits for all, see O(last_round).
  - A host behind a jump host, or with a connection other than C(ssh), cannot be asked and counts as one that answers.
    M(compute_desk.supply.wait_for_instance), which logs in, finds out whether it does.
  - Shows on stderr what it waits for. Unless stderr is a terminal, each line begins with the time of day.
extends_documentation_fragment:
  - compute_desk.supply._connection
  - compute_desk.supply._wait
  - compute_desk.supply._attributes
  - compute_desk.supply._attributes.read_only
  - compute_desk.supply._attributes.actiongroup_all
attributes:
  check_mode:
    details:
      - In check mode it reads each offer and looks at each machine once, and waits for nothing.
  async:
    support: none
options:
  offer_ids:
    description:
      - The IDs of the offers to wait for, as a list or separated by commas. Their machines need not be in the inventory.
      - With O(previous), give the same ones again. They are asked for only if they are still waited for.
    type: list
    elements: str
    aliases: [offer_id]
  hosts:
    description:
      - A pattern of hosts of the inventory to wait for, beside the machines of the offers.
      - Ignored with O(previous), which has them.
    type: str
  together:
    description:
      - Which machines start together.
      - V(offer) means those of an offer, as soon as each of them answers or has failed.
      - V(all) means all or nothing. An offer or a machine that fails ends the wait, no machine starts, and the task fails.
      - V(none) means that no machine waits for another.
      - A host that belongs to no offer waits for others only with V(all).
    type: str
    choices: [offer, all, none]
    default: offer
  machine_timeout:
    description:
      - How many seconds a machine may be silent before it counts as failed. The time starts when its offer is ready; for a
        host of the inventory, with the first round.
      - The variable C(instance_ready_timeout) wins, where it is set for the host or for one of its groups. The groups
        of a machine that is not in the inventory yet are those in RV(hosts).
    type: float
    default: 300
  allow_no_hosts:
    description:
      - Whether O(hosts) may match no host, as it can on a slice of an inventory. With V(false), the task then fails.
    type: bool
    default: false
  last_round:
    description:
      - Whether to wait until every offer and machine has started or failed. If one has failed, even in an earlier round, the
        task fails; RV(hosts) is returned all the same.
      - With V(false), it returns as soon as a machine can start.
    type: bool
    default: true
  previous:
    description:
      - The result of the round before. This round goes on where that one ended; O(machine_timeout) and O(wait_timeout) do not start
        over.
      - A machine of an earlier round that you postponed is returned again. It is postponed if its variable
        C(instance_ready_result) has the kind V(not_yet), see P(compute_desk.supply.instance_ready#role).
    type: dict
  wait_timeout:
    description:
      - How many seconds to wait for the offers, counted from the start of the first round. In each round, an offer that
        is waited for is read at least once.
    type: float
    default: 900
seealso:
  - module: compute_desk.supply.offer_status
  - module: compute_desk.supply.wait_for_instance
"""

EXAMPLES = r"""
- name: Wait for two offers and their machines
  compute_desk.supply.wait_for_machines:
    offer_ids:
      - 4f9d2c1e-8a37-4b65-9d0e-2c7f81a6b3d4
      - 9b1e7a50-63cd-4f0a-8e21-5d4c3b2a1f09
    last_round: false
  register: first_round

- name: Add those that can start to the inventory, and work on them in the next play
  ansible.builtin.add_host: "{{ item }}"
  loop: "{{ first_round.hosts }}"
  loop_control:
    label: "{{ item.name }}"
  changed_when: false

- name: Wait for the others after that, and go on without those that fail
  compute_desk.supply.wait_for_machines:
    offer_ids:
      - 4f9d2c1e-8a37-4b65-9d0e-2c7f81a6b3d4
      - 9b1e7a50-63cd-4f0a-8e21-5d4c3b2a1f09
    previous: "{{ first_round }}"
  register: last_round
  failed_when: last_round.hosts is not defined

- name: Go on only if all hosts of the inventory answer
  compute_desk.supply.wait_for_machines:
    hosts: compute_desk
    together: all
    machine_timeout: 120
"""

RETURN = r"""
hosts:
  description:
    - The machines that can start now, as arguments for M(ansible.builtin.add_host). Not those of earlier rounds, except for
      what you postponed.
    - One of an offer has the keys of RV(compute_desk.supply.offer_status#module:hosts) and C(groups), the group
      C(compute_desk) and that of its offer. A host of the inventory has only its C(name).
  returned: unless an option cannot be used
  type: list
  elements: dict
waiting:
  description: Whether something is left for the next round.
  returned: unless an option cannot be used
  type: bool
machines:
  description: All machines that are known so far, also those of earlier rounds.
  returned: unless an option cannot be used
  type: list
  elements: dict
  contains:
    name:
      description: The name of the host.
      returned: always
      type: str
    offer_id:
      description: The id of its offer. Null if the host has none.
      returned: always
      type: str
    address:
      description: The address and port it is contacted at. Null if it cannot be contacted directly.
      returned: always
      type: str
      sample: 203.0.113.7 port 22
    state:
      description:
        - V(started) if it is in RV(hosts) of this or an earlier round, V(failed) if it did not answer in time or could not
          start, otherwise V(waiting).
      returned: always
      type: str
    answers:
      description: Whether it has answered, or cannot be contacted directly.
      returned: always
      type: bool
    since:
      description: When it was first looked at, in seconds since 1970.
      returned: always
      type: float
    kind:
      description:
        - Why it is silent or has failed. Null if neither is the case.
        - V(name_taken) if another host or a group of the inventory has its name. V(prevented) if it did not start because
          something else has failed, with O(together=all). Otherwise a kind of
          RV(compute_desk.supply.wait_for_instance#module:kind).
      returned: always
      type: str
      sample: refused
    message:
      description: The reason in one sentence. Null like RV(machines[].kind).
      returned: always
      type: str
    hint:
      description: What to do next. Null like RV(machines[].kind).
      returned: always
      type: str
    host_record:
      description: Its host record, if it comes from an offer.
      returned: always
      type: dict
offers:
  description:
    - All offers, with the keys of RV(compute_desk.supply.offer_status#module:offers) and these two.
  returned: unless an option cannot be used
  type: list
  elements: dict
  contains:
    state:
      description: V(waiting), V(ready), or V(failed) if it cannot become ready or its time is up.
      returned: always
      type: str
    message:
      description: Why it is not ready, and what to do next. Null if it is ready.
      returned: always
      type: str
round:
  description: The number of the round, from 1.
  returned: unless an option cannot be used
  type: int
began_at:
  description: When the first round began, in seconds since 1970.
  returned: unless an option cannot be used
  type: float
ended_at:
  description: When this round ended, in seconds since 1970.
  returned: unless an option cannot be used
  type: float
msg:
  description: How the round went, or which option cannot be used.
  returned: always
  type: str
  sample: 3 machines can start, 1 offer waited for.
"""

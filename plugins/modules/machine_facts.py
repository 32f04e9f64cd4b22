#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The action plugin of the same name does all the work; this is its documentation.

from __future__ import annotations

DOCUMENTATION = r"""
module: machine_facts
short_description: Gather the facts of a machine that you do not have to trust
version_added: 0.1.0
author:
  - Compute Desk collection maintainers (@compute-desk)
description:
  - Gathers facts with M(ansible.builtin.setup), and keeps only what that module really returns; known names, each with a
    value of its type, and text in one line without control characters.
  - A machine answers for itself, and its facts become variables of the host that beat those of the inventory and the
    defaults of roles. A rented machine belongs to somebody else, so a name by which Ansible or this collection is steered
    is never a fact here.
  - What C(facter), C(ohai) and custom modules add is left out. Custom facts in files of the machine stay, below
    C(ansible_local).
  - The machine has O(timeout) to answer, and eight MiB for it.
  - The role P(compute_desk.supply.instance_ready#role) uses it. The guide R(Hosts that you can trust,
    ansible_collections.compute_desk.supply.docsite.guide_trust) says more.
extends_documentation_fragment:
  - compute_desk.supply._attributes
  - compute_desk.supply._attributes.read_only
attributes:
  async:
    support: none
options:
  gather_subset:
    description:
      - Which facts to gather, as O(ansible.builtin.setup#module:gather_subset).
    type: list
    elements: str
    default:
      - all
  gather_timeout:
    description:
      - How many seconds the machine may take for a single fact, as O(ansible.builtin.setup#module:gather_timeout).
    type: int
    default: 10
  timeout:
    description:
      - How many seconds the machine may take for all of them.
    type: float
    default: 60
seealso:
  - module: ansible.builtin.setup
"""

EXAMPLES = r"""
- name: Gather the facts that a role needs
  compute_desk.supply.machine_facts:
    gather_subset:
      - "!all"
      - distribution

- name: Use them
  ansible.builtin.debug:
    msg: "{{ ansible_facts.distribution }} {{ ansible_facts.distribution_version }}"
"""

RETURN = r"""
ansible_facts:
  description: The facts that were kept, named as M(ansible.builtin.setup) names them.
  returned: success
  type: dict
  sample:
    ansible_distribution: Debian
    ansible_processor_vcpus: 96
left_out:
  description: Names that the machine sent and that are no facts, twenty at most.
  returned: success
  type: list
  elements: str
  sample:
    - ansible_remote_tmp
msg:
  description: Why there are no facts.
  returned: failure
  type: str
  sample: There was no answer within 60 s (tried address 203.0.113.7 from ansible_host, port 22 by default, user root from ansible_user).
"""

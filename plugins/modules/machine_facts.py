#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation only: the action plugin of the same name does the work.

from __future__ import annotations

DOCUMENTATION = r"""
module: machine_facts
short_description: Gather facts from a machine without having to trust it
version_added: 1.0.0
author:
  - Compute Desk collection maintainers (@compute-desk)
description:
  - Gathers facts with M(ansible.builtin.setup). It keeps only names that M(ansible.builtin.setup) can return, with values of
    the right type, and makes every text a single line without control characters.
  - Facts become variables of the host, which override the inventory and the defaults of roles. A rented machine belongs
    to somebody else and can send any facts, so names that control Ansible or this collection are dropped.
  - Facts from C(facter), C(ohai) and custom modules are dropped. Custom facts in files on the machine are kept, in
    C(ansible_local).
  - The machine has to answer within O(timeout), with at most eight MiB.
  - M(compute_desk.supply.wait_for_instance) and the role P(compute_desk.supply.instance_ready#role) gather facts in
    the same way.
  - For the background see the guide R(Hosts that you can trust, ansible_collections.compute_desk.supply.docsite.guide_trust).
extends_documentation_fragment:
  - compute_desk.supply._attributes
  - compute_desk.supply._attributes.read_only
attributes:
  async:
    support: none
options:
  gather_subset:
    description:
      - Which facts to gather, see O(ansible.builtin.setup#module:gather_subset).
    type: list
    elements: str
    default:
      - all
  timeout:
    description:
      - How many seconds all facts together may take.
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
  description: The facts, under the names that M(ansible.builtin.setup) gives them.
  returned: success
  type: dict
  sample:
    ansible_distribution: Debian
    ansible_processor_vcpus: 96
left_out:
  description: Names of what was dropped, at most twenty.
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

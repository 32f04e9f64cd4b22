#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation only: the action plugin of the same name does the work.

from __future__ import annotations

DOCUMENTATION = r"""
module: check_variables
short_description: Check the variables of the main job before it starts
version_added: 1.0.0
author:
  - Compute Desk collection maintainers (@compute-desk)
description:
  - Checks all variables of C(localhost) and O(hosts) whose names begin with C(compute_desk_), C(gpu_verify_) or
    C(instance_ready_). An unknown name or an invalid value fails the task. Facts are not checked.
  - Looks for the roles in C(compute_desk_roles) where Ansible looks, and in the folder C(roles) of the current folder.
  - The playbook C(compute_desk.supply.configure) starts with this. No host is contacted.
  - This module is part of the playbook C(compute_desk.supply.configure). Its options and results may change in any
    release.
extends_documentation_fragment:
  - compute_desk.supply._attributes
  - compute_desk.supply._attributes.read_only
attributes:
  async:
    support: none
options:
  hosts:
    description:
      - More hosts to check.
    type: list
    elements: str
    default: []
  offers:
    description:
      - Whether machines of offers will be worked on. Then the variables that they will have are checked too, and that the
        controller has an SSH client.
    type: bool
    default: false
  notes:
    description:
      - Whether to print notes on stderr. They say that C(compute_desk_roles) is empty, or that facts of machines can override
        variables of the roles.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Find misspelled variables
  compute_desk.supply.check_variables:
    hosts: "{{ groups.compute_desk | default([]) }}"
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
roles:
  description: For each host, the names or paths of its C(compute_desk_roles), for M(ansible.builtin.include_role).
  returned: success
  type: dict
  sample:
    gpu-node-a-4c5d6e7f: [/home/me/project/roles/my_role]
play_vars:
  description: For each host, those of the checked variables that the play sets, for example with C(vars) of
    C(import_playbook).
  returned: success
  type: dict
  sample:
    gpu-node-a-4c5d6e7f:
      gpu_verify_fail: false
msg:
  description: Which variable is wrong, and what is allowed.
  returned: failure
  type: str
  sample: "'compute_desk_role': there is no such variable; did you mean compute_desk_roles?"
"""

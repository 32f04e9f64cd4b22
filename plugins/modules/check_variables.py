#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The action plugin of the same name does all the work; this is its documentation.

from __future__ import annotations

DOCUMENTATION = r"""
module: check_variables
short_description: Check the variables of the main job before anything is waited for
version_added: 0.1.0
author:
  - Compute Desk collection maintainers (@compute-desk)
description:
  - Looks at the variables of C(localhost) and of other hosts whose names begin with C(compute_desk_), C(gpu_verify_) or
    C(instance_ready_). One that nobody reads, and a value that an option cannot have, fail the task. Facts are not looked at.
  - Looks for the roles in C(compute_desk_roles), where Ansible does and in the folder C(roles) of the current folder.
  - The playbook C(compute_desk.supply.configure) begins with it. No host is asked anything.
extends_documentation_fragment:
  - compute_desk.supply._attributes
  - compute_desk.supply._attributes.read_only
attributes:
  async:
    support: none
options:
  hosts:
    description:
      - Further hosts whose variables are checked.
    type: list
    elements: str
    default: []
  ssh:
    description:
      - Whether an SSH client is needed on the controller.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Stop at a typing error
  compute_desk.supply.check_variables:
    hosts: "{{ groups.compute_desk | default([]) }}"
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
roles:
  description: By each name in C(compute_desk_roles) the name by which M(ansible.builtin.include_role) finds the role.
  returned: success
  type: dict
  sample:
    my_role: /home/me/project/roles/my_role
msg:
  description: Which variable is wrong, and what it may be.
  returned: failure
  type: str
  sample: "'compute_desk_role': there is no such variable; did you mean compute_desk_roles?"
"""

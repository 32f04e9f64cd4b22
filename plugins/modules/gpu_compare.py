#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation only: the action plugin of the same name does the work.

from __future__ import annotations

DOCUMENTATION = r"""
module: gpu_compare
short_description: Compare the GPUs of machines with the records of their handover
version_added: 1.0.0
author:
  - Compute Desk collection maintainers (@compute-desk)
description:
  - Compares the reports that M(compute_desk.supply.gpu_facts) has left in the variable C(gpu_verify_report) of each host of the
    play with the oldest record of each machine.
  - GPUs are found by UUID, or else by serial number, never by index; a different order or PCI address is not a change.
    The address counts only for a GPU that has neither.
  - A host with C(compute_desk_instance_id) is not compared with a record of another instance that had its name.
  - Changes fail no task; RV(machines) reports them, and you decide.
  - Use it with C(run_once), after all hosts have been looked at. No host is contacted.
extends_documentation_fragment:
  - compute_desk.supply._attributes
  - compute_desk.supply._attributes.read_only
attributes:
  async:
    support: none
options:
  record:
    description:
      - The folder on the controller with the records, see O(compute_desk.supply.gpu_facts#module:record).
    type: path
    required: true
seealso:
  - module: compute_desk.supply.gpu_facts
  - module: compute_desk.supply.gpu_report
"""

EXAMPLES = r"""
- name: Look at all machines, and keep a record of those that have none
  compute_desk.supply.gpu_facts:
    record: records
  register: gpu_verify_report

- name: Compare them with their records
  compute_desk.supply.gpu_compare:
    record: records
  register: changes
  run_once: true

- name: Fail those that are worse than at handover
  ansible.builtin.assert:
    that: change.verdict != 'worse'
    fail_msg: "{{ change.reason }}"
  vars:
    change: "{{ changes.machines | selectattr('host', 'equalto', inventory_hostname) | first }}"
"""

RETURN = r"""
table:
  description: A line for each finding, the names of the columns first. The lines fit into the terminal.
  returned: success
  type: list
  elements: str
machines:
  description: How each machine compares with its record, in the order of the hosts.
  returned: success
  type: list
  elements: dict
  contains:
    host:
      description: The name of the host.
      returned: always
      type: str
    verdict:
      description:
        - V(same) if nothing is new, V(changed) if something is, V(worse) if the machine is the worse for it, V(unknown) if it
          could not be compared.
      returned: always
      type: str
      sample: worse
    reason:
      description: The worst new finding, or that there is none, or why it could not be compared.
      returned: always
      type: str
    record:
      description: The file with the record. Null if there is none that can be used.
      returned: always
      type: str
    recorded_at:
      description: When the record was made, in UTC. Null if there is none.
      returned: always
      type: str
      sample: "2026-11-26T10:12:29Z"
    findings:
      description: What is new, the worst first, and then what is not in order but was so at handover.
      returned: always
      type: list
      elements: dict
      contains:
        since:
          description: V(new), or V(handover) if it was so then.
          returned: always
          type: str
        kind:
          description:
            - V(gpu_replaced), V(gpu_gone), V(gpu_new), V(gpu_other) (the same GPU with another name, UUID, serial number or
              memory), V(remap), V(ecc), V(link), V(nvlink), V(pcie), V(xid), V(kernel_log), V(vbios) or V(driver).
          returned: always
          type: str
        uuid:
          description: The UUID of the GPU, or of the one that is gone. Null if the GPU has none, or if the finding is not about a GPU.
          returned: always
          type: str
        handover:
          description: What was so at handover.
          returned: always
          type: raw
        now:
          description: What is so now.
          returned: always
          type: raw
        worse:
          description:
            - Whether the machine is the worse for it. It is not for a new VBIOS or driver, corrected errors, and errors of
              programs.
          returned: always
          type: bool
        text:
          description: All of this as one line.
          returned: always
          type: str
          sample: "GPU-b42dd28e-ffdd-8720-1df0-98bd8cdc05b1: PCIe x8, 16 at handover"
msg:
  description: Which option cannot be used.
  returned: failure
  type: str
"""

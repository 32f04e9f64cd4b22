#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation only: the action plugin of the same name does the work.

from __future__ import annotations

DOCUMENTATION = r"""
module: gpu_report
short_description: Report on the GPUs of all machines of a play
version_added: 1.0.0
author:
  - Compute Desk collection maintainers (@compute-desk)
description:
  - Makes one table of the reports that M(compute_desk.supply.gpu_facts) has left in the variable C(gpu_verify_report) of each
    host of the play, and names the hosts that differ from the rest. Writes both to files for programs, if you name some.
  - Machines with the same kind of GPU are compared in the number of GPUs, driver, memory, width of the PCIe links, active
    NVLinks and temperature. A host is named if no other has its value, or if more than half have another one. A GPU is hot if it
    is 15 degrees Celsius above the median of at least three hosts. That is a hint, and fails no machine.
  - Use it with C(run_once), after all hosts have been looked at. No host is contacted.
  - A host counts as failed before it was looked at if it has no report, and the play has lost it or its variable
    C(instance_ready_result) says that it is not ready.
  - The task is V(changed) if it has written a file, since a report has the time in it.
extends_documentation_fragment:
  - compute_desk.supply._attributes
attributes:
  check_mode:
    support: full
    details:
      - In check mode it writes no file.
  diff_mode:
    support: none
  async:
    support: none
  idempotent:
    support: partial
    details:
      - It replaces the files in each run, since a report has the time in it. Without them it never changes anything.
options:
  report_file:
    description:
      - A file on the controller for all reports, as JSON; C(files/fleet.schema.json) of the role gpu_verify is its schema.
      - It is replaced in one step, and has the mode 0600. Its folder must exist.
      - If it cannot be written, there is a warning, and the task does not fail.
    type: path
  junit_file:
    description:
      - A file on the controller for all checks as JUnit XML, with a suite for each machine. It is written like O(report_file).
      - A check that could not be made although it matters is an error, and so is a machine without a report.
    type: path
  not_checked:
    description:
      - Names of what should have been checked, but is not a host of the play, such as machines that never answered. They are
        reported like hosts that failed before they were looked at. A host of the play that is among them counts once.
    type: list
    elements: str
    default: []
  only_check_paths:
    description:
      - Whether to do no more than fail if O(report_file) or O(junit_file) cannot be written. Use it before all hosts are
        looked at. Nothing is returned or written.
    type: bool
    default: false
seealso:
  - module: compute_desk.supply.gpu_facts
  - module: compute_desk.supply.gpu_compare
"""

EXAMPLES = r"""
- name: Look at all machines
  compute_desk.supply.gpu_facts:
  register: gpu_verify_report

- name: Report on them
  compute_desk.supply.gpu_report:
    junit_file: "{{ lookup('ansible.builtin.env', 'PWD') }}/gpus.xml"
  register: fleet
  run_once: true

- name: Show the table
  ansible.builtin.debug:
    msg: "{{ fleet.table }}"
  run_once: true
"""

RETURN = r"""
table:
  description: A line for each machine, the names of the columns first; then what differs. The lines fit into the terminal.
  returned: success, unless O(only_check_paths)
  type: list
  elements: str
verdicts:
  description: How many machines have each verdict.
  returned: success, unless O(only_check_paths)
  type: dict
  sample:
    fail: 1
    pass: 63
not_checked:
  description: The hosts that failed before they were looked at, and the names of O(not_checked).
  returned: success, unless O(only_check_paths)
  type: list
  elements: str
differences:
  description: What single hosts have and the others do not, in the order of the hosts.
  returned: success, unless O(only_check_paths)
  type: list
  elements: dict
  contains:
    host:
      description: The name of the host.
      returned: always
      type: str
    what:
      description:
        - V(count), or the key of RV(compute_desk.supply.gpu_facts#module:gpus) that differs, one of V(name),
          V(driver_version), V(memory_total_mib), V(pcie_width), V(nvlinks_active) and V(temperature_c).
      returned: always
      type: str
      sample: driver_version
    value:
      description: What this host has.
      returned: always
      type: str
      sample: 535.54.03
    usual:
      description: What more than half of the hosts have. Null if there is no such value.
      returned: always
      type: str
      sample: 565.57.01
    others:
      description: How many hosts have the usual value.
      returned: always
      type: int
      sample: 63
    text:
      description: All of this as one line.
      returned: always
      type: str
      sample: "node-7: driver 535.54.03; 63 others have 565.57.01"
msg:
  description: Which file cannot be written, with O(only_check_paths).
  returned: failure
  type: str
"""

#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The action plugin of the same name does all the work; this is its documentation.

from __future__ import annotations

DOCUMENTATION = r"""
module: install_python
short_description: Install Python on a rented machine that has none
version_added: 0.1.0
author:
  - Compute Desk collection maintainers (@compute-desk)
description:
  - Installs the C(python3) of the distribution with apt, dnf, microdnf, yum, zypper or apk, over the shell of the machine.
  - Use C(become) unless the user is root.
  - It refuses hosts with a local connection, and those without the variable C(compute_desk_instance_id), because they are
    not rented machines.
  - The role P(compute_desk.supply.instance_ready#role) uses it where O(compute_desk.supply.instance_ready#role:main:instance_ready_install_python)
    asks for it.
extends_documentation_fragment:
  - compute_desk.supply._attributes
attributes:
  check_mode:
    support: full
    details:
      - Nothing is installed, and the task is changed.
  diff_mode:
    support: none
  async:
    support: none
options:
  timeout:
    description:
      - How many seconds the installation may take.
    type: float
    default: 300
seealso:
  - module: compute_desk.supply.wait_for_instance
"""

EXAMPLES = r"""
- name: Install Python where there is none
  compute_desk.supply.install_python:
  become: true
"""

RETURN = r"""
msg:
  description: How it went; of a failure, what the package manager said last.
  returned: always
  type: str
  sample: Python is installed.
"""

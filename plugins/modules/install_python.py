#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation only: the action plugin of the same name does the work.

from __future__ import annotations

DOCUMENTATION = r"""
module: install_python
short_description: Install Python on a rented machine that has none
version_added: 0.1.0
author:
  - Compute Desk collection maintainers (@compute-desk)
description:
  - Installs the distribution's C(python3) with apt, dnf, microdnf, yum, zypper or apk. It needs only the shell of the
    machine.
  - Use C(become) unless the user is root.
  - Hosts with a local connection or without the variable C(compute_desk_instance_id) are not rented machines, and fail.
  - The role P(compute_desk.supply.instance_ready#role) does this for you if you set
    O(compute_desk.supply.instance_ready#role:main:instance_ready_install_python).
extends_documentation_fragment:
  - compute_desk.supply._attributes
attributes:
  check_mode:
    support: full
    details:
      - Nothing is installed, but the task reports a change.
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
  description: What was done, or the last words of the package manager if it failed.
  returned: always
  type: str
  sample: Python is installed.
"""

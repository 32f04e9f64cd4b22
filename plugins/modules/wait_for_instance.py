#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The action plugin of the same name does all the work; this is its documentation.

from __future__ import annotations

DOCUMENTATION = r"""
module: wait_for_instance
short_description: Wait until a machine answers, has finished booting and has a free package manager
version_added: 0.1.0
author:
  - Compute Desk collection maintainers (@compute-desk)
description:
  - Waits for the host of the task, which may have no Python yet, and says what it waits for, in lines on stderr that
    begin with the time of day unless stderr is a terminal.
  - It waits for the connection, then for cloud-init, then for the locks of the package manager, and then looks for
    Python. The stages' time limits add up from the beginning, O(began_at); a stage that is late gets at least one look.
  - The role P(compute_desk.supply.instance_ready#role) uses it and is what you want; it gathers facts as well.
  - It uses the connection of the host and nothing but the shell of the machine. It needs no root and never changes
    anything.
extends_documentation_fragment:
  - compute_desk.supply._attributes
  - compute_desk.supply._attributes.read_only
attributes:
  check_mode:
    details:
      - It never changes anything, and waits in check mode as well.
  async:
    support: none
options:
  timeout:
    description:
      - How many seconds to wait for the connection.
    type: float
    default: 300
  permission_denied_timeout:
    description:
      - How many seconds to wait for a machine that answers but denies access. It does so for a while after its first
        start, until cloud-init has installed your key.
      - The wait for the connection ends with O(timeout) in any case.
    type: float
    default: 120
  began_at:
    description:
      - When the wait began, in seconds since 1970. With the same value for all hosts, a host that waits for its turn,
        because there are more hosts than forks, does not add to the time of the others.
      - If not given, it begins with the task.
    type: float
  cloud_init_timeout:
    description:
      - How many seconds to wait for cloud-init, after the connection stands. V(0) does not look at it.
      - The machine may be about to reboot at the end of cloud-init; that is waited for within the same time.
      - A machine without cloud-init is not waited for.
    type: float
    default: 900
  ignore_cloud_init_errors:
    description:
      - Whether a cloud-init that failed is only a warning. Recoverable errors always are.
    type: bool
    default: false
  package_lock_timeout:
    description:
      - How many seconds to wait for the locks of the package manager, after cloud-init. V(0) does not look at them.
    type: float
    default: 600
  package_lock_files:
    description:
      - The locks. A file whose name ends in C(.pid) holds the process id of its owner; on all others the kernel keeps
        the lock.
    type: list
    elements: str
    default:
      - /var/lib/dpkg/lock-frontend
      - /var/lib/dpkg/lock
      - /var/lib/apt/lists/lock
      - /var/cache/apt/archives/lock
      - /var/lib/rpm/.rpm.lock
      - /usr/lib/sysimage/rpm/.rpm.lock
      - /run/dnf/rpmtransaction.lock
      - /var/lib/dnf/rpmdb_lock.pid
      - /var/cache/dnf/metadata_lock.pid
      - /var/cache/dnf/download_lock.pid
      - /run/yum.pid
  interpreter:
    description:
      - The Python that has to be there, as in C(ansible_python_interpreter). With V(auto), one of those that Ansible
        looks for.
    type: str
    default: auto
  install_python:
    description:
      - Whether you are going to install Python if there is none. Nothing is installed here, but for a host with a local
        connection or without the variable C(compute_desk_instance_id) it is refused at once.
    type: bool
    default: false
  progress_interval:
    description:
      - How many seconds may pass without a line before one says that the wait goes on, at least 1.
    type: float
    default: 60
seealso:
  - module: ansible.builtin.wait_for_connection
"""

EXAMPLES = r"""
- name: Wait at most ten minutes until the machine answers, has booted and can install packages
  compute_desk.supply.wait_for_instance:
    timeout: 600

- name: Only find out why it does not answer
  compute_desk.supply.wait_for_instance:
    timeout: 5
    cloud_init_timeout: 0
    package_lock_timeout: 0
  register: answer
  failed_when: answer.class == 'host_key_changed'
"""

RETURN = r"""
ok:
  description: Whether the machine is ready.
  returned: always
  type: bool
class:
  description:
    - Why it is not. Null if it is.
    - V(refused) if nothing listens, V(timed_out) if nothing answers, V(permission_denied) if it does not let the user
      in, V(host_key_changed) if the host key is another one than before, V(unreachable) if the connection fails in
      another way.
    - V(cloud_init_failed) if cloud-init failed or did not finish, V(rebooting) if the machine goes down, or is about
      to, and does not come back, V(package_lock) if the package manager stays locked, V(no_python) if there is no
      Python, or a too old one.
    - V(unsupported) for connections without a shell as on Linux, V(not_allowed) for a refused O(install_python).
  returned: always
  type: str
  sample: refused
msg:
  description: What is wrong, with address, port and user and where they came from, and what to do next.
  returned: always
  type: str
  sample: Ready after 0:42.
elapsed:
  description: The seconds from O(began_at) until it was ready, or was not waited for any longer.
  returned: always
  type: float
  sample: 42.3
connection:
  description: The kind of connection.
  returned: always
  type: str
  sample: ssh
uid:
  description: The number of the user on the machine. Null if the machine cannot tell.
  returned: if it answered
  type: int
  sample: 0
cloud_init:
  description: How cloud-init ended.
  returned: if it was looked at
  type: dict
  contains:
    status:
      description:
        - V(absent), V(running), V(done), V(degraded), V(disabled) or V(error).
      returned: always
      type: str
    errors:
      description: Its own words on what went wrong, at most 20 lines of at most 400 characters.
      returned: always
      type: list
      elements: str
python:
  description: The first Python that was found, with its version. Null if there is none.
  returned: if it was looked for
  type: str
  sample: /usr/bin/python3 (3.11.2)
"""

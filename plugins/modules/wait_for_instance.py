#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation only: the action plugin of the same name does the work.

from __future__ import annotations

DOCUMENTATION = r"""
module: wait_for_instance
short_description: Wait until a machine answers, has finished booting and has a free package manager
version_added: 1.0.0
author:
  - Compute Desk collection maintainers (@compute-desk)
description:
  - Waits for the host of the task, which may have no Python yet, and shows on stderr what it waits for. Unless stderr is
    a terminal, each line begins with the time of day.
  - It waits for the connection, then for cloud-init, then for the locks of the package manager, and then looks for
    Python. The time limits of the stages add up from O(began_at); a stage that starts late is still tried once.
  - Then it can gather facts, without having to trust the machine, as M(compute_desk.supply.machine_facts) does.
  - Most playbooks want the role P(compute_desk.supply.instance_ready#role), which uses this module.
  - It needs the connection of the host and a POSIX shell on the machine, but not root, and changes nothing, except that it
    installs Python if you set O(install_python). C(become) applies to that installation alone.
extends_documentation_fragment:
  - compute_desk.supply._attributes
attributes:
  check_mode:
    support: full
    details:
      - It waits in check mode too, but installs nothing.
  diff_mode:
    support: none
  async:
    support: none
  idempotent:
    support: full
    details:
      - It installs Python only where there is none.
options:
  timeout:
    description:
      - How many seconds to wait for the connection.
    type: float
    default: 300
  permission_denied_timeout:
    description:
      - How many seconds to wait for a machine that answers but denies access. A new machine denies access until
        cloud-init has installed your key.
      - The wait for the connection ends after O(timeout) in any case.
    type: float
    default: 120
  began_at:
    description:
      - When the wait began, in seconds since 1970. Give all hosts the same value, and a host that has to wait for a free
        fork gets no more time than the others.
      - By default, the wait begins with the task.
    type: float
  not_later_than:
    description:
      - When to stop waiting for a machine that may still become ready, in seconds since 1970. If it has time left then by
        the other limits, the RV(kind) is V(not_yet), and you can try it again later with the same O(began_at).
      - By default, only the other limits count.
    type: float
  cloud_init_timeout:
    description:
      - How many seconds to wait for cloud-init once the machine is connected. V(0) skips this check.
      - If the machine is about to reboot at the end of cloud-init, the reboot has to fit into the same time.
      - A machine without cloud-init passes at once.
    type: float
    default: 900
  ignore_cloud_init_errors:
    description:
      - Whether to warn, instead of failing, if cloud-init failed. Recoverable errors are always a warning.
    type: bool
    default: false
  package_lock_timeout:
    description:
      - How many seconds to wait for the locks of the package manager, after cloud-init. V(0) skips this check.
    type: float
    default: 600
  package_lock_files:
    description:
      - The lock files. A file whose name ends in C(.pid) holds the process ID of its owner; all others are locked in the
        kernel.
      - By default, the locks of apt, dpkg, rpm, dnf and yum.
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
      - The Python to look for, as in C(ansible_python_interpreter). V(auto) accepts any that Ansible would discover.
      - If the machine has one that is too old beside one that is not, Ansible may discover the old one. Then this module chooses,
        with the fact C(discovered_interpreter_python), that of the distribution in C(/usr/bin/python3), or else the first
        of Ansible's list that is in C(/usr/bin) or C(/usr/local/bin). C(ansible_python_interpreter) takes precedence.
    type: str
    default: auto
  install_python:
    description:
      - Whether to install the distribution's C(python3) if there is none, with apt, dnf, microdnf, yum, zypper or apk, in
        at most 300 seconds. Set C(become) unless the user is root; for root it is not used.
      - A host with a local connection or without the variable C(compute_desk_instance_id) is not a rented machine, and
        fails at once.
    type: bool
    default: false
  gather_facts:
    description:
      - Whether to gather facts once the machine is ready. A machine that returns none is not ready.
      - They are gathered without C(become).
    type: bool
    default: false
  gather_subset:
    description:
      - Which facts to gather, see O(ansible.builtin.setup#module:gather_subset).
    type: list
    elements: str
    default:
      - all
  facts_timeout:
    description:
      - How many seconds all facts together may take.
    type: float
    default: 60
  fail:
    description:
      - Whether the task fails if the machine is not ready.
      - With V(false), RV(ok) tells, and the host is added to the group C(instance_ready_failed), unless it is not ready
        yet (V(not_yet)). A wrong option, or a host whose facts are forged, fails the task in any case.
    type: bool
    default: true
  progress_interval:
    description:
      - Print a C(still waiting) line at this interval, in seconds, at least 1.
    type: float
    default: 60
seealso:
  - module: ansible.builtin.wait_for_connection
  - module: compute_desk.supply.machine_facts
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
  failed_when: answer.kind == 'host_key_changed'

- name: Install Python where there is none, and gather facts
  compute_desk.supply.wait_for_instance:
    install_python: true
    gather_facts: true
    gather_subset:
      - "!all"
      - distribution
  become: true
"""

RETURN = r"""
ok:
  description: Whether the machine is ready.
  returned: always
  type: bool
kind:
  description:
    - Why the machine is not ready. Null if it is.
    - V(refused) if nothing listens, V(timed_out) if nothing answers, V(permission_denied) if the machine does not let
      the user in, V(host_key_changed) if the host key is not the known one, V(unreachable) if the connection fails in
      another way.
    - V(cloud_init_failed) if cloud-init failed or did not finish, V(rebooting) if the machine shuts down and does not
      come back in time, V(package_lock) if the package manager stays locked, V(no_python) if Python is missing or too
      old.
    - V(facts_failed) if the machine is ready, but gave no facts.
    - V(unsupported) for connections without a POSIX shell, V(not_allowed) if O(install_python) is refused.
    - V(not_yet) if it was not ready at O(not_later_than), but has time left.
    - V(forged_facts) if the facts of the host contain a variable that controls Ansible or this collection,
      V(wrong_option) if the task has a wrong option.
  returned: always
  type: str
  sample: refused
message:
  description:
    - That the machine is ready and since when, or what is wrong, with the address, port and user that were tried and where
      they came from.
  returned: always
  type: str
  sample: Ready after 0:42.
hint:
  description: What to do next. Null if the machine is ready, or if the message says so.
  returned: always
  type: str
  sample: If the machine may still be booting, raise instance_ready_timeout (timeout in wait_for_instance).
msg:
  description: RV(message) and RV(hint) together.
  returned: always
  type: str
  sample: Ready after 0:42.
elapsed:
  description: Seconds from O(began_at) to the end of the wait.
  returned: always
  type: float
  sample: 42.3
connection:
  description: The kind of connection.
  returned: unless RV(kind) is V(wrong_option) or V(forged_facts)
  type: str
  sample: ssh
uid:
  description: The user ID on the machine. Null if the machine cannot tell.
  returned: if the machine answered
  type: int
  sample: 0
cloud_init:
  description: How cloud-init ended.
  returned: if it was checked
  type: dict
  contains:
    status:
      description:
        - V(absent), V(running), V(done), V(degraded), V(disabled) or V(error).
      returned: always
      type: str
    errors:
      description: Its errors in its own words, at most 20 lines of at most 400 characters.
      returned: always
      type: list
      elements: str
python:
  description: The first Python that was found, or the one that was chosen, with its version. Null if there is none.
  returned: if it was checked
  type: str
  sample: /usr/bin/python3 (3.11.2)
ansible_facts:
  description: The facts, under the names that M(ansible.builtin.setup) gives them.
  returned: if facts were gathered, or a Python was chosen
  type: dict
  sample:
    ansible_distribution: Debian
    ansible_processor_vcpus: 96
left_out:
  description: Names of what was dropped because it is not a fact, at most twenty.
  returned: if facts were gathered
  type: list
  elements: str
  sample:
    - ansible_remote_tmp
"""

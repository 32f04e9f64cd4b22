# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation shared by all modules of the collection: what they support."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes of modules; the names of the attributes are Ansible's."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Runs in C(check_mode), predicting the changed status without modifying the target.
  diff_mode:
    description: Returns details on what has changed or would change, when in diff mode.
  async:
    description: Supports being used with the C(async) keyword.
  idempotent:
    description: When it runs again with the same options, and nothing else has changed, it changes nothing.
  platform:
    description: The operating systems of the controller and of the machines that it works with.
    support: full
    platforms: posix
"""

    ACTIONGROUP_ALL = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/compute_desk.supply.all) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - compute_desk.supply.all
"""

    READ_ONLY = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - It never changes anything.
  diff_mode:
    support: N/A
    details:
      - It never changes anything.
  idempotent:
    support: full
    details:
      - It never changes anything.
"""

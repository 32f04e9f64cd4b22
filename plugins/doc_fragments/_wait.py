# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation shared by the modules that wait for offers; the same in both, unlike their time."""

from __future__ import annotations


class ModuleDocFragment:
    """When an offer is ready, how often it is asked about, and how its hosts are reached."""

    DOCUMENTATION = r"""
options:
  poll_interval:
    description:
      - Seconds between two requests for the same offer, at least 1. The API asks for 15.
      - Up to a tenth is added at random.
    type: float
    default: 15
  procurement_timeout:
    description:
      - Give up on an offer that is still not procured after this many seconds.
    type: float
    default: 60
  min_instances:
    description:
      - How many usable instances make an offer ready, at least 1.
      - By default every instance that the API lists must be usable, and there must be at least one.
    type: int
  progress_interval:
    description:
      - Print a C(still waiting) line at this interval, in seconds, at least 1.
    type: float
    default: 60
  ssh_host_key_policy:
    description:
      - How C(ansible_ssh_common_args) of the hosts in RV(hosts) makes SSH check host keys.
      - V(accept_new) ties host keys to the ID of the instance, and accepts the key of an instance seen for the first
        time. So a recycled address never clashes with the key of its former machine, while a changed key of the same
        instance is refused.
      - V(strict) ties them likewise, but accepts known keys only.
      - V(unmanaged) leaves host keys to your own configuration of SSH.
    type: str
    choices:
      - accept_new
      - strict
      - unmanaged
    default: accept_new
"""

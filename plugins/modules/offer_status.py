#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: offer_status
short_description: Read the status of Compute Desk offers, or wait until they are ready
version_added: 1.0.0
author:
  - Compute Desk collection maintainers (@compute-desk)
description:
  - Asks the Compute Desk Supply API about one or more offers.
  - With O(wait) it asks until all of them are ready, one of them can no longer become ready, or time is up.
  - On the controller (connection C(local), without C(become) and C(async)) it runs in Ansible's own process, whatever
    Python the host is given, and prints a line on stderr for every change as soon as it is seen. The line begins with
    the time of day unless stderr is a terminal, and shows the first 8 characters of the offer's ID unless two offers of
    the task begin alike.
  - Anywhere else it runs as any module does, and prints only at O(progress_interval) that the wait goes on.
  - Returns everything known about every offer, whether it succeeds, fails or times out, and the usable machines as
    host records for M(ansible.builtin.add_host).
extends_documentation_fragment:
  - compute_desk.supply._connection
  - compute_desk.supply._wait
  - compute_desk.supply._attributes
  - compute_desk.supply._attributes.read_only
  - compute_desk.supply._attributes.actiongroup_all
attributes:
  check_mode:
    details:
      - It never changes anything. In check mode every offer is read once, and O(wait) is ignored.
  async:
    support: full
    details:
      - No progress is printed under C(async), because nobody is connected to the task.
options:
  offer_ids:
    description:
      - The IDs of the offers, which are UUIDs. An ID that is given twice counts once.
    type: list
    elements: str
    required: true
    aliases:
      - offer_id
  wait:
    description:
      - Whether to wait until all offers are ready.
      - An offer is ready when the API says so and at least O(min_instances) of its instances are usable.
      - An instance is usable when it is running and has a valid address.
      - The wait ends at once when an offer is C(failed) or C(expired), when all of its instances are terminated,
        stopped, preempted or in error, or when the API answers 401, 403, 404, 422 or with anything but a status.
      - After 429, 500, 502, 503, 504, a broken connection or a timeout it asks again, with growing pauses, and counts
        the error; it honours a C(Retry-After) header.
      - While the host name in O(api_url) cannot be resolved, it tries again. If it stays so for 60 seconds before any
        offer was read, the name is taken for wrong, and the wait ends.
    type: bool
    default: false
  independent:
    description:
      - Whether each offer is waited for by itself, so that one that cannot become ready does not end the wait for the
        others. The task fails in any case if one of them is not ready; RV(hosts) has the machines of those that are.
    type: bool
    default: false
  wait_timeout:
    description:
      - Wait at most this many seconds, requests, pauses and retries included.
      - In AWX, the time limit of the job template must be longer.
    type: float
    default: 900
seealso:
  - module: ansible.builtin.add_host
  - name: Get offer status
    description: The page of the API that this module reads.
    link: https://docs.compute-desk.com/api-reference/endpoint/get-offer-status
"""

EXAMPLES = r"""
- name: Wait until the machines of two offers are ready
  compute_desk.supply.offer_status:
    offer_ids:
      - 4f9d2c1e-8a37-4b65-9d0e-2c7f81a6b3d4
      - 9b1e7a50-63cd-4f0a-8e21-5d4c3b2a1f09
    wait: true
    wait_timeout: 1800
  delegate_to: localhost
  run_once: true
  register: offers

- name: Use them as hosts in the next play
  ansible.builtin.add_host:
    name: "{{ item.name }}"
    groups: gpu
    ansible_host: "{{ item.ansible_host }}"
    ansible_user: "{{ item.ansible_user }}"
    ansible_port: "{{ item.ansible_port }}"
    ansible_ssh_common_args: "{{ item.ansible_ssh_common_args }}"
  loop: "{{ offers.hosts }}"
  loop_control:
    label: "{{ item.name }}"

- name: Look once, without waiting
  compute_desk.supply.offer_status:
    offer_id: 4f9d2c1e-8a37-4b65-9d0e-2c7f81a6b3d4
    api_token_file: ~/.config/compute-desk/token
  delegate_to: localhost
  run_once: true
  register: offer

- name: Accept two machines per offer, and handle a timeout later
  compute_desk.supply.offer_status:
    offer_ids: "{{ my_offer_ids }}"
    wait: true
    min_instances: 2
  delegate_to: localhost
  run_once: true
  register: offers
  failed_when: offers is failed and not offers.timed_out
"""

RETURN = r"""
msg:
  description: How it went, in sentences; on failure, what happened to which offer, and what to do next.
  returned: always
  type: str
  sample: 2 of 2 offers ready after 312.4 s.
ready:
  description: Whether all offers are ready.
  returned: always
  type: bool
timed_out:
  description: Whether the wait ended because O(wait_timeout) was over.
  returned: always
  type: bool
elapsed:
  description: Seconds since the beginning.
  returned: always
  type: float
  sample: 312.4
offers:
  description: Each offer, in the order of O(offer_ids).
  returned: always
  type: list
  elements: dict
  contains:
    offer_id:
      description: The ID of the offer, in lower case.
      returned: always
      type: str
      sample: 4f9d2c1e-8a37-4b65-9d0e-2c7f81a6b3d4
    phase:
      description:
        - The one state that the states of the API amount to.
        - One of V(not_procured), V(provisioning), V(ready), V(failed), V(expired), and V(unknown) for a state that is
          not documented or an offer that could not be read.
      returned: always
      type: str
      sample: provisioning
    ready:
      description: Whether the phase is V(ready) and enough instances are usable.
      returned: always
      type: bool
    status:
      description: The state of the offer, as the API gives it. Null if it could not be read.
      returned: always
      type: str
      sample: procured
    procurement_status:
      description: The state of the procurement, as the API gives it. May be null.
      returned: always
      type: str
      sample: provisioning_in_progress
    progress:
      description: The API's own words on the progress. May be null.
      returned: always
      type: str
      sample: 2/4 instances running
    failure_reason:
      description: Why the offer failed, in the API's words. May be null.
      returned: always
      type: str
    created_at:
      description: When the offer was made.
      returned: always
      type: str
      sample: "2026-11-24T09:00:00Z"
    procured_at:
      description: When the offer was procured. May be null.
      returned: always
      type: str
      sample: "2026-11-24T09:05:00Z"
    instances:
      description: The instances of the offer.
      returned: always
      type: list
      elements: dict
      contains:
        instance_id:
          description: The vendor's ID of the instance.
          returned: always
          type: str
          sample: i-0a1b2c3d4e5f
        instance_name:
          description: The name of the instance.
          returned: always
          type: str
          sample: h100-node-1
        zone:
          description: Where the instance is.
          returned: always
          type: str
          sample: eu-west-1a
        status:
          description: The state of the instance, as the API gives it.
          returned: always
          type: str
          sample: running
        external_ip:
          description: The public address. May be null.
          returned: always
          type: str
          sample: 203.0.113.7
        internal_ip:
          description: The private address. May be null.
          returned: always
          type: str
          sample: 10.0.0.7
        ssh_command:
          description: The API's suggestion how to log in. It is data, and never run. May be null.
          returned: always
          type: str
          sample: ssh root@203.0.113.7
        usable:
          description: Whether the instance is running and has a valid address.
          returned: always
          type: bool
        unusable_reason:
          description: Why it is not usable. Null if it is.
          returned: always
          type: str
          sample: it has no external_ip
    resources:
      description: What the offer has created.
      returned: always
      type: list
      elements: dict
      contains:
        resource_id:
          description: The ID of the resource.
          returned: always
          type: str
        resource_type:
          description: Its type.
          returned: always
          type: str
        role:
          description: Its role in the offer.
          returned: always
          type: str
        status:
          description: Its state.
          returned: always
          type: str
    polls:
      description: How many times the API was asked about this offer.
      returned: always
      type: int
      sample: 21
    transient_errors:
      description: How many of those requests failed with an error worth another try.
      returned: always
      type: int
      sample: 1
    transitions:
      description: Every change that was seen, the first state included.
      returned: always
      type: list
      elements: dict
      contains:
        phase:
          description: The phase from then on.
          returned: always
          type: str
        procurement_status:
          description: The state of the procurement from then on.
          returned: always
          type: str
        progress:
          description: The API's words from then on.
          returned: always
          type: str
        at:
          description: Seconds since the wait began.
          returned: always
          type: float
          sample: 46.3
    error:
      description: Why the last request for this offer failed. Null if it was answered.
      returned: always
      type: dict
      contains:
        kind:
          description:
            - What went wrong, for programs.
            - The next request would meet one of these again, V(unauthorized), V(forbidden), V(not_found), V(request_refused),
              V(unexpected_status), V(redirected), V(tls_failed), V(request_failed) and V(invalid_response).
            - The others may pass, V(rate_limited), V(server_error), V(connection_failed), V(name_not_resolved) and
              V(request_timed_out).
          returned: always
          type: str
          sample: not_found
        code:
          description: The HTTP status code. Null if there was none.
          returned: always
          type: int
          sample: 404
        message:
          description: What happened.
          returned: always
          type: str
        hint:
          description: What to do next.
          returned: always
          type: str
hosts:
  description:
    - The usable instances as host records, in the order of O(offer_ids) and of their instances.
    - Everything that begins with C(compute_desk_) is never undefined, but may be null.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description:
        - The name for the inventory, made of the instance's name and the last 8 letters or digits of its ID, or its
          name alone if that ends so already. It is the same in every run, and never ends in
          C(.yml), C(.yaml) or C(.json).
      returned: always
      type: str
      sample: h100-node-1-1b2c3d4e
    ansible_host:
      description: The address.
      returned: always
      type: str
      sample: 203.0.113.7
    ansible_user:
      description: The user in the ssh command, if that is acceptable, or else V(root).
      returned: always
      type: str
      sample: root
    ansible_port:
      description: The port in the ssh command, if that is acceptable, or else V(22).
      returned: always
      type: int
      sample: 22
    ansible_ssh_common_args:
      description: The arguments for SSH that O(ssh_host_key_policy) stands for.
      returned: unless O(ssh_host_key_policy=unmanaged)
      type: str
      sample: -o HostKeyAlias=i-0a1b2c3d4e5f -o StrictHostKeyChecking=accept-new
    compute_desk_offer_id:
      description: The ID of the offer.
      returned: always
      type: str
    compute_desk_offer_status:
      description: The state of the offer.
      returned: always
      type: str
    compute_desk_phase:
      description: The phase of the offer, see RV(offers[].phase).
      returned: always
      type: str
    compute_desk_procurement_status:
      description: The state of the procurement.
      returned: always
      type: str
    compute_desk_created_at:
      description: When the offer was made.
      returned: always
      type: str
    compute_desk_procured_at:
      description: When the offer was procured.
      returned: always
      type: str
    compute_desk_instance_id:
      description: The vendor's ID of the instance.
      returned: always
      type: str
    compute_desk_instance_name:
      description: The name of the instance.
      returned: always
      type: str
    compute_desk_instance_status:
      description: The state of the instance.
      returned: always
      type: str
    compute_desk_zone:
      description: Where the instance is.
      returned: always
      type: str
    compute_desk_external_ip:
      description: The public address, as the API gives it.
      returned: always
      type: str
    compute_desk_internal_ip:
      description: The private address, as the API gives it.
      returned: always
      type: str
    compute_desk_ssh_command:
      description: The API's suggestion how to log in.
      returned: always
      type: str
    compute_desk_usable:
      description: Whether the instance is usable.
      returned: always
      type: bool
    compute_desk_unusable_reason:
      description: Why it is not usable.
      returned: always
      type: str
    compute_desk_stale:
      description: Whether this comes from an old answer. Always V(false) here.
      returned: always
      type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._offers.arguments import MUTUALLY_EXCLUSIVE, argument_spec
from ..module_utils._offers.run import run


def main() -> None:
    module = AnsibleModule(
        argument_spec=argument_spec(),
        supports_check_mode=True,
        mutually_exclusive=MUTUALLY_EXCLUSIVE,
    )
    # Set from what the controller passes on, so its type is not declared.
    core = getattr(module, "ansible_version", "unknown")
    result = run(module.params, module.check_mode, ansible_core=core)
    for warning in result.pop("warnings", []):
        module.warn(warning)
    if result.pop("failed"):
        module.fail_json(**result)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()

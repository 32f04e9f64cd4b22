#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gpu_facts
short_description: Tell whether the GPUs of a machine are there and healthy
version_added: 0.1.0
author:
  - Compute Desk collection maintainers (@compute-desk)
description:
  - Looks at the GPUs of the machine that it runs on, and judges them. It changes nothing, and installs nothing.
  - GPUs are counted three ways; as what is plugged in, as what the driver lists, and as what you expect. Then each one's
    memory, temperature and clocks are looked at, the kernel log is searched, and CUDA is started once.
  - A bad GPU is no failure of the module; RV(verdict) and RV(reasons) say what is wrong, and you decide.
    M(ansible.builtin.assert) or the role P(compute_desk.supply.gpu_verify#role) can do that.
  - GPUs of NVIDIA are read by C(nvidia-smi), those of AMD by C(amd-smi) or C(rocm-smi); what is plugged in by C(lspci), or
    C(/sys) where there is no C(lspci). All are found on the C(PATH), and in the usual folders. What is missing is said
    by a check that is skipped.
  - Every command has a time limit. One that hangs, as those of a broken GPU do, is killed and is a failed check.
  - What comes back is checked on the controller. A machine whose answer is not such a report, or that does not answer in six
    times O(command_timeout), fails the task, with the verdict V(fail), no GPUs and no checks.
  - Only root may read the kernel log on most machines. Without it, that check is skipped.
extends_documentation_fragment:
  - compute_desk.supply._attributes
  - compute_desk.supply._attributes.read_only
attributes:
  async:
    support: none
options:
  expected_count:
    description:
      - How many GPUs the machine should have. V(0) means that it should have none.
      - If not given, any number is fine, none included, and only GPUs that are plugged in but not listed are missed.
    type: int
  expected_name:
    description:
      - What kind of GPU it should be; one or more whole words of the name that the driver shows, in any case of letters.
      - V(H100) fits V(NVIDIA H100 80GB HBM3), and V(L40) does not fit V(NVIDIA L40S).
    type: str
  min_driver_version:
    description:
      - The oldest driver that is good enough, such as V(550.90.07).
      - Put it in quotes, or YAML takes V(550.90) for the number V(550.9).
    type: str
  min_cuda_version:
    description:
      - The oldest CUDA that the driver must be able to run, such as V(12.4). Only for GPUs of NVIDIA.
      - Put it in quotes, or YAML takes V(12.10) for the number V(12.1).
    type: str
  command_timeout:
    description:
      - How many seconds each command may take before it is killed, at least 1.
      - Without persistence mode, a machine with eight GPUs may need ten seconds to list them.
    type: float
    default: 20
seealso:
  - name: nvidia-smi
    description: The manual page of the tool that most of this comes from.
    link: https://docs.nvidia.com/deploy/nvidia-smi/
  - name: Xid errors
    description: What the numbers in the kernel log mean.
    link: https://docs.nvidia.com/deploy/xid-errors/
"""

EXAMPLES = r"""
- name: Look at the GPUs
  compute_desk.supply.gpu_facts:
    expected_count: 8
    expected_name: H100
    min_driver_version: "550.90"
    min_cuda_version: "12.4"
  register: gpu

- name: Stop if one of them is missing or ill
  ansible.builtin.assert:
    that: gpu.verdict == 'pass'
    fail_msg: "{{ gpu.reasons | join(' ') }}"

- name: Take whatever is there, and show it
  compute_desk.supply.gpu_facts:
  # The kernel log is for root only.
  become: "{{ may_become | default(false) }}"
  register: any_gpu

- name: Show the checks that could not be made
  ansible.builtin.debug:
    msg: "{{ any_gpu.checks | selectattr('verdict', 'eq', 'skip') | map(attribute='detail') }}"
"""

RETURN = r"""
verdict:
  description:
    - V(pass) if no check failed, V(fail) if one did.
    - V(no_gpu) if there is no sign of a GPU, and none is expected.
  returned: always
  type: str
  sample: fail
reasons:
  description:
    - Why, in sentences; one for each failed check, with what to do next.
    - Empty if the verdict is V(pass).
  returned: always
  type: list
  elements: str
  sample:
    - "nvidia-smi lists 7 of the 8 GPUs that are plugged in: 0000:db:00.0 is lost. Reboot the machine; if it stays, ask the
      vendor for another machine."
gpus:
  description:
    - The GPUs that the tools list, in their order.
    - A value that the tool does not tell, or that does not apply to this GPU, is null.
  returned: always
  type: list
  elements: dict
  contains:
    index:
      description: Its number in the tool.
      returned: always
      type: int
      sample: 0
    vendor:
      description: V(nvidia) or V(amd).
      returned: always
      type: str
      sample: nvidia
    uuid:
      description: Its identifier, which stays the same when it is moved. Of GPUs of AMD, the serial number.
      returned: always
      type: str
      sample: GPU-b42dd28e-ffdd-8720-1df0-98bd8cdc05b1
    name:
      description: The name of its kind.
      returned: always
      type: str
      sample: NVIDIA H100 80GB HBM3
    pci_bus_id:
      description: Where it is plugged in, as the kernel writes it.
      returned: always
      type: str
      sample: "0000:18:00.0"
    driver_version:
      description: The version of the driver.
      returned: always
      type: str
      sample: 565.57.01
    memory_total_mib:
      description: How much memory it has, in MiB.
      returned: always
      type: int
      sample: 81559
    persistence_mode:
      description: Whether the driver keeps it initialized while no program uses it.
      returned: always
      type: bool
    mig_mode:
      description: Whether it is partitioned. Null where it cannot be.
      returned: always
      type: bool
    ecc_mode:
      description: Whether errors of its memory are found and corrected.
      returned: always
      type: bool
    ecc_uncorrected_volatile:
      description: How many errors could not be corrected since the driver was loaded.
      returned: always
      type: int
      sample: 0
    ecc_uncorrected_aggregate:
      description: How many errors could not be corrected in its lifetime.
      returned: always
      type: int
      sample: 0
    ecc_threshold_exceeded:
      description: Whether it had more errors in its SRAM than its maker allows.
      returned: always
      type: bool
    pages_pending:
      description: Whether pages of its memory wait for a reset to be retired.
      returned: always
      type: bool
    rows_remapped:
      description: How many rows of its memory were replaced because of uncorrected errors.
      returned: always
      type: int
      sample: 0
    rows_pending:
      description: Whether rows of its memory wait for a reset to be replaced.
      returned: always
      type: bool
    rows_failure:
      description: Whether a row of its memory could not be replaced.
      returned: always
      type: bool
    temperature_c:
      description: Its temperature in degrees Celsius.
      returned: always
      type: int
      sample: 30
    temperature_slowdown_c:
      description: The temperature in degrees Celsius at which its hardware slows it down.
      returned: always
      type: int
      sample: 89
    temperature_margin_c:
      description: How many degrees Celsius it is below its limit. Newer GPUs tell this.
      returned: always
      type: int
      sample: 57
    temperature_margin_slowdown_c:
      description: The margin in degrees Celsius at which its hardware slows it down.
      returned: always
      type: int
      sample: -2
    throttle_reasons:
      description: Why its clocks are lower than they could be, as C(nvidia-smi) calls it. Those of hardware begin with V(hw_).
      returned: always
      type: list
      elements: str
      sample:
        - gpu_idle
    recovery_action:
      description: What the driver asks for to make it work again. Null if nothing.
      returned: always
      type: str
      sample: Reboot
    fabric_state:
      description: How far its connection to the NVLink fabric is.
      returned: always
      type: str
      sample: Completed
    fabric_status:
      description: How that went.
      returned: always
      type: str
      sample: Success
    trouble:
      description: The value by which the driver says that it does not answer. Null if it does.
      returned: always
      type: str
checks:
  description:
    - All checks, always in the same order.
    - The names are V(tool), V(driver_library), V(count), V(name), V(driver_version), V(cuda_version), V(gpu_state), V(ecc),
      V(memory_rows), V(kernel_log), V(temperature), V(throttling), V(persistence), V(mig), V(fabric) and V(cuda_start).
    - V(persistence) and V(mig) only note what is there, and never fail.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name of the check.
      returned: always
      type: str
      sample: count
    verdict:
      description: V(pass), V(fail), or V(skip) if it could not be made or does not apply.
      returned: always
      type: str
      sample: pass
    detail:
      description: What was seen, or why it was skipped.
      returned: always
      type: str
      sample: 8 plugged in, 8 listed, 8 expected
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.expectations import (
    ARGUMENTS,
    Expectations,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.judge import judge
from ansible_collections.compute_desk.supply.plugins.module_utils._gpu.look import look
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        expected = Expectations.from_options(module.params)
    except OptionError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=False, **judge(look(expected.command_timeout), expected))


if __name__ == "__main__":
    main()

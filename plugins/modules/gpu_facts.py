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
  - Checks the GPUs of the machine it runs on. Changes nothing, and installs nothing.
  - Adds the host to the group C(gpu_verified) if the verdict is V(pass), and to C(gpu_failed) if it is V(fail), which is
    also shown on stderr.
  - Counts GPUs in three ways; those plugged in, those the driver lists, and those you expect. Then checks the memory,
    temperature and clocks of each, searches the kernel log, and starts CUDA once.
  - A bad GPU does not fail the task; RV(verdict) and RV(reasons) report it, and you decide. M(ansible.builtin.assert) or the
    role P(compute_desk.supply.gpu_verify#role) can do that.
  - Asks C(nvidia-smi) about NVIDIA GPUs, C(amd-smi) or C(rocm-smi) about AMD GPUs, and C(lspci), or C(/sys) without it, about
    what is plugged in. Tools are found on the C(PATH) and in the usual folders. A missing tool shows up as a skipped check,
    or as a failed one if its GPUs are plugged in.
  - Every command has a time limit. A command that hangs, as on a broken GPU, is killed, and its check fails.
  - The controller checks the answer. If a machine sends no valid report, or none within six times O(command_timeout), the
    task fails, with the verdict V(fail), no GPUs and no checks. Before ansible-core 2.21 its host joins C(gpu_failed) only
    if C(failed_when) says that this is no failure.
  - On most machines only root may read the kernel log. Without root, that check is skipped.
extends_documentation_fragment:
  - compute_desk.supply._attributes
  - compute_desk.supply._attributes.read_only
attributes:
  async:
    support: none
options:
  expected_count:
    description:
      - The number of GPUs the machine should have. V(0) means none.
      - If not set, any number is fine, including none; only GPUs that are plugged in but not listed count as missing.
    type: int
  expected_name:
    description:
      - The kind of GPU to expect; one or more whole words of the name that the driver shows, in upper or lower case.
      - V(H100) matches V(NVIDIA H100 80GB HBM3), but V(L40) does not match V(NVIDIA L40S).
    type: str
  min_driver_version:
    description:
      - The oldest acceptable driver, such as V(550.90.07).
      - Put it in quotes, or YAML reads V(550.90) as the number V(550.9).
    type: str
  min_cuda_version:
    description:
      - The oldest CUDA version the driver must support, such as V(12.4). For NVIDIA GPUs only.
      - Put it in quotes, or YAML reads V(12.10) as the number V(12.1).
    type: str
  command_timeout:
    description:
      - Seconds before a command is killed, at least 1.
      - Without persistence mode, a machine with eight GPUs may need ten seconds to list them.
    type: float
    default: 20
seealso:
  - name: nvidia-smi
    description: The manual page of the main source of these facts.
    link: https://docs.nvidia.com/deploy/nvidia-smi/
  - name: Xid errors
    description: The meaning of the error numbers in the kernel log.
    link: https://docs.nvidia.com/deploy/xid-errors/
"""

EXAMPLES = r"""
- name: Check the GPUs
  compute_desk.supply.gpu_facts:
    expected_count: 8
    expected_name: H100
    min_driver_version: "550.90"
    min_cuda_version: "12.4"
  register: gpu

- name: Stop if one is missing or broken
  ansible.builtin.assert:
    that: gpu.verdict == 'pass'
    fail_msg: "{{ gpu.reasons | join(' ') }}"

- name: Check the GPUs without expectations
  compute_desk.supply.gpu_facts:
  # Only root may read the kernel log.
  become: "{{ may_become | default(false) }}"
  register: any_gpu

- name: Show why checks were skipped
  ansible.builtin.debug:
    msg: "{{ any_gpu.checks | selectattr('verdict', 'eq', 'skip') | map(attribute='detail') }}"
"""

RETURN = r"""
ansible_stats:
  description:
    - The verdict and the reasons for the statistics of the run, as M(ansible.builtin.set_stats) sets them, under the name
      C(gpu_verify_summary). AWX passes them on to the next job of a workflow.
  returned: always
  type: dict
version:
  description: The version of the report.
  returned: always
  type: int
  sample: 1
host:
  description: The name of the host in the inventory.
  returned: always
  type: str
  sample: node-1
verdict:
  description:
    - V(pass) if no check failed, V(fail) if one did.
    - V(no_gpu) if there is no sign of a GPU, and none is expected.
  returned: always
  type: str
  sample: fail
reasons:
  description:
    - The reasons for the verdict; one for each failed check, with the next step.
    - Empty if the verdict is V(pass).
  returned: always
  type: list
  elements: str
  sample:
    - "nvidia-smi lists 7 of the 8 GPUs plugged in: 0000:db:00.0 is lost. Reboot the machine; if that does not help, ask the
      vendor for another one."
gpus:
  description:
    - The GPUs that the tools list, in the tools' order.
    - A value is null if the tool does not report it, or if it does not apply to this GPU.
  returned: always
  type: list
  elements: dict
  contains:
    index:
      description: Its number among the GPUs of its tool.
      returned: always
      type: int
      sample: 0
    vendor:
      description: V(nvidia) or V(amd).
      returned: always
      type: str
      sample: nvidia
    uuid:
      description: Its identifier, which moves with it. For AMD GPUs, the serial number.
      returned: always
      type: str
      sample: GPU-b42dd28e-ffdd-8720-1df0-98bd8cdc05b1
    name:
      description: The product name.
      returned: always
      type: str
      sample: NVIDIA H100 80GB HBM3
    pci_bus_id:
      description: Its PCI address, as the kernel writes it.
      returned: always
      type: str
      sample: "0000:18:00.0"
    driver_version:
      description: The version of the driver.
      returned: always
      type: str
      sample: 565.57.01
    memory_total_mib:
      description: Its memory, in MiB.
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
      description: Whether it detects and corrects memory errors.
      returned: always
      type: bool
    ecc_uncorrected_volatile:
      description: The number of uncorrected memory errors since the driver was loaded.
      returned: always
      type: int
      sample: 0
    ecc_uncorrected_aggregate:
      description: The number of uncorrected memory errors in its lifetime.
      returned: always
      type: int
      sample: 0
    ecc_threshold_exceeded:
      description: Whether it has had more SRAM errors than its maker allows.
      returned: always
      type: bool
    pages_pending:
      description: Whether memory pages wait for a reset to be retired.
      returned: always
      type: bool
    rows_remapped:
      description: The number of memory rows replaced because of uncorrected errors.
      returned: always
      type: int
      sample: 0
    rows_pending:
      description: Whether memory rows wait for a reset to be replaced.
      returned: always
      type: bool
    rows_failure:
      description: Whether a memory row could not be replaced.
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
      description: The margin in degrees Celsius below its limit. Newer GPUs report this.
      returned: always
      type: int
      sample: 57
    temperature_margin_slowdown_c:
      description: The margin in degrees Celsius at which its hardware slows it down.
      returned: always
      type: int
      sample: -2
    throttle_reasons:
      description: The reasons for low clocks, in the words of C(nvidia-smi). Those of the hardware begin with V(hw_).
      returned: always
      type: list
      elements: str
      sample:
        - gpu_idle
    recovery_action:
      description: The step that the driver asks for to recover it. Null if none.
      returned: always
      type: str
      sample: Reboot
    fabric_state:
      description: The progress of its connection to the NVLink fabric.
      returned: always
      type: str
      sample: Completed
    fabric_status:
      description: The result of that connection.
      returned: always
      type: str
      sample: Success
    trouble:
      description: The first value that shows that it does not respond. Null if it does.
      returned: always
      type: str
checks:
  description:
    - All checks, always in the same order.
    - The names are V(tool), V(driver_library), V(count), V(name), V(driver_version), V(cuda_version), V(gpu_state), V(ecc),
      V(memory_rows), V(kernel_log), V(temperature), V(throttling), V(persistence), V(mig), V(fabric) and V(cuda_start).
    - V(persistence) and V(mig) are only noted, and never fail.
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
      description: The finding, or why the check was skipped.
      returned: always
      type: str
      sample: 8 plugged in, 8 listed, 8 expected
expected:
  description: The expectations of the task.
  returned: always
  type: dict
  contains:
    count:
      description: The value of O(expected_count). Null if it is not set.
      returned: always
      type: int
      sample: 8
    name:
      description: The value of O(expected_name). Null if it is not set.
      returned: always
      type: str
      sample: H100
    min_driver_version:
      description: The value of O(min_driver_version). Null if it is not set.
      returned: always
      type: str
      sample: "550.90"
    min_cuda_version:
      description: The value of O(min_cuda_version). Null if it is not set.
      returned: always
      type: str
      sample: "12.4"
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._gpu.expectations import ARGUMENTS, Expectations
from ..module_utils._gpu.judge import judge
from ..module_utils._gpu.look import look
from ..module_utils._options import OptionError


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        expected = Expectations.from_options(module.params)
    except OptionError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=False, **judge(look(expected.command_timeout), expected))


if __name__ == "__main__":
    main()

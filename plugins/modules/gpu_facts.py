#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gpu_facts
short_description: Check whether the GPUs of a machine are present and healthy
version_added: 1.0.0
author:
  - Compute Desk collection maintainers (@compute-desk)
description:
  - Checks the GPUs of the machine it runs on. Changes nothing there, and installs nothing. The task is V(changed) only if it
    has written a file on the controller, see O(record).
  - Adds the host to the group C(gpu_verified) if the verdict is V(pass), to C(gpu_failed) if it is V(fail), and to
    C(gpu_inconclusive) if it is V(inconclusive). The last two are also shown on stderr.
  - Counts the GPUs that are plugged in, those that the driver lists, and those that you expect. Then checks the memory,
    temperature, clocks, PCIe link and NVLinks of each, searches the kernel log, and starts CUDA once.
  - Xid errors are judged as NVIDIA's catalog says. Only those that concern the machine fail it; those of programs, and
    those that are to be ignored or are unknown, are notes.
  - A bad GPU does not fail the task; RV(verdict) and RV(reasons) report it, and you decide. M(ansible.builtin.assert) or the
    role P(compute_desk.supply.gpu_verify#role) can do that.
  - Asks C(nvidia-smi) about NVIDIA GPUs, C(amd-smi) or C(rocm-smi) about AMD GPUs, and C(lspci), or C(/sys) without it, about
    what is plugged in. Tools are found on the C(PATH) and in the usual folders. A missing tool shows up as a skipped check,
    or as a failed one if its GPUs are plugged in.
  - Every command has a time limit. A command that hangs, as on a broken GPU, is killed, and its check fails.
  - The controller checks the answer. If a machine sends no valid report, or none within six times O(command_timeout) plus 30
    seconds, the task fails, with the verdict V(fail), no GPUs and no checks. Before ansible-core 2.21 its host joins
    C(gpu_failed) only if C(failed_when) says that this is not a failure.
  - On most machines only root may read the kernel log. Without root, that check is skipped, and RV(notes) says so.
extends_documentation_fragment:
  - compute_desk.supply._attributes
attributes:
  check_mode:
    support: full
    details:
      - It never changes a machine. In check mode it keeps no record, and says whether it would.
  diff_mode:
    support: none
  async:
    support: none
  idempotent:
    support: full
    details:
      - A record is kept only if it says something new.
options:
  expected_count:
    description:
      - The number of GPUs the machine should have. V(0) means none.
      - If not set, any number is fine, including none; only GPUs that are plugged in but not listed count as missing.
    type: int
  expected_name:
    description:
      - The kind of GPU to expect, as one or more whole words of the name that the driver shows, in upper or lower case.
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
  known_bad:
    description:
      - A file on the controller that lists GPUs you do not want to have again. It is in YAML or JSON, a list of entries with
        C(uuid), C(reason) and C(date), such as V(2026-10-03).
      - The check C(known_bad) fails if a GPU of the machine is in it, and its detail says why and since when. If the file
        cannot be used, the task fails before the machine is asked anything.
      - A GPU without a UUID cannot be looked up in it. Then the check is inconclusive, and so is the verdict if all else passes;
        also if no GPU is listed, unless RV(verdict=no_gpu).
      - The machine never sees it.
    type: path
  record:
    description:
      - A folder on the controller in which to keep a record of this machine. The folder is made if only the last part of the
        path is missing. M(compute_desk.supply.gpu_compare) tells later what has changed.
      - A record is a JSON file of mode 0600; C(files/record-1.schema.json) of the role gpu_verify is its schema. It is never
        overwritten. If the newest record of the machine says the same, no other is written; corrected memory errors, NVLink
        errors and PCIe replays may differ.
      - A machine without a valid report gives no record.
    type: path
seealso:
  - module: compute_desk.supply.gpu_report
  - module: compute_desk.supply.gpu_compare
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
record:
  description:
    - The file with the record of this machine, new or not. Null without O(record), or if it could not be written, which gives
      a warning.
  returned: unless O(known_bad) or O(record) cannot be used
  type: str
  sample: records/20261126T101229Z_node-1_4f9d2c1e8a37.json
ansible_stats:
  description:
    - The verdict and the reasons for the statistics of the run, as M(ansible.builtin.set_stats) sets them, under the name
      C(gpu_verify_summary). AWX passes them on to the next job of a workflow.
  returned: unless O(known_bad) or O(record) cannot be used
  type: dict
version:
  description:
    - The version of the form of the report, not of the collection.
    - New keys leave it as it is. It rises when a key goes or gets another meaning, which only a major release may do.
  returned: unless O(known_bad) or O(record) cannot be used
  type: int
  sample: 1
host:
  description: The name of the host in the inventory.
  returned: unless O(known_bad) or O(record) cannot be used
  type: str
  sample: node-1
verdict:
  description:
    - V(pass) if no check failed, V(fail) if one did.
    - V(inconclusive) if none failed, but one could not be made without which nothing is known (V(tool), V(count),
      V(gpu_state)), or which you asked for (an expectation, or O(known_bad)).
    - V(no_gpu) if there is no sign of a GPU, and none is expected. A Radeon without AMD's tool does not count, because on
      the PCI bus it looks like the graphics of a CPU.
  returned: unless O(known_bad) or O(record) cannot be used
  type: str
  sample: fail
action:
  description:
    - What to do. The most severe action of the failed checks; null if none failed, or if there is no report.
    - From the most to the least severe, V(return_machine), V(reboot_and_retest) (and return it if the fault comes again),
      V(reset_gpu), V(fix_software), V(watch).
  returned: unless O(known_bad) or O(record) cannot be used
  type: str
  sample: reboot_and_retest
reasons:
  description:
    - The reasons for the verdict, one for each failed check, or for each that was inconclusive. Each next step is given
      once, with the first reason that it is for.
    - Empty if the verdict is V(pass).
  returned: unless O(known_bad) or O(record) cannot be used
  type: list
  elements: str
  sample:
    - "nvidia-smi lists 7 of the 8 GPUs plugged in: 0000:db:00.0 is lost. Reboot the machine; if that does not help, ask the
      vendor for another one."
notes:
  description:
    - What is not a fault but worth knowing, as sentences, at most 32. Xid errors of programs and unknown ones, lifetime
      memory errors, a slow or narrow PCIe slot, a kernel log that could not be read, or whose entries may be a previous tenant's.
  returned: unless O(known_bad) or O(record) cannot be used
  type: list
  elements: str
  sample:
    - The kernel log goes back to the boot 63 hours ago, so its entries may be a previous tenant's.
gpus:
  description:
    - The GPUs that the tools list, in the tools' order.
    - A value is null if the tool does not report it, or if it does not apply to this GPU.
  returned: unless O(known_bad) or O(record) cannot be used
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
    serial:
      description: Its serial number. For AMD GPUs, RV(gpus[].uuid) is.
      returned: always
      type: str
      sample: "1650322014526"
    vbios_version:
      description: The version of its VBIOS.
      returned: always
      type: str
      sample: 96.00.74.00.01
    passthrough:
      description: Whether a virtual machine has it, which hides its slot. V(false) on bare metal.
      returned: always
      type: bool
    at_work:
      description: Whether a program uses it right now.
      returned: always
      type: bool
    pcie_width:
      description: The number of PCIe lanes it uses.
      returned: always
      type: int
      sample: 16
    pcie_width_max:
      description:
        - The number of PCIe lanes that it and its slot can use, which is the smaller of what C(nvidia-smi) and C(/sys) say.
        - Where the slot is not known, as in a virtual machine, that it alone can use.
      returned: always
      type: int
      sample: 16
    pcie_generation:
      description: The generation of its PCIe link, which may be lower at rest.
      returned: always
      type: int
      sample: 5
    pcie_generation_max:
      description: The generation that it and its slot can have.
      returned: always
      type: int
      sample: 5
    pcie_generation_gpu:
      description: The generation that it alone can have.
      returned: always
      type: int
      sample: 5
    pcie_generation_slot:
      description: The generation that its slot can have.
      returned: always
      type: int
      sample: 5
    pcie_replays:
      description: The number of PCIe packets sent again since the driver was loaded.
      returned: always
      type: int
      sample: 0
    nvlinks_active:
      description: The number of its NVLinks that are up.
      returned: always
      type: int
      sample: 18
    nvlinks_inactive:
      description: The number of its NVLinks that are not up. Null if all are down, and C(nvidia-smi) does not list them.
      returned: always
      type: int
      sample: 0
    nvlink_errors:
      description: The number of errors on its NVLinks, which are replays, recoveries and checksums.
      returned: always
      type: int
      sample: 0
    rows_remapped_corrected:
      description: The number of memory rows replaced because of corrected errors.
      returned: always
      type: int
      sample: 0
    spare_rows:
      description: The number of its memory banks by the spare rows that they have left.
      returned: always
      type: dict
      contains:
        max:
          description: Banks with all of them.
          returned: always
          type: int
          sample: 640
        high:
          description: Banks with many.
          returned: always
          type: int
          sample: 0
        partial:
          description: Banks with some.
          returned: always
          type: int
          sample: 0
        low:
          description: Banks with few.
          returned: always
          type: int
          sample: 0
        none:
          description: Banks without any.
          returned: always
          type: int
          sample: 0
    ecc_sram_uncorrected_aggregate:
      description: The number of uncorrected errors of its SRAM in its lifetime.
      returned: always
      type: int
      sample: 0
    ecc_corrected_aggregate:
      description: The number of corrected memory errors in its lifetime.
      returned: always
      type: int
      sample: 0
checks:
  description:
    - All checks, always in the same order.
    - The names are V(tool), V(driver_library), V(count), V(name), V(driver_version), V(cuda_version), V(gpu_state), V(ecc),
      V(memory_rows), V(kernel_log), V(temperature), V(throttling), V(persistence), V(mig), V(pcie), V(nvlink), V(fabric),
      V(cuda_start) and V(known_bad). The controller makes the last one.
    - V(persistence) and V(mig) are only noted, and never fail.
  returned: unless O(known_bad) or O(record) cannot be used
  type: list
  elements: dict
  contains:
    name:
      description: The name of the check.
      returned: always
      type: str
      sample: count
    verdict:
      description:
        - V(pass), V(fail), or V(skip) if it does not apply, or if it could not be made and does not decide.
        - V(inconclusive) if it could not be made, and decides or was asked for.
      returned: always
      type: str
      sample: pass
    detail:
      description: The finding, or why the check was skipped.
      returned: always
      type: str
      sample: 8 plugged in, 8 listed, 8 expected
    action:
      description:
        - What to do if it failed; see RV(action).
        - V(watch) if it passed, but something about it may become a fault. Null otherwise.
      returned: always
      type: str
      sample: reset_gpu
xids:
  description:
    - The Xid errors of GPUs and the SXid errors of NVSwitches in the kernel log, each kind once for each device, at most
      64. Null if the kernel log could not be read.
  returned: unless O(known_bad) or O(record) cannot be used
  type: list
  elements: dict
  contains:
    code:
      description: Its number.
      returned: always
      type: int
      sample: 79
    switch:
      description: Whether it is an SXid, of an NVSwitch.
      returned: always
      type: bool
    pci_bus_id:
      description: The PCI address of the GPU or the switch.
      returned: always
      type: str
      sample: "0000:db:00.0"
    kind:
      description: Its bucket in NVIDIA's catalog, such as V(restart_app) or V(reset_gpu); V(unknown) if it has none.
      returned: always
      type: str
      sample: restart_bm
    action:
      description:
        - What it asks of the machine; see RV(action). Null if nothing.
        - For Xid 154, the last one counts. A fault that asked for a reset is over when the driver has said V(None) after it.
      returned: always
      type: str
      sample: reboot_and_retest
    text:
      description: The rest of its line in the kernel log.
      returned: always
      type: str
      sample: GPU has fallen off the bus
    count:
      description: How often it is in the kernel log.
      returned: always
      type: int
      sample: 1
booted_at:
  description: When the machine was started, in UTC. The kernel log begins there. Null if unknown.
  returned: unless O(known_bad) or O(record) cannot be used
  type: str
  sample: "2026-11-24T09:00:00Z"
msg:
  description: The reason, if there is no report, or which option cannot be used.
  returned: failure
  type: str
  sample: "The GPUs could not be checked: The connection was refused: nothing listens there (tried address 203.0.113.10
    from ansible_host, port 22 from ansible_port, user ubuntu from ansible_user)."
expected:
  description: The expectations of the task.
  returned: unless O(known_bad) or O(record) cannot be used
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

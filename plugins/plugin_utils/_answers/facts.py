# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which facts of a machine are kept, and which names can never be facts.

Facts become variables of the host, which override its inventory and the defaults of roles, and a
rented machine can send any. So only names that the module setup returns are kept, with values of
the right type, and with text that is safe to show.
"""

from __future__ import annotations

import math
import re
import typing as t

from ansible import constants as C
from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.connection import ConnectionBase

from ...module_utils._text import listed, printable

PREFIXES = ("compute_desk_", "instance_ready_", "gpu_verify_", "awx_setup_")
"""How the names of this collection's variables begin."""

INTERPRETER = "discovered_interpreter_python"
"""The fact by which Ansible knows the Python that it has found. With it, it does not look."""

CONNECTION_VARIABLES = (
    "ansible_admin_users",
    "ansible_async_dir",
    "ansible_common_remote_group",
    "ansible_control_path",
    "ansible_control_path_dir",
    "ansible_host_key_checking",
    "ansible_paramiko_host",
    "ansible_paramiko_host_key_checking",
    "ansible_paramiko_pass",
    "ansible_paramiko_password",
    "ansible_paramiko_port",
    "ansible_paramiko_private_key_file",
    "ansible_paramiko_proxy_command",
    "ansible_paramiko_timeout",
    "ansible_paramiko_use_rsa_sha2_algorithms",
    "ansible_paramiko_user",
    "ansible_private_key",
    "ansible_private_key_passphrase",
    "ansible_remote_tmp",
    "ansible_runas_flags",
    "ansible_runas_pass",
    "ansible_runas_user",
    "ansible_scp_executable",
    "ansible_scp_if_ssh",
    "ansible_sftp_batch_mode",
    "ansible_sftp_executable",
    "ansible_shell_allow_world_readable_temp",
    "ansible_ssh_host_key_checking",
    "ansible_sshpass_prompt",
    "ansible_su_exe",
    "ansible_su_flags",
    "ansible_su_pass",
    "ansible_su_prompt_l10n",
    "ansible_su_user",
    "ansible_sudo_chdir",
    "ansible_sudo_exe",
    "ansible_sudo_flags",
    "ansible_sudo_pass",
    "ansible_sudo_user",
    "ansible_system_tmpdirs",
)
"""Variables of ansible-core's plugins for connections, shells and become that a fact could set."""

_TEXT = (
    "architecture bios_date bios_vendor bios_version board_asset_tag board_name board_serial "
    "board_vendor board_version chassis_asset_tag chassis_serial chassis_vendor chassis_version "
    "distribution distribution_cpe_name distribution_file_path distribution_file_search_string "
    "distribution_file_variety distribution_major_version distribution_minor_version "
    "distribution_release distribution_version domain form_factor fqdn hostname hostnqn iscsi_iqn "
    "kernel kernel_version lvm machine machine_id nodename os_family pkg_mgr product_name "
    "product_serial product_uuid product_version python_version selinux service_mgr system "
    "system_capabilities_enforced system_vendor user_dir user_gecos user_id user_shell "
    "userspace_architecture userspace_bits virtualization_role virtualization_type "
    "ssh_host_key_dsa_public ssh_host_key_dsa_public_keytype ssh_host_key_ecdsa_public "
    "ssh_host_key_ecdsa_public_keytype ssh_host_key_ed25519_public "
    "ssh_host_key_ed25519_public_keytype ssh_host_key_rsa_public ssh_host_key_rsa_public_keytype"
)
_NUMBERS = (
    "effective_group_id effective_user_id memfree_mb memtotal_mb processor_cores processor_count "
    "processor_nproc processor_threads_per_core processor_vcpus real_group_id real_user_id "
    "swapfree_mb swaptotal_mb uptime_seconds user_gid user_uid"
)
_SWITCHES = "distribution_file_parsed fips is_chroot selinux selinux_python_present"
_LISTS = (
    "all_ipv4_addresses all_ipv6_addresses fibre_channel_wwn flags interfaces mounts processor "
    "system_capabilities virtualization_tech_guest virtualization_tech_host"
)
_MAPPINGS = (
    "apparmor cmdline date_time default_ipv4 default_ipv6 device_links devices dns env loadavg "
    "local locally_reachable_ips lsb lvm memory_mb proc_cmdline python selinux systemd"
)


def _types_by_name() -> dict[str, tuple[type, ...]]:
    found: dict[str, tuple[type, ...]] = {"gather_subset": (list,), "module_setup": (bool,)}
    for names, kinds in (
        (_TEXT, (str,)),
        (_NUMBERS, (int, float)),
        (_SWITCHES, (bool,)),
        (_LISTS, (list,)),
        (_MAPPINGS, (dict,)),
    ):
        for name in names.split():
            found[f"ansible_{name}"] = (*found.get(f"ansible_{name}", ()), *kinds)
    return found


_TYPES = _types_by_name()
# Other parts of Ansible use these values as names of modules.
_NAMES_OF_MODULES = ("ansible_pkg_mgr", "ansible_service_mgr")
_MODULE = re.compile(r"[a-z0-9_]{1,40}", re.ASCII)
# What the kernel allows in the name of an interface, and setup in that of a variable.
_INTERFACE = re.compile(r"[A-Za-z0-9_.:@-]{1,40}", re.ASCII)
_PATH = re.compile(r"/[A-Za-z0-9_./+-]{1,200}", re.ASCII)

_TEXT_LENGTH = 4000
_KEY_LENGTH = 200
_DEPTH = 8
_VALUES = 50_000
"""A machine with eight GPUs, two hundred interfaces and as many disks has 20,000."""


class ForgedFacts(AnsibleActionFail):
    """The facts of a host have names that are never facts."""


class TooMuch(ValueError):
    """More values, or more levels of them, than any real machine has."""


def sound_facts(answer: t.Any, forbidden: t.Container[str]) -> tuple[dict[str, t.Any], list[str]]:
    """Return the facts to keep of an answer, and the names of the others. Raises TooMuch.

    ``forbidden`` are the variables that control Ansible, see ``acted_on``.
    """
    if not isinstance(answer, dict):
        return {}, []
    plain = _Plain()
    interfaces = _interface_names(answer.get("ansible_interfaces"))
    kept: dict[str, t.Any] = {}
    dropped: list[str] = []
    for name, value in answer.items():
        if _is_sound(name, value, interfaces) and name not in forbidden:
            kept[str(name)] = plain.value(value)
        else:
            dropped.append(printable(to_text(name), 60))
    return kept, dropped


def _is_sound(name: t.Any, value: t.Any, interfaces: t.Container[str]) -> bool:
    if not isinstance(name, str):
        return False
    if name in _NAMES_OF_MODULES:
        return isinstance(value, str) and _MODULE.fullmatch(value) is not None
    if name in interfaces and name not in _TYPES:
        return isinstance(value, dict)
    kinds = _TYPES.get(name, ())
    if isinstance(value, bool):
        return bool in kinds
    return isinstance(value, kinds) or (value is None and bool(kinds))


def _interface_names(interfaces: t.Any) -> set[str]:
    """Return the names of the facts that describe one interface each."""
    if not isinstance(interfaces, list):
        return set()
    names = [one for one in interfaces[:2000] if isinstance(one, str) and _INTERFACE.fullmatch(one)]
    return {"ansible_" + re.sub(r"[-:]", "_", name) for name in names}


class _Plain:
    """Turns a value into plain data: no classes of Ansible's, single lines of text, all bounded."""

    def __init__(self) -> None:
        self._count = 0

    def value(self, value: t.Any, depth: int = 0) -> t.Any:
        self._count += 1
        if self._count > _VALUES or depth > _DEPTH:
            raise TooMuch(f"more than {_VALUES} values, or more than {_DEPTH} levels")
        if isinstance(value, str):
            return printable(to_text(value), _TEXT_LENGTH)
        if isinstance(value, dict):
            return {
                printable(to_text(key), _KEY_LENGTH): self.value(one, depth + 1)
                for key, one in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.value(one, depth + 1) for one in value]
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        return value if value is None or isinstance(value, (bool, int)) else None


def interpreter_of(answer: t.Any) -> dict[str, str]:
    """Return the Python that Ansible discovered, so that it has to look only once."""
    found = answer.get(INTERPRETER) if isinstance(answer, dict) else None
    if isinstance(found, str) and _PATH.fullmatch(found):
        return {INTERPRETER: str(found)}
    return {}


def with_facts(variables: t.Mapping[str, t.Any], facts: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return variables, or a result, with these facts too."""
    known = variables.get("ansible_facts") or {}
    return {**variables, "ansible_facts": {**known, **facts}}


def acted_on(connection: ConnectionBase) -> set[str]:
    """Return the variables that control how Ansible connects to a host and runs commands there."""
    names = set(CONNECTION_VARIABLES)
    plugins = (
        ("connection", connection),
        ("shell", getattr(connection, "_shell", None)),
        ("become", getattr(connection, "become", None)),
    )
    for kind, plugin in plugins:
        name = getattr(plugin, "_load_name", None)
        if name:
            names.update(C.config.get_plugin_vars(kind, name))
    return names


def refuse_forged_facts(task_vars: t.Mapping[str, t.Any], connection: ConnectionBase) -> None:
    """Raise ForgedFacts if a fact of the host has a name that is never a fact.

    Such a name is a variable of this collection, or one that controls Ansible. It comes from a task
    that trusted the machine, in this run or, with a fact cache, in an earlier one.
    """
    facts = task_vars.get("ansible_facts")
    variables = acted_on(connection)
    names = [
        printable(to_text(name), 60)
        for name in (facts if isinstance(facts, t.Mapping) else ())
        if str(name).startswith(PREFIXES) or f"ansible_{name}" in variables
    ]
    if names:
        raise ForgedFacts(
            f"{listed(sorted(names), 3)} is among the facts of this host, but is not a fact: it "
            "controls Ansible or this collection. Facts come from the machine, so the host is not "
            "used. If you set it yourself, do so without cacheable. If it comes from a fact cache, "
            "run with --flush-cache. Otherwise distrust the machine."
        )

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is kept of the facts of a machine, and what of all that it could say instead."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from ansible import constants as C
from ansible.errors import AnsibleActionFail
from ansible.plugins.loader import become_loader, connection_loader, shell_loader
from ansible.utils.display import Display
from ansible.vars.clean import clean_facts
from ansible_collections.compute_desk.supply.plugins.plugin_utils._answers.facts import (
    CONNECTION_VARIABLES,
    PREFIXES,
    TooMuch,
    _types_by_name,
    acted_on,
    interpreter_of,
    refuse_forged_facts,
    sound_facts,
)
from hypothesis import given
from hypothesis import strategies as st

from ...helpers import ANY_JSON

CHECKOUT = Path(__file__).resolve().parents[5]
FORBIDDEN = frozenset(CONNECTION_VARIABLES)
SECRETS = ("_pass", "_password", "_private_key", "_passphrase")

names = (
    st.sampled_from(
        (
            *CONNECTION_VARIABLES,
            "ansible_kernel",
            "ansible_interfaces",
            "ansible_eth0",
            "ansible_env",
        )
    )
    | st.text()
)


class NoConnection:
    """Stands for a connection plugin of which Ansible knows nothing."""


def test_connection_variables_are_all_that_facts_could_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What this ansible-core's plugins know, and lets through as a fact."""
    monkeypatch.setattr(Display, "warning", lambda *_args, **_options: None)
    known: set[str] = set()
    loaders = {"connection": connection_loader, "shell": shell_loader, "become": become_loader}
    for kind, loader in loaders.items():
        for path in loader.all(path_only=True):
            name = Path(path).stem
            loader.get(name, class_only=True)
            known.update(C.config.get_plugin_vars(kind, name))
    accepted = set(clean_facts(dict.fromkeys(known, "x")))

    # Some are expressions, or what no fact can be called.
    assert {name for name in accepted if name.startswith("ansible_")} <= FORBIDDEN


def test_the_main_job_pins_them_all() -> None:
    playbooks = CHECKOUT / "playbooks"
    names = yaml.safe_load((playbooks / "vars/pinned.yml").read_text())["compute_desk_pinned"]
    (settled,) = yaml.safe_load((playbooks / "tasks/pin.yml").read_text())
    (roles,) = yaml.safe_load((playbooks / "tasks/work_roles.yml").read_text())
    meant = [name for name in CONNECTION_VARIABLES if not name.endswith(SECRETS)]

    assert names == meant
    assert roles["vars"] == dict.fromkeys(meant)
    assert settled["ansible.builtin.set_fact"] == {
        name: f"{{{{ hostvars[inventory_hostname].{name} | default(omit) }}}}" for name in meant
    }


@pytest.fixture(scope="module")
def honest() -> dict[str, t.Any]:
    """What the module setup returns about this machine."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from ansible.cli.adhoc import main; sys.argv[0] = 'ansible'; main()",
            "localhost",
            "-m",
            "ansible.builtin.setup",
            "-o",
            "-e",
            f"ansible_python_interpreter={sys.executable}",
        ],
        env={**os.environ, "ANSIBLE_DEPRECATION_WARNINGS": "false"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if "SUCCESS" not in done.stdout:
        pytest.skip(f"setup does not run here: {done.stdout[-200:]}{done.stderr[-200:]}")
    facts: dict[str, t.Any] = json.loads(done.stdout.split(" => ", 1)[1])["ansible_facts"]
    return facts


def test_a_fact_that_came_with_ansible_core_2_22_is_kept_on_all() -> None:
    facts = {"ansible_distribution_cpe_name": "cpe:/o:redhat:enterprise_linux:9::baseos"}

    assert sound_facts(facts, FORBIDDEN) == (facts, [])


def test_the_facts_of_an_honest_machine_are_all_kept(honest: dict[str, t.Any]) -> None:
    kept, dropped = sound_facts(honest, FORBIDDEN)

    theirs = [
        name for name in dropped if not name.startswith(("facter_", "ohai_", "ansible_facter"))
    ]
    assert theirs == []
    assert set(kept) == set(honest) - set(dropped)
    for name in ("ansible_kernel", "ansible_processor_vcpus", "ansible_interfaces"):
        assert kept[name] == honest[name]


@pytest.mark.parametrize(
    "name",
    [
        *CONNECTION_VARIABLES,
        *(f"{prefix}x" for prefix in PREFIXES),
        "ansible_connection",
        "ansible_python_interpreter",
        "ansible_become_password",
        "ansible_host",
        "ansible_ssh_common_args",
        "my_own_variable",
        "",
        "ansible_",
        "discovered_interpreter_python",
    ],
)
@pytest.mark.parametrize("value", ["text", 1, True, None, [], {}])
def test_what_is_no_fact_is_dropped(name: str, value: t.Any) -> None:
    interfaces = [name[len("ansible_") :], name]

    kept, dropped = sound_facts({name: value, "ansible_interfaces": interfaces}, FORBIDDEN)

    is_interface = isinstance(value, dict) and name.startswith("ansible_") and len(name) > 8
    if name in FORBIDDEN or not is_interface:
        assert name not in kept and name in dropped


def test_facts_of_interfaces_are_kept_by_the_list_of_them() -> None:
    eth = {"device": "eth0", "ipv4": {"address": "10.0.0.2"}}
    told = {
        "ansible_interfaces": ["eth0", "br-1f2e", "enp1s0:0", "remote_tmp"],
        "ansible_eth0": eth,
        "ansible_br_1f2e": eth,
        "ansible_enp1s0_0": eth,
        "ansible_eth7": eth,
        "ansible_remote_tmp": eth,
    }

    kept, dropped = sound_facts(told, FORBIDDEN)

    assert {*kept} == {
        "ansible_interfaces",
        "ansible_eth0",
        "ansible_br_1f2e",
        "ansible_enp1s0_0",
    }
    assert sorted(dropped) == ["ansible_eth7", "ansible_remote_tmp"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ansible_kernel", 6),
        ("ansible_kernel", ["6"]),
        ("ansible_processor_vcpus", "8"),
        ("ansible_processor_vcpus", True),
        ("ansible_fips", "yes"),
        ("ansible_mounts", {}),
        ("ansible_env", "HOME=/"),
        ("ansible_pkg_mgr", "../evil"),
        ("ansible_service_mgr", "other.collection.module"),
    ],
)
def test_a_fact_of_another_type_is_dropped(name: str, value: t.Any) -> None:
    assert sound_facts({name: value}, FORBIDDEN) == ({}, [name])


def test_a_fact_may_have_one_of_several_types() -> None:
    types = _types_by_name()

    assert {name: types[name] for name in ("gather_subset", "module_setup")} == {
        "gather_subset": (list,),
        "module_setup": (bool,),
    }
    assert types["ansible_kernel"] == (str,)
    assert types["ansible_uptime_seconds"] == (int, float)
    # A text or a mapping, and even a switch.
    assert types["ansible_lvm"] == (str, dict)
    assert types["ansible_selinux"] == (str, bool, dict)
    assert sound_facts({"ansible_lvm": "N/A", "ansible_selinux": False}, FORBIDDEN)[1] == []
    assert sound_facts({"gather_subset": ["min"], "module_setup": True}, FORBIDDEN)[1] == []


def test_text_becomes_one_printable_line_at_every_depth() -> None:
    evil = "6.1\x1b[2J\r\nforged\u202e\x9b"
    told = {"ansible_kernel": evil, "ansible_env": {evil: [evil, {evil: evil}]}}

    kept, _dropped = sound_facts(told, FORBIDDEN)

    assert kept["ansible_kernel"] == "6.1 forged"
    assert kept["ansible_env"] == {"6.1 forged": ["6.1 forged", {"6.1 forged": "6.1 forged"}]}


@pytest.mark.parametrize(
    "value", [{str(number): number for number in range(60_000)}, [[[[[[[[[[1]]]]]]]]]]]
)
def test_too_many_values_are_refused(value: t.Any) -> None:
    with pytest.raises(TooMuch):
        sound_facts({"ansible_env": {"x": value}}, FORBIDDEN)


@given(told=ANY_JSON | st.dictionaries(names, ANY_JSON))
def test_whatever_is_told_only_plain_data_under_known_names_is_left(told: t.Any) -> None:
    kept, dropped = sound_facts(told, FORBIDDEN)

    json.dumps(kept, allow_nan=False)
    assert not FORBIDDEN & set(kept)
    assert all(name.startswith(("ansible_", "gather_subset", "module_setup")) for name in kept)
    assert all("\n" not in name and len(name) <= 60 for name in dropped)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ({"discovered_interpreter_python": "/usr/bin/python3.11"}, True),
        ({"discovered_interpreter_python": "/bin/sh -c id"}, False),
        ({"discovered_interpreter_python": "{{ 6*7 }}"}, False),
        ({"discovered_interpreter_python": 3}, False),
        ({}, False),
        (None, False),
    ],
)
def test_where_python_was_found_is_kept_if_it_is_a_path(answer: t.Any, kept: bool) -> None:
    assert interpreter_of(answer) == (answer if kept else {})


@pytest.mark.parametrize(
    "name", ["gpu_verify_fail", "compute_desk_roles", "sftp_executable", "remote_tmp"]
)
def test_a_host_with_a_forged_fact_is_refused(name: str) -> None:
    connection = t.cast("t.Any", NoConnection())

    with pytest.raises(AnsibleActionFail, match=f"{name} is among the facts of this host"):
        refuse_forged_facts({"ansible_facts": {name: "x", "kernel": "6"}}, connection)

    refuse_forged_facts({"ansible_facts": {"kernel": "6", "my_own": 1}}, connection)
    refuse_forged_facts({}, connection)


@pytest.mark.parametrize("name", [7, None, ("ansible_kernel",)])
def test_a_name_that_is_no_text_is_dropped(name: t.Any) -> None:
    kept, dropped = sound_facts({name: "6.1", "ansible_kernel": "6.1"}, FORBIDDEN)

    assert (kept, dropped) == ({"ansible_kernel": "6.1"}, [str(name)])


def test_the_plugins_of_a_connection_are_asked_what_controls_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection = SimpleNamespace(
        _load_name="ssh",
        _shell=SimpleNamespace(_load_name="sh"),
        become=SimpleNamespace(_load_name="sudo"),
    )
    monkeypatch.setattr(C.config, "get_plugin_vars", lambda *kind: [" ".join(kind)])

    assert acted_on(t.cast("t.Any", connection)) == {
        *CONNECTION_VARIABLES,
        "connection ssh",
        "shell sh",
        "become sudo",
    }
    assert acted_on(t.cast("t.Any", SimpleNamespace(_shell=None, become=None))) == {
        *CONNECTION_VARIABLES
    }


def test_forged_facts_are_named_and_the_rest_is_counted() -> None:
    long = "awx_setup_" + "x" * 60
    facts = dict.fromkeys((long, "remote_tmp", "compute_desk_a", "gpu_verify_b", "kernel"), 1)

    with pytest.raises(AnsibleActionFail) as caught:
        refuse_forged_facts({"ansible_facts": facts}, t.cast("t.Any", NoConnection()))

    assert str(caught.value) == (
        f"{long[:57]}..., compute_desk_a, gpu_verify_b, and 1 more is among the facts of this "
        "host, but is not a fact: it controls Ansible or this collection. Facts come from the "
        "machine, so the host is not used. If you set it yourself, do so without cacheable. If it "
        "comes from a fact cache, run with --flush-cache. Otherwise distrust the machine."
    )


def test_a_fact_may_be_unknown() -> None:
    assert sound_facts({"ansible_kernel": None}, FORBIDDEN) == ({"ansible_kernel": None}, [])


def test_only_plain_values_are_left() -> None:
    told = {"a": 0.5, "b": float("inf"), "c": None, "d": True, "e": 7, "f": {1}, "k" * 201: "x"}

    kept, _dropped = sound_facts({"ansible_env": told}, FORBIDDEN)

    plain = {"a": 0.5, "b": None, "c": None, "d": True, "e": 7, "f": None}
    assert kept["ansible_env"] == {**plain, "k" * 197 + "...": "x"}


@pytest.mark.parametrize("around", [lambda value: {"x": value}, lambda value: [value]])
def test_facts_have_up_to_eight_levels(around: t.Callable[[t.Any], t.Any]) -> None:
    value: t.Any = "innermost"
    for _level in range(7):
        value = around(value)

    assert sound_facts({"ansible_env": {"x": value}}, FORBIDDEN)[0] == {"ansible_env": {"x": value}}
    with pytest.raises(TooMuch, match=r"^more than 50000 values, or more than 8 levels$"):
        sound_facts({"ansible_env": {"x": around(value)}}, FORBIDDEN)


def test_facts_have_up_to_fifty_thousand_values() -> None:
    assert sound_facts({"ansible_flags": [1] * 49_999}, FORBIDDEN)[1] == []
    with pytest.raises(TooMuch):
        sound_facts({"ansible_flags": [1] * 50_000}, FORBIDDEN)


def test_long_texts_are_cut() -> None:
    told = {"ansible_kernel": "k" * 4001, "ansible_nodename": "n" * 4000, "x" * 61: 1}

    assert sound_facts(told, FORBIDDEN) == (
        {"ansible_kernel": "k" * 3997 + "...", "ansible_nodename": "n" * 4000},
        ["x" * 57 + "..."],
    )

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin: which hosts it makes of which offers, and what its options do."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from simulator import Simulator
from support.workspace import Workspace, last_lines

from .conftest import Played, offer_status
from .offers import A, B, provisioning
from .paper_machines import NAME_A, NAME_B, OFFER_A, OFFER_B, machines, one_machine
from .sources import PLUGIN, Case, Loaded, batch, listing

Simulate = t.Callable[..., Simulator]


def test_everything_can_come_from_the_environment(workspace: Workspace, simulate: Simulate) -> None:
    simulator = simulate(one_machine(A), one_machine(B))

    listed = listing(workspace, simulator, {})

    assert list(listed.hosts) == [NAME_A, NAME_B]
    assert listed.group("compute_desk") == [NAME_A, NAME_B]
    assert (listed.group(OFFER_A), listed.group(OFFER_B)) == ([NAME_A], [NAME_B])
    assert listed.group("compute_desk_zone_eu_west_1a") == [NAME_A, NAME_B]
    assert "__ansible_unsafe" not in listed.text
    assert "WARNING" not in listed.output and "DEPRECAT" not in listed.output


def test_hosts_are_those_of_the_module(
    workspace: Workspace, simulate: Simulate, play: t.Callable[..., Played]
) -> None:
    states = [
        {"ssh_command": "ssh -p 2222 ubuntu@203.0.113.1", "internal_ip": "10.0.0.1"},
        {"zone": "{{ 6 * 7 }}", "external_ip": "2001:db8::0:1"},
        {"ssh_command": "ssh -o ProxyCommand=id root@203.0.113.3"},
        {"status": "starting"},
    ]
    simulator = simulate(machines(A, *states), one_machine(B))

    hosts = listing(workspace, simulator, {}).hosts
    records = play(offer_status(A, B), simulator=simulator).result["hosts"]

    assert len(records) == 4
    for record in records:
        variables = hosts.pop(record.pop("name"))
        plain = {
            name: value["__ansible_unsafe"] if isinstance(value, dict) else value
            for name, value in variables.items()
        }
        assert plain == record
    assert hosts == {}


# A value for each option, and what shows that it was taken.
VISIBLE: dict[str, tuple[str, t.Callable[[Loaded], bool]]] = {
    "offer_ids": (A, lambda loaded: list(loaded.hosts) == ["node-0-aaaa0000"]),
    "address": ("internal", lambda loaded: _first(loaded)["ansible_host"] == "10.0.0.1"),
    "hostnames": ("'x' ~ compute_desk_zone", lambda loaded: "xeu-west-1a" in loaded.hosts),
    "filters": ("false", lambda loaded: not loaded.error and loaded.hosts == {}),
    "exclude_filters": ("compute_desk_usable", lambda loaded: loaded.hosts == {}),
    "include_unusable": ("true", lambda loaded: len(loaded.hosts) == 2),
    "min_hosts": ("7", lambda loaded: loaded.says("min_hosts: found 1 of 7")),
    "on_error": ("stale", lambda loaded: loaded.says("on_error: stale needs")),
    "stale_max_age": ("-1", lambda loaded: loaded.says("stale_max_age: must be")),
    "ssh_host_key_policy": (
        "unmanaged",
        lambda loaded: "ansible_ssh_common_args" not in _first(loaded),
    ),
    "api_token": ("wrong", lambda loaded: loaded.says("(401)")),
    "api_token_file": ("missing", lambda loaded: loaded.says("missing': No such file")),
    "api_url": ("http://192.0.2.1", lambda loaded: loaded.says("plain http")),
    "validate_certs": ("maybe", lambda loaded: loaded.says("validate_certs")),
    "ca_path": ("/nowhere", lambda loaded: loaded.says("ca_path: '/nowhere'")),
    "request_timeout": ("0", lambda loaded: loaded.says("request_timeout: must be")),
    "concurrency": ("65", lambda loaded: loaded.says("concurrency: must be")),
}


def _first(loaded: Loaded) -> dict[str, t.Any]:
    return next(iter(loaded.hosts.values()))


def test_every_option_can_be_set_in_the_environment(
    workspace: Workspace, simulate: Simulate
) -> None:
    simulator = simulate(machines(A, {"internal_ip": "10.0.0.1"}, {"status": "stopped"}))
    environments = [{"COMPUTE_DESK_" + name.upper(): VISIBLE[name][0]} for name in VISIBLE]
    for environment in environments:
        if "COMPUTE_DESK_API_TOKEN_FILE" in environment:
            environment["COMPUTE_DESK_API_TOKEN"] = ""

    loaded = batch(workspace, simulator, [Case(environment=one) for one in environments])

    for (name, (_value, shows)), one in zip(VISIBLE.items(), loaded, strict=True):
        assert shows(one), (name, one)


def test_the_list_of_visible_options_is_complete(workspace: Workspace) -> None:
    done = workspace.run("ansible-doc", "--json", "-t", "inventory", PLUGIN)
    options = json.loads(done.stdout)[PLUGIN]["doc"]["options"]
    # What Ansible's own fragments bring has Ansible's variables, or none.
    theirs = {"plugin", "strict", "compose", "groups", "keyed_groups", "use_extra_vars"}
    theirs |= {name for name in options if name.startswith(("cache", "leading_separator"))}

    assert set(options) - theirs == set(VISIBLE)
    for name in VISIBLE:
        assert options[name]["env"] == [{"name": f"COMPUTE_DESK_{name.upper()}"}]


def test_options_are_templates_and_see_extra_variables(
    workspace: Workspace, simulate: Simulate
) -> None:
    simulator = simulate(one_machine(A), one_machine(B))
    (workspace.folder / "token").write_text(simulator.token)
    together = {
        "api_token": "{{ lookup('file', 'token') }}",
        "api_url": "{{ address_of_api }}",
        "offer_ids": "{{ ids.split('+') }}",
        "min_hosts": "{{ 1 + 1 }}",
    }
    apart = {**together, "offer_ids": ["{{ ids.split('+')[0] }}", "{{ ids.split('+')[1:] }}"]}
    alone = {**together, "offer_ids": "{{ ids | replace('+', ',') }}"}
    given = ["-e", f"address_of_api={simulator.url}", "-e", f"ids={A}+{B}"]

    for config in (together, apart, alone):
        assert list(listing(workspace, None, config, *given).hosts) == [NAME_A, NAME_B]

    failed = listing(workspace, None, {**together, "api_url": "{{ nobody_knows }}"}, *given)
    assert failed.code != 0
    assert failed.says("api_url: ") and "nobody_knows" in failed.output
    assert "Traceback" not in failed.output


def test_a_directory_of_sources(workspace: Workspace, simulate: Simulate) -> None:
    simulator = simulate(one_machine(A), one_machine(B))
    folder = workspace.folder / "inventory"
    folder.mkdir()
    (folder / "05 some team.yaml").write_text(f"# ours\nplugin: '{PLUGIN}'\noffer_ids: {A}\n")
    (folder / "10-more.yml").write_text(f'{{"plugin": "{PLUGIN}", "offer_id": "{B}"}}')
    (folder / "20-hosts.yml").write_text("all: {hosts: {old: {plugin: none}}}")
    (folder / "30-theirs.yml").write_text(
        "plugin: ansible.builtin.constructed\nstrict: true\ngroups: {everybody: true}\n"
    )
    (folder / "25-hosts").write_text("ini-host\n")

    listed = listing(workspace, simulator, name="inventory")

    assert set(listed.hosts) >= {NAME_A, NAME_B}
    assert set(listed.group("everybody")) == {NAME_A, NAME_B, "old", "ini-host"}
    assert "WARNING" not in listed.output


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\xff\xfe\x80", b"a: [", b"- 1\n", b"plugin: amazon.aws.aws_ec2\n", b"just text\n"],
)
def test_files_of_others_are_declined_without_a_word(workspace: Workspace, content: bytes) -> None:
    (workspace.folder / "offers.yml").write_bytes(content)

    listed = listing(workspace, ANSIBLE_INVENTORY_ENABLED=PLUGIN)

    assert PLUGIN not in listed.output.replace(f"ANSIBLE_INVENTORY_ENABLED={PLUGIN}", "")
    assert listed.code != 0 and "Failed to parse" not in listed.output


MISTAKES: list[tuple[dict[str, t.Any], str]] = [
    ({"ofer_ids": [A]}, "'ofer_ids': there is no such option; did you mean offer_ids?"),
    ({"offer_ids": A, "offer_id": B}, "offer_id: is another name of offer_ids; give only one"),
    ({"token": "x"}, "'token': there is no such option"),
    ({"offer_ids": []}, "offer_ids: is empty"),
    ({"offer_ids": ["../../x"]}, "offer_ids: '../../x' is not the UUID of an offer"),
    ({"ansible_user": "me"}, "'ansible_user': there is no such option"),
    ({"api_token": "a", "api_token_file": "b"}, "api_token: give only one of it and"),
    ({"filters": ["compute_desk_zon == 1"]}, "filters: 'compute_desk_zon == 1' fails: "),
    ({"filters": ["compute_desk_zone"]}, "gives a string, not true or false"),
    ({"filters": [1]}, "filters: '1' is not a text; put the expression in quotes"),
    ({"compose": {"n": 8}}, "compose: 'n': '8' is not a text; put the expression in quotes"),
    ({"keyed_groups": [{"kee": "x"}]}, "keyed_groups: 'kee': there is no such option"),
    ({"min_hosts": 2}, "min_hosts: found 1 of 2 required hosts; -v shows"),
    ({"strict": True, "groups": {"g": "nix > 1"}}, "groups: 'g' fails for host 'gpu-aaaaaaaa'"),
]


def test_mistakes_are_named(workspace: Workspace, simulate: Simulate) -> None:
    simulator = simulate(one_machine(A))

    loaded = batch(workspace, simulator, [Case(config) for config, _sentence in MISTAKES])

    for (_config, sentence), one in zip(MISTAKES, loaded, strict=True):
        assert one.error and not one.hosts
        assert one.says(sentence), one.output
        assert "Traceback" not in one.output


def test_without_a_token(workspace: Workspace, simulate: Simulate) -> None:
    simulator = simulate(one_machine(A))

    listed = listing(workspace, simulator, {}, COMPUTE_DESK_API_TOKEN="")

    assert listed.says(
        "api_token: no API token. Set the environment variable COMPUTE_DESK_API_TOKEN"
    )
    assert simulator.requests() == []


def test_a_file_with_a_syntax_error_is_reported(workspace: Workspace) -> None:
    listed = listing(workspace, None, f"plugin: {PLUGIN}\noffer_ids: [\n")

    assert listed.code != 0 and "YAML" in listed.output


def test_an_odd_machine_is_left_out_with_its_reason(
    workspace: Workspace, simulate: Simulate
) -> None:
    states = [
        {"status": "RUNNING"},
        {"status": "preempted"},
        {"status": "rebooting"},
        {"external_ip": None},
        {"status": "terminated"},
    ]
    simulator = simulate(machines(A, *states))

    plain = listing(workspace, simulator, {})
    everything = listing(workspace, simulator, {"include_unusable": True}, "-v")

    assert list(plain.hosts) == ["node-0-aaaa0000"]
    assert plain.says(
        f"Offer {A} is ready, 1 of 5 instances usable. Not usable: 'node-1' (i-aaaa0001): "
    )
    assert plain.says("status is rebooting, not running") and plain.says("it has no external_ip")
    assert [h["compute_desk_usable"] for h in everything.hosts.values()] == [True] + 4 * [False]
    assert everything.group("compute_desk") == ["node-0-aaaa0000"]
    assert len(everything.group("compute_desk_unusable")) == 4
    nowhere = everything.hosts["node-3-aaaa0003"]
    assert nowhere["ansible_host"] == "no-address.invalid"
    assert nowhere["compute_desk_unusable_reason"] == "it has no external_ip"
    assert "__ansible_unsafe" not in everything.text
    assert everything.says("1 of 5 instances usable")
    assert "WARNING" not in everything.output


def test_what_is_on_its_way_is_said(workspace: Workspace, simulate: Simulate) -> None:
    offer = {**one_machine(A), "timeline": [provisioning()]}
    simulator = simulate(offer, one_machine(B))

    listed = listing(workspace, simulator, {})

    assert list(listed.hosts) == [NAME_B]
    assert listed.says(f"Offer {A} is provisioning (0/1 instances running), 0 of 0 instances")


def test_an_offer_that_gives_no_machine_is_always_named(
    workspace: Workspace, simulate: Simulate
) -> None:
    failed = {"at": 0, "status": "failed", "procurement_status": "failed"}
    simulator = simulate({"offer_id": A, "timeline": [{**failed, "failure_reason": "sold out"}]})

    listed = listing(workspace, simulator, {"include_unusable": True})

    assert listed.hosts == {}
    assert listed.says(f"Offer {A} is failed (sold out), 0 of 0 instances usable")


def test_requests_are_told_and_the_token_never(workspace: Workspace, simulate: Simulate) -> None:
    fault = {"requests": [1], "kind": "status", "code": 503, "retry_after": 0}
    simulator = simulate({**one_machine(A), "faults": [fault]})

    listed = listing(workspace, simulator, {}, "-vvvv")

    assert list(listed.hosts) == [NAME_A]
    assert re.search(rf"GET /offers/{A}/status: 503, \d+ ms, attempt 1\n", listed.output)
    assert re.search(rf"GET /offers/{A}/status: 200, \d+ ms, attempt 2\n", listed.output)
    assert simulator.token not in listed.output + listed.text


def test_names(workspace: Workspace, simulate: Simulate) -> None:
    states = [
        {"instance_name": "all", "instance_id": "all"},
        {"instance_name": "node", "instance_id": "i-00000001"},
        {"instance_name": "node", "instance_id": "i-00000002"},
        {"instance_name": "-rf", "instance_id": "i-00000003"},
    ]
    simulator = simulate(machines(A, *states))

    assert list(listing(workspace, simulator, {}).hosts) == [
        "instance-all",
        "node-00000001",
        "node-00000002",
        "rf-00000003",
    ]
    chosen = {
        "hostnames": [
            "'' if 'node' in compute_desk_instance_name else 'x y'",
            "compute_desk_instance_id",
        ],
        "filters": ["'rf' not in compute_desk_instance_name"],
    }
    assert set(listing(workspace, simulator, chosen).hosts) == {"x-y", "i-00000001", "i-00000002"}
    clash = listing(workspace, simulator, {"hostnames": ["compute_desk_instance_name"]})
    assert clash.code != 0
    assert clash.says("instances 'i-00000001' and 'i-00000002' would both be the host 'node'")
    # The machine is replaced: same name, other id.
    replaced = simulate(machines(A, {"instance_name": "node", "instance_id": "i-00000009"}))
    assert list(listing(workspace, replaced, {}).hosts) == ["node-00000009"]


def test_own_groups_and_variables(workspace: Workspace, simulate: Simulate) -> None:
    simulator = simulate(one_machine(A, zone="eu-1"), one_machine(B, zone="us-1"))
    config = {
        "compose": {"shouted": "compute_desk_zone | upper", "ansible_user": "'me'", "bad": "nix.x"},
        "groups": {"european": "shouted.startswith('EU')", "typo": "compute_desk_zon == 1"},
        "keyed_groups": [
            {"key": "shouted", "prefix": "z", "separator": "_"},
            {"key": "no_such_key"},
        ],
    }

    listed = listing(workspace, simulator, config)

    assert listed.hosts[NAME_A]["shouted"] == "EU-1"
    assert listed.hosts[NAME_A]["ansible_user"] == "me"
    assert listed.group("european") == [NAME_A]
    assert listed.group("z_US_1") == [NAME_B]
    for label in ("compose: 'bad'", "groups: 'typo'", "keyed_groups: 'no_such_key'"):
        assert listed.says(f"{label} fails for 2 hosts, first for 'gpu-aaaaaaaa': ")
        assert "".join(listed.output.split()).count("".join(label.split()) + "fails") == 1


@pytest.mark.parametrize("setting", ["never", "always", "ignore"])
def test_group_names_need_no_remark(workspace: Workspace, simulate: Simulate, setting: str) -> None:
    zone = "eu-west-1/ä {{ x }}"
    simulator = simulate(one_machine(A, zone=zone))

    listed = listing(workspace, simulator, {}, ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS=setting)

    assert listed.group("compute_desk_zone_eu_west_1______x___") == [NAME_A]
    assert "WARNING" not in listed.output


def test_no_variable_has_a_reserved_name(workspace: Workspace, simulate: Simulate) -> None:
    simulator = simulate(one_machine(A))
    listing(workspace, simulator, {})
    book = [{"hosts": "all", "gather_facts": False, "connection": "local", "tasks": []}]
    (workspace.folder / "play.yml").write_text(json.dumps(book))

    done = workspace.run(
        "ansible-playbook",
        "-i",
        "offers.yml",
        "play.yml",
        **simulator.env(),
        COMPUTE_DESK_OFFER_IDS=A,
    )

    assert done.returncode == 0, last_lines(done.stdout)
    assert "WARNING" not in done.stdout


def test_refresh_inventory_asks_again(workspace: Workspace, simulate: Simulate) -> None:
    late = {
        **one_machine(A),
        "timeline": [provisioning(), {**one_machine(A)["timeline"][0], "at": 60}],
    }
    simulator = simulate(late, speed=1e-6)
    (workspace.folder / "offers.yml").write_text(json.dumps({"plugin": PLUGIN}))
    jump = (
        "import urllib.request as u, os, json;"
        "u.urlopen(u.Request(os.environ['COMPUTE_DESK_API_URL'] + '/_simulator/clock',"
        " json.dumps({'second': 99}).encode(),"
        " {'Authorization': 'Bearer ' + os.environ['COMPUTE_DESK_API_TOKEN'],"
        " 'Content-Type': 'application/json'}))"
    )
    tasks = [
        {"ansible.builtin.debug": {"msg": "before={{ groups.compute_desk | default([]) }}"}},
        {"ansible.builtin.command": {"argv": ["python3", "-c", jump]}},
        {"ansible.builtin.meta": "refresh_inventory"},
        {"ansible.builtin.debug": {"msg": "after={{ groups.compute_desk | join('+') }}"}},
    ]
    book = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    (workspace.folder / "play.yml").write_text(json.dumps(book))

    done = workspace.run(
        "ansible-playbook",
        "-i",
        "offers.yml",
        "play.yml",
        **simulator.env(),
        COMPUTE_DESK_OFFER_IDS=A,
        ANSIBLE_PYTHON_INTERPRETER="auto_silent",
    )

    assert done.returncode == 0, last_lines(done.stdout)
    assert "before=[]" in done.stdout and f"after={NAME_A}" in done.stdout

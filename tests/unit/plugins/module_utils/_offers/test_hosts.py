# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Host records: names, variables and host keys, all of them made of text from somewhere else."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.hosts import (
    HOST_KEY_POLICIES,
    HOST_VARIABLES,
    HostNameClash,
    HostOptions,
    chosen_name,
    group_suffix,
    host_name,
    host_records,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.offer import (
    Instance,
    Offer,
    parse_offer,
)
from hypothesis import example, given
from hypothesis import strategies as st

from ...helpers import ANY_TEXT, OFFER_ID, OTHER_ID, a_document, an_instance

SSH_VARIABLES = {"ansible_host", "ansible_user", "ansible_port", "ansible_ssh_common_args"}
# Ids and names that nearly are something else, beside any text at all.
NEARLY = [
    "localhost",
    "ALL",
    "ungrouped",
    "compute_desk",
    "compute_desk_zone_",
    "127.0.0.1",
    "-o",
    "..",
    "db1.yml",
    ".YAML",
    "a.json",
    "yml",
]
TRICKY = ANY_TEXT | st.sampled_from(NEARLY)
IDS = TRICKY.filter(lambda text: re.search("[A-Za-z0-9]", text))


def an_offer(*instances: dict[str, t.Any], **fields: t.Any) -> Offer:
    return parse_offer(a_document(instances=list(instances), **fields), OFFER_ID)


def the_record(policy: str = "accept_new", **fields: t.Any) -> dict[str, t.Any]:
    (record,) = host_records([an_offer(an_instance(**fields))], HostOptions(policy)).records
    return record


def name_of(instance_name: str, instance_id: str) -> str:
    return host_name(Instance(instance_id, instance_name, "zone", "running"))


def assert_no_file_has(name: str) -> None:
    """Ansible looks in host_vars for a file or folder of just this name first."""
    assert not name.lower().endswith((".yml", ".yaml", ".json"))
    assert not name or name.strip(".")


# Names


@pytest.mark.parametrize(
    ("instance_name", "instance_id", "name"),
    [
        ("h100-node-1", "i-0a1b2c3d4e5f", "h100-node-1-2c3d4e5f"),
        ("node", "7", "node-7"),
        ("node", "ab-cd-ef-12", "node-abcdef12"),
        # The name ends so already.
        ("vm-2c3d4e5f", "i-0a1b2c3d4e5f", "vm-2c3d4e5f"),
        ("2c3d4e5f", "i-0a1b2c3d4e5f", "2c3d4e5f"),
        # What no host name should hold.
        ("gpu node/1", "i-0a1b2c3d4e5f", "gpu-node-1-2c3d4e5f"),
        ("{{ x }}", "i-0a1b2c3d4e5f", "x----2c3d4e5f"),
        ("a[1:3],b", "i-0a1b2c3d4e5f", "a-1-3--b-2c3d4e5f"),
        ("-oProxyCommand=x", "i-0a1b2c3d4e5f", "oProxyCommand-x-2c3d4e5f"),
        ("東京", "i-0a1b2c3d4e5f", "2c3d4e5f"),
        ("", "i-0a1b2c3d4e5f", "2c3d4e5f"),
        ("a\nb", "i-0a1b2c3d4e5f", "a-b-2c3d4e5f"),
        ("nodeX", "--", "nodeX"),
        ("Xnode", "7", "Xnode-7"),
        ("", "--", "instance"),
        # Names that mean something else.
        ("localhost", "localhost", "instance-localhost"),
        ("", "all", "instance-all"),
        ("ALL", "ALL", "instance-ALL"),
        ("compute_desk", "desk", "instance-compute_desk"),
        ("compute_desk_zone_eu", "eu", "instance-compute_desk_zone_eu"),
        ("127.0.0.1", "1", "instance-127.0.0.1"),
        ("compute_desk_zone_eu.yml", "l", "instance-compute_desk_zone_eu-yml"),
        # Names of files with variables.
        ("db1.yml", "l", "db1-yml"),
        ("db1.yaml", "aml", "db1-yaml"),
        ("db1.JSON", "JSON", "db1-JSON"),
        ("db1.yml.yml", "yml", "db1.yml-yml"),
        (".yml", "yml", "instance-yml"),
        ("db1.yml", "i-0a1b2c3d4e5f", "db1.yml-2c3d4e5f"),
        ("yml", "yml", "yml"),
        ("db1.ymlx", "x", "db1.ymlx"),
        ("db1.yml.", "i-1", "db1.yml.-i1"),
        ("..", "i-1", "..-i1"),
    ],
)
def test_host_name(instance_name: str, instance_id: str, name: str) -> None:
    assert name_of(instance_name, instance_id) == name


@given(TRICKY, IDS)
@example("x" * 1000, "y" * 1000)
@example("compute_desk_offer_", OFFER_ID)
def test_a_host_name_is_safe_whatever_the_api_says(instance_name: str, instance_id: str) -> None:
    name = name_of(instance_name, instance_id)

    assert re.fullmatch(r"[A-Za-z0-9._][A-Za-z0-9._-]{0,254}", name)
    assert name.lower() not in ("localhost", "127.0.0.1", "all", "ungrouped", "compute_desk")
    assert not name.lower().startswith(("compute_desk_offer_", "compute_desk_zone_"))
    assert name.lower() != "compute_desk_unusable"
    assert_no_file_has(name)


@given(st.lists(IDS, min_size=1, max_size=4, unique=True))
def test_a_host_name_does_not_depend_on_other_instances(ids: list[str]) -> None:
    together = host_records(
        [an_offer(*[an_instance(instance_id=i, instance_name=f"n{n}x")]) for n, i in enumerate(ids)]
    ).records
    alone = [the_record(instance_id=i, instance_name=f"n{n}x") for n, i in enumerate(ids)]

    assert together == alone


def test_two_instances_of_one_name_are_an_error_that_lists_both() -> None:
    offer = an_offer(
        an_instance(instance_id="zone-a/12345678"), an_instance(instance_id="zone-b/12345678")
    )

    with pytest.raises(HostNameClash) as caught:
        host_records([offer])

    assert "'zone-a/12345678'" in str(caught.value)
    assert "'zone-b/12345678'" in str(caught.value)
    assert "'h100-node-1-12345678'" in str(caught.value)
    assert str(caught.value).startswith(f"Offer {OFFER_ID}: ")
    assert str(caught.value).endswith(" Have one of them renamed.")


def test_a_clash_between_offers_is_found_too() -> None:
    other = parse_offer(a_document(offer_id=OTHER_ID), OTHER_ID)

    with pytest.raises(HostNameClash):
        host_records([an_offer(an_instance()), other])


def test_an_instance_that_is_not_usable_clashes_with_nothing() -> None:
    offer = an_offer(an_instance(status="stopped"), an_instance(), an_instance(external_ip=None))

    assert [record["compute_desk_usable"] for record in host_records([offer]).records] == [True]


# Variables


@pytest.mark.parametrize("policy", HOST_KEY_POLICIES)
def test_the_variables_of_a_host_are_these(policy: str) -> None:
    expected = {"name"} | SSH_VARIABLES | set(HOST_VARIABLES)
    if policy == "unmanaged":
        expected -= {"ansible_ssh_common_args"}

    assert set(the_record(policy)) == expected


def test_what_the_api_leaves_out_is_null_and_not_absent() -> None:
    instance = an_instance()
    del instance["internal_ip"], instance["ssh_command"]
    document = a_document(instances=[instance])
    del document["procured_at"]

    (record,) = host_records([parse_offer(document, OFFER_ID)]).records

    assert set(record) == {"name"} | SSH_VARIABLES | set(HOST_VARIABLES)
    assert {name for name, value in record.items() if value is None} == {
        "compute_desk_internal_ip",
        "compute_desk_ssh_command",
        "compute_desk_procured_at",
        "compute_desk_unusable_reason",
    }


def test_the_values_of_a_host() -> None:
    instance = an_instance(
        external_ip="2001:DB8:0::7", ssh_command="ssh -p 2222 ubuntu@2001:db8::7"
    )

    (record,) = host_records(
        [an_offer(instance)], HostOptions(stale_offers=frozenset([OFFER_ID]))
    ).records

    assert record == {
        "name": "h100-node-1-2c3d4e5f",
        "ansible_host": "2001:db8::7",
        "ansible_user": "ubuntu",
        "ansible_port": 2222,
        "ansible_ssh_common_args": (
            "-o HostKeyAlias=i-0a1b2c3d4e5f -o StrictHostKeyChecking=accept-new"
        ),
        "compute_desk_offer_id": OFFER_ID,
        "compute_desk_offer_status": "procured",
        "compute_desk_procurement_status": "ready",
        "compute_desk_phase": "ready",
        "compute_desk_created_at": "2026-11-24T09:00:00Z",
        "compute_desk_procured_at": "2026-11-24T09:05:00Z",
        "compute_desk_instance_id": "i-0a1b2c3d4e5f",
        "compute_desk_instance_name": "h100-node-1",
        "compute_desk_instance_status": "running",
        "compute_desk_zone": "eu-west-1a",
        "compute_desk_external_ip": "2001:DB8:0::7",
        "compute_desk_internal_ip": "10.0.0.7",
        "compute_desk_ssh_command": "ssh -p 2222 ubuntu@2001:db8::7",
        "compute_desk_usable": True,
        "compute_desk_unusable_reason": None,
        "compute_desk_stale": True,
    }


def test_records_come_in_the_order_of_offers_and_instances() -> None:
    other = parse_offer(
        a_document(offer_id=OTHER_ID, instances=[an_instance(instance_id="c")]), OTHER_ID
    )
    offer = an_offer(an_instance(instance_id="b"), an_instance(instance_id="a"))

    records = host_records([other, offer]).records

    assert [record["compute_desk_instance_id"] for record in records] == ["c", "b", "a"]


@pytest.mark.parametrize(
    "external_ip", ["-oProxyCommand=touch /tmp/x", "gpu.example.com", "0.0.0.0", "fe80::1%eth0"]
)
def test_without_a_valid_address_there_is_no_host(external_ip: str) -> None:
    assert host_records([an_offer(an_instance(external_ip=external_ip))]).records == []


def test_an_ssh_command_that_is_left_aside_makes_one_warning() -> None:
    offer = an_offer(an_instance(ssh_command="ssh -o ProxyCommand=id root@203.0.113.7"))

    result = host_records([offer])

    (warning,) = result.warnings
    assert OFFER_ID in warning
    assert "'i-0a1b2c3d4e5f'" in warning
    assert "has the option '-o'; user root and port 22 are used instead." in warning
    assert result.records[0]["ansible_user"] == "root"
    assert result.records[0]["ansible_port"] == 22


def test_a_plain_ssh_command_makes_no_warning() -> None:
    assert host_records([an_offer(an_instance())]).warnings == []


# Host keys


@pytest.mark.parametrize(
    ("policy", "arguments"),
    [
        ("accept_new", "-o HostKeyAlias=i-1 -o StrictHostKeyChecking=accept-new"),
        ("strict", "-o HostKeyAlias=i-1"),
        ("unmanaged", None),
    ],
)
def test_host_key_policies(policy: str, arguments: str | None) -> None:
    record = the_record(policy, instance_id="i-1")

    assert record.get("ansible_ssh_common_args") == arguments


@given(IDS)
@example("x" * 1000)
@example("x -o ProxyCommand=id")
@example("-oProxyCommand=id")
@example("x\n-o ProxyCommand=id")
@example("{{ lookup('pipe', 'id') }}")
def test_no_id_adds_anything_to_the_arguments_of_ssh(instance_id: str) -> None:
    arguments = the_record("strict", instance_id=instance_id)["ansible_ssh_common_args"]

    assert re.fullmatch(r"-o HostKeyAlias=[A-Za-z0-9._][A-Za-z0-9._-]{0,199}", arguments)


# What an inventory can ask for


def records(options: HostOptions, *instances: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    return host_records([an_offer(*instances)], options).records


def test_the_internal_address() -> None:
    inside = an_instance(internal_ip="10.0.0.7", ssh_command="ssh -p 2222 ubuntu@203.0.113.7")
    only_inside = an_instance(
        instance_id="i-2", external_ip=None, internal_ip="10.0.0.8", ssh_command="ssh me@10.0.0.8"
    )
    only_outside = an_instance(instance_id="i-3", internal_ip="-oProxyCommand=id")

    found = records(HostOptions(address="internal"), inside, only_inside, only_outside)

    assert [(r["ansible_host"], r["ansible_user"], r["ansible_port"]) for r in found] == [
        ("10.0.0.7", "ubuntu", 2222),
        ("10.0.0.8", "me", 22),
    ]
    assert all(r["compute_desk_usable"] for r in found)


@pytest.mark.parametrize("external_ip", [None, "", "-oProxyCommand=id", "localhost"])
def test_a_machine_without_an_address_leads_nowhere(external_ip: str | None) -> None:
    options = HostOptions(include_unusable=True)

    (record,) = records(options, an_instance(external_ip=external_ip))

    assert record["ansible_host"] == "no-address.invalid"
    assert record["compute_desk_usable"] is False
    assert "external_ip" in record["compute_desk_unusable_reason"]


def test_a_long_name_is_cut_so_that_the_id_fits() -> None:
    assert name_of("n" * 300, "i-0a1b2c3d4e5f") == "n" * 191 + "-2c3d4e5f"
    assert len(name_of("n" * 300, "i-0a1b2c3d4e5f")) == 200


@given(TRICKY)
def test_a_chosen_name_is_safe_or_empty(text: str) -> None:
    name = chosen_name(text)

    assert re.fullmatch(r"([A-Za-z0-9._][A-Za-z0-9._-]{0,254})?", name)
    assert name.lower() not in ("localhost", "127.0.0.1", "all", "ungrouped", "compute_desk")
    assert_no_file_has(name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", ""),
        (".", "instance-."),
        ("..", "instance-.."),
        ("...", "instance-..."),
        ("-..", "instance-.."),
        ("..a", "..a"),
        ("db1.yml", "db1-yml"),
        ("db1.Yaml", "db1-Yaml"),
        (".json", "instance-json"),
        ("-.json", "instance-json"),
        ("db1.json/", "db1.json-"),
        ("db1.txt", "db1.txt"),
        ("all.yml", "all-yml"),
        ("compute_desk_offer_.yml", "instance-compute_desk_offer_-yml"),
        # Only after the end is cut off.
        ("n" * 196 + ".ymlx", "n" * 196 + "-yml"),
    ],
)
def test_a_chosen_name_is_not_that_of_a_file_with_variables(text: str, name: str) -> None:
    assert chosen_name(text) == name


@given(TRICKY)
def test_a_group_name_needs_no_change(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_]{0,200}", group_suffix(text))


def test_a_group_name_keeps_the_length_of_an_id() -> None:
    assert group_suffix("9B1e-7a50 eu.1") == "9B1e_7a50_eu_1"


def test_what_is_settled() -> None:
    is_settled = HostOptions().is_settled

    assert is_settled(an_offer(an_instance()))
    assert not is_settled(an_offer())
    assert not is_settled(an_offer(an_instance(), an_instance(status="starting")))
    assert not is_settled(an_offer(an_instance(), procurement_status="provisioning"))


def test_a_clash_of_long_names_shows_them_whole() -> None:
    name = "n" * 90
    twins = [an_instance(instance_id=f"{zone}/12345678", instance_name=name) for zone in "ab"]

    with pytest.raises(HostNameClash) as caught:
        host_records([an_offer(*twins)])

    assert str(caught.value) == (
        f"Offer {OFFER_ID}: the instances 'a/12345678' and 'b/12345678' would both be the host "
        f"'{name}-12345678'. Have one of them renamed."
    )


def test_a_clash_of_two_offers_names_both() -> None:
    twins = [an_instance(instance_id=f"{zone}/12345678", instance_name="n") for zone in "ab"]
    offers = [
        parse_offer(a_document(offer_id=offer_id, instances=[twin]), offer_id)
        for offer_id, twin in zip((OFFER_ID, OTHER_ID), twins)
    ]

    with pytest.raises(HostNameClash) as caught:
        host_records(offers)

    assert str(caught.value) == (
        f"The instances 'a/12345678' of the offer {OFFER_ID} and 'b/12345678' of the offer "
        f"{OTHER_ID} would both be the host 'n-12345678'. "
        "Ask for the offers in separate runs, or have one of the instances renamed."
    )

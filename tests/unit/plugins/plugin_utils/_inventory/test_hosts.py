# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of a source: which, under which names, in which groups, and beside which others."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible import constants as C
from ansible.errors import AnsibleParserError
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.hosts import (
    HostNameClash,
    HostOptions,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.offer import (
    Offer,
    parse_offer,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory.expressions import (
    Expressions,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._inventory.hosts import (
    SourceHosts,
)

from ...helpers import OFFER_ID, OTHER_ID, a_document, an_instance
from .a_source import Source

GROUP = "compute_desk_offer_4f9d2c1e_8a37_4b65_9d0e_2c7f81a6b3d4"


def an_offer(*instances: dict[str, t.Any], offer_id: str = OFFER_ID) -> Offer:
    document = a_document(offer_id=offer_id, instances=list(instances))
    return parse_offer(document, offer_id)


def two() -> Offer:
    """An offer with two instances in two zones."""
    return an_offer(
        an_instance(instance_id="i-1", instance_name="n1"),
        an_instance(
            instance_id="i-2",
            instance_name="n2",
            zone="",
            external_ip="203.0.113.8",
            ssh_command=None,
        ),
    )


def added(source: Source, *offers: Offer, **options: t.Any) -> list[str]:
    return SourceHosts(source).add(offers or (two(),), HostOptions(**options))


def test_hosts_have_names_variables_and_groups() -> None:
    source = Source()

    assert added(source) == []
    assert list(source.inventory.hosts) == ["n1-i1", "n2-i2"]
    assert source.groups_of("n1-i1") == [
        "compute_desk",
        GROUP,
        "compute_desk_zone_eu_west_1a",
    ]
    assert source.groups_of("n2-i2") == ["compute_desk", GROUP]
    variables = source.inventory.get_host("n2-i2").vars
    assert variables["ansible_host"] == "203.0.113.8"
    assert variables["compute_desk_instance_id"] == "i-2"
    assert "name" not in variables


def test_an_unusable_host_is_in_a_group_of_its_own() -> None:
    source = Source()
    offer = an_offer(an_instance(instance_name="n1", instance_id="i-1", status="stopped"))

    added(source, offer, include_unusable=True)

    assert source.groups_of("n1-i1") == ["compute_desk_unusable"]


def test_an_unusable_host_gets_variables_of_the_user_and_no_groups() -> None:
    source = Source(
        compose={"rack": "compute_desk_zone"},
        groups={"everything": True},
        keyed_groups=[{"key": "rack", "prefix": "z"}],
    )
    offer = an_offer(
        an_instance(instance_name="n1", instance_id="i-1"),
        an_instance(instance_name="n9", instance_id="i-9", status="stopped"),
    )

    assert added(source, offer, include_unusable=True) == []

    assert source.groups_of("n9-i9") == ["compute_desk_unusable"]
    assert source.inventory.get_host("n9-i9").vars["rack"] == "eu-west-1a"
    assert {"everything", "z_eu_west_1a"} <= set(source.groups_of("n1-i1"))


@pytest.mark.parametrize(("least", "fits"), [(2, True), (3, False)])
def test_fewer_usable_hosts_than_asked_for_are_refused(least: int, fits: bool) -> None:
    source = Source(min_hosts=least)
    stopped = an_instance(instance_name="n3", instance_id="i-3", status="stopped")
    offers = [two(), an_offer(stopped, offer_id=OTHER_ID)]

    if fits:
        added(source, *offers, include_unusable=True)
        return
    with pytest.raises(OptionError) as caught:
        added(source, *offers, include_unusable=True)
    assert caught.value.option == "min_hosts"
    assert str(caught.value) == (
        "min_hosts: found 2 of 3 required hosts; -v shows what became of each instance"
    )
    assert not source.inventory.hosts


def test_warnings_about_instances_come_before_those_about_expressions() -> None:
    source = Source(compose={"x": "1 / 0"})
    offer = an_offer(an_instance(ssh_command="ssh -J x root@203.0.113.7"))

    about_ssh, about_compose = added(source, offer)

    assert "has the option '-J'" in about_ssh
    assert about_compose.startswith("compose: 'x' fails for 1 hosts, first for ")


# Expressions


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, ["n1-i1", "n2-i2"]),
        ({"filters": ["not compute_desk_zone"]}, ["n2-i2"]),
        ({"filters": ["true", "not compute_desk_zone"]}, ["n2-i2"]),
        ({"exclude_filters": ["not compute_desk_zone"]}, ["n1-i1"]),
        ({"exclude_filters": ["false", "not compute_desk_zone"]}, ["n1-i1"]),
        ({"filters": ["true"], "exclude_filters": ["true"]}, []),
    ],
)
def test_filters_choose(options: dict[str, t.Any], kept: list[str]) -> None:
    source = Source(**options)

    added(source)

    assert list(source.inventory.hosts) == kept


@pytest.mark.parametrize("option", ["filters", "exclude_filters"])
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("'x'", "''x'' gives a string, not true or false"),
        ("[]", "'[]' gives an array, not true or false"),
        ("nothing.at.all", "'nothing.at.all' fails: 'nothing' is undefined"),
    ],
)
def test_a_filter_that_is_no_answer_is_an_error(option: str, text: str, problem: str) -> None:
    with pytest.raises(OptionError) as caught:
        added(Source(**{option: [text]}))

    assert caught.value.option == option
    assert str(caught.value).startswith(f"{option}: {problem}")


@pytest.mark.parametrize(
    ("hostnames", "names"),
    [
        (["compute_desk_instance_id"], ["i-1", "i-2"]),
        (["compute_desk_zone", "compute_desk_instance_id"], ["eu-west-1a", "i-2"]),
        (["''", "nothing", "none"], ["n1-i1", "n2-i2"]),
        (["'x y/' ~ compute_desk_instance_id"], ["x-y-i-1", "x-y-i-2"]),
    ],
)
def test_the_first_expression_that_gives_a_name_gives_the_name(
    hostnames: list[str], names: list[str]
) -> None:
    source = Source(hostnames=hostnames)

    added(source)

    assert list(source.inventory.hosts) == names


def test_two_hosts_of_one_name_are_refused() -> None:
    with pytest.raises(HostNameClash, match=r"the host 'same'[.] Use compute_desk_instance_id in "):
        added(Source(hostnames=["'same'"]))


def test_hosts_are_put_into_the_groups_of_the_user() -> None:
    source = Source(
        compose={"rack": "compute_desk_instance_id[2:]"},
        groups={"first": "compute_desk_instance_id == 'i-1'"},
        keyed_groups=[{"key": "compute_desk_instance_id", "prefix": "id"}],
    )

    assert added(source) == []
    assert source.inventory.get_host("n2-i2").vars["rack"] == "2"
    assert {"first", "id_i_1"} <= set(source.groups_of("n1-i1"))
    assert "first" not in source.groups_of("n2-i2")
    assert "id_i_2" in source.groups_of("n2-i2")


FAILING = [
    ({"compose": {"x": "nothing.at.all"}}, "compose", "'x'"),
    ({"groups": {"g": "nothing.at.all"}}, "groups", "'g'"),
    ({"keyed_groups": [{"key": "nothing.at.all"}]}, "keyed_groups", "'nothing.at.all'"),
    ({"keyed_groups": ["odd"]}, "keyed_groups", "'odd'"),
    ({"hostnames": ["nothing.at.all"]}, "hostnames", "'nothing.at.all'"),
]


@pytest.mark.parametrize(("options", "option", "label"), FAILING)
def test_an_expression_that_fails_is_told_once_for_all_hosts(
    options: dict[str, t.Any], option: str, label: str
) -> None:
    source = Source(**options)

    (warning,) = added(source)

    assert warning.startswith(f"{option}: {label} fails for 2 hosts, first for 'n1-i1': ")
    assert warning.isprintable() and not warning.endswith(": ")
    assert list(source.inventory.hosts) == ["n1-i1", "n2-i2"]


@pytest.mark.parametrize(("options", "option", "label"), FAILING)
def test_with_strict_it_is_an_error(options: dict[str, t.Any], option: str, label: str) -> None:
    with pytest.raises(OptionError) as caught:
        added(Source(strict=True, **options))

    assert caught.value.option == option
    said = str(caught.value)
    assert said.startswith(f"{option}: {label} fails for host 'n1-i1': ")
    assert "nothing" in said or "odd" in said.rpartition("fails")[2]


AT_THE_SECOND = [
    {"strict": True, "compose": {"x": "1 / (2 - compute_desk_instance_id[-1] | int)"}},
    {"strict": True, "groups": {"odd": "1 / (2 - compute_desk_instance_id[-1] | int)"}},
    # The name of the first host, when both are there.
    {"keyed_groups": [{"key": "'n1_i1' if compute_desk_instance_id == 'i-2' else 'x'"}]},
]
AS_GROUPS = {"hostnames": ["'_n1_i' ~ compute_desk_instance_id[-1]"]}


@pytest.mark.parametrize("options", AT_THE_SECOND)
def test_an_error_leaves_no_host_behind(options: dict[str, t.Any]) -> None:
    source = Source(**AS_GROUPS, **options)
    inventory = source.inventory
    inventory.add_host("mine")
    inventory.current_source = "/etc/offers.yml"

    with pytest.raises((OptionError, AnsibleParserError)):
        added(source)

    assert list(inventory.hosts) == ["mine"]
    assert not any(group.hosts for group in inventory.groups.values())
    # Their names are free for the next source.
    inventory.current_source = "/etc/hosts"
    assert inventory.add_host("_n1_i1") == "_n1_i1"
    assert inventory.add_group("_n1_i2") == "_n1_i2"


def test_an_error_leaves_the_hosts_of_an_earlier_source() -> None:
    source = Source()
    source.inventory.current_source = "/etc/offers.yml"
    added(source, an_offer(an_instance(instance_id="i-1", instance_name="n1")))
    before = dict(source.inventory.get_host("n1-i1").vars)
    failing = Source(strict=True, compose={"ansible_user": "'me'", "x": "nothing.at.all"})
    failing.inventory = source.inventory

    with pytest.raises(OptionError):
        added(failing)

    assert list(source.inventory.hosts) == ["n1-i1"]
    assert source.inventory.get_host("n1-i1").vars == before
    # And keeps their names.
    source.inventory.current_source = "/etc/hosts"
    with pytest.raises(AnsibleParserError):
        source.inventory.add_host("n1-i1")


def test_a_host_of_an_earlier_source_may_lose_its_name_to_a_group() -> None:
    source = Source(hostnames=["'n1_i1'"])
    source.inventory.current_source = "/etc/offers.yml"
    one = an_offer(an_instance(instance_id="i-1", instance_name="n1"))
    added(source, one)
    failing = Source(hostnames=["'n1_i1'"], keyed_groups=[{"key": "'n1_i1'", "separator": ""}])
    failing.inventory = source.inventory

    with pytest.raises(AnsibleParserError, match="the inventory has a group of this name"):
        added(failing, one)

    assert not source.inventory.hosts


def test_options_that_are_null_ask_for_nothing() -> None:
    source = Source(compose=None, groups=None, keyed_groups=None)

    assert added(source) == []


def test_each_expression_is_told_by_itself_and_with_its_first_reason() -> None:
    expressions = Expressions(Source(compose={"x": "1 / 0", "y": "nothing"}))
    expressions._plugin.inventory.add_host("n1")

    expressions.compose("n1", {})

    first, second = expressions.warnings()
    assert first.startswith("compose: 'x' fails for 1 hosts, first for 'n1': ")
    assert "division by zero" in first
    assert "'nothing' is undefined" in second


LONG = "n" * 200


def test_a_long_name_is_told_whole_and_a_long_reason_is_cut() -> None:
    expressions = Expressions(Source())
    told = "x" * 297 + "..."

    def fail() -> None:
        raise RuntimeError("x" * 500)

    expressions._tried("compose", "x", LONG, fail)
    assert expressions.warnings() == [f"compose: 'x' fails for 1 hosts, first for '{LONG}': {told}"]

    strict = Expressions(Source(strict=True))
    with pytest.raises(OptionError) as caught:
        strict._tried("compose", "x", LONG, fail)
    assert str(caught.value) == f"compose: 'x' fails for host '{LONG}': {told}"


def test_the_name_of_a_host_is_plain_text() -> None:
    # ansible-inventory would print it as {"__ansible_unsafe": ...} otherwise.
    source = Source(hostnames=["compute_desk_zone", "'x{' ~ compute_desk_instance_id"])

    added(source)

    assert [(name, type(name)) for name in source.inventory.hosts] == [
        ("eu-west-1a", str),
        ("x-i-2", str),
    ]


# Other sources


def test_a_host_of_the_user_keeps_its_name_and_nothing_is_added() -> None:
    source = Source()
    source.inventory.add_host("n2-i2")

    with pytest.raises(AnsibleParserError) as caught:
        added(source)

    assert str(caught.value).endswith(
        f"The instance 'i-2' of the offer {OFFER_ID} and another host of the inventory would both "
        "be 'n2-i2', and each would get the variables of the other. No host is taken from this "
        "source. Rename your host, or keep the two inventories apart."
    )
    assert list(source.inventory.hosts) == ["n2-i2"]


WEB = "'web_' ~ compute_desk_instance_id[-1]"
NAMED_LIKE_A_GROUP = (
    f"The instance 'i-2' of the offer {OFFER_ID} would be the host 'n2-i2', but the inventory has "
    "a group of this name, and each would be taken for the other. Neither is used. Rename the "
    "group, keep the two inventories apart, or give the host another name by hostnames in its "
    "source."
)


def test_a_group_of_the_user_keeps_its_name_and_nothing_is_added() -> None:
    source = Source(compose={"ansible_host": "'198.51.100.1'"})
    source.inventory.add_group("n2-i2")
    source.inventory.add_host("web", group="n2-i2")

    with pytest.raises(AnsibleParserError) as caught:
        added(source)

    assert str(caught.value).endswith(
        NAMED_LIKE_A_GROUP.replace("Neither is used.", "No host is taken from this source.")
    )
    assert list(source.inventory.hosts) == ["web"]
    assert source.groups_of("web") == ["n2-i2"]
    assert "compute_desk" not in source.inventory.groups
    assert source.inventory.groups["n2-i2"].vars == {}


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        # Made with the first host.
        {"groups": {"web_2": "true"}},
        {"groups": {"web-2": "true"}},
        {"keyed_groups": [{"key": "'2'", "prefix": "web"}]},
        {"keyed_groups": [{"key": "'x'", "parent_group": "web_2"}]},
    ],
)
def test_no_expression_makes_a_group_with_the_name_of_a_host(
    options: dict[str, t.Any], strict: bool
) -> None:
    source = Source(strict=strict, hostnames=[WEB], **options)
    source.inventory.current_source = "/etc/offers.yml"

    with pytest.raises(AnsibleParserError) as caught:
        added(source)

    assert str(caught.value).endswith(NAMED_LIKE_A_GROUP.replace("n2-i2", "web_2"))
    assert "web_2" not in source.inventory.groups
    assert "web_2" not in source.inventory.hosts


def test_a_later_source_cannot_make_a_group_with_a_name_of_ours() -> None:
    source = Source()
    inventory = source.inventory
    inventory.current_source = "/etc/offers.yml"
    added(source)
    inventory.current_source = "/etc/hosts"

    assert inventory.add_group("mine") == "mine"
    for _twice in range(2):
        with pytest.raises(AnsibleParserError) as caught:
            inventory.add_group("n2-i2")
        assert str(caught.value).endswith(NAMED_LIKE_A_GROUP)
        assert "n2-i2" not in inventory.groups
        assert list(inventory.hosts) == ["n1-i1"]
    assert inventory.groups["compute_desk"].get_hosts() == [inventory.hosts["n1-i1"]]


def test_a_group_is_known_by_the_name_that_ansible_gives_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(C, "TRANSFORM_INVALID_GROUP_CHARS", "silently")
    source = Source(hostnames=[WEB])
    source.inventory.current_source = "/etc/offers.yml"
    added(source)

    with pytest.raises(AnsibleParserError, match="would be the host 'web_1', but"):
        source.inventory.add_group("web-1")

    assert "web_1" not in source.inventory.groups


def test_a_play_may_make_groups_of_any_name() -> None:
    source = Source()
    added(source)
    # When all sources have been read.
    source.inventory.current_source = None

    assert source.inventory.add_group("n2-i2") == "n2-i2"
    assert list(source.inventory.hosts) == ["n1-i1", "n2-i2"]


def test_a_long_name_that_is_taken_is_told_whole() -> None:
    source = Source(hostnames=[f"'{LONG}' if compute_desk_instance_id == 'i-1' else 'b'"])
    source.inventory.add_host(LONG)

    with pytest.raises(AnsibleParserError, match=f"would both be '{LONG}', and each would get"):
        added(source)


def test_the_same_instance_from_two_sources_of_ours_is_one_host() -> None:
    source = Source()
    added(source)

    added(source)

    assert list(source.inventory.hosts) == ["n1-i1", "n2-i2"]


def test_a_later_source_cannot_take_a_name_of_ours() -> None:
    source = Source()
    inventory = source.inventory
    inventory.current_source = "/etc/offers.yml"
    added(source)
    inventory.current_source = "/etc/hosts"

    inventory.add_group("mine")
    assert inventory.add_host("other", group="mine") == "other"
    assert "mine" in source.groups_of("other")
    with pytest.raises(AnsibleParserError) as caught:
        inventory.add_host("n1-i1")

    assert str(caught.value).endswith(
        "each would get the variables of the other. Neither is used. Rename your host, or keep "
        "the two inventories apart; to put an instance into your own groups, use groups or "
        "keyed_groups in its source."
    )
    assert sorted(inventory.hosts) == ["n2-i2", "other"]
    # Our host is gone, and the name is still refused.
    with pytest.raises(AnsibleParserError):
        inventory.add_host("n1-i1")


@pytest.mark.parametrize(
    ("plugin", "may"),
    [
        ("constructed", True),
        ("ansible.builtin.constructed", True),
        ("ansible.builtin.yaml", False),
    ],
)
def test_a_source_that_only_adds_to_groups_may(tmp_path: Path, plugin: str, may: bool) -> None:
    other = tmp_path / "groups.yml"
    other.write_text(f"plugin: {plugin}\n")
    source = Source()
    source.inventory.current_source = "/etc/offers.yml"
    added(source)
    source.inventory.current_source = str(other)

    if not may:
        with pytest.raises(AnsibleParserError):
            source.inventory.add_host("n1-i1")
        return
    source.inventory.add_host("n1-i1")
    # What it is, it is for all hosts: the file is read once.
    other.unlink()
    source.inventory.add_host("n2-i2")
    assert sorted(source.inventory.hosts) == ["n1-i1", "n2-i2"]


def test_our_own_source_and_ansible_itself_may_add_our_hosts_again() -> None:
    source = Source()
    source.inventory.current_source = "/etc/offers.yml"
    added(source)

    source.inventory.add_host("n1-i1")
    source.inventory.current_source = None
    source.inventory.add_host("n1-i1")

    assert "n1-i1" in source.inventory.hosts

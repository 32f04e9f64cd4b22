# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Status documents: what is taken, what is refused by name, and how an offer is judged."""

from __future__ import annotations

import contextlib
import json
import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import InvalidResponse
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.offer import (
    Instance,
    Offer,
    checked_offer_ids,
    machine_address,
    parse_offer,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError
from hypothesis import given
from hypothesis import strategies as st

from ...helpers import ANY_JSON, ANY_TEXT, OFFER_ID, OTHER_ID, a_document, an_instance

PHASES = {"failed", "ready", "provisioning", "expired", "not_procured", "unknown"}


def offer(**fields: t.Any) -> Offer:
    return parse_offer(a_document(**fields), OFFER_ID)


# Any document

INSTANCE = st.fixed_dictionaries(
    dict.fromkeys(("instance_id", "instance_name", "zone", "status"), ANY_TEXT),
    optional={name: st.none() | ANY_TEXT for name in ("external_ip", "internal_ip", "ssh_command")},
)
RESOURCE = st.fixed_dictionaries(
    dict.fromkeys(("resource_id", "resource_type", "role", "status"), ANY_TEXT)
)
DOCUMENT = st.fixed_dictionaries(
    {"offer_id": st.just(OFFER_ID), "status": ANY_TEXT, "created_at": ANY_TEXT},
    optional={
        **{
            name: st.none() | ANY_TEXT
            for name in ("procurement_status", "progress", "failure_reason", "procured_at")
        },
        "instances": st.none() | st.lists(INSTANCE, max_size=3),
        "resources": st.none() | st.lists(RESOURCE, max_size=2),
        "future_field": ANY_JSON,
    },
)
# A good document in which any field, at any level, may be anything.
SPOILT = st.builds(
    lambda top, instance, resource: a_document(
        **{"instances": [an_instance(), an_instance(**instance)], "resources": [resource], **top}
    ),
    st.dictionaries(st.sampled_from(sorted(a_document())), ANY_JSON, max_size=2),
    st.dictionaries(st.sampled_from(sorted(an_instance())), ANY_JSON, max_size=2),
    ANY_JSON,
)


@given(st.dictionaries(ANY_TEXT, ANY_JSON) | SPOILT)
def test_an_object_is_an_offer_or_a_typed_error(document: dict[str, t.Any]) -> None:
    with contextlib.suppress(InvalidResponse):
        assert parse_offer(document, OFFER_ID).phase in PHASES


@given(DOCUMENT)
def test_a_document_of_the_right_types_is_judged_and_comes_back_the_same(
    document: dict[str, t.Any],
) -> None:
    parsed = parse_offer(document, OFFER_ID)
    # Through JSON, as the state of a wait and the cache of the inventory go.
    stored = json.dumps(parsed.as_document(), ensure_ascii=False).encode("utf-8")

    assert parse_offer(json.loads(stored), OFFER_ID) == parsed
    assert parsed.phase in PHASES
    assert 0 <= parsed.usable_count <= len(parsed.instances)
    for instance in parsed.instances:
        assert instance.usable == (instance.unusable_reason is None)
        assert not instance.usable or machine_address(instance.reach().address)


def test_every_field_is_taken_over() -> None:
    resource = {"resource_id": OTHER_ID, "resource_type": "vm", "role": "node", "status": "on"}
    document = a_document(resources=[resource], failure_reason="none yet")

    assert parse_offer(document, OFFER_ID).as_document() == document


def test_unknown_keys_are_left_out() -> None:
    document = a_document(
        future=[1], instances=[an_instance(gpu="h100")], resources=[], total_count=3
    )

    assert parse_offer(document, OFFER_ID).as_document() == a_document()


@pytest.mark.parametrize("name", ["instances", "resources"])
def test_a_list_that_is_absent_null_or_empty_is_the_same(name: str) -> None:
    absent = a_document()
    del absent[name]

    assert (
        parse_offer(absent, OFFER_ID)
        == parse_offer(a_document(**{name: None}), OFFER_ID)
        == parse_offer(a_document(**{name: []}), OFFER_ID)
    )


@pytest.mark.parametrize(
    "name", ["procurement_status", "progress", "failure_reason", "procured_at"]
)
def test_an_optional_field_that_is_absent_or_null_is_none(name: str) -> None:
    absent = a_document()
    del absent[name]

    assert getattr(parse_offer(absent, OFFER_ID), name) is None
    assert getattr(offer(**{name: None}), name) is None


# What is refused

BAD_VALUES = {"a number": 7, "a boolean": True, "an array": [], "an object": {}}


def spoilt(path: str, value: t.Any) -> dict[str, t.Any]:
    """Return a document in which the field at ``path`` has this value."""
    resource = dict.fromkeys(("resource_id", "resource_type", "role", "status"), "x")
    document: t.Any = a_document(
        instances=[an_instance(), an_instance()], resources=[resource, dict(resource)]
    )
    place = document
    *way, last = path.replace("]", "").replace("[", ".").split(".")
    for step in way:
        place = place[int(step) if step.isdigit() else step]
    last_key = int(last) if last.isdigit() else last
    if value is KeyError:
        del place[last_key]
    else:
        place[last_key] = value
    return t.cast("dict[str, t.Any]", document)


REQUIRED = [
    "offer_id",
    "status",
    "created_at",
    "instances[1].instance_id",
    "instances[1].instance_name",
    "instances[1].zone",
    "instances[1].status",
    "resources[1].resource_id",
    "resources[1].resource_type",
    "resources[1].role",
    "resources[1].status",
]
OPTIONAL = [
    "procurement_status",
    "progress",
    "failure_reason",
    "procured_at",
    "instances[1].external_ip",
    "instances[1].internal_ip",
    "instances[1].ssh_command",
]


def refusal(document: dict[str, t.Any]) -> InvalidResponse:
    with pytest.raises(InvalidResponse) as caught:
        parse_offer(document, OFFER_ID)
    assert (caught.value.offer_id, caught.value.code) == (OFFER_ID, 200)
    return caught.value


@pytest.mark.parametrize("path", REQUIRED + OPTIONAL)
@pytest.mark.parametrize("name", sorted(BAD_VALUES))
def test_a_field_of_a_wrong_type_is_named(path: str, name: str) -> None:
    error = refusal(spoilt(path, BAD_VALUES[name]))

    assert error.message == f"in the answer, {path} is {name}, not a string"


@pytest.mark.parametrize("path", REQUIRED)
def test_a_required_field_that_is_missing_or_null_is_named(path: str) -> None:
    assert refusal(spoilt(path, KeyError)).message == f"in the answer, {path} is missing"
    assert refusal(spoilt(path, None)).message == f"in the answer, {path} is null"


@pytest.mark.parametrize("name", ["instances", "resources"])
@pytest.mark.parametrize(
    ("value", "called"), [(7, "a number"), ("x", "a string"), ({}, "an object"), (False, "a bool")]
)
def test_what_should_be_a_list_is_named(name: str, value: t.Any, called: str) -> None:
    assert refusal(spoilt(name, value)).message.startswith(f"in the answer, {name} is {called}")


@pytest.mark.parametrize("path", ["instances[1]", "resources[1]"])
@pytest.mark.parametrize(("value", "called"), [(None, "null"), ("x", "a string"), ([], "an array")])
def test_an_entry_that_is_no_object_is_named(path: str, value: t.Any, called: str) -> None:
    assert (
        refusal(spoilt(path, value)).message == f"in the answer, {path} is {called}, not an object"
    )


def test_the_answer_for_another_offer_is_refused() -> None:
    assert refusal(a_document(offer_id=OTHER_ID)).message == (
        f"in the answer, offer_id is '{OTHER_ID}', which is another offer"
    )


def test_the_ids_of_the_question_and_the_answer_are_compared_without_case() -> None:
    parsed = parse_offer(a_document(offer_id=OFFER_ID.upper()), OFFER_ID)

    assert parsed.offer_id == OFFER_ID


# Phases

# status, procurement_status, phase: both lists of the API's page, and null.
JUDGED = [
    ("available", "available", "not_procured"),
    ("available", None, "not_procured"),
    ("available", "", "not_procured"),
    ("available", "provisioning_started", "provisioning"),
    ("procured", None, "provisioning"),
    ("procured", "available", "provisioning"),
    ("procured", "pending", "provisioning"),
    ("procured", "provisioning", "provisioning"),
    ("procured", "provisioning_started", "provisioning"),
    ("procured", "provisioning_in_progress", "provisioning"),
    ("procured", "provisioning_whatever_comes", "provisioning"),
    ("procured", "ready", "ready"),
    ("available", "ready", "ready"),
    ("expired", "ready", "ready"),
    ("procured", "failed", "failed"),
    ("failed", "ready", "failed"),
    ("failed", None, "failed"),
    ("expired", "failed", "failed"),
    ("expired", None, "expired"),
    ("expired", "available", "expired"),
    ("expired", "something_new", "expired"),
    ("expired", "provisioning_started", "provisioning"),
    ("procured", "something_new", "unknown"),
    ("something_new", None, "not_procured"),
    ("something_new", "something_new", "unknown"),
]


@pytest.mark.parametrize(("status", "procurement_status", "phase"), JUDGED)
def test_phase(status: str, procurement_status: str | None, phase: str) -> None:
    assert offer(status=status, procurement_status=procurement_status).phase == phase


@pytest.mark.parametrize(("status", "procurement_status", "phase"), JUDGED)
def test_phase_without_case(status: str, procurement_status: str | None, phase: str) -> None:
    loud = procurement_status and f" {procurement_status.upper()} "

    assert offer(status=status.title(), procurement_status=loud).phase == phase


def test_absence_of_procurement_status_is_like_null() -> None:
    document = a_document(status="procured")
    del document["procurement_status"]

    assert parse_offer(document, OFFER_ID).phase == "provisioning"


# Instances

UNUSABLE = [
    ({"status": "starting"}, "status is starting, not running"),
    ({"status": ""}, "status is '', not running"),
    ({"status": "Stopped"}, "status is Stopped, not running"),
    ({"status": "terminated", "external_ip": None}, "status is terminated, not running"),
    ({"status": "\x1b[1mstarting\x07"}, "status is 'starting', not running"),
    ({"external_ip": None}, "it has no external_ip"),
    ({"external_ip": ""}, "it has no external_ip"),
    (
        {"external_ip": "-oProxyCommand=x"},
        "external_ip '-oProxyCommand=x' is not the address of a machine",
    ),
    ({"external_ip": "0.0.0.0"}, "external_ip 0.0.0.0 is not the address of a machine"),
    ({"instance_id": ""}, "instance_id '' cannot identify it"),
    ({"instance_id": "--/--"}, "instance_id '--/--' cannot identify it"),
]


@pytest.mark.parametrize(("fields", "reason"), UNUSABLE)
def test_why_an_instance_is_not_usable(fields: dict[str, t.Any], reason: str) -> None:
    (instance,) = offer(instances=[an_instance(**fields)]).instances

    assert instance.unusable_reason == reason
    assert not instance.usable


@pytest.mark.parametrize("status", ["running", "RUNNING", "Running"])
def test_a_running_instance_with_an_address_is_usable(status: str) -> None:
    (instance,) = offer(instances=[an_instance(status=status)]).instances

    assert instance.usable
    assert instance.unusable_reason is None
    assert instance.reach().address == "203.0.113.7"


def test_an_instance_is_reached_by_the_address_that_is_asked_for() -> None:
    outside, inside = "203.0.113.7", "10.0.0.7"
    both = Instance("i-1", "n", "z", "running", outside, inside)
    only_outside = Instance("i-1", "n", "z", "running", outside, "10.0.0.300")
    stopped = Instance("i-1", "n", "z", "stopped", outside, inside)

    assert (both.reach(), both.reach("internal")) == ((outside, None), (inside, None))
    assert only_outside.reach("external") == (outside, None)
    assert only_outside.reach("internal") == (
        None,
        "internal_ip 10.0.0.300 is not the address of a machine",
    )
    # Listings show the address of a stopped machine too.
    assert stopped.reach("internal") == (inside, "status is stopped, not running")
    nameless = Instance("--", "n", "z", "running", outside)
    assert nameless.reach() == (outside, "instance_id '--' cannot identify it")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("10.0.0.7", "10.0.0.7"),
        ("2001:DB8:0:0::7", "2001:db8::7"),
        (None, None),
        ("", None),
        ("0.0.0.0", None),
        ("::", None),
        # Linux connects these to itself, or to a group, as it does without the prefix.
        ("::ffff:0.0.0.0", None),
        ("::ffff:224.0.0.1", None),
        ("224.0.0.1", None),
        ("255.255.255.255", None),
        ("::ffff:255.255.255.255", None),
        ("ff02::1", None),
        ("fe80::1%eth0", None),
        ("fe80::1%-oProxyCommand=x", None),
        ("2001:db8::7%", None),
        ("-oProxyCommand=x", None),
        ("--", None),
        (" 203.0.113.7", None),
        ("203.0.113.7 ", None),
        ("203.0.113.7\n", None),
        ("203.0.113.7/32", None),
        ("203.0.113.7:22", None),
        ("[2001:db8::7]", None),
        ("203.0.113", None),
        ("203.0.113.256", None),
        ("0203.0.113.7", None),
        ("3405803783", None),
        ("0xcb007107", None),
        ("\uff1203.0.113.7", None),
        ("٢٠٣.0.113.7", None),
        ("gpu.example.com", None),
        ("localhost", None),
    ],
)
def test_the_address_of_a_machine(text: str | None, address: str | None) -> None:
    assert machine_address(text) == address


@given(ANY_TEXT | st.text("0123456789abcdef.:%-/ []", max_size=40))
def test_an_address_can_never_be_an_option_of_ssh(text: str) -> None:
    address = machine_address(text)

    assert address is None or set(address) <= set("0123456789abcdef.:")


# Offers with several instances

RUNNING = an_instance()
STARTING = an_instance(status="starting", external_ip=None)
STOPPED = an_instance(status="Stopped")


@pytest.mark.parametrize(
    ("instances", "min_instances", "is_ready"),
    [
        ([], None, False),
        ([], 1, False),
        ([RUNNING], None, True),
        ([RUNNING, RUNNING], None, True),
        ([RUNNING, STARTING], None, False),
        ([RUNNING, STARTING], 1, True),
        ([RUNNING, STARTING], 2, False),
        ([RUNNING, RUNNING], 3, False),
        ([STARTING], None, False),
    ],
)
def test_an_offer_is_ready_with_enough_usable_instances(
    instances: list[dict[str, t.Any]], min_instances: int | None, is_ready: bool
) -> None:
    assert offer(instances=instances).is_ready(min_instances) is is_ready


@pytest.mark.parametrize("procurement_status", ["provisioning", "failed", None, "new_word"])
def test_usable_instances_make_no_offer_ready_that_the_api_does_not_call_so(
    procurement_status: str | None,
) -> None:
    assert not offer(procurement_status=procurement_status).is_ready(1)


@pytest.mark.parametrize("progress", ["0/4 instances running", "failed", None])
def test_progress_never_decides(progress: str | None) -> None:
    assert offer(progress=progress).is_ready()


@pytest.mark.parametrize(
    ("statuses", "is_gone"),
    [
        ([], False),
        (["terminated"], True),
        (["terminated", "STOPPED", "Preempted", "error"], True),
        (["terminated", "running"], False),
        (["terminated", "unheard-of"], False),
        (["errors"], False),
    ],
)
def test_an_offer_is_gone_when_all_its_instances_are(statuses: list[str], is_gone: bool) -> None:
    instances = [an_instance(status=status) for status in statuses]

    assert offer(instances=instances).is_gone is is_gone


# Ids of offers


def test_offer_ids_are_lowered_and_each_is_taken_once() -> None:
    ids = checked_offer_ids([OTHER_ID, f" {OFFER_ID.upper()}\n", OTHER_ID, OFFER_ID])

    assert ids == [OTHER_ID, OFFER_ID]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "abc-123",
        OFFER_ID[:-1],
        OFFER_ID + "0",
        OFFER_ID.replace("-", ""),
        "{" + OFFER_ID + "}",
        "urn:uuid:" + OFFER_ID,
        OFFER_ID.replace("4", "g"),
        OFFER_ID.replace("4", "٤"),
        "../" + OFFER_ID,
        OFFER_ID + "/../x",
        OFFER_ID + "\n" + OTHER_ID,
        None,
        7,
        [OFFER_ID],
    ],
)
def test_what_is_no_uuid_is_refused(value: t.Any) -> None:
    with pytest.raises(OptionError, match=r"^offer_ids: .* is not the UUID of an offer$"):
        checked_offer_ids([OTHER_ID, value])


def test_no_offer_id_at_all_is_refused() -> None:
    with pytest.raises(
        OptionError, match=r"^offer_ids: is empty; give the ID of at least one offer$"
    ):
        checked_offer_ids([])


@given(ANY_TEXT)
def test_only_uuids_get_through(value: str) -> None:
    with pytest.raises(OptionError):
        checked_offer_ids([value])


@pytest.mark.parametrize(
    ("document", "said"),
    [([], "an array"), ("ready", "a string"), (None, "null"), (7, "a number")],
)
def test_what_is_no_object_is_no_offer(document: t.Any, said: str) -> None:
    with pytest.raises(InvalidResponse, match=f"the answer is {said}, not a JSON object") as caught:
        parse_offer(document, OFFER_ID)
    assert caught.value.offer_id == OFFER_ID


def test_what_is_no_uuid_is_named() -> None:
    with pytest.raises(OptionError) as caught:
        checked_offer_ids(["abc-123"])

    assert str(caught.value) == "offer_ids: 'abc-123' is not the UUID of an offer"

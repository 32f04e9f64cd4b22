# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of the module: the same keys however it ends, and a sentence that helps."""

from __future__ import annotations

import json
import typing as t
import unicodedata

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import (
    Forbidden,
    NotFound,
    ServerError,
    SupplyError,
    Unauthorized,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.result import (
    build_result,
    empty_result,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.wait import (
    WaitOptions,
    WaitReport,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.watch import Watch
from hypothesis import given
from hypothesis import strategies as st

from ...helpers import ANY_TEXT, OFFER_ID, OTHER_ID, a_document, an_instance, seen

RESULT_KEYS = {"msg", "failed", "ready", "timed_out", "elapsed", "offers", "hosts"}
OFFER_KEYS = {
    "offer_id",
    "phase",
    "ready",
    "status",
    "procurement_status",
    "progress",
    "failure_reason",
    "created_at",
    "procured_at",
    "instances",
    "resources",
    "polls",
    "transient_errors",
    "transitions",
    "error",
}
INSTANCE_KEYS = {
    "instance_id",
    "instance_name",
    "zone",
    "external_ip",
    "internal_ip",
    "status",
    "ssh_command",
    "usable",
    "unusable_reason",
}

PROVISIONING = a_document(
    procurement_status="provisioning_in_progress",
    progress="0/1 instances running",
    instances=[an_instance(status="starting", external_ip=None, ssh_command=None)],
)
NOT_PROCURED = a_document(status="available", procurement_status=None, progress=None, instances=[])
EXPIRED = a_document(status="expired", procurement_status=None, progress=None, instances=[])
GONE = a_document(instances=[an_instance(status="terminated"), an_instance(status="Preempted")])


def failed(reason: str | None = "no capacity in eu-west-1") -> dict[str, t.Any]:
    return a_document(status="failed", failure_reason=reason, instances=[], progress=None)


def result_of(
    *watches: Watch,
    ends: t.Sequence[str] = (),
    waited: bool = True,
    min_instances: int | None = None,
    **report: t.Any,
) -> dict[str, t.Any]:
    """Return the result for offers; those whose ids are in ``ends`` ended the wait."""
    options = WaitOptions(min_instances=min_instances)
    report.setdefault("ready", all(watch.is_ready(min_instances) for watch in watches))
    full = WaitReport(list(watches), 312.4, ended_by=frozenset(ends), **report)
    return build_result(full, options, waited=waited)


def ended(*answers: dict[str, t.Any] | SupplyError, **options: t.Any) -> dict[str, t.Any]:
    """Return the result of a wait that one offer has ended."""
    return result_of(seen(*answers), ends=[OFFER_ID], **options)


def timed_out(*watches: Watch, **options: t.Any) -> dict[str, t.Any]:
    return result_of(*watches, timed_out=True, ready=False, **options)


# Keys

OUTCOMES = {
    "ready": lambda: result_of(seen(a_document())),
    "ready at once": lambda: result_of(seen(a_document()), waited=False),
    "not ready at once": lambda: result_of(seen(PROVISIONING), waited=False),
    "unread at once": lambda: result_of(seen(NotFound("gone")), waited=False),
    "failed": lambda: ended(failed()),
    "expired": lambda: ended(EXPIRED),
    "gone": lambda: ended(GONE),
    "not procured": lambda: ended(NOT_PROCURED),
    "rejected": lambda: ended(PROVISIONING, Unauthorized("rejected", code=401)),
    "timed out": lambda: timed_out(seen(PROVISIONING)),
    "never read": lambda: timed_out(seen()),
    "clash": lambda: result_of(seen(a_document()), seen(a_document(), offer_id=OTHER_ID)),
}
BAD = set(OUTCOMES) - {"ready", "ready at once", "not ready at once"}


@pytest.mark.parametrize("outcome", sorted(OUTCOMES))
def test_the_keys_are_the_same_however_it_ends(outcome: str) -> None:
    result = OUTCOMES[outcome]()

    # The module takes the warnings out.
    assert set(result) - {"warnings"} == RESULT_KEYS
    assert result["failed"] is (outcome in BAD)
    for offer in result["offers"]:
        assert set(offer) == OFFER_KEYS
        assert all(set(instance) == INSTANCE_KEYS for instance in offer["instances"])
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert result["msg"].endswith(".")


def test_a_wait_that_could_not_begin_has_the_same_keys_too() -> None:
    result = empty_result("api_url: is no URL")

    assert set(result) == RESULT_KEYS
    assert {name: result[name] for name in ("msg", "failed", "ready", "timed_out")} == {
        "msg": "api_url: is no URL",
        "failed": True,
        "ready": False,
        "timed_out": False,
    }
    assert (result["elapsed"], result["offers"], result["hosts"]) == (0.0, [], [])


def test_the_values_of_an_offer() -> None:
    resource = {"resource_id": OTHER_ID, "resource_type": "vm", "role": "node", "status": "on"}
    late = an_instance(status="starting", external_ip=None)
    watch = seen(
        PROVISIONING,
        ServerError("unavailable", code=503),
        a_document(instances=[an_instance(), late], resources=[resource]),
    )

    (offer,) = timed_out(watch)["offers"]

    assert offer == {
        "offer_id": OFFER_ID,
        "phase": "ready",
        "ready": False,
        "status": "procured",
        "procurement_status": "ready",
        "progress": "1/1 instances running",
        "failure_reason": None,
        "created_at": "2026-11-24T09:00:00Z",
        "procured_at": "2026-11-24T09:05:00Z",
        "instances": [
            {**an_instance(), "usable": True, "unusable_reason": None},
            {**late, "usable": False, "unusable_reason": "status is starting, not running"},
        ],
        "resources": [resource],
        "polls": 3,
        "transient_errors": 1,
        "transitions": [
            {
                "phase": "provisioning",
                "procurement_status": "provisioning_in_progress",
                "progress": "0/1 instances running",
                "at": 0.0,
            },
            {
                "phase": "ready",
                "procurement_status": "ready",
                "progress": "1/1 instances running",
                "at": 30.0,
            },
        ],
        "error": None,
    }


def test_an_offer_that_could_not_be_read() -> None:
    (offer,) = ended(NotFound("the API does not know this offer (404)", code=404))["offers"]

    assert offer["phase"] == "unknown"
    assert (offer["instances"], offer["resources"], offer["transitions"]) == ([], [], [])
    assert (offer["status"], offer["created_at"], offer["ready"]) == (None, None, False)
    assert offer["error"] == {
        "kind": "not_found",
        "code": 404,
        "message": "the API does not know this offer (404)",
        "hint": NotFound.hint,
    }


def test_usable_instances_are_hosts_even_when_the_wait_fails() -> None:
    other = seen(a_document(), offer_id=OTHER_ID)

    result = result_of(seen(failed()), other, ends=[OFFER_ID])

    assert result["failed"]
    assert [host["name"] for host in result["hosts"]] == ["h100-node-1-2c3d4e5f"]


def test_offers_stay_in_their_order() -> None:
    result = result_of(seen(failed(), offer_id=OTHER_ID), seen(failed()), ends=[OFFER_ID])

    assert [offer["offer_id"] for offer in result["offers"]] == [OTHER_ID, OFFER_ID]


def test_enough_instances_make_an_offer_ready() -> None:
    document = a_document(instances=[an_instance(), an_instance(status="starting")])

    result = result_of(seen(document), min_instances=1)

    assert result["ready"]
    assert result["offers"][0]["ready"]


# Sentences


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ([failed()], "failed: no capacity in eu-west-1. Buy another offer."),
        ([failed("No capacity.")], "failed: No capacity. Buy another offer."),
        ([failed(None)], "failed: the API gives no reason. Buy another offer."),
        ([failed("\x1b[2J")], "failed: the API gives no reason. Buy another offer."),
        ([failed("\x07")], "failed: the API gives no reason. Buy another offer."),
        ([EXPIRED], "has expired; it can no longer be procured. Search for new offers."),
        (
            [NOT_PROCURED],
            "is still not procured after 60 s. Procure it, or raise procurement_timeout.",
        ),
        # What ended the wait is the state, not the last request.
        (
            [NOT_PROCURED, ServerError("the API is unavailable (503)", code=503)],
            "is still not procured after 60 s. Procure it, or raise procurement_timeout.",
        ),
    ],
)
def test_why_the_wait_ended(answers: list[t.Any], sentence: str) -> None:
    assert ended(*answers)["msg"] == (
        f"Offer {OFFER_ID} {sentence} Gave up after 312.4 s with 0 of 1 offer ready."
    )


def test_the_wait_ended_because_the_instances_are_gone() -> None:
    assert ended(GONE)["msg"] == (
        f"Offer {OFFER_ID}: all its instances are gone (h100-node-1 terminated, "
        "h100-node-1 Preempted). Buy another offer. Gave up after 312.4 s with 0 of 1 offer ready."
    )


def test_an_unprocured_offer_whose_instances_are_gone_is_gone() -> None:
    gone = a_document(status="available", procurement_status=None, instances=GONE["instances"])

    assert "all its instances are gone" in ended(gone)["msg"]


def test_the_wait_ended_because_of_an_error() -> None:
    error = Forbidden("the token may not read this offer (403)", code=403)

    assert ended(error)["msg"] == (
        f"Offer {OFFER_ID}: the token may not read this offer (403). {Forbidden.hint} "
        "Gave up after 312.4 s with 0 of 1 offer ready."
    )


def test_a_token_that_died_in_the_middle_does_not_hide_what_was_seen() -> None:
    message = ended(PROVISIONING, Unauthorized("the API rejected the token (401)"))["msg"]

    assert "the API rejected the token (401)." in message
    assert "It was last seen provisioning." in message


def test_only_the_offers_that_ended_the_wait_are_blamed() -> None:
    result = result_of(
        seen(failed()),
        seen(PROVISIONING, offer_id=OTHER_ID),
        seen(a_document(), offer_id=OTHER_ID.replace("9", "8")),
        ends=[OFFER_ID],
    )

    assert OTHER_ID not in result["msg"]
    assert "with 1 of 3 offers ready." in result["msg"]


def many(number: int, *answers: t.Any) -> list[Watch]:
    return [seen(*answers, offer_id=f"{n:08d}-0000-4000-8000-000000000000") for n in range(number)]


@pytest.mark.parametrize(
    ("number", "more"),
    [(5, None), (6, "(And 1 more; see offers.)"), (40, "(And 35 more; see offers.)")],
)
def test_a_message_names_five_offers_and_counts_the_rest(number: int, more: str | None) -> None:
    watches = many(number, failed())

    for message in (
        result_of(*watches, ends=[watch.offer_id for watch in watches])["msg"],
        timed_out(*many(number, PROVISIONING))["msg"],
        result_of(*many(number, NotFound("gone")), waited=False)["msg"],
    ):
        assert message.count("Offer ") == 5
        assert ("more; see offers" in message) is (more is not None)
        assert more is None or more in message


def test_a_message_names_five_instances_and_counts_the_rest() -> None:
    instances = [an_instance(instance_name=f"vm-{n}", status="terminated") for n in range(7)]

    gone = ended(a_document(instances=instances))["msg"]
    late = timed_out(seen(a_document(instances=[*instances, an_instance()])))["msg"]

    for message in (gone, late):
        assert "vm-4" in message
        assert "vm-5" not in message
        assert "2 more" in message


@pytest.mark.parametrize(
    ("watches", "sentences"),
    [
        (
            [seen(PROVISIONING)],
            f'Offer {OFFER_ID} is provisioning, 0 of 1 instances usable, "0/1 instances running".',
        ),
        ([seen()], f"with 0 of 1 offer ready. Offer {OFFER_ID} was never read."),
        (
            [seen(a_document(instances=[], progress=None))],
            f"with 0 of 1 offer ready. Offer {OFFER_ID} is ready (no instance is listed).",
        ),
        (
            [seen(a_document(procurement_status="paused", progress=None, instances=[]))],
            f"Offer {OFFER_ID} is unknown (procurement_status 'paused').",
        ),
        (
            [seen(ServerError("the API is unavailable (503)", code=503))],
            f"Offer {OFFER_ID}: the API is unavailable (503). {ServerError.hint}",
        ),
        (
            [seen(PROVISIONING, ServerError("the API is unavailable (503)", code=503))],
            '"0/1 instances running". The last request failed: the API is unavailable (503).',
        ),
        (
            [seen(a_document()), seen(NOT_PROCURED, offer_id=OTHER_ID)],
            f"with 1 of 2 offers ready. Offer {OTHER_ID} is not_procured.",
        ),
    ],
)
def test_a_timeout_says_what_was_seen_last(watches: list[Watch], sentences: str) -> None:
    message = timed_out(*watches)["msg"]

    assert message.startswith("Timed out after 312.4 s with ")
    assert sentences in message
    assert message.endswith(" Raise wait_timeout if they only need longer.")


def test_a_timeout_names_the_instances_that_are_not_usable() -> None:
    instances = [
        an_instance(),
        an_instance(instance_name="vm-2", status="starting"),
        an_instance(instance_name="vm-3", external_ip=None),
        an_instance(instance_name="", instance_id="i-4", external_ip="-oProxyCommand=x"),
    ]

    message = timed_out(seen(a_document(instances=instances)))["msg"]

    assert "1 of 4 instances usable" in message
    assert (
        "(vm-2: status is starting, not running; vm-3: it has no external_ip; "
        "'i-4': external_ip '-oProxyCommand=x' is not the address of a machine)."
    ) in message


def test_a_timeout_for_lack_of_instances_says_how_many_are_wanted() -> None:
    message = timed_out(seen(a_document()), min_instances=4)["msg"]

    assert "min_instances" in message
    assert "4" in message.replace("312.4", "").replace(OFFER_ID, "")


@pytest.mark.parametrize(
    ("watches", "message"),
    [
        ([seen(a_document())], "1 of 1 offer ready."),
        (
            [seen(PROVISIONING), seen(failed(), offer_id=OTHER_ID)],
            "0 of 2 offers ready.",
        ),
        (
            [seen(a_document()), seen(NotFound("not known"), offer_id=OTHER_ID)],
            f"1 of 2 offers ready. Offer {OTHER_ID}: not known. {NotFound.hint}",
        ),
    ],
)
def test_the_message_of_one_look(watches: list[Watch], message: str) -> None:
    assert result_of(*watches, waited=False)["msg"] == message


def test_success_in_a_sentence() -> None:
    assert result_of(seen(a_document()))["msg"] == "1 of 1 offer ready after 312.4 s."


@given(st.lists(ANY_TEXT, min_size=9, max_size=9), st.booleans())
def test_no_text_of_the_api_brings_control_characters_into_a_message(
    texts: list[str], is_procured: bool
) -> None:
    instance = an_instance(
        instance_id=texts[0], instance_name=texts[1], status=texts[2], external_ip=texts[3]
    )
    document = a_document(
        status=texts[4],
        procurement_status="ready" if is_procured else texts[5],
        progress=texts[6],
        failure_reason=texts[7],
        instances=[instance, an_instance(ssh_command=texts[8])],
    )
    failure = {**document, "status": "failed"}
    gone = {**document, "instances": [{**instance, "status": "\nERROR\t"}]}

    for result in (
        timed_out(seen(document)),
        ended(failure),
        ended(gone),
        result_of(seen(document), waited=False),
    ):
        for text in (result["msg"], *result["warnings"]):
            assert not [c for c in text if unicodedata.category(c)[0] == "C"]


# Warnings


def test_an_unknown_state_is_warned_about_once() -> None:
    paused = a_document(procurement_status="paused")
    watch = seen(
        paused,
        {**paused, "progress": "another"},
        PROVISIONING,
        paused,
        a_document(procurement_status="on\nhold"),
        a_document(),
    )

    assert result_of(watch)["warnings"] == [
        f"Offer {OFFER_ID}: procurement_status '{state}' is not known; "
        "it is taken for one that is still to change."
        for state in ("paused", "on hold")
    ]


def test_an_unknown_state_of_two_offers_names_both() -> None:
    paused = a_document(procurement_status="paused")

    warnings = timed_out(seen(paused), seen(paused, offer_id=OTHER_ID))["warnings"]

    assert [OFFER_ID in warnings[0], OTHER_ID in warnings[1], len(warnings)] == [True, True, 2]


def test_an_offer_that_could_not_be_read_has_no_unknown_state() -> None:
    assert ended(NotFound("gone"))["warnings"] == []


def test_warnings_about_hosts_are_passed_on() -> None:
    document = a_document(instances=[an_instance(ssh_command="ssh -J x root@203.0.113.7")])

    (warning,) = result_of(seen(document))["warnings"]

    assert "has the option '-J'" in warning


# Two instances of one name


@pytest.mark.parametrize("waited", [True, False])
def test_a_clash_is_a_failure_with_all_the_data(waited: bool) -> None:
    result = result_of(seen(a_document()), seen(a_document(), offer_id=OTHER_ID), waited=waited)

    assert (result["failed"], result["ready"], result["hosts"]) == (True, False, [])
    assert f"'i-0a1b2c3d4e5f' of the offer {OTHER_ID} would both be the host" in result["msg"]
    assert result["msg"].endswith("or have one of the instances renamed.")
    assert [offer["ready"] for offer in result["offers"]] == [True, True]


# Host keys


def test_the_policy_for_host_keys_reaches_the_hosts() -> None:
    report = WaitReport([seen(a_document())], 1.0, ready=True)

    (host,) = build_result(report, WaitOptions(), waited=True, ssh_host_key_policy="unmanaged")[
        "hosts"
    ]

    assert "ansible_ssh_common_args" not in host

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of the main job: who is configured, who is not and why, and whom nobody may forget."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleError, AnsibleFilterError
from ansible_collections.compute_desk.supply.plugins.filter.summary import FilterModule
from ansible_collections.compute_desk.supply.plugins.plugin_utils._play.outcome import NO_GPU, Host
from ansible_collections.compute_desk.supply.plugins.plugin_utils._play.summary import (
    HEADER,
    NOTHING,
    summary_rows,
)
from hypothesis import given
from jinja2 import StrictUndefined

from ...helpers import ANY_JSON, OFFER_ID, OTHER_ID

FILTERS = FilterModule().filters()
BEGAN = 1_800_000_000.0
GPU = {"name": "NVIDIA H100 80GB HBM3"}
PASS = {"verdict": "pass", "reasons": [], "gpus": [GPU, GPU], "expected": {"count": None}}
MIXED = "3 x NVIDIA H100 80GB HBM3, A"
NONE = {"verdict": "no_gpu", "reasons": ["None."], "gpus": [], "expected": {"count": None}}
UNCLEAR = {"verdict": "inconclusive", "reasons": ["Not counted."], "gpus": [GPU]}
BAD = {"verdict": "fail", "reasons": ["GPU 0 is lost.", "GPU 1 too."], "gpus": [GPU]}
LOST_ON_THE_WAY = "FAILED: lost on the way, see above"
FAILED = {
    "compute_desk_failed": True,
    "ansible_failed_task": {"name": "Install it", "action": "ansible.builtin.apt"},
    "ansible_failed_result": {"msg": "no such package"},
}


def a_host(**variables: t.Any) -> dict[str, t.Any]:
    """Return the variables of a host that is configured, unless ``variables`` say otherwise."""
    return {
        "ansible_user": "root",
        "ansible_facts": {"kernel": "6.1.0-28"},
        "compute_desk_checked": {"roles": {"node-1": ["mine"]}},
        "instance_ready_result": {"ok": True, "elapsed": 10.34},
        "gpu_verify_report": PASS,
        **variables,
    }


def a_machine(name: str = "node-1", **told: t.Any) -> dict[str, t.Any]:
    return {
        "name": name,
        "offer_id": OFFER_ID,
        "address": "203.0.113.7",
        "state": "started",
        "since": BEGAN + 2,
        **told,
    }


def a_run(*machines: dict[str, t.Any], **offer: t.Any) -> dict[str, t.Any]:
    offers = [{"offer_id": OFFER_ID, "state": "ready", "message": None}]
    if offer:
        offers.append({"offer_id": OTHER_ID, **offer})
    return {"began_at": BEGAN, "machines": list(machines), "offers": offers}


def result_of(host: t.Any, lost: t.Sequence[str] = ()) -> str:
    """Return what the table says of a machine with these variables; all that judges agrees."""
    hostvars = {} if host is None else {"node-1": host}
    run = a_run(a_machine())
    result = summary_rows(hostvars, run, lost)[1][-1]
    failed = FILTERS["not_configured"](hostvars, run, list(lost))["machines"]
    assert failed == (["node-1"] if result.startswith("FAILED: ") else [])
    return result


def test_a_machine_has_a_row_with_all_about_it() -> None:
    rows = summary_rows({"node-1": a_host()}, a_run(a_machine()), [])

    assert rows == [
        HEADER,
        [
            "node-1",
            "203.0.113.7",
            "root",
            OFFER_ID[:8],
            "6.1.0-28",
            "2 x NVIDIA H100 80GB HBM3",
            "12.3 s",
            "configured",
        ],
    ]


@pytest.mark.parametrize(
    ("variables", "column", "shown"),
    [
        ({"ansible_host": "gpu.example.com"}, "ADDRESS", "gpu.example.com"),
        ({"ansible_user": None}, "USER", "-"),
        # The machine's own idea of its name and user.
        ({"ansible_host": "x", "ansible_facts": {"host": "x"}}, "ADDRESS", "203.0.113.7"),
        ({"ansible_user": "x", "ansible_facts": {"user": "x"}}, "USER", "-"),
        ({"ansible_facts": {"kernel": "k" * 60}}, "KERNEL", "k" * 37 + "..."),
        ({"ansible_facts": {"kernel": 6}}, "KERNEL", "-"),
        ({"ansible_facts": {}}, "KERNEL", "-"),
        ({"gpu_verify_report": {**PASS, "gpus": [GPU, {"name": "A"}, GPU]}}, "GPUS", MIXED),
        ({"gpu_verify_report": {**PASS, "gpus": [{"name": ""}, "odd"]}}, "GPUS", "1 x ?"),
        (
            {"gpu_verify_report": {**PASS, "gpus": [GPU, {"name": None}]}},
            "GPUS",
            f"2 x {MIXED[4:-3]}, ?",
        ),
        # There may be some, but nobody could list them.
        ({"gpu_verify_report": {**BAD, "gpus": []}}, "GPUS", "-"),
        ({"gpu_verify_report": NONE}, "GPUS", "none"),
        ({"gpu_verify_report": None}, "GPUS", "-"),
    ],
)
def test_a_cell_says_what_the_job_knows(
    variables: dict[str, t.Any], column: str, shown: str
) -> None:
    header, row = summary_rows({"node-1": a_host(**variables)}, a_run(a_machine()), [])

    assert row[header.index(column)] == shown


def test_the_reasons_of_bad_gpus_are_cut() -> None:
    report = {**BAD, "reasons": ["x" * 300] * 3}

    assert result_of(a_host(gpu_verify_report=report)) == (f"FAILED: {'x' * 300} {'x' * 296}...")


@pytest.mark.parametrize("reasons", [[], "odd", None])
def test_gpus_can_be_bad_without_a_reason(reasons: t.Any) -> None:
    report = {**BAD, "reasons": reasons}

    assert result_of(a_host(gpu_verify_report=report)) == "FAILED: no reason given"


def test_what_a_role_says_is_cut() -> None:
    failed = {**FAILED, "ansible_failed_result": {"msg": "x" * 700}}

    assert result_of(a_host(**failed)) == f"FAILED: Install it: {'x' * 585}..."


def test_a_fact_hides_only_the_variable_that_it_became() -> None:
    facts = {"desk_failed": True, "kernel": "6.1.0-28"}
    result = result_of(a_host(**FAILED, ansible_facts=facts))

    assert result == "FAILED: Install it: no such package"


@pytest.mark.parametrize(
    ("variables", "lost", "result"),
    [
        ({}, [], "configured"),
        ({}, ["node-2"], "configured"),
        ({"compute_desk_checked": {"roles": {"node-1": []}}}, [], "ready"),
        ({"instance_ready_result": {}}, [], "FAILED: lost before its first check, see above"),
        ({"instance_ready_result": "ok"}, [], "FAILED: lost before its first check, see above"),
        (
            {
                "instance_ready_result": {
                    "ok": False,
                    "kind": "no_python",
                    "message": "No Python.",
                    "hint": "Install it.",
                },
                **FAILED,
            },
            ["node-1"],
            "FAILED: no_python: No Python. Install it.",
        ),
        (
            {
                "instance_ready_result": {
                    "ok": False,
                    "kind": "facts_failed",
                    "message": "No facts.",
                    "hint": None,
                }
            },
            [],
            "FAILED: facts_failed: No facts.",
        ),
        ({"gpu_verify_report": BAD, **FAILED}, [], "FAILED: GPU 0 is lost. GPU 1 too."),
        ({"gpu_verify_report": BAD, "gpu_verify_fail": "false"}, [], "configured"),
        ({"gpu_verify_report": UNCLEAR}, [], "configured, GPUs not judged"),
        (
            {"gpu_verify_report": UNCLEAR, "gpu_verify_on_inconclusive": "fail", **FAILED},
            [],
            "FAILED: Not counted.",
        ),
        (
            {
                "gpu_verify_report": UNCLEAR,
                "gpu_verify_on_inconclusive": "fail",
                "gpu_verify_fail": False,
            },
            [],
            "configured, GPUs not judged",
        ),
        ({"gpu_verify_report": NONE}, [], f"FAILED: {NO_GPU}"),
        ({"gpu_verify_report": NONE, "compute_desk_gpu_verify": "false"}, [], "configured"),
        ({"gpu_verify_report": NONE, "compute_desk_gpu_verify": False}, [], "configured"),
        ({"gpu_verify_report": NONE, "compute_desk_gpu_verify": "No"}, [], "configured"),
        ({"gpu_verify_report": NONE, "compute_desk_gpu_verify": None}, [], f"FAILED: {NO_GPU}"),
        ({"gpu_verify_report": NONE, "compute_desk_gpu_verify": "on"}, [], f"FAILED: {NO_GPU}"),
        ({"gpu_verify_report": {**NONE, "expected": {"count": 0}}}, [], "configured"),
        ({"gpu_verify_report": {}}, [], "configured"),
        (FAILED, [], "FAILED: Install it: no such package"),
        (FAILED, ["node-1"], "FAILED: Install it: no such package"),
        (
            {**FAILED, "ansible_failed_task": {"name": "", "action": "ansible.builtin.apt"}},
            [],
            "FAILED: ansible.builtin.apt: no such package",
        ),
        (
            {"compute_desk_failed": True, "ansible_failed_result": {"rc": 1}},
            [],
            "FAILED: a task: failed",
        ),
        (
            {"compute_desk_failed": True},
            [],
            "FAILED: stopped, because a task with run_once or any_errors_fatal failed on another "
            "machine",
        ),
        # A role that deals with a failure of its own leaves this behind.
        ({**FAILED, "compute_desk_failed": False}, [], "configured"),
        ({**FAILED, "compute_desk_failed": False}, ["node-1"], LOST_ON_THE_WAY),
        ({}, ["node-1"], LOST_ON_THE_WAY),
    ],
)
def test_the_result_is_the_first_thing_that_went_wrong(
    variables: dict[str, t.Any], lost: list[str], result: str
) -> None:
    assert result_of(a_host(**variables), lost) == result


def test_a_host_that_is_not_there_was_lost() -> None:
    assert result_of(None) == "FAILED: lost before its first check, see above"


@pytest.mark.parametrize(
    "hidden",
    [
        {
            "compute_desk_failed": True,
            "ansible_failed_result": {"msg": "hunter2", "_ansible_no_log": True},
        },
        {
            "ansible_failed_task": {"name": "Install it", "no_log": True},
            "ansible_failed_result": {"msg": "hunter2"},
        },
    ],
)
def test_what_no_log_hides_stays_hidden(hidden: dict[str, t.Any]) -> None:
    assert result_of(a_host(**{**FAILED, **hidden})) == (
        "FAILED: Install it: failed, and no_log hides why"
    )


def test_what_a_machine_says_of_its_own_results_is_not_believed() -> None:
    forged = {
        "gpu_verify_report": {**PASS, "gpus": [{"name": "forged"}], "x": float("nan")},
        "instance_ready_result": {"ok": True, "elapsed": 1},
        "compute_desk_roles": ["forged"],
        "failed_result": {"msg": "forged"},
        "gpu_verify_fail": False,
    }
    as_variables = {**forged, "ansible_failed_result": forged["failed_result"]}

    # With nothing but what it says, it was lost; what the job has set is above that.
    assert result_of({**as_variables, "ansible_facts": forged}) == (
        "FAILED: lost before its first check, see above"
    )
    own = a_host(ansible_facts=forged, compute_desk_checked={"roles": {}})
    assert result_of(own) == "ready"
    assert result_of({**own, "ansible_failed_result": forged["failed_result"]}) == "ready"
    assert result_of({**own, **FAILED}) == "FAILED: Install it: no such package"
    # NaN is not equal to itself.
    copy = {**PASS, "gpus": [{"name": "forged"}], "x": float("nan")}
    row = summary_rows({"node-1": {**own, "gpu_verify_report": copy}}, a_run(a_machine()), [])[1]
    assert row[5] == "-"
    bad = {**own, "gpu_verify_report": BAD, "gpu_verify_fail": False}
    assert result_of(bad) == "FAILED: GPU 0 is lost. GPU 1 too."


class Templated(dict[str, t.Any]):
    """Variables one of which cannot be worked out."""

    def __init__(self, error: t.Any, **variables: t.Any) -> None:
        super().__init__(variables)
        self._error = error

    def get(self, key: str, default: t.Any = None) -> t.Any:
        if key != "ansible_user":
            return super().get(key, default)
        if isinstance(self._error, Exception):
            raise self._error
        return self._error


@pytest.mark.parametrize("error", [AnsibleError("undefined"), StrictUndefined()])
def test_a_variable_that_cannot_be_worked_out_is_left_out(error: t.Any) -> None:
    rows = summary_rows({"node-1": Templated(error, **a_host())}, a_run(a_machine()), [])

    assert rows[1][2] == "-"
    assert rows[1][-1] == "configured"


@pytest.mark.parametrize(
    ("result", "began_at", "shown"),
    [
        ({"ok": True, "elapsed": 1}, BEGAN, "3.0 s"),
        ({"ok": True}, BEGAN, "-"),
        ({"ok": True, "elapsed": "soon"}, BEGAN, "-"),
        ({"ok": True, "elapsed": "inf"}, BEGAN, "-"),
        ({"ok": True, "elapsed": "1.04"}, str(BEGAN), "3.0 s"),
        ({"ok": True, "elapsed": 1}, None, "-"),
        # The clock was set back.
        ({"ok": True, "elapsed": 1}, BEGAN + 100, "0.0 s"),
        ({"ok": False, "elapsed": 1}, BEGAN, "-"),
    ],
)
def test_the_time_until_it_was_ready(result: t.Any, began_at: t.Any, shown: str) -> None:
    run = {**a_run(a_machine()), "began_at": began_at}

    assert summary_rows({"node-1": a_host(instance_ready_result=result)}, run, [])[1][6] == shown


def test_machines_that_never_answered_are_told_of_too() -> None:
    refused = {"kind": "refused", "message": "It refuses SSH.", "hint": "Wait longer."}
    run = a_run(
        a_machine(state="failed", host_record={"name": "node-1"}, **refused),
        a_machine("node-2", state="waiting", offer_id=None, address=None),
    )

    rows = summary_rows({"node-1": a_host()}, run, [])

    # Whatever an earlier play left in its variables: in this run nobody looked.
    assert rows[1][4:] == ["-", "-", "-", "FAILED: refused: It refuses SSH. Wait longer."]
    assert rows[2] == [
        "node-2",
        "node-2",
        "-",
        "-",
        "-",
        "-",
        "-",
        "FAILED: It did not answer before the end.",
    ]
    # One from the inventory is a host that can be failed.
    assert FILTERS["not_configured"]({}, run) == {
        "machines": ["node-2"],
        "others": 1,
        "message": "2 of 2 machines are not configured; the summary says why.",
    }


def test_an_offer_that_gave_no_machine_has_a_row() -> None:
    run = a_run(a_machine(), state="failed", message="The offer failed: quota.")

    assert summary_rows({"node-1": a_host()}, run, [])[2] == [
        "(no machine)",
        "-",
        "-",
        OTHER_ID[:8],
        "-",
        "-",
        "-",
        "FAILED: The offer failed: quota.",
    ]
    assert FILTERS["not_configured"]({"node-1": a_host()}, run) == {
        "machines": [],
        "others": 1,
        "message": "1 offer gave no machine; the summary says why.",
    }


def test_an_offer_whose_machines_are_fine_but_too_few_has_a_row() -> None:
    run = a_run(a_machine("node-1"))
    run["offers"][0].update(state="failed", message="1 of 2 instances never came.")

    assert [row[0] for row in summary_rows({"node-1": a_host()}, run, [])] == [
        "HOST",
        "node-1",
        "(incomplete)",
    ]
    failed = FILTERS["not_configured"]({"node-1": a_host()}, run)
    assert (failed["others"], failed["message"]) == (
        1,
        "1 offer gave too few; the summary says why.",
    )
    # One of its machines says it already.
    run["machines"].append(a_machine("node-2", state="failed", message="No."))
    assert len(summary_rows({"node-1": a_host()}, run, [])) == 3


def test_an_offer_without_an_id_has_a_row_too() -> None:
    run = {"machines": [], "offers": [{"state": "failed", "message": "No."}]}

    assert summary_rows({}, run, [])[1:] == [["(no machine)", *["-"] * 6, "FAILED: No."]]


def test_offers_that_gave_none_and_too_few_are_counted_apart() -> None:
    run = a_run(a_machine(), state="failed", message=None)
    run["offers"][0].update(state="failed", message="1 of 2 instances never came.")

    assert FILTERS["not_configured"]({"node-1": a_host()}, run) == {
        "machines": [],
        "others": 2,
        "message": "1 offer gave no machine, and 1 offer gave too few; the summary says why.",
    }


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (None, "It has no machine."),
        ("", "It has no machine."),
        (f"Offer {OTHER_ID}: min_instances is 3.", "Compute_desk_min_instances is 3."),
        (f"Offer {OTHER_ID} Xen hosts are full.", "Xen hosts are full."),
        (f"offer {OTHER_ID} failed.", f"Offer {OTHER_ID} failed."),
    ],
)
def test_why_an_offer_gave_no_machine(message: str | None, shown: str) -> None:
    rows = summary_rows({}, a_run(a_machine(), state="failed", message=message), [])

    assert rows[-1][-1] == f"FAILED: {shown}"


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ({"message": "No."}, "No."),
        ({"message": "No.", "hint": "Wait."}, "No. Wait."),
        ({"kind": "refused", "hint": "Wait."}, "refused: Wait."),
        ({"kind": "x", "message": "y" * 700}, "x: " + "y" * 594 + "..."),
    ],
)
def test_a_problem_is_told_in_a_sentence_that_ends(told: dict[str, str], shown: str) -> None:
    assert result_of(a_host(instance_ready_result={"ok": False, **told})) == f"FAILED: {shown}"


def test_ids_that_begin_alike_are_shown_whole() -> None:
    like = OFFER_ID[:8] + OTHER_ID[8:]
    run = a_run(a_machine(), a_machine("node-2", offer_id=OTHER_ID))
    run["offers"].append({"offer_id": like, "state": "failed", "message": "No."})

    rows = summary_rows({}, run, [])

    assert [row[3] for row in rows[1:]] == [OFFER_ID, OTHER_ID[:8], like]


def test_the_sentence_counts_everything() -> None:
    hostvars = {"a": a_host(), "b": a_host(**FAILED), "c": a_host()}
    run = a_run(
        *map(a_machine, "abc"), a_machine("d", state="failed", host_record={}), state="failed"
    )

    assert FILTERS["not_configured"](hostvars, run, ["c"]) == {
        "machines": ["b", "c"],
        "others": 2,
        "message": "3 of 4 machines are not configured, and 1 offer gave no machine; "
        "the summary says why.",
    }
    assert FILTERS["not_configured"](hostvars, a_run(a_machine("b")))["message"] == (
        "1 of 1 machine is not configured; the summary says why."
    )
    assert FILTERS["not_configured"](hostvars, a_run(a_machine("a"))) == {
        "machines": [],
        "others": 0,
        "message": "",
    }


def test_a_round_without_machines_is_fine_and_no_round_is_not() -> None:
    nothing: dict[str, t.Any] = {"machines": [], "offers": []}

    assert FILTERS["not_configured"]({}, {**nothing, "round": 1}) == {
        "machines": [],
        "others": 0,
        "message": "",
    }
    assert FILTERS["not_configured"]({}, nothing) == {
        "machines": [],
        "others": 1,
        "message": NOTHING,
    }
    # Without a round, but with an offer, somebody has asked.
    asked = {**nothing, "offers": [{"offer_id": OFFER_ID, "state": "ready"}]}
    assert FILTERS["not_configured"]({}, asked)["message"] == (
        "1 offer gave no machine; the summary says why."
    )


@pytest.mark.parametrize(("other", "named"), [(OFFER_ID, True), (OTHER_ID, False)])
def test_other_gpus_are_named_within_an_offer_only(other: str, named: bool) -> None:
    gpu = {**GPU, "index": 0, "uuid": "GPU-1"}
    reports = [{**PASS, "gpus": [{**gpu, "name": name}]} for name in ("NVIDIA H100", "NVIDIA A100")]
    hosts = {f"node-{n}": a_host(gpu_verify_report=one) for n, one in enumerate(reports, 1)}
    run = a_run(a_machine("node-1"), a_machine("node-2", offer_id=other))

    lines = FILTERS["summary"](hosts, run)

    assert any("node-2: name NVIDIA A100" in line for line in lines) is named


def test_the_filter_makes_lines_that_fit() -> None:
    run = a_run(a_machine(), state="failed", message="x" * 500)

    for width in (40, 80, 120):
        lines = FILTERS["summary"]({"node-1": a_host()}, run, None, width)
        assert len(lines) == 3
        assert max(map(len, lines)) == width - 11


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], {}), "summary: the input is not hostvars"),
        (({}, []), "summary: run is not a result of wait_for_machines"),
        (({}, {}, "node-1"), "summary: lost is not a list of names"),
        (({}, {}, [1]), "summary: lost is not a list of names"),
        (({}, {}, [], "wide"), "summary: width must be a whole number"),
    ],
)
def test_what_is_no_run_is_refused(arguments: t.Any, message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        FILTERS["summary"](*arguments)


@given(ANY_JSON, ANY_JSON, ANY_JSON, ANY_JSON)
def test_whatever_is_in_the_variables_there_is_a_row(
    result: t.Any, report: t.Any, failed: t.Any, facts: t.Any
) -> None:
    host = a_host(
        instance_ready_result=result,
        gpu_verify_report={**BAD, "gpus": report, "expected": report},
        ansible_failed_result=failed,
        ansible_failed_task=failed,
        ansible_user=failed,
        ansible_facts={"kernel": facts, "user": failed},
        gpu_verify_fail=facts,
    )
    hostvars = {"node-1": host, "node-2": {**host, "instance_ready_result": {"ok": True}}}

    lines = FILTERS["summary"](hostvars, a_run(a_machine(), a_machine("node-2")), [], 100)

    assert len(lines) == 3
    assert all(line.isprintable() and len(line) <= 89 for line in lines)


def test_the_reason_of_an_offer_is_seen_in_a_pipe() -> None:
    message = f"Offer {OTHER_ID} failed: the vendor has none left. Raise wait_timeout."
    run = a_run(a_machine("h100-node-1-2c3d4e5f"), state="failed", message=message)
    hostvars = {"h100-node-1-2c3d4e5f": a_host()}

    lines = FILTERS["summary"](hostvars, run, None, 120)

    assert "READY AFTER" in lines[0] and "GPUS" in lines[0]
    assert "FAILED: Failed: the vendor has" in lines[-1]
    assert summary_rows(hostvars, run, [])[-1][-1] == (
        "FAILED: Failed: the vendor has none left. Raise compute_desk_wait_timeout."
    )


@pytest.mark.parametrize(
    ("value", "is_true"), [("yes", True), ("no", False), ("perhaps", False), (1, True), ([], True)]
)
def test_a_switch_is_read_as_ansible_reads_it(value: t.Any, is_true: bool) -> None:
    assert Host({"compute_desk_gpu_verify": value}).wants_gpus is is_true


def test_what_the_play_has_set_counts_for_the_summary() -> None:
    given = {"gpu_verify_fail": False, "compute_desk_gpu_verify": "no"}
    checked = {"roles": {}, "play_vars": {"node-1": given, "node-2": {}}}
    variables = {"compute_desk_checked": checked, "gpu_verify_fail": True}

    one = Host({**variables, "inventory_hostname": "node-1"})
    other = Host({**variables, "inventory_hostname": "node-2"})

    assert (one.flag("gpu_verify_fail"), one.wants_gpus) == (False, False)
    assert (other.flag("gpu_verify_fail"), other.wants_gpus) == (True, True)

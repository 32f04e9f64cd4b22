# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What gpu_compare returns of the machines of a play, and which folders it refuses."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.compute_desk.supply.plugins.action.gpu_compare import ActionModule
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError
from ansible_collections.compute_desk.supply.plugins.modules import gpu_compare
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.record import make_record
from ansible_collections.compute_desk.supply.plugins.plugin_utils._fleet.records import Records

from ..plugin_utils._fleet.reports import a_report, changed

HANDOVER = {**a_report(1), "host": "a"}


def compared(folder: str, **reports: t.Any) -> dict[str, t.Any]:
    """Return what the action says of hosts with these reports."""
    hostvars = {name: {"gpu_verify_report": report} for name, report in reports.items()}
    variables = {
        "ansible_play_hosts_all": list(reports),
        "ansible_play_hosts": list(reports),
        "hostvars": hostvars,
    }
    return ActionModule.__new__(ActionModule).act({"record": folder}, variables)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A folder with the record of the host a."""
    Records(str(tmp_path)).keep(make_record(HANDOVER, {}, 1_800_000_000))
    return str(tmp_path)


def test_each_machine_has_a_verdict_and_the_documented_keys(folder: str) -> None:
    worse = changed(changed(HANDOVER, 3, pcie_width=8), 4, driver_version="570")

    found = compared(folder, b={**a_report(2), "host": "b"}, a=worse)["machines"]

    assert [(one["host"], one["verdict"]) for one in found] == [("b", "unknown"), ("a", "worse")]
    assert [one["worse"] for one in found[1]["findings"]] == [True, False]
    documented = yaml.safe_load(gpu_compare.RETURN)["machines"]["contains"]
    assert all(list(one) == list(documented) for one in found)
    assert set(found[1]["findings"][0]) == set(documented["findings"]["contains"])


def test_a_machine_that_is_the_same_is_told_as_that(folder: str) -> None:
    (one,) = compared(folder, a=HANDOVER)["machines"]

    assert (one["host"], one["verdict"], one["findings"]) == ("a", "same", [])
    assert one["record"].startswith(folder)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("", "^record: is empty; name the folder with the records$"),
        ("/no/such", "^record: there is no folder '/no/such'$"),
    ],
)
def test_a_folder_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, record: str, said: str
) -> None:
    # That of an empty path would be the current one.
    monkeypatch.chdir(tmp_path)

    with pytest.raises(OptionError, match=said):
        compared(record, a=HANDOVER)

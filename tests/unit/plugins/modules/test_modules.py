# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules themselves do: hand options over, and an error back."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.compute_desk.supply.plugins.modules import gpu_facts, offer_status


class Ended(Exception):
    """The module has given its result."""


class Module:
    """Stands in for AnsibleModule. Its options are those of the class."""

    options: t.ClassVar[dict[str, t.Any]] = {}

    def __init__(self, **_spec: t.Any) -> None:
        self.params = self.options
        self.check_mode = False
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def fail_json(self, **result: t.Any) -> None:
        raise Ended({**result, "failed": True, "warned": self.warnings})

    def exit_json(self, **result: t.Any) -> None:
        raise Ended({**result, "warned": self.warnings})


def ended(module: t.Any, monkeypatch: pytest.MonkeyPatch, **options: t.Any) -> dict[str, t.Any]:
    """Return the result of a module with these options."""
    monkeypatch.setattr(Module, "options", options)
    monkeypatch.setattr(module, "AnsibleModule", Module)
    with pytest.raises(Ended) as caught:
        module.main()
    result: dict[str, t.Any] = caught.value.args[0]
    return result


def test_gpu_facts_refuses_an_option_before_it_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_facts, "look", pytest.fail)
    options = dict.fromkeys(gpu_facts.ARGUMENTS)

    result = ended(gpu_facts, monkeypatch, **{**options, "command_timeout": -1})

    assert result["failed"] and result["msg"].startswith("command_timeout: ")


@pytest.mark.parametrize("failed", [True, False])
def test_offer_status_fails_with_all_that_is_known(
    failed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = {"failed": failed, "msg": "x", "offers": [1], "warnings": ["beware"]}
    monkeypatch.setattr(offer_status, "run", lambda *_given, **_more: dict(result))

    found = ended(offer_status, monkeypatch)

    assert found["warned"] == ["beware"] and found["offers"] == [1]
    assert found.get("failed", False) is failed
    assert found.get("changed") is (None if failed else False)

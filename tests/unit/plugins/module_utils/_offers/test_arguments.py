# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The argument spec of offer_status says the same as its documentation."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible.module_utils.errors import AnsibleFallbackNotFound
from ansible_collections.compute_desk.supply.plugins.doc_fragments import _connection, _wait
from ansible_collections.compute_desk.supply.plugins.module_utils._offers.arguments import (
    MUTUALLY_EXCLUSIVE,
    argument_spec,
)
from ansible_collections.compute_desk.supply.plugins.modules.offer_status import DOCUMENTATION

FROM_VARIABLES = ("api_url", "validate_certs", "ca_path", "request_timeout", "concurrency")
# What a spec has beside what is documented.
HOW = ("fallback", "no_log")


def documented() -> dict[str, t.Any]:
    """Return the options of the documentation, less their descriptions."""
    options = {
        **yaml.safe_load(_connection.ModuleDocFragment.DOCUMENTATION)["options"],
        **yaml.safe_load(_wait.ModuleDocFragment.DOCUMENTATION)["options"],
        **yaml.safe_load(DOCUMENTATION)["options"],
    }
    return {
        name: {key: value for key, value in option.items() if key != "description"}
        for name, option in options.items()
    }


def test_every_option_is_what_its_documentation_says() -> None:
    spec = {
        name: {key: value for key, value in argument.items() if key not in HOW}
        for name, argument in argument_spec().items()
    }

    assert spec == documented()
    assert MUTUALLY_EXCLUSIVE == [("api_token", "api_token_file")]


def test_the_token_is_the_only_secret() -> None:
    # The name of the file looks like one to Ansible, which would hide it and warn.
    hidden = {name: one["no_log"] for name, one in argument_spec().items() if "no_log" in one}

    assert hidden == {"api_token": True, "api_token_file": False}


def test_only_the_options_of_the_connection_come_from_variables() -> None:
    assert {name for name, one in argument_spec().items() if "fallback" in one} == {*FROM_VARIABLES}


@pytest.mark.parametrize("option", FROM_VARIABLES)
def test_an_empty_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    function, arguments = argument_spec()[option]["fallback"]
    variable = f"COMPUTE_DESK_{option.upper()}"

    monkeypatch.setenv(variable, "given")
    assert function(*arguments) == "given"
    monkeypatch.setenv(variable, "")
    with pytest.raises(AnsibleFallbackNotFound):
        function(*arguments)
    monkeypatch.delenv(variable)
    with pytest.raises(AnsibleFallbackNotFound):
        function(*arguments)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The typed errors: what each is called, which pass, and that they survive a process."""

from __future__ import annotations

import json

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api import errors as _errors
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import SupplyError
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError

from ...helpers import OFFER_ID

# Playbooks compare these words, so they do not change.
KINDS = {
    "unauthorized": False,
    "forbidden": False,
    "not_found": False,
    "request_refused": False,
    "unexpected_status": False,
    "redirected": False,
    "rate_limited": True,
    "server_error": True,
    "connection_failed": True,
    "name_not_resolved": True,
    "request_timed_out": True,
    "tls_failed": False,
    "request_failed": False,
    "invalid_response": False,
    "host_name_clash": False,
}

CLASSES = [
    value
    for value in vars(_errors).values()
    if isinstance(value, type) and issubclass(value, SupplyError) and value is not SupplyError
]


def test_kinds_and_which_of_them_pass() -> None:
    assert {cls.kind: cls.transient for cls in CLASSES} == KINDS
    assert len(CLASSES) == len(KINDS)


@pytest.mark.parametrize("cls", CLASSES)
def test_every_error_comes_back_from_plain_data(cls: type[SupplyError]) -> None:
    error = cls("it broke", offer_id=OFFER_ID, code=418)

    again = SupplyError.from_dict(json.loads(json.dumps(error.as_dict())), OFFER_ID)

    assert again.__class__ is cls
    assert again.as_dict() == error.as_dict()
    assert str(again) == str(error)
    assert again.transient == error.transient


def test_an_error_of_an_unknown_kind_is_final() -> None:
    data = {"kind": "of tomorrow", "code": None, "message": "m", "hint": "h"}

    error = SupplyError.from_dict(data, OFFER_ID)

    assert error.__class__ is SupplyError
    assert not error.transient


@pytest.mark.parametrize("cls", CLASSES)
def test_the_text_says_which_offer_what_happened_and_what_to_do(cls: type[SupplyError]) -> None:
    assert cls.hint.endswith(".")
    assert str(cls("it broke", offer_id=OFFER_ID)) == f"Offer {OFFER_ID}: it broke. {cls.hint}"
    assert str(cls("it broke", hint="Wait.")) == "it broke. Wait."


def test_an_option_error_names_the_option_first() -> None:
    error = OptionError("ca_path", "does not exist")

    assert str(error) == "ca_path: does not exist"
    assert error.option == "ca_path"

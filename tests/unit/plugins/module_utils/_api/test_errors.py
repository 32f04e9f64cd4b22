# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The typed errors: what each is called, and which are final."""

from __future__ import annotations

import re

import pytest
import yaml
from ansible_collections.compute_desk.supply.plugins.module_utils._api import errors as _errors
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import SupplyError
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError
from ansible_collections.compute_desk.supply.plugins.modules import offer_status

from ...helpers import OFFER_ID

# Playbooks compare these words, so they do not change.
KINDS = {
    "unauthorized": True,
    "forbidden": True,
    "not_found": True,
    "request_refused": True,
    "unexpected_status": True,
    "redirected": True,
    "rate_limited": False,
    "server_error": False,
    "connection_failed": False,
    "name_not_resolved": False,
    "request_timed_out": False,
    "tls_failed": True,
    "request_failed": True,
    "invalid_response": True,
}

CLASSES = [
    value
    for value in vars(_errors).values()
    if isinstance(value, type) and issubclass(value, SupplyError) and value is not SupplyError
]


def test_the_module_documents_all_kinds() -> None:
    error = yaml.safe_load(offer_status.RETURN)["offers"]["contains"]["error"]
    sentences = error["contains"]["kind"]["description"]
    named = set(re.findall(r"V\((\w+)\)", " ".join(sentences)))

    assert named == set(KINDS)


def test_kinds_and_which_of_them_are_final() -> None:
    assert {cls.kind: cls.final for cls in CLASSES} == KINDS
    assert len(CLASSES) == len(KINDS)


@pytest.mark.parametrize("cls", CLASSES)
def test_the_text_says_which_offer_what_happened_and_what_to_do(cls: type[SupplyError]) -> None:
    assert cls.hint.endswith(".")
    assert str(cls("it broke", offer_id=OFFER_ID)) == f"Offer {OFFER_ID}: it broke. {cls.hint}"
    assert str(cls("it broke", hint="Wait.")) == "it broke. Wait."
    assert cls("it broke").args == ("it broke",)


def test_an_option_error_names_the_option_first() -> None:
    error = OptionError("ca_path", "does not exist")

    assert str(error) == "ca_path: does not exist"
    assert error.option == "ca_path"

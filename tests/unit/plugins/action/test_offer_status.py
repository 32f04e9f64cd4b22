# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action plugin and the module offer_status have to agree on."""

from __future__ import annotations

from ansible_collections.compute_desk.supply.plugins.action.offer_status import SECONDS
from ansible_collections.compute_desk.supply.plugins.modules.offer_status import argument_spec


def test_every_option_in_seconds_is_refused_in_our_words() -> None:
    spec = argument_spec()

    assert set(SECONDS) == {name for name in spec if spec[name]["type"] == "float"}

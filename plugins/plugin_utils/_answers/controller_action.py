# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the actions that contact no host have in common."""

from __future__ import annotations

from .options_action import OptionsAction


class ControllerAction(OptionsAction):
    """An action that works on the controller, whatever the connection of the host is."""

    _requires_connection = False

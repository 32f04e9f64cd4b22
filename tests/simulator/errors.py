# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one error that people see: a sentence, and exit code 2."""

from __future__ import annotations


class UsageError(Exception):
    """Bad input. Its text is one sentence for the person who started the simulator."""

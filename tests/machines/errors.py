# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors, each with a sentence for people."""

from __future__ import annotations


class MachineError(Exception):
    """Something failed that should work on this host, or was asked for wrongly."""

    exit_code = 1
    """Exit code of a command that ends with this error."""


class NotRoot(MachineError):
    """The caller is not root."""

    exit_code = 2


class NotPossible(MachineError):
    """This host cannot run machines: a permission, a package or the network is missing."""

    exit_code = 3

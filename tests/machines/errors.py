# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong, each with a sentence for people."""

from __future__ import annotations


class MachineError(Exception):
    """Something did not work that works on other hosts, or was asked for wrongly."""

    exit_code = 1
    """Of a command that ends with it."""


class NotRoot(MachineError):
    """The caller is not root."""

    exit_code = 2


class NotPossible(MachineError):
    """This host cannot have such machines: it lacks a permission or a package, or the network."""

    exit_code = 3

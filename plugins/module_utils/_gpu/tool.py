# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a tool that was asked about the GPUs."""

from __future__ import annotations


class UnreadableOutput(ValueError):
    """A tool on the machine wrote something that is not what it is known to write."""

    def __init__(self, tool: str, problem: str) -> None:
        super().__init__(f"{tool}: {problem}")
        self.problem = problem

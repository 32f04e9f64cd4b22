# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated Supply API whose instances answer SSH, for tests and experiments.

`python -m simulator TIMELINE.yml` runs it; `Simulator` runs it from a test. README.md has the rest.
"""

from __future__ import annotations

from .launcher import Simulator, SimulatorError

__all__ = ["Simulator", "SimulatorError"]

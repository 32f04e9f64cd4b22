# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exact versions that the environments of nox get: which files of tests/pins bind them."""

from __future__ import annotations

import functools
import os

import nox

# Only these differ from one ansible-core to the other.
OF_CORES = ("ansible-core", "resolvelib")
NEWEST = "newest"
"""The newest ansible-core that a Python can run."""


def files(core: str = NEWEST, what: str = "tools") -> str:
    """Return what binds an environment with checkers, or with tests, and an ansible-core.

    They are apart, because checkers want old versions of what tests want as well.

    Relative, because uv splits it at spaces; nox installs from the checkout's folder.
    """
    if os.environ.get("PINNED") == "no":
        return "tests/checks/constraints.txt"
    return f"tests/pins/{what}.txt tests/pins/core-{core}.txt"


def use(session: nox.Session, core: str) -> None:
    """Let a session install the pinned versions that tests want, and an ansible-core."""
    session.env["UV_CONSTRAINT"] = files(core, "tests")


def bind(name: str, core: str) -> None:
    """Do the same for a session that somebody else's code has added."""
    added = nox.registry.get()[name]
    run = added.func

    @functools.wraps(run)
    def bound(session: nox.Session) -> None:
        use(session, core)
        run(session)

    added.func = bound

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions of nox for the next ansible-core, while there are only previews of it.

Once it is released, it goes into CORES of noxfile.py, and these into the bin.
"""

from __future__ import annotations

import tempfile
import typing as t
from pathlib import Path

import nox

from . import pythons
from .copies import copy_checkout

CORE = "2.22"
RELEASE = "ansible-core == 2.22.0rc1"
GET_PIP = "25_2"
PYTHONS = ("3.13", "3.14")
PARAMETERS = {
    # The requirements of its pylint name an archive on GitHub, and not every network has that.
    "sanity": ["--venv", "--skip-test", "pylint"],
    "units": [
        *("--controller", "origin:python=venv/default", "--target-python=venv/3.9"),
        *("--target-python=venv/default", "tests/unit/plugins/"),
    ],
}
NOT_RUN = {
    "sanity": f"pylint of ansible-core {CORE}, because not everything it needs is on PyPI",
    "units": "",
}


def add_sessions(prepare: t.Callable[[str, str], None]) -> None:
    """Add a session for each kind of test, for those who name it.

    ``prepare`` brings what ansible-test keeps in HOME; it takes the session's name and the version
    of the get-pip to bring.
    """
    found = pythons.find_python(*PYTHONS)
    for kind in PARAMETERS:
        if found:
            _add(kind, found[1], prepare)


def _add(kind: str, python: str, prepare: t.Callable[[str, str], None]) -> None:
    name = f"{kind}-{CORE}"
    reason = NOT_RUN[kind]
    parts = [f"Run ansible-test {kind} with a preview of ansible-core {CORE}"]
    parts += [f"NOT RUN: {reason}"] if reason else []

    def run(session: nox.Session) -> None:
        # The other sessions are bound to what is released.
        session.install(RELEASE, env={"UV_CONSTRAINT": ""})
        prepare(name, GET_PIP)
        for part in parts[1:]:
            session.warn(part)
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "ansible_collections" / "compute_desk" / "supply"
            with session.chdir(copy_checkout(folder)):
                command = ["ansible-test", kind, "-v", "--color", "no", *PARAMETERS[kind]]
                session.run(*command, *session.posargs)

    run.__doc__ = "; ".join(parts) + "."
    nox.session(name=name, python=python, default=False)(run)

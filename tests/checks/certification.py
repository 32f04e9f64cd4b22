# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions of nox that check what Automation Hub and partner certification want."""

from __future__ import annotations

import tempfile
from pathlib import Path

import nox

from . import pythons
from .copies import ROOT, copy_checkout

CHECKS = ROOT / "tests" / "checks"
# Partner certification takes the first one.
PYTHONS = ("3.12", "3.11")
# Later ones have neither the rule `pattern` nor its schema, and none before 25.7.0 had.
LINT_WITH_PATTERNS = "ansible-lint == 25.8.2"
# The other sessions are bound to newer checkers than these.
UNBOUND = {"UV_CONSTRAINT": ""}


def add_sessions() -> None:
    """Add both, or ones that say why they cannot run."""
    found = pythons.find_python(*PYTHONS)
    for check in (certification, patterns):
        if found:
            nox.session(python=found[1])(check)
        else:
            _add_skipped(check.__name__)


def certification(session: nox.Session) -> None:
    """Import and lint the collection as partner certification does, with its old checkers."""
    session.install("-r", str(CHECKS / "certification.txt"), env=UNBOUND)
    with tempfile.TemporaryDirectory() as temporary:
        clone = copy_checkout(Path(temporary) / "ansible-collection-supply")
        with session.chdir(clone):
            session.run(
                *("python", "-m", "galaxy_importer.main", "--git-clone-path", "."),
                *("--output-path", temporary),
                env={
                    "GALAXY_IMPORTER_CONFIG": str(CHECKS / "galaxy-importer.cfg"),
                    # It comes next, with the checkout's own settings.
                    "GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "False",
                },
            )
            # Not offline: then it would not install this collection where Ansible finds it.
            session.run("ansible-lint", "--profile=production", "--strict", "--nocolor")


def patterns(session: nox.Session) -> None:
    """Check extensions/patterns with the last ansible-lint that looks at patterns."""
    session.install("ansible-core == 2.18.*", LINT_WITH_PATTERNS, env=UNBOUND)
    session.run("python", str(CHECKS / "patterns.py"))


def _add_skipped(name: str) -> None:
    @nox.session(name=name, python=False)
    def skipped(session: nox.Session) -> None:
        """Needs a Python that is missing on this machine."""
        session.skip(f"NOT RUN: {name} needs Python {' or '.join(PYTHONS)}, and none was found")
